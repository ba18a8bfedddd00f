// Builds the index of records as a sealer does, without the data.
#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include "storage/batch_view.h"
#include "storage/block/index_builder.h"
#include "storage/block/sealed_block.h"
#include "storage/block/template_text.h"

namespace cistern::testing {

inline BlockSummary SummaryOf(RecordsView& view) {
  const auto range = [](std::span<const std::int64_t> values) {
    const auto [min, max] = std::minmax_element(values.begin(), values.end());
    return std::pair(*min, *max);
  };
  const auto [first, last] = range(view.Ints(Column::kId));
  const auto [min_received, max_received] = range(view.Ints(Column::kReceived));
  std::vector<std::int64_t> times;
  for (const std::int64_t time : view.Ints(Column::kTime))
    if (time != kNoTime) times.push_back(time);
  const auto [min_time, max_time] = times.empty() ? std::pair(kNoTime, kNoTime) : range(times);
  return {.records = view.size(),
          .first_id = RecordId{static_cast<std::uint64_t>(first)},
          .last_id = RecordId{static_cast<std::uint64_t>(last)},
          .min_received = min_received,
          .max_received = max_received,
          .min_time = min_time,
          .max_time = max_time};
}

inline void AddMessages(RecordsView& view, TemplateText& text, IndexBuilder& builder) {
  for (std::size_t row = 0; row < view.size(); ++row) text.Add(view.Strings(Column::kMessage)[row]);
  text.Finish();
  for (const TemplateText::Template& t : text.templates()) {
    std::vector<StringColumn> slots;
    for (const auto& values : t.slots) slots.push_back({values, {}});
    builder.AddTemplate(Column::kMessage, t.pieces, t.rows, slots);
  }
}

// `template_of_row`, when given, gets the template of each message.
inline SealedBlock MakeIndex(std::span<const Record> records,
                             std::vector<std::uint16_t>* template_of_row = nullptr) {
  RecordsView view(records);
  TemplateText text;
  IndexBuilder builder;
  SealedBlock block;
  builder.Begin(SummaryOf(view));
  for (const Column column : {Column::kPort, Column::kTransport, Column::kFormat, Column::kFacility,
                              Column::kSeverity, Column::kFlags})
    builder.AddInts(column, view.Ints(column));
  for (const Column column :
       {Column::kListener, Column::kTlsIdentity, Column::kHostname, Column::kAppName, Column::kProcid,
        Column::kMsgid, Column::kPeer, Column::kStructuredData, Column::kTags})
    builder.AddStrings(column, view.Strings(column));
  AddMessages(view, text, builder);
  if (template_of_row != nullptr)
    template_of_row->assign(text.template_of_row().begin(), text.template_of_row().end());
  builder.Finish(block);
  return block;
}

inline ReadChunk ChunksOf(const SealedBlock& block) {
  return [&block](std::size_t chunk) { return std::optional(block.chunks[chunk]); };
}

// `block` must outlive the index.
inline std::unique_ptr<BlockIndex> OpenIndex(const SealedBlock& block) {
  auto index = OpenBlockIndex(std::make_shared<const std::string>(block.index), ChunksOf(block));
  return index ? std::move(*index) : nullptr;
}

}  // namespace cistern::testing
