// Runs the parsing cases of the shared corpus: every field that a case names, its payload fields, its octets
// rebuilt from the fields; every prefix of every case.
#include <gtest/gtest.h>

#include <chrono>
#include <cstdio>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "ingest/message/shape.h"
#include "ingest/message/structured_data.h"
#include "ingest/parse/parser.h"
#include "ingest/parse/payload/payload.h"
#include "tests/conformance/corpus.h"

namespace cistern {
namespace {

using conformance::CorpusCase;
namespace json = boost::json;

constexpr std::int64_t kReceived = 1'790'000'000'000'000'000;  // 2026-09-21T13:33:20Z

Record Parse(std::string_view input) {
  Record record;
  ParseMessage(input, {.received = kReceived}, record);
  return record;
}

// Octets as JSON text; what is not UTF-8 becomes hexadecimal so that it can be compared.
json::value Text(std::string_view octets) {
  return octets.empty() ? json::value(nullptr) : json::value(octets);
}

std::string WithoutByteOrderMark(std::string_view text) {
  return std::string(text.starts_with("\xef\xbb\xbf") ? text.substr(3) : text);
}

json::object StructuredData(const Record& record) {
  json::object elements;
  StructuredDataReader reader(record.structured_data);
  while (const auto item = reader.Next()) {
    json::object& element = elements.emplace(item->id, json::object()).first->value().as_object();
    if (!item->has_param) continue;
    std::string value;
    UnescapeSdValue(item->value, value);
    auto [param, added] = element.emplace(item->name, value);
    if (added) continue;
    if (!param->value().is_array()) param->value() = json::array{json::value(param->value())};
    param->value().as_array().push_back(json::value(value));
  }
  return elements;
}

// The payload as the corpus writes it: header fields, and the rest under `extra_key`.
json::object PayloadObject(const Payload& payload, std::string_view extra_key) {
  static const std::map<std::string, std::string> kNames = {{"signature_id", "device_event_class_id"}};
  json::object fields;
  json::object extra;
  for (const PayloadField& field : payload.fields) {
    const auto name = kNames.find(field.name);
    if (field.extension) {
      extra[field.name] = field.value;
    } else if (payload.kind == PayloadKind::kCef && name != kNames.end()) {
      fields[name->second] = field.value;
    } else {
      fields[field.name] = field.value;
    }
  }
  if (!extra_key.empty()) fields[extra_key] = extra;
  return fields;
}

std::string Scalar(const json::value& value) {
  if (value.is_string()) return std::string(value.get_string());
  if (value.is_null()) return "";
  return json::serialize(value);
}

// Leaves of a JSON value by dotted path, as ExtractJson names them.
void Flatten(const std::string& path, const json::value& value, std::map<std::string, std::string>& leaves) {
  const std::string prefix = path.empty() ? "" : path + ".";
  if (value.is_object()) {
    for (const auto& [key, child] : value.get_object()) Flatten(prefix + std::string(key), child, leaves);
  } else if (value.is_array()) {
    for (std::size_t i = 0; i < value.get_array().size(); ++i) {
      Flatten(prefix + std::to_string(i), value.get_array()[i], leaves);
    }
  } else {
    leaves[path] = Scalar(value);
  }
}

std::optional<std::int64_t> MicrosecondsOf(std::string_view rfc3339) {
  Record record = Parse("<13>1 " + std::string(rfc3339) + " - - - - -");
  if (record.time == kNoTime) return std::nullopt;
  return record.time / 1000;
}

struct TimeParts {
  explicit TimeParts(const Record& record) {
    using namespace std::chrono;
    const sys_time<nanoseconds> time{nanoseconds(record.time)};
    const year_month_day date(floor<days>(time));
    const hh_mm_ss<nanoseconds> clock(time - floor<days>(time));
    year = static_cast<int>(date.year());
    month = static_cast<int>(static_cast<unsigned>(date.month()));
    day = static_cast<int>(static_cast<unsigned>(date.day()));
    char text[16];
    std::snprintf(text, sizeof text, "%02d:%02d:%02d", static_cast<int>(clock.hours().count()),
                  static_cast<int>(clock.minutes().count()), static_cast<int>(clock.seconds().count()));
    time_of_day = text;
    std::snprintf(text, sizeof text, "%09d", static_cast<int>(clock.subseconds().count()));
    fraction = text;
  }
  int year, month, day;
  std::string time_of_day;
  std::string fraction;
};

// Differences between what a case expects and what the parser gave.
class Comparison {
 public:
  explicit Comparison(const Record& record) : record_(record) {}

