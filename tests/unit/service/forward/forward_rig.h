// Targets, records and a sink's context for tests of sinks.
#pragma once

#include <gtest/gtest.h>

#include <csignal>
#include <deque>
#include <numeric>
#include <string>
#include <vector>

#include "cistern/v1/target.pb.h"
#include "ingest/message/record_batch.h"
#include "ingest/parse/parser.h"
#include "service/forward/make_sink.h"
#include "service/forward/spec.h"
#include "storage/batch_view.h"

namespace cistern::testing {

inline constexpr std::int64_t kNoon = 1'795'262'400'000'000'000;  // 2026-11-21T12:00:00Z

// Records with ids from `first` on, as a listener would have made them.
class Records {
 public:
  explicit Records(std::uint64_t first = 1) : next_(first) {}

  void Add(std::string_view text) {
    Record& record = records_.emplace_back();
    ParseMessage(batch_.arena().Copy(text), ParseContext{kNoon, nullptr}, record);
    record.id = RecordId{next_++};
    record.received = kNoon;
    record.peer = *IpAddress::Parse("192.0.2.7");
  }
  // `count` messages of about `size` octets: `<13>1 - host app - - - number 000001 xxx`.
  void AddNumbered(std::size_t count, std::size_t size = 100) {
    for (std::size_t i = 0; i < count; ++i) {
      std::string number = std::to_string(next_);
      number.insert(0, 6 - std::min<std::size_t>(6, number.size()), '0');
      Add("<13>1 - host app - - - number " + number + " " + std::string(size > 40 ? size - 40 : 0, 'x'));
    }
  }
  const std::vector<Record>& all() const { return records_; }

 private:
  std::uint64_t next_;
  RecordBatch batch_;
  std::vector<Record> records_;
};

inline v1::Target SyslogTo(const std::vector<std::string>& addresses) {
  v1::Target target;
  target.set_name("test");
  for (const std::string& address : addresses) target.mutable_syslog()->add_addresses(address);
  target.mutable_syslog()->set_message_id(false);
  return target;
}

// A sink of a target, and its runner in small.
class SinkRig {
 public:
  explicit SinkRig(v1::Target target, std::string saved_state = "", bool test = false)
      : test_(test), target_(std::move(target)) {
    std::signal(SIGPIPE, SIG_IGN);
    const YamlErrors errors = PrepareTarget(target_);
    EXPECT_TRUE(errors.empty()) << errors.ToString();
    Renew(std::move(saved_state));
  }

  // A new sink, as after a restart.
  void Renew(std::string saved_state) {
    auto made = MakeSyslogSink(
        target_, {.store_id = "test-store",
                  .saved_state = std::move(saved_state),
                  .test = test_,
                  .observe = [this](const StepReport& step) { steps.push_back(step); },
                  .is_own_address =
                      [this](const std::string& protocol, const std::string&, std::uint16_t port) {
                        return protocol == own_protocol && port == own_port;
                      }});
    sink = std::move(*made);
  }

  // Offers records behind `behind` until all are taken or it fails. `chunk`: rows offered at once.
  Delivery Offer(const Records& records, std::uint64_t behind = 0, std::size_t chunk = 4096) {
    RecordsView view(records.all());
    Delivery all;
    std::vector<std::uint32_t> rows;
    for (std::uint32_t row = 0; row < records.all().size(); ++row)
      if (ToInt(records.all()[row].id) > behind) rows.push_back(row);
    while (all.taken < rows.size() && !all.failure) {
      const auto rest = std::span<const std::uint32_t>(rows).subspan(all.taken);
      const Delivery one = sink->Deliver({view, rest.first(std::min(chunk, rest.size()))}, stop);
      all.taken += one.taken;
      all.bytes += one.bytes;
      all.failure = one.failure;
    }
    return all;
  }
  // Offers again from where the sink says after each failure, at most `times`.
  Delivery OfferAgain(const Records& records, int times, std::size_t chunk = 4096) {
    std::uint64_t behind = ToInt(sink->ResumeBehind().value_or(RecordId{0}));
    while (true) {
      Delivery delivery = Offer(records, behind, chunk);
      failures.push_back(delivery.failure ? delivery.failure->text : "");
      if (!delivery.failure || --times == 0) return delivery;
      behind += delivery.taken;  // ids without gaps
      if (const auto resume = sink->ResumeBehind()) behind = std::min(behind, ToInt(*resume));
    }
  }
  void Close() { sink->Close(std::chrono::steady_clock::now() + std::chrono::seconds(30)); }

  std::unique_ptr<Sink> sink;
  Stop stop;
  std::vector<StepReport> steps;
  std::vector<std::string> failures;
  std::string own_protocol;
  std::uint16_t own_port = 0;

 private:
  const bool test_;
  v1::Target target_;
};

// The messages of an octet-counted stream; a last one that is not whole is left out.
inline std::vector<std::string> Unframe(std::string_view octets) {
  std::vector<std::string> messages;
  while (!octets.empty()) {
    const std::size_t space = octets.find(' ');
    if (space == std::string_view::npos) break;
    const std::size_t size = std::stoul(std::string(octets.substr(0, space)));
    if (octets.size() < space + 1 + size) break;
    messages.emplace_back(octets.substr(space + 1, size));
    octets.remove_prefix(space + 1 + size);
  }
  return messages;
}

inline std::vector<std::string> Texts(const Records& records) {
  std::vector<std::string> texts;
  for (const Record& record : records.all()) texts.emplace_back(record.raw);
  return texts;
}

}  // namespace cistern::testing
