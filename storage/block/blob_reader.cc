#include "storage/block/blob_reader.h"

#include <algorithm>

#include "storage/block/compression.h"

namespace cistern {
namespace {

// The header of a block lies within so many octets, and mostly all columns but the slots of texts: to read
// them one by one costs more than to copy them.
constexpr std::uint64_t kFirstRead = 32 << 10;

constexpr std::size_t Index(ColumnId id) { return static_cast<std::size_t>(id); }

class StringSource final : public BlobSource {
 public:
  explicit StringSource(std::shared_ptr<const std::string> blob) : blob_(std::move(blob)) {}
  std::uint64_t size() const override { return blob_->size(); }
  std::optional<std::string_view> Read(std::uint64_t offset, std::size_t length) override {
    return std::string_view(*blob_).substr(static_cast<std::size_t>(offset), length);
  }

 private:
  const std::shared_ptr<const std::string> blob_;
};

}  // namespace

std::unique_ptr<BlobSource> SourceOf(std::shared_ptr<const std::string> blob) {
  return std::make_unique<StringSource>(std::move(blob));
}

// Frames know their own checksums.
class BlobReader::ColumnFrames final : public FrameSource {
 public:
  ColumnFrames(BlobReader& blob, const ColumnEntry& entry) : blob_(blob), entry_(entry) {}
  std::uint64_t size() const override { return entry_.length; }
  std::optional<std::string_view> Read(std::uint64_t offset, std::size_t length) override {
    if (entry_.in_header) return entry_.stored.substr(static_cast<std::size_t>(offset), length);
    if (const auto& all = blob_.stored_[Index(entry_.id)])
      return all->substr(static_cast<std::size_t>(offset), length);
    return blob_.Read(entry_.offset + offset, length);
  }
  void Decoded(std::uint64_t octets) override { blob_.decoded_ += octets; }

 private:
  BlobReader& blob_;
  const ColumnEntry& entry_;
};

BlobReader::BlobReader(std::unique_ptr<BlobSource> source, BlockHeader header, std::string_view head)
    : source_(std::move(source)), header_(std::move(header)), head_(head), fetched_(head.size()) {}

Result<BlobReader> BlobReader::Open(std::unique_ptr<BlobSource> source) {
  auto head = source->Read(0, static_cast<std::size_t>(std::min(kFirstRead, source->size())));
  if (!head) return StoreErrc::kCorrupt;
  const Result<std::size_t> head_size = BlockHeadSize(*head);
  if (!head_size) return head_size.error();
  if (*head_size > source->size()) return StoreErrc::kCorrupt;
  if (*head_size > head->size()) head = source->Read(0, *head_size);
  if (!head) return StoreErrc::kCorrupt;
  Result<BlockHeader> header = ReadBlockHeader(*head, source->size());
  if (!header) return header.error();
  return BlobReader(std::move(source), std::move(*header), *head);
}

std::optional<std::string_view> BlobReader::Read(std::uint64_t offset, std::uint64_t length) {
  if (offset <= head_.size() && length <= head_.size() - offset)
    return head_.substr(static_cast<std::size_t>(offset), static_cast<std::size_t>(length));
  fetched_ = std::min(fetched_ + length, size());
  return source_->Read(offset, static_cast<std::size_t>(length));
}

std::optional<std::string_view> BlobReader::Stored(const ColumnEntry& entry) {
  if (entry.in_header) return entry.stored;
  const bool known = Index(entry.id) < stored_.size();
  if (known && stored_[Index(entry.id)]) return stored_[Index(entry.id)];
  const auto octets = Read(entry.offset, entry.length);
  if (!octets || !ChecksumFits(*octets, entry.checksum)) return std::nullopt;
  if (known) stored_[Index(entry.id)] = octets;
  return octets;
}

std::optional<std::string_view> BlobReader::Payload(const ColumnEntry& entry) {
  std::optional<std::string_view>& payload = payloads_[Index(entry.id)];
  if (payload) return payload;
  const auto stored = Stored(entry);
  if (!stored || !entry.compressed) return stored;
  const auto size = static_cast<std::size_t>(entry.raw_length);
  buffers_.push_back(std::make_unique_for_overwrite<char[]>(size));
  decoded_ += size;
  if (!Decompress(*stored, buffers_.back().get(), size)) return std::nullopt;
  payload.emplace(buffers_.back().get(), size);
  return payload;
}

std::unique_ptr<FrameSource> BlobReader::Frames(const ColumnEntry& entry) {
  return std::make_unique<ColumnFrames>(*this, entry);
}

bool BlobReader::Check() {
  return std::all_of(header_.columns.begin(), header_.columns.end(),
                     [&](const ColumnEntry& entry) { return Stored(entry).has_value(); });
}

}  // namespace cistern
