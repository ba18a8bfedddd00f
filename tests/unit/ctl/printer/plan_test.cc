#include "ctl/printer/plan.h"

#include <gtest/gtest.h>

#include "cistern/v1/log_service.pb.h"

namespace cistern::ctl {
namespace {

v1::QuerySummary Summary() {
  v1::QuerySummary summary;
  summary.set_matches(12);
  summary.set_days(2);
  summary.set_batches_considered(312);
  summary.set_batches_pruned_by_word(310);
  summary.set_batches_read(2);
  summary.set_records_ruled_out(60'000);
  summary.set_records_considered(1234);
  summary.set_bytes_read(2048);
  summary.mutable_elapsed()->set_nanos(3'000'000);
  return summary;
}

TEST(PlanTest, TableLeavesOutWhatDidNotHappen) {
  std::string out;
  AppendPlan(Summary(), false, out);
  EXPECT_EQ(out,
            " COUNT  PLAN\n"
            "     2  days\n"
            "   312  batches considered\n"
            "   310    left out by words\n"
            "     2    read\n"
            "60 000  records ruled out by templates\n"
            " 1 234  records evaluated\n"
            "    12  records matched\n"
            " 2 KiB  read\n"
            "   3ms  time\n");
}

TEST(PlanTest, JsonHasEveryField) {
  std::string out;
  AppendPlanJson(Summary(), out);
  EXPECT_EQ(out,
            R"({"days":2,"batches_considered":312,"batches_pruned_by_time":0,"batches_pruned_by_value":0,)"
            R"("batches_pruned_by_word":310,"batches_pruned_by_template":0,"batches_answered_by_index":0,)"
            R"("batches_read":2,"records_ruled_out":60000,"records_taken":0,"records_considered":1234,)"
            R"("matches":12,"bytes_read":2048,"bytes_decoded":0,"seconds":0.003000000})"
            "\n");
}

}  // namespace
}  // namespace cistern::ctl
