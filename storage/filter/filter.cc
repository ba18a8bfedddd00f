#include "storage/filter/filter.h"

#include <span>

#include "storage/filter/compile.h"
#include "storage/filter/parser.h"

namespace cistern {

namespace {

std::uint32_t Bit(Column column) { return 1u << static_cast<unsigned>(column); }

std::uint32_t ColumnsOf(const FieldRef& field) {
  switch (field.kind) {
    case FieldRef::Kind::kColumn:
      return Bit(field.column);
    case FieldRef::Kind::kTag:
      return Bit(Column::kTags);
    case FieldRef::Kind::kStructuredData:
      return Bit(Column::kStructuredData);
    case FieldRef::Kind::kCisco:
      return Bit(Column::kRaw) | Bit(Column::kHostname);
    default:
      return Bit(Column::kMessage);
  }
}

std::uint32_t ColumnsOf(const filter::Node& node) {
  std::uint32_t columns = node.kind == filter::Node::Kind::kTerm ? ColumnsOf(node.field) : 0;
  for (const filter::Node& child : node.children) columns |= ColumnsOf(child);
  return columns;
}

}  // namespace

std::string FilterError::ToString() const {
  return "at byte " + std::to_string(offset) + ": found " + found + ", expected " + expected;
}

struct Filter::Impl {
  filter::Node tree;
  filter::PredicatePtr root = filter::MakeAll();
  FilterBounds bounds;
};

Filter::Filter() {
  static const auto everything = std::make_shared<const Impl>();
  impl_ = everything;
}

Result<Filter, FilterError> Filter::Parse(std::string_view text) {
  auto tree = filter::ParseText(text);
  if (!tree) return tree.error();
  auto root = filter::Compile(*tree);
  if (!root) return root.error();
  auto impl = std::make_shared<Impl>();
  impl->tree = std::move(*tree);
  impl->root = std::move(*root);
  impl->root->Tighten(impl->bounds);
  Filter filter;
  filter.impl_ = std::move(impl);
  return filter;
}

bool Filter::matches_all() const { return impl_->tree.kind == filter::Node::Kind::kAll; }

void Filter::Evaluate(BatchView& view, Selection& selection) const {
  selection.assign(view.size(), 1);
  Narrow(view, selection, 0, view.size());
}

void Filter::Narrow(BatchView& view, Selection& selection, std::size_t begin, std::size_t end,
                    BlockIndex* index) const {
  impl_->root->Narrow({view, selection, begin, end, index});
}

Verdict Filter::JudgeValues(BlockIndex& index) const {
  return impl_->root->JudgeBlock(index, filter::Ask::kValues);
}

bool Filter::RuledOut(BlockIndex& index) const {
  return impl_->root->JudgeBlock(index, filter::Ask::kValuesAndWords) == Verdict::kNone;
}

bool Filter::judges_templates() const { return impl_->root->judges_templates(); }

void Filter::Judge(BlockIndex& index, std::vector<Verdict>& verdicts) const {
  filter::Judging judging(index);
  verdicts.resize(judging.templates().size());
  impl_->root->Judge(judging, verdicts);
}

bool Filter::Matches(const Record& record) const {
  RecordsView view(std::span(&record, 1));
  Selection selection;
  Evaluate(view, selection);
  return selection.front() != 0;
}

const FilterBounds& Filter::bounds() const { return impl_->bounds; }

std::uint32_t Filter::columns() const { return ColumnsOf(impl_->tree); }

const filter::Node& Filter::tree() const { return impl_->tree; }

std::string Filter::ToString() const { return filter::ToText(impl_->tree); }

}  // namespace cistern
