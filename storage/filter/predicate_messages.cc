// The message column. Where a view keeps it as templates and slots, rows are decided by the template, or by
// the values of its slots, and only the others' texts are put together.
#include <optional>

#include "storage/filter/predicate.h"

namespace cistern::filter {
namespace {

// One slot's values, each matched at most once where they are behind codes.
class SlotTest {
 public:
  SlotTest(const StringColumn& values, const TemplateMatcher& matcher, const RowPlan::Slot& slot)
      : values_(values),
        matcher_(matcher),
        slot_(slot),
        known_(values.codes.empty() ? 0 : values.values.size()) {}

  Verdict Test(std::size_t position) {
    if (values_.codes.empty()) return position < values_.values.size() ? Try(position) : Verdict::kNone;
    if (position >= values_.codes.size()) return Verdict::kNone;  // a damaged slot reads as empty
    std::optional<Verdict>& known = known_[values_.codes[position]];
    if (!known) known = Try(values_.codes[position]);
    return *known;
  }

 private:
  Verdict Try(std::size_t value) const { return matcher_.TestSlot(values_.values[value], slot_); }

  const StringColumn values_;
  const TemplateMatcher& matcher_;
  const RowPlan::Slot slot_;
  std::vector<std::optional<Verdict>> known_;
};

// Decides the rows of one slice, template by template.
class Decider {
 public:
  Decider(const TemplateMatcher& matcher, TemplateColumn& column, BlockIndex* index)
      : matcher_(matcher), column_(column), plans_(column.templates()) {
    if (index && index->Templates().size() == plans_.size()) stamps_ = index->Templates();
  }

  enum class Answer : std::uint8_t { kNo, kYes, kNeedsText };
  Answer Decide(std::size_t text_template, std::size_t position) {
    if (text_template >= plans_.size()) return Answer::kNeedsText;
    auto& plan = plans_[text_template];
    if (!plan) plan.emplace(MakePlan(text_template));
    switch (plan->rows.kind) {
      case RowPlan::Kind::kNone:
        return Answer::kNo;
      case RowPlan::Kind::kAll:
        return Answer::kYes;
      case RowPlan::Kind::kText:
        return Answer::kNeedsText;
      case RowPlan::Kind::kSlots:
        break;
    }
    Verdict found = Verdict::kNone;
    for (SlotTest& slot : plan->slots) {
      found = std::max(found, slot.Test(position));
      if (found == Verdict::kAll) return Answer::kYes;
    }
    return found == Verdict::kNone ? Answer::kNo : Answer::kNeedsText;
  }

 private:
  struct Plan {
    RowPlan rows;
    std::vector<SlotTest> slots;
  };

  Plan MakePlan(std::size_t text_template) {
    std::span<const SlotStamp> stamps;
    if (!stamps_.empty()) stamps = stamps_[text_template].slots;
    Plan plan{matcher_.Plan(column_.Pieces(text_template), stamps), {}};
    for (const RowPlan::Slot& slot : plan.rows.slots)
      plan.slots.emplace_back(column_.Slot(text_template, slot.number), matcher_, slot);
    return plan;
  }

  const TemplateMatcher& matcher_;
  TemplateColumn& column_;
  std::span<const TextTemplate> stamps_;
  std::vector<std::optional<Plan>> plans_;
};

class Messages final : public Predicate {
 public:
  explicit Messages(MatcherPtr matcher) : matcher_(std::move(matcher)) {}

  void Narrow(const Rows& rows) const override {
    TemplateColumn* templates = matcher_->templates() ? rows.view.Templates() : nullptr;
    if (templates && templates->template_of().size() >= rows.end &&
        templates->position_of().size() >= rows.end) {
      NarrowByTemplate(rows, *templates);
    } else {
      NarrowStrings(rows, Column::kMessage, *matcher_);
    }
  }
  Verdict JudgeBlock(BlockIndex& index, Ask ask) const override {
    const TemplateMatcher* templates = matcher_->templates();
    return ask == Ask::kValuesAndWords && templates && templates->RuledOut(index) ? Verdict::kNone
                                                                                  : Verdict::kSome;
  }
  void Judge(Judging& judging, std::span<Verdict> verdicts) const override {
    if (matcher_->templates()) return matcher_->templates()->Judge(judging, verdicts);
    std::fill(verdicts.begin(), verdicts.end(), Verdict::kSome);
  }
  bool judges_templates() const override { return matcher_->templates() != nullptr; }
  // Decoding the text costs as well.
  int cost() const override { return matcher_->cost() + 3; }

 private:
  void NarrowByTemplate(const Rows& rows, TemplateColumn& templates) const {
    const auto template_of = templates.template_of();
    const auto position_of = templates.position_of();
    Decider decider(*matcher_->templates(), templates, rows.index);
    Selection open;
    ForEachSelected(rows, [&](std::size_t row) {
      const auto answer = decider.Decide(template_of[row], position_of[row]);
      if (answer != Decider::Answer::kNeedsText) return answer == Decider::Answer::kYes;
      if (open.empty()) open.assign(rows.selected.size(), 0);
      open[row] = 1;
      return false;
    });
    if (open.empty()) return;
    NarrowStrings({rows.view, open, rows.begin, rows.end, rows.index}, Column::kMessage, *matcher_);
    for (std::size_t row = rows.begin; row < rows.end; ++row) rows.selected[row] |= open[row];
  }

  MatcherPtr matcher_;
};

}  // namespace

PredicatePtr MakeMessages(MatcherPtr matcher) { return std::make_unique<Messages>(std::move(matcher)); }

}  // namespace cistern::filter
