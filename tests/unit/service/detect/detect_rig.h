// Records with texts that live long enough, rules from YAML, and what the events of an engine come to.
#pragma once

#include <gtest/gtest.h>

#include <deque>
#include <map>
#include <string>
#include <vector>

#include "cistern/v1/rule.pb.h"
#include "ingest/message/tags.h"
#include "proto/convert/record.h"
#include "proto/yaml/reader.h"
#include "service/detect/detections.h"

namespace cistern::testing {

inline constexpr std::int64_t kSecond = 1'000'000'000;
inline constexpr std::int64_t kBase = 1'790'000'000 * kSecond;

inline std::vector<v1::Rule> RulesOf(const std::string& yaml) {
  v1::RuleFile file;
  Origins origins;
  YamlErrors errors;
  ReadYaml(yaml, {}, {file, origins, errors});
  for (v1::Rule& rule : *file.mutable_rules()) FillDefaults(rule, origins);
  for (const auto& error : errors.items) ADD_FAILURE() << error.ToString();
  return {file.rules().begin(), file.rules().end()};
}

class RecordList {
 public:
  // Seconds after kBase.
  Record& Add(double received, std::string_view message, std::string_view host = "a") {
    Record& record = records_.emplace_back();
    record.id = RecordId{records_.size()};
    record.received = kBase + static_cast<std::int64_t>(received * 1e9);
    record.time = record.received;
    record.transport = Transport::kTcp;
    record.hostname = Keep(host);
    record.app_name = "app";
    record.message = Keep(message);
    return record;
  }
  std::string_view Keep(std::string_view text) { return texts_.emplace_back(text); }
  std::vector<Record>& records() { return records_; }

 private:
  std::vector<Record> records_;
  std::deque<std::string> texts_;
};

// Events as the store of events would have them.
class EventBook {
 public:
  void Take(std::vector<EventChange> changes) {
    for (EventChange& change : changes) Take(change);
  }
  void Take(const EventChange& change) {
    const v1::Event& said = change.event;
    if (change.kind == EventChange::Kind::kRaise) {
      newest_[said.rule() + "\n" + said.key()] = events_.size();
      events_.push_back(said);
      return;
    }
    const auto found = newest_.find(said.rule() + "\n" + said.key());
    ASSERT_NE(found, newest_.end()) << said.DebugString();
    v1::Event& event = events_[found->second];
    if (change.kind == EventChange::Kind::kResolve) {
      *event.mutable_resolve_time() = said.resolve_time();
    } else {
      event.set_count(event.count() + said.count());
      *event.mutable_last_time() = said.last_time();
    }
  }
  std::vector<v1::Event>& events() { return events_; }
  // One line each: rule[key] xCOUNT FIRST..LAST summary, seconds after kBase.
  std::vector<std::string> Lines() const {
    std::vector<std::string> lines;
    for (const v1::Event& event : events_) {
      std::string line = event.rule() + "[" + event.key() + "] x" + std::to_string(event.count()) + " " +
                         Seconds(event.first_time()) + ".." + Seconds(event.last_time());
      if (event.has_resolve_time()) line += " resolved " + Seconds(event.resolve_time());
      if (!event.summary().empty()) line += " " + event.summary();
      lines.push_back(line);
    }
    return lines;
  }
  std::string Whole() const {
    std::string out;
    for (const v1::Event& event : events_) {
      v1::Event copy = event;
      std::map<std::string, std::string> fields(copy.fields().begin(), copy.fields().end());
      copy.clear_fields();
      out += copy.ShortDebugString();
      for (const auto& [name, value] : fields) out += " " + name + "=" + value;
      out += "\n";
    }
    return out;
  }

 private:
  static std::string Seconds(const google::protobuf::Timestamp& time) {
    const double seconds = static_cast<double>(FromProto(time) - kBase) / 1e9;
    std::string text = std::to_string(seconds);
    while (text.ends_with('0')) text.pop_back();
    if (text.ends_with('.')) text.pop_back();
    return text;
  }
  std::vector<v1::Event> events_;
  std::map<std::string, std::size_t> newest_;
};

inline std::unique_ptr<Detections> EngineOf(const std::vector<v1::Rule>& rules, DetectionLimits limits = {}) {
  auto made = Detections::Make(rules, limits);
  if (!made) ADD_FAILURE() << made.error();
  return made ? std::move(*made) : nullptr;
}

// All at once; `end`: seconds after kBase.
inline std::vector<std::string> Events(const std::string& yaml, RecordList& list, double end) {
  auto engine = EngineOf(RulesOf(yaml));
  RecordsView view(list.records());
  engine->Feed(view, nullptr);
  engine->Finish(kBase + static_cast<std::int64_t>(end * 1e9));
  EventBook book;
  book.Take(engine->TakeChanges());
  return book.Lines();
}

}  // namespace cistern::testing
