#include "service/forward/file_sink.h"

#include <fmt/format.h>

#include <algorithm>

#include "service/forward/file_names.h"
#include "service/forward/safe_folder.h"

namespace cistern {
namespace {

using boost::system::error_code;

constexpr std::size_t kChunkBytes = 1 << 20;
constexpr auto kCareInterval = std::chrono::seconds(1);

Failure IoFailure(const std::string& what, const error_code& error) {
  return {FailureReason::kIo, what + ": " + error.message()};
}

std::string HeaderLine(const RecordFormatter& formatter) {
  std::string header = formatter.Header();
  if (!header.empty()) header += '\n';
  return header;
}

}  // namespace

FileSink::FileSink(Settings settings)
    : settings_(std::move(settings)),
      formatter_(settings_.format),
      header_(HeaderLine(formatter_)),
      files_(settings_.path.folder_size(), settings_.mode, settings_.sync),
      compressor_(settings_.test ? FileCompressor::Method::kNone : settings_.compress,
                  settings_.path.folder_size()) {}

Delivery FileSink::Deliver(const Chunk& chunk, const Stop&) {
  Delivery delivery;
  resume_behind_.reset();
  delivery.taken = Collect(chunk);
  const WithoutBatch wait(chunk);  // for a disk
  for (Part& part : parts_) {
    delivery.failure = Write(part);
    delivery.bytes += part.done;
    if (delivery.failure) break;
  }
  if (delivery.failure) {
    RememberWritten(delivery);
  } else if (delivery.taken > 0) {
    const RecordId last = chunk.ids[delivery.taken - 1];
    std::erase_if(written_, [last](const auto& entry) { return entry.second <= last; });
  }
  return delivery;
}

// Puts together what each file gets; how many rows that are.
std::size_t FileSink::Collect(const Chunk& chunk) {
  parts_.clear();
  part_of_.clear();
  std::size_t row = 0, bytes = 0;
  for (; row < chunk.rows.size() && bytes < kChunkBytes; ++row) {
    const Record record = chunk.view.Row(chunk.rows[row]);
    settings_.path.Expand(record, path_);
    if (const auto done = written_.find(path_); done != written_.end() && record.id <= done->second) continue;
    const auto [found, added] = part_of_.try_emplace(path_, parts_.size());
    if (added) parts_.push_back({.path = path_, .text = {}, .done = 0, .lines = {}, .written = 0});
    Part& part = parts_[found->second];
    part.lines.push_back({row, record.id});
    const std::size_t before = part.text.size();
    AddLine(record, part.text);
    bytes += part.text.size() - before;
    if (settings_.sync && !held_behind_) held_behind_ = RecordId{ToInt(record.id) - 1};
  }
  return row;
}

void FileSink::AddLine(const Record& record, std::string& text) {
  const std::size_t start = text.size();
  formatter_.Append(record, text);
  for (std::size_t i = text.find_first_of("\r\n", start); i != std::string::npos;
       i = text.find_first_of("\r\n", i))
    text[i] = ' ';
  text += '\n';
}

std::optional<Failure> FileSink::Write(Part& part) {
  if (!files_.IsOpen(part.path)) compressor_.Resume(part.path);
  while (part.done < part.text.size()) {
    if (const auto error = WriteSome(part)) {
      endpoint_.clear();
      files_.Close(part.path);
      return IoFailure("writing to " + part.path, error);
    }
  }
  endpoint_ = part.path;
  settings_.observe({"write to " + part.path, fmt::format("{} octets", part.done)});
  return std::nullopt;
}

// Writes lines up to where the file must be rotated.
error_code FileSink::WriteSome(Part& part) {
  const auto file = files_.Get(part.path);
  if (!file) return file.error();
  TargetFile& open = **file;
  const std::string_view text = std::string_view(part.text).substr(part.done);
  const std::string_view lines = text.substr(0, IsDue(open) ? 0 : Room(open, text));
  if (lines.empty()) return Rotate(part.path);
  const std::int64_t now = settings_.wall_clock();
  const bool begins = open.size() == 0 && !header_.empty();
  if (const auto error = begins ? open.Append(header_ + std::string(lines), now) : open.Append(lines, now))
    return error;
  part.written += static_cast<std::size_t>(std::count(lines.begin(), lines.end(), '\n'));
  part.done += lines.size();
  return {};
}

// How much of `text` the file takes before it is rotated, in whole lines.
std::size_t FileSink::Room(const TargetFile& file, std::string_view text) const {
  const std::uint64_t used = std::max<std::uint64_t>(file.size(), header_.size());
  if (settings_.rotate_bytes == 0 || settings_.test || used + text.size() <= settings_.rotate_bytes)
    return text.size();
  const std::size_t left =
      settings_.rotate_bytes > used ? static_cast<std::size_t>(settings_.rotate_bytes - used) : 0;
  const std::size_t end = text.substr(0, left).rfind('\n');
  if (end != std::string_view::npos) return end + 1;
  // A line that is longer than a file may be has a file of its own.
  return file.size() > header_.size() ? 0 : text.find('\n') + 1;
}

bool FileSink::IsDue(const TargetFile& file) const {
  const std::int64_t interval = settings_.rotate_interval;
  return interval > 0 && !settings_.test && file.size() > header_.size() &&
         file.written() / interval < settings_.wall_clock() / interval;
}

error_code FileSink::Rotate(const std::string& path) {
  const auto file = files_.Get(path);
  if (!file) return file.error();
  const bool renamed = !(*file)->IsStillThere();  // by somebody else
  files_.Close(path);
  if (renamed) return {};
  const auto folder = OpenFolder(path, settings_.path.folder_size(), /*make=*/false);
  if (!folder) return folder.error();
  {
    const std::lock_guard lock(compressor_.names());
    if (const auto error = RotateNames(folder->get(), std::string(NameOf(path)), settings_.keep))
      return error;
  }
  compressor_.Add(path);
  return {};
}

// What the files have that were written to before one failed is not written twice: rows up to the first one
// that is missing are taken, and what is there of the others is remembered.
void FileSink::RememberWritten(Delivery& delivery) {
  for (const Part& part : parts_) {
    if (part.written < part.lines.size())
      delivery.taken = std::min(delivery.taken, part.lines[part.written].row);
    if (part.written > 0) written_[part.path] = part.lines[part.written - 1].id;
  }
  (void)Sync();
}

std::optional<Failure> FileSink::Sync() {
  if (settings_.sync && files_.dirty()) {
    if (const auto error = files_.Sync()) {
      resume_behind_ = held_behind_;
      written_.clear();
      return IoFailure("syncing " + endpoint_, error);
    }
    settings_.observe({"sync", "on the disk"});
  }
  held_behind_.reset();
  return std::nullopt;
}

std::optional<Failure> FileSink::RotateDue() {
  if (settings_.rotate_interval == 0) return std::nullopt;
  for (const std::string& path : files_.paths()) {
    const auto file = files_.Get(path);
    if (!file || !IsDue(**file)) continue;
    if (const auto error = Rotate(path)) return IoFailure("rotating " + path, error);
  }
  return std::nullopt;
}

std::optional<Failure> FileSink::Idle(const Stop&) {
  const auto now = settings_.clock();
  if (now < care_at_) return std::nullopt;
  care_at_ = now + kCareInterval;
  files_.CloseMissing();
  const auto sync = Sync();
  const auto rotation = RotateDue();
  return sync ? sync : rotation;
}

void FileSink::Close(std::chrono::steady_clock::time_point) {
  (void)Sync();
  files_.CloseAll();
  endpoint_.clear();
}

}  // namespace cistern
