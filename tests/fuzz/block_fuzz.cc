// Opens any octets as a stored block and reads every column and row; what cannot be read must be refused or
// marked damaged, never overrun. The build skips checksums, so mutations of good blobs reach the decoders.
// Input that begins with `R` or `S` is cut into records instead, which must come back from a tail blob or a
// sealed block as they were.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "storage/block/block_codec.h"
#include "storage/block/sealed_block.h"

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

// A few octets can claim 65,536 rows; then a sample of them will do.
std::size_t StepOf(const cistern::BatchView& view) { return 1 + view.size() / 1000; }

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
    for (std::size_t row = 0; row < view.size(); row += StepOf(view)) sum += Sum(strings[row]);
  }
  Require(view.Peers().codes.size() == view.size());
  return sum;
}

std::size_t ReadTemplates(cistern::BatchView& view) {
  std::size_t sum = 0;
  cistern::TemplateColumn* const texts = view.Templates();
  if (texts == nullptr) return 0;
  Require(texts->template_of().size() == view.size() && texts->position_of().size() == view.size());
  for (std::size_t row = 0; row < view.size(); ++row) {
    const std::size_t number = texts->template_of()[row];
    Require(number < texts->templates());
    const std::size_t slots = texts->Pieces(number).size() - 1;
    if (texts->position_of()[row] != 0) continue;
    for (std::size_t slot = 0; slot < slots; ++slot) sum += Sum(texts->Slot(number, slot)[0]);
  }
  return sum;
}

std::size_t ReadSelected(cistern::BatchView& view) {
  std::vector<std::uint8_t> selected(view.size());
  for (std::size_t row = 0; row < selected.size(); row += 7) selected[row] = 1;
  std::size_t sum = 0;
  for (const Column column : {Column::kMessage, Column::kRaw}) {
    const cistern::StringColumn texts = view.StringsOf(column, selected, 0, view.size());
    for (std::size_t row = 0; row < selected.size(); row += 7) sum += Sum(texts[row]);
  }
  return sum;
}

std::size_t ReadRows(cistern::BatchView& view) {
  std::size_t sum = 0;
  for (std::size_t row = 0; row < view.size(); row += StepOf(view)) {
    const cistern::Record record = view.Row(row);
    sum += Sum(record.hostname) + Sum(record.structured_data) + Sum(record.message) + Sum(record.raw);
  }
  return sum;
}

// Those of many rows take a hundred times longer than the others and find nothing else: one of 16 will do.
bool IsSkipped(std::string_view octets, std::size_t rows) {
  constexpr std::size_t kManyRows = 1024;
  return rows > kManyRows && std::hash<std::string_view>()(octets) % 16 != 0;
}

void Decode(std::string_view octets) {
  (void)cistern::CheckBlock(octets);
  const auto blob = std::make_shared<const std::string>(octets);
  const auto block = cistern::OpenBlock(blob), again = cistern::OpenBlock(blob);
  if (block && IsSkipped(octets, (*block)->size())) return;
  (void)cistern::VerifyBlock(octets);
  if (!block) return;
  volatile std::size_t sink = ReadColumns(**block) + ReadRows(**block);
  sink = ReadSelected(**again) + ReadTemplates(**again);
  (void)sink;
}

// A field is a length octet and that many octets.
std::string_view Take(std::string_view& rest) {
  if (rest.empty()) return {};
  const std::size_t size = std::min<std::size_t>(static_cast<std::uint8_t>(rest[0]), rest.size() - 1);
  const std::string_view field = rest.substr(1, size);
  rest.remove_prefix(1 + size);
  return field;
}

std::int64_t TakeInt(std::string_view& rest) {
  std::uint64_t value = 0;
  for (const char octet : Take(rest)) value = value << 8 | static_cast<std::uint8_t>(octet);
  return static_cast<std::int64_t>(value);
}

void TakeRecords(std::string_view rest, cistern::RecordBatch& batch) {
  for (std::uint64_t id = 1; !rest.empty() && id < 500; ++id) {
    cistern::Record& record = batch.records().emplace_back();
    record.id = cistern::RecordId{id};
    record.received = TakeInt(rest);
    record.time = TakeInt(rest);
    record.port = static_cast<std::uint16_t>(TakeInt(rest));
    record.flags = static_cast<std::uint32_t>(TakeInt(rest));
    record.hostname = Take(rest);
    record.procid = Take(rest);
    record.message = Take(rest);
    record.structured_data = Take(rest);
    record.tags = Take(rest);
    record.raw = Take(rest);
  }
}

std::shared_ptr<const std::string> Encode(const cistern::RecordBatch& batch, bool seal) {
  static cistern::BlockSealer sealer;
  static cistern::BlockEncoder encoder;
  const std::span<const cistern::Record> parts[] = {batch.records()};
  if (seal) return sealer.Seal(parts).data;
  return std::make_shared<const std::string>(encoder.Encode(parts));
}

void RoundTrip(std::string_view octets, bool seal) {
  cistern::RecordBatch batch;
  TakeRecords(octets, batch);
  if (batch.empty()) return;
  const auto blob = Encode(batch, seal);
  Require(cistern::VerifyBlock(*blob).has_value());
  const auto block = cistern::OpenBlock(blob);
  Require(block.has_value() && (*block)->size() == batch.size());
  for (std::size_t row = 0; row < batch.size(); ++row) {
    const cistern::Record got = (*block)->Row(row);
    const cistern::Record& want = batch.records()[row];
    Require(got.id == want.id && got.received == want.received && got.time == want.time);
    Require(got.port == want.port && got.flags == want.flags && got.hostname == want.hostname);
    Require(got.procid == want.procid && got.message == want.message);
    Require(got.structured_data == want.structured_data);
    Require(got.tags == want.tags && got.raw == want.raw);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  if (input.starts_with('R') || input.starts_with('S')) {
    RoundTrip(input.substr(1), input[0] == 'S');
  } else {
    Decode(input);
  }
  return 0;
}
