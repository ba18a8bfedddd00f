// Opens any octets as a stored block and reads every column and row. The build skips checksums, so mutations
// of good blobs reach the column decoders. What cannot be read must be refused or marked damaged, never
// overrun.
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>

#include "storage/block/block_codec.h"

namespace {

using cistern::Column;

void Require(bool holds) {
  if (!holds) std::abort();
}

// Touches every octet, so that the address sanitizer sees views that leave the blob.
std::size_t Sum(std::string_view text) {
  std::size_t sum = 0;
  for (const char c : text) sum += static_cast<unsigned char>(c);
  return sum;
}

std::size_t ReadColumns(cistern::BatchView& view) {
  std::size_t sum = 0;
  const auto first = static_cast<int>(Column::kId);
  const auto last = static_cast<int>(Column::kPeer);
  for (int i = first; i <= last; ++i) {
    const auto column = static_cast<Column>(i);
    if (column < Column::kListener) {
      Require(view.Ints(column).size() == view.size());
      continue;
    }
    const cistern::StringColumn strings = view.Strings(column);
    Require(strings.codes.empty() ? strings.values.size() >= view.size()
                                  : strings.codes.size() == view.size());
    for (std::size_t row = 0; row < view.size(); ++row) sum += Sum(strings[row]);
  }
  Require(view.Peers().codes.size() == view.size());
  return sum;
}

std::size_t ReadRows(cistern::BatchView& view) {
  std::size_t sum = 0;
  for (std::size_t row = 0; row < view.size(); ++row) {
    const cistern::Record record = view.Row(row);
    sum += Sum(record.hostname) + Sum(record.structured_data) + Sum(record.message) + Sum(record.raw);
  }
  return sum;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto blob = std::make_shared<const std::string>(reinterpret_cast<const char*>(data), size);
  (void)cistern::CheckBlock(*blob);
  (void)cistern::VerifyBlock(*blob);
  const auto block = cistern::OpenBlock(blob);
  if (!block || (*block)->size() > 65'536) return 0;
  volatile std::size_t sink = ReadColumns(**block) + ReadRows(**block);
  (void)sink;
  return 0;
}