  std::string Differences(const json::object& expected) {
    for (const auto& [key, value] : expected) Compare(key, value, expected);
    return out_;
  }

 private:
  void Expect(std::string_view key, const json::value& expected, const json::value& actual) {
    if (expected == actual) return;
    out_ += std::string(key) + ": expected " + json::serialize(expected) + ", got " +
            json::serialize(actual) + "\n";
  }

  void Compare(std::string_view key, const json::value& value, const json::object& expected) {
    if (key == "format") return CompareFormat(value);
    if (key == "envelope") return Expect(key, value, json::value(FormatText()));
    if (key == "facility") return Expect(key, value.to_number<int>(), record_.facility);
    if (key == "severity") return Expect(key, value.to_number<int>(), record_.severity);
    if (key == "version")
      return Expect(key, value, record_.format == Format::kRfc5424 ? json::value(1) : nullptr);
    if (key == "timestamp") return CompareTimestamp(value);
    if (key == "timestamp_parts") return CompareParts(value.as_object());
    if (key == "hostname") return CompareHostname(value, expected);
    if (key == "app_name") return Expect(key, value, Text(record_.app_name));
    if (key == "procid") return Expect(key, value, Text(record_.procid));
    if (key == "msgid") return Expect(key, value, Text(record_.msgid));
    if (key == "structured_data") return Expect(key, value, StructuredData(record_));
    if (key == "msg") return CompareMessage(value);
    if (key == "msg_b64") return CompareOctets(value);
    if (key == "cef") return ComparePayload(value, ExtractCef(record_), "extensions");
    if (key == "leef") return ComparePayload(value, ExtractLeef(record_), "attributes");
    if (key == "cisco") return ComparePayload(value, ExtractCisco(record_), "");
    if (key == "json") return CompareJson(value);
    out_ += "unknown key " + std::string(key) + "\n";
  }

  std::string FormatText() const {
    return record_.format == Format::kRaw ? "unparsed" : std::string(FormatName(record_.format));
  }

  void CompareFormat(const json::value& value) {
    const std::string expected(value.as_string());
    const bool payload = expected == "cef" || expected == "leef" || expected == "cisco";
    if (!payload) return Expect("format", value, json::value(FormatText()));
    Expect("format", value, json::value(PayloadKindName(ExtractPayload(record_).kind)));
  }

  void CompareTimestamp(const json::value& value) {
    const json::value actual =
        record_.time == kNoTime ? json::value(nullptr) : json::value(record_.time / 1000);
    if (value.is_null()) return Expect("timestamp", value, actual);
    Expect("timestamp", json::value(MicrosecondsOf(value.as_string()).value()), actual);
  }

  void CompareParts(const json::object& expected) {
    if (record_.time == kNoTime) {
      out_ += "timestamp_parts: no time\n";
      return;
    }
    const TimeParts parts(record_);
    for (const auto& [key, value] : expected) {
      if (key == "year") Expect(key, value.to_number<int>(), parts.year);
      if (key == "month") Expect(key, value.to_number<int>(), parts.month);
      if (key == "day") Expect(key, value.to_number<int>(), parts.day);
      if (key == "time") Expect(key, value, json::value(parts.time_of_day));
      if (key == "frac") Expect(key, value, json::value(parts.fraction.substr(0, value.as_string().size())));
    }
  }

  void CompareHostname(const json::value& value, const json::object&) {
    Expect("hostname", value, Text(record_.hostname));
  }

