// What one ingest rule does with a record that its filter matched.
//
// Actions are called by one thread at a time, for records in order of arrival.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "ingest/message/record_batch.h"
#include "ingest/message/result.h"

namespace cistern {

namespace v1 {
class Rule;
}
struct EventChange;

// What of a record a filter may depend on; bits.
enum FieldGroup : std::uint8_t {
  kNoFields = 0,
  kTagFields = 1,
  kTextFields = 2,    // message, structured data, octets as received and what is found in them
  kHeaderFields = 4,  // the rest
  kAllFields = 7,
};

enum class ActionResult : std::uint8_t { kKept, kChanged, kDropped };

// Where an action puts what it makes.
struct ActionOutput {
  Arena& arena;               // of the records in `made`
  std::vector<Record>& made;  // records of the daemon
  const std::function<void(const EventChange&)>& raise;
  std::uint64_t events = 0;  // raised
};

class IngestAction {
 public:
  virtual ~IngestAction() = default;
  // Texts that change are written into `arena`, which is that of the record.
  virtual ActionResult Apply(Record& record, Arena& arena, ActionOutput& out) = 0;
  // FieldGroup bits that Apply() may change.
  virtual std::uint8_t changes() const { return kNoFields; }
  // Ends what is over at `now`.
  virtual void Tick(std::int64_t /*now*/, ActionOutput&) {}
  // Ends everything.
  virtual void Finish(ActionOutput&) {}
  virtual std::uint64_t evicted() const { return 0; }
  virtual std::uint64_t state_bytes() const { return 0; }
};

using ActionPtr = std::unique_ptr<IngestAction>;

struct ActionError {
  std::string key, message;  // below the rule
};
using ActionOr = Result<ActionPtr, ActionError>;

// make_action.cc. `secret` keys hashes. The rule has a kind of the ingest rules.
ActionOr MakeAction(const v1::Rule& rule, const std::string& secret);
bool HasAction(const v1::Rule& rule);  // whether it is an ingest rule

// One file each.
ActionPtr MakeDrop();
ActionOr MakeSample(const v1::Rule& rule);
ActionOr MakeLimit(const v1::Rule& rule);
ActionOr MakeDeduplicate(const v1::Rule& rule);
ActionOr MakeRedact(const v1::Rule& rule, const std::string& secret);
ActionOr MakeTag(const v1::Rule& rule);
ActionOr MakeSet(const v1::Rule& rule);
ActionOr MakeExtract(const v1::Rule& rule);

}  // namespace cistern
