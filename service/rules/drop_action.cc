#include "service/rules/ingest_action.h"

namespace cistern {
namespace {

class Drop final : public IngestAction {
 public:
  ActionResult Apply(Record&, Arena&, ActionOutput&) override { return ActionResult::kDropped; }
};

}  // namespace

ActionPtr MakeDrop() { return std::make_unique<Drop>(); }

}  // namespace cistern
