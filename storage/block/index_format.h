// The octets of a block's index: a checksummed prefix, a directory, and parts that are read apart from each
// other. FORMAT.md describes them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ingest/message/result.h"
#include "storage/batch_view.h"
#include "storage/block/sealed_block.h"

namespace cistern {

// On disk: never renumber, only add. The dictionary of a string column is kFirstColumn + its ColumnId.
enum class IndexPartId : std::uint8_t {
  kSummary = 1,
  kIntegers = 2,
  kTemplates = 3,
  kWords = 4,
  kFirstColumn = 32
};
// Of a column that StringValues() serves; absent for others.
std::optional<IndexPartId> PartOfColumn(Column column);

// The columns whose values are counted in kIntegers, in their order there.
inline constexpr Column kCountedColumns[] = {Column::kTransport, Column::kFormat, Column::kFacility,
                                             Column::kSeverity, Column::kFlags};
// The columns of StringValues().
inline constexpr Column kListedColumns[] = {Column::kListener, Column::kTlsIdentity, Column::kHostname,
                                            Column::kAppName,  Column::kMsgid,       Column::kPeer};

struct IndexPart {
  IndexPartId id{};
  bool compressed = false;
  std::uint64_t raw_length = 0;  // once decompressed
  std::string_view stored;
};

std::string WriteIndex(const std::vector<IndexPart>& parts);
// Checks the checksum of unchecked octets; the parts are views into `index`. kCorrupt, kTooNew.
Result<std::vector<IndexPart>> ReadIndex(std::string_view index, Octets octets);

}  // namespace cistern
