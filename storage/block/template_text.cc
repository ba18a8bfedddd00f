#include "storage/block/template_text.h"

#include <algorithm>
#include <map>

#include "storage/block/form_table.h"
#include "storage/block/random_seed.h"
#include "storage/block/text_splitter.h"

namespace cistern {
namespace {

// Templates with fewer rows are not worth their text.
constexpr std::uint32_t kMinRows = 4;
constexpr std::uint32_t kFreeText = 0;

// One slot of a template as the rows of one form fill it: from `before` octets before the form's slot `first`
// to `after` octets behind its slot `last`; or always `constant`.
struct Part {
  static constexpr int kConstant = -1;
  int first = kConstant, last = kConstant;
  std::uint32_t before = 0, after = 0;
  std::string_view constant;
};

// How the rows of a form become rows of a template.
struct Plan {
  std::uint32_t group = 0;  // forms with equal patterns
  std::vector<Part> parts;
};

struct Group {
  std::string_view pattern;  // a form of which some tokens are hidden
  std::uint32_t rows = 0;
  std::uint32_t number = kFreeText;  // of the template
};

}  // namespace

struct TemplateText::Impl {
  Impl() : seed(RandomSeed()), table(seed), merger(seed) {}

  void Add(std::string_view text);
  void Finish();
  void MakePlan(std::string_view form, std::span<const FormMerger::Token> hidden, Plan& plan);
  std::uint32_t GroupOf(std::string_view pattern);
  void PlanForms();
  void NumberGroups();
  void AddTemplate(Group& group);
  void FillSlots();

  struct Row {
    const char* text = nullptr;
    std::uint32_t size = 0;
    std::uint32_t form = FormTable::kNone;
    std::size_t first_slot = 0;
  };