  void CompareMessage(const json::value& value) {
    const std::string expected = value.is_null() ? "" : WithoutByteOrderMark(value.as_string());
    Expect("msg", json::value(expected), json::value(WithoutByteOrderMark(record_.message)));
  }

  void CompareOctets(const json::value& value) {
    if (conformance::DecodeBase64(value.as_string()) != record_.message) out_ += "msg_b64 differs\n";
  }

  void ComparePayload(const json::value& value, const Payload& payload, std::string_view extra_key) {
    const json::object actual = PayloadObject(payload, extra_key);
    for (const auto& [key, field] : value.as_object()) {
      const json::value* found = actual.if_contains(key);
      const json::value got = found == nullptr ? json::value(nullptr) : *found;
      Expect(key, field.is_object() ? field : json::value(Scalar(field)), got);
    }
  }

  void CompareJson(const json::value& value) {
    const Payload payload = ExtractJson(record_);
    std::map<std::string, std::string> expected;
    std::map<std::string, std::string> actual;
    if (!value.is_null()) Flatten("", value, expected);
    for (const PayloadField& field : payload.fields) actual[field.name] = field.value;
    if (value.is_null() != (payload.kind == PayloadKind::kNone) || expected != actual) {
      out_ += "json: expected " + json::serialize(value) + ", got " + ::testing::PrintToString(actual) + "\n";
    }
  }

  const Record& record_;
  std::string out_;
};

std::string Rebuilt(Record record) {
  if (record.shape.code != kShapeRaw) record.raw = {};
  std::string out;
  RebuildRaw(record, out);
  return out;
}

std::string WithoutTrailer(std::string text) {
  while (!text.empty() && (text.back() == '\r' || text.back() == '\n' || text.back() == '\0'))
    text.pop_back();
  return text;
}

class ParseCases : public ::testing::TestWithParam<CorpusCase> {};
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(ParseCases);

TEST_P(ParseCases, YieldsExpectedFields) {
  const std::string input = GetParam().Octets("input_b64");
  const Record record = Parse(input);
  const std::string first = Comparison(record).Differences(GetParam().json.at("expect").as_object());
  if (first.empty()) return;
  if (const auto* alternatives = GetParam().json.if_contains("alt")) {
    for (const auto& other : alternatives->as_array()) {
      if (Comparison(record).Differences(other.as_object()).empty()) return;
    }
  }
  FAIL() << "input " << ::testing::PrintToString(input) << "\n" << first;
}

TEST_P(ParseCases, OctetsCanBeHadBack) {
  const std::string input = GetParam().Octets("input_b64");
  EXPECT_EQ(Rebuilt(Parse(input)), WithoutTrailer(input));
}

TEST_P(ParseCases, EveryPrefixEndsWell) {
  const std::string input = GetParam().Octets("input_b64");
  for (std::size_t n = 0; n <= input.size(); ++n) {
    // A copy of its own, so that the address sanitizer sees a read past the end.
    const std::vector<char> prefix(input.begin(), input.begin() + static_cast<std::ptrdiff_t>(n));
    const Record record = Parse({prefix.data(), prefix.size()});
    EXPECT_EQ(Rebuilt(record), WithoutTrailer(input.substr(0, n)));
    EXPECT_LE(record.facility, 23);
    EXPECT_LE(record.severity, 7);
    ExtractPayload(record);
    StructuredData(record);
  }
}

INSTANTIATE_TEST_SUITE_P(Corpus, ParseCases, ::testing::ValuesIn(conformance::LoadCases("parse_cases.jsonl")),
                         [](const auto& info) { return conformance::TestName(info.param.id); });

TEST(ParseCorpus, IsPresent) {
  const auto presence = conformance::CheckCorpus("parse_cases.jsonl");
  if (presence.present) return;
  if (presence.required) FAIL() << presence.message;
  GTEST_SKIP() << presence.message;
}

}  // namespace
}  // namespace cistern
