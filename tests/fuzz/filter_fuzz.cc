// Parses a filter and evaluates it over a few records.
//
// Input: the filter; behind the first NUL, the message of one of the records.
// Held: an error lies within the text; the canonical form parses, prints the same and matches the same rows;
// one record by itself matches as it does in the batch; matching rows lie within the bounds.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "ingest/message/tags.h"
#include "storage/filter/filter.h"

namespace cistern {
namespace {

void Require(bool holds) {
  if (!holds) std::abort();
}

std::string Tags() {
  std::string tags;
  AppendTag(tags, "user", "bob");
  return tags;
}

std::vector<Record> Records(std::string_view message) {
  static const std::string tags = Tags();
  std::vector<Record> records(4);
  records[0].message = message;
  records[0].raw = message;
  records[1].message = "Failed password for root from 10.0.0.1 port 22 ssh2: /var/log";
  records[1].hostname = "web-01";
  records[1].app_name = "sshd";
  records[1].peer = *IpAddress::Parse("10.1.2.3");
  records[1].structured_data = R"([origin ip="192.0.2.1"][x@1 n="a\"b"])";
  records[1].tags = tags;
  records[2].message = R"(@cee: {"a":{"b":[1,"x"]},"status":503})";
  records[2].severity = 3;
  records[2].flags = kFlagTruncated;
  records[2].hostname = message.substr(0, 20);
  records[3].message = "CEF:0|V|P|1|100|n|10|src=10.0.0.1 msg=a b";
  records[3].time = 1'795'082'400'000'000'000;
  for (std::size_t i = 0; i < records.size(); ++i) {
    records[i].id = RecordId{i + 1};
    records[i].received = 1'795'082'400'000'000'000 + static_cast<std::int64_t>(i);
  }
  return records;
}

void RunOne(std::string_view input) {
  const std::string_view text = input.substr(0, input.find('\0'));
  const std::string_view message = text.size() < input.size() ? input.substr(text.size() + 1) : text;
  const auto filter = Filter::Parse(text);
  if (!filter) {
    Require(filter.error().offset <= text.size());
    Require(!filter.error().found.empty() && !filter.error().expected.empty());
    return;
  }
  const std::string canonical = filter->ToString();
  const auto again = Filter::Parse(canonical);
  // Escapes and quotes make it longer.
  if (!again) return Require(canonical.size() > Filter::kMaxLength);
  Require(again->ToString() == canonical);
  const auto records = Records(message);
  RecordsView view(records);
  Selection selection, from_canonical;
  filter->Evaluate(view, selection);
  again->Evaluate(view, from_canonical);
  Require(selection == from_canonical);
  const FilterBounds& bounds = filter->bounds();
  for (std::size_t i = 0; i < records.size(); ++i) {
    Require(filter->Matches(records[i]) == (selection[i] != 0));
    if (selection[i] == 0) continue;
    Require(ToInt(records[i].id) >= bounds.id_min && ToInt(records[i].id) <= bounds.id_max);
    Require(records[i].received >= bounds.received_min && records[i].received <= bounds.received_max);
  }
}

}  // namespace
}  // namespace cistern

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  cistern::RunOne({reinterpret_cast<const char*>(data), size});
  return 0;
}
