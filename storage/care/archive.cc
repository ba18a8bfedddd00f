#include "storage/care/archive.h"

#include <algorithm>
#include <cstring>
#include <set>

#include "storage/care/archive_names.h"
#include "storage/care/file_io.h"
#include "storage/care/sha256.h"
#include "storage/sqlite/file_info.h"

namespace cistern {
namespace {

using Done = Result<void, std::string>;
constexpr std::size_t kPiece = std::size_t{512} << 10;
constexpr std::size_t kMaxText = std::size_t{16} << 20;

bool IsLog(const std::string& name) {
  if (!name.starts_with(kLogsPrefix)) return false;
  const auto id = ParseLogFileName(std::string_view(name).substr(std::strlen(kLogsPrefix)));
  return id && !id->damaged;
}

class ArchiveReader {
 public:
  ArchiveReader(FileHandle file, std::uint64_t size, ArchiveSink& sink, const LongWork& work,
                ArchiveInfo& info)
      : file_(std::move(file)), size_(size), sink_(sink), work_(work), info_(info) {}

  Done Read() {
    for (;;) {
      TarMember member;
      if (const Done read = ReadHeader(member); !read) return read;
      if (member.name.empty()) return std::string("it has no checksums");
      if (member.name == kChecksumsMember) return Compare(member);
      if (const Done read = ReadMember(member); !read) return read;
    }
  }

 private:
  Done ReadHeader(TarMember& member) {
    const bool first = at_ == 0;
    std::string block;
    if (const Done read = Take(kTarBlock, block); !read) return read;
    auto parsed = ParseTarHeader(block);
    if (!parsed || (first && parsed->name != kBackupMember))
      return std::string(first ? "it is not a backup of cistern" : "it is damaged: a header is wrong");
    member = std::move(*parsed);
    return {};
  }

  Done Compare(const TarMember& member) {
    std::string stored;
    if (const Done read = ReadText(member, stored); !read) return read;
    if (stored != sums_) return std::string("a checksum differs: the backup is damaged");
    if (!names_.contains(kCatalogMember)) return std::string("it has no catalog");
    info_.bytes = at_;
    return {};
  }

  Done ReadMember(const TarMember& member) {
    if (!names_.insert(member.name).second) return member.name + " is in it twice";
    if (member.name == kBackupMember) {
      if (const Done read = ReadText(member, info_.about); !read) return read;
      if (!info_.about.starts_with(std::string(kBackupTitle) + "\n"))
        return std::string("a newer release made it, or it is damaged");
      return {};
    }
    const bool catalog = member.name == kCatalogMember;
    if (!catalog && !IsLog(member.name)) return std::string("it has a member that no backup has");
    if (!catalog && !names_.contains(kCatalogMember)) return std::string("it has no catalog");
    info_.log_files += catalog ? 0 : 1;
    if (const Done begun = sink_.Begin(member); !begun) return begun;
    const Done read = ReadData(member, [&](std::string_view piece) { return sink_.Data(piece); });
    if (!read) return read;
    return sink_.End();
  }

  Done ReadText(const TarMember& member, std::string& text) {
    if (member.bytes > kMaxText) return member.name + " is too large";
    return ReadData(member, [&](std::string_view piece) -> Done {
      text += piece;
      return {};
    });
  }

  template <class Consume>
  Done ReadData(const TarMember& member, Consume consume) {
    std::string piece;
    for (std::uint64_t left = member.bytes; left != 0; left -= piece.size()) {
      const auto length = static_cast<std::size_t>(std::min<std::uint64_t>(left, kPiece));
      if (const Done read = Take(length, piece); !read) return read;
      sum_.Add(piece);
      if (const Done taken = consume(piece); !taken) return taken;
      if (work_.progress) work_.progress(at_, size_);
    }
    if (member.name != kChecksumsMember) sums_ += sum_.Finish() + "  " + member.name + "\n";
    return Take(TarPadding(member.bytes), piece);
  }

  Done Take(std::size_t length, std::string& out) {
    if (work_.stop.stop_requested()) return std::string("stopped");
    const Result<void> read = file_.Read(at_, length, out);
    if (!read) return "cannot be read: " + read.error().message();
    if (out.size() < length) return std::string("it ends too early: the backup is incomplete");
    at_ += length;
    return {};
  }

  const FileHandle file_;
  const std::uint64_t size_;
  ArchiveSink& sink_;
  const LongWork& work_;
  std::uint64_t at_ = 0;
  ArchiveInfo& info_;
  Sha256 sum_;
  std::set<std::string> names_;
  std::string sums_;  // as computed
};

}  // namespace

Result<void, std::string> ReadArchive(const std::string& path, ArchiveSink& sink, const LongWork& work,
                                      ArchiveInfo& info) {
  Result<FileHandle> file = FileHandle::OpenToRead(path);
  if (!file)
    return std::string(file.error() == StoreErrc::kNotFound ? "no such file" : file.error().message());
  const Result<std::uint64_t> size = file->Size();
  if (!size) return size.error().message();
  return ArchiveReader(std::move(*file), *size, sink, work, info).Read();
}

}  // namespace cistern
