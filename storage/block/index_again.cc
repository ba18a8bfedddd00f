// The index of a block, made again from its data.
#include <set>
#include <string_view>
#include <vector>

#include "storage/block/header.h"
#include "storage/block/index_builder.h"
#include "storage/block/index_format.h"

namespace cistern {
namespace {

void AddMessages(StoredBatch& view, IndexBuilder& builder) {
  TemplateColumn* messages = view.Templates();
  if (messages == nullptr) {
    static constexpr std::string_view kNothing[2] = {};
    const StringColumn texts = view.Strings(Column::kMessage);
    return builder.AddTemplate(Column::kMessage, kNothing, static_cast<std::uint32_t>(view.size()),
                               {&texts, 1});
  }
  std::vector<std::uint32_t> rows(messages->templates());
  for (const std::uint16_t number : messages->template_of())
    if (number < rows.size()) ++rows[number];
  std::vector<StringColumn> slots;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const std::span<const std::string_view> pieces = messages->Pieces(i);
    slots.clear();
    for (std::size_t slot = 0; slot + 1 < pieces.size(); ++slot) slots.push_back(messages->Slot(i, slot));
    builder.AddTemplate(Column::kMessage, pieces, rows[i], slots);
  }
}

// Peers that are not kept as a dictionary: the view names one again in each row.
StringColumn PeersOf(StoredBatch& view, std::vector<std::string_view>& rows) {
  const StringColumn peers = view.Strings(Column::kPeer);
  const std::set<std::string_view> different(peers.values.begin(), peers.values.end());
  if (different.size() == peers.values.size()) return peers;
  for (std::size_t i = 0; i < view.size(); ++i) rows.push_back(peers[i]);
  return {rows, {}};
}

}  // namespace

Result<SealedBlock> IndexAgain(std::shared_ptr<const std::string> data) {
  const auto header = ReadBlockHeader(*data);
  if (!header) return header.error();
  auto view = OpenBlock(data);
  if (!view) return view.error();

  SealedBlock block{.summary = header->summary, .data = data};
  IndexBuilder builder;
  builder.Begin(block.summary);
  builder.AddInts(Column::kPort, (*view)->Ints(Column::kPort));
  for (const Column column : kCountedColumns) builder.AddInts(column, (*view)->Ints(column));
  std::vector<std::string_view> peers;
  for (const Column column : kListedColumns)
    builder.AddStrings(column, column == Column::kPeer ? PeersOf(**view, peers) : (*view)->Strings(column));
  for (const Column column : {Column::kProcid, Column::kStructuredData, Column::kTags})
    builder.AddStrings(column, (*view)->Strings(column));
  AddMessages(**view, builder);
  if ((*view)->damaged()) return StoreErrc::kCorrupt;
  builder.Finish(block);
  return block;
}

}  // namespace cistern