  const std::uint64_t seed;
  TextSplitter splitter;
  FormTable table;
  FormMerger merger;
  std::vector<Row> rows;
  std::vector<SlotRange> ranges;  // of all rows
  std::vector<Plan> plans;        // one a form
  std::vector<Group> groups;
  std::map<std::string_view, std::uint32_t> group_of;
  std::string pattern;
  Arena patterns;
  std::vector<Template> templates;
  std::vector<std::uint16_t> template_of_row;
};

void TemplateText::Impl::Add(std::string_view text) {
  Row& row = rows.emplace_back(Row{text.data(), static_cast<std::uint32_t>(text.size())});
  if (text.size() > kMaxSplitOctets) return;
  splitter.Split(text);
  row.form = table.Count(splitter.form());
  row.first_slot = ranges.size();
  const std::span<const SlotRange> slots = splitter.slots();
  ranges.insert(ranges.end(), slots.begin(), slots.end());
}

// Writes the form without what is hidden to `pattern`.
void TemplateText::Impl::MakePlan(std::string_view form, std::span<const FormMerger::Token> hidden,
                                  Plan& plan) {
  pattern.clear();
  int slot = 0;
  std::size_t at = 0;
  const auto visible = [&](std::size_t end) {
    for (; at < end; ++at) {
      pattern.push_back(form[at]);
      if (form[at] != '0') continue;
      plan.parts.push_back({slot, slot});
      ++slot;
    }
  };
  for (const FormMerger::Token& token : hidden) {
    visible(token.begin);
    pattern.push_back('0');
    const std::string_view text = form.substr(token.begin, token.end - token.begin);
    const auto slots = static_cast<int>(std::count(text.begin(), text.end(), '0'));
    Part part{.constant = text};
    if (slots != 0) {
      part = {slot, slot + slots - 1, static_cast<std::uint32_t>(text.find('0')),
              static_cast<std::uint32_t>(text.size() - 1 - text.rfind('0'))};
    }
    plan.parts.push_back(part);
    slot += slots;
    at = token.end;
  }
  visible(form.size());
}

std::uint32_t TemplateText::Impl::GroupOf(std::string_view text) {
  const auto found = group_of.find(text);
  if (found != group_of.end()) return found->second;
  const auto number = static_cast<std::uint32_t>(groups.size());
  groups.push_back({patterns.Copy(text)});
  group_of.emplace(groups.back().pattern, number);
  return number;
}

void TemplateText::Impl::PlanForms() {
  const std::span<const CountedForm> forms = table.forms();
  merger.Merge(forms);
  plans.assign(forms.size(), {});
  std::vector<FormMerger::Token> hidden;
  for (std::size_t i = 0; i < forms.size(); ++i) {
    merger.Hidden(i, hidden);
    MakePlan(forms[i].form, hidden, plans[i]);
    plans[i].group = GroupOf(pattern);
    groups[plans[i].group].rows += forms[i].rows;
  }
}

// The largest become templates, in the order of their texts, so that similar ones lie together.
void TemplateText::Impl::NumberGroups() {
  std::vector<Group*> kept;
  for (Group& group : groups)
    if (group.rows >= kMinRows) kept.push_back(&group);
  if (kept.size() > kMaxTemplates - 1) {
    std::stable_sort(kept.begin(), kept.end(),
                     [](const Group* a, const Group* b) { return a->rows > b->rows; });
    kept.resize(kMaxTemplates - 1);
  }
  std::sort(kept.begin(), kept.end(), [](const Group* a, const Group* b) { return a->pattern < b->pattern; });
  templates.push_back({.pieces = {"", ""}, .slots = std::vector<std::vector<std::string_view>>(1)});
  for (Group* group : kept) AddTemplate(*group);
}

void TemplateText::Impl::AddTemplate(Group& group) {
  group.number = static_cast<std::uint32_t>(templates.size());
  Template& added = templates.emplace_back();
  added.rows = group.rows;
  std::string_view rest = group.pattern;
  for (std::size_t at; (at = rest.find('0')) != std::string_view::npos; rest.remove_prefix(at + 1))
    added.pieces.push_back(rest.substr(0, at));
  added.pieces.push_back(rest);
  added.slots.resize(added.pieces.size() - 1);
  for (std::vector<std::string_view>& slot : added.slots) slot.reserve(group.rows);
}

void TemplateText::Impl::FillSlots() {
  template_of_row.resize(rows.size());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const Row& row = rows[i];
    const Plan* plan = row.form == FormTable::kNone ? nullptr : &plans[row.form];
    const std::uint32_t number = plan == nullptr ? kFreeText : groups[plan->group].number;
    template_of_row[i] = static_cast<std::uint16_t>(number);
    if (number == kFreeText) {
      templates[kFreeText].slots[0].emplace_back(row.text, row.size);
      ++templates[kFreeText].rows;
      continue;
    }
    const SlotRange* ranges_of_row = ranges.data() + row.first_slot;
    std::vector<std::string_view>* slot = templates[number].slots.data();
    for (const Part& part : plan->parts) {
      if (part.first == Part::kConstant) {
        (slot++)->push_back(part.constant);
        continue;
      }
      const std::size_t begin = ranges_of_row[part.first].begin - part.before;
      (slot++)->emplace_back(row.text + begin, ranges_of_row[part.last].end + part.after - begin);
    }
  }
}

void TemplateText::Impl::Finish() {
  PlanForms();
  NumberGroups();
  FillSlots();
}

TemplateText::TemplateText() : impl_(std::make_unique<Impl>()) {}
TemplateText::~TemplateText() = default;

void TemplateText::Clear() {
  impl_->table.Clear();
  impl_->rows.clear();
  impl_->ranges.clear();
  impl_->groups.clear();
  impl_->group_of.clear();
  impl_->patterns.Clear();
  impl_->templates.clear();
  impl_->template_of_row.clear();
}

void TemplateText::Add(std::string_view text) { impl_->Add(text); }
void TemplateText::Finish() { impl_->Finish(); }
std::span<const TemplateText::Template> TemplateText::templates() const { return impl_->templates; }
std::span<const std::uint16_t> TemplateText::template_of_row() const { return impl_->template_of_row; }

}  // namespace cistern
