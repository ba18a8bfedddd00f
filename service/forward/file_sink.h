// Files on this machine: the sink of `file:` targets.
//
// The records of a chunk are put together by path and each file gets its part in one write, so that thousands
// of files cost no more than their number. Line ends inside a record become spaces: one line a record.
//
// Position: with `sync` it stays behind what was written since the last sync, which is due each second. A
// file that cannot be written to fails the chunk; what other files got of it is remembered and not written
// twice. A sync that fails leaves open what is on the disk: everything since the one before is written again.
#pragma once

#include <functional>
#include <unordered_map>

#include "service/forward/file_compressor.h"
#include "service/forward/format.h"
#include "service/forward/make_sink.h"
#include "service/forward/path_template.h"
#include "service/forward/target_files.h"

namespace cistern {

class FileSink final : public Sink {
 public:
  struct Settings {
    PathTemplate path;
    RecordFormatter::Options format;
    std::uint64_t rotate_bytes = 0;    // 0: never
    std::int64_t rotate_interval = 0;  // ns; 0: never
    unsigned keep = 0;                 // 0: all
    FileCompressor::Method compress = FileCompressor::Method::kNone;
    bool sync = true;
    unsigned mode = 0640;
    bool test = false;  // writes, but moves no file
    StepObserver observe = [](const StepReport&) {};
    std::function<std::int64_t()> wall_clock;  // ns since the epoch
    std::function<std::chrono::steady_clock::time_point()> clock = std::chrono::steady_clock::now;
  };
  explicit FileSink(Settings settings);

  Delivery Deliver(const Chunk& chunk, const Stop& stop) override;
  std::optional<Failure> Idle(const Stop& stop) override;
  std::chrono::steady_clock::time_point NextIdle() const override { return care_at_; }
  std::optional<RecordId> HeldBehind() const override { return held_behind_; }
  std::optional<RecordId> ResumeBehind() const override { return resume_behind_; }
  void Close(std::chrono::steady_clock::time_point deadline) override;
  std::string endpoint() const override { return endpoint_; }

 private:
  // What one file gets of a chunk.
  struct Part {
    std::string path;
    std::string text;
    std::size_t done = 0;  // octets of text that are written
    struct Line {
      std::size_t row;  // of chunk.rows
      RecordId id;
    };
    std::vector<Line> lines;
    std::size_t written = 0;  // of `lines`
  };

  std::size_t Collect(const Chunk& chunk);
  void AddLine(const Record& record, std::string& text);
  std::optional<Failure> Write(Part& part);
  boost::system::error_code WriteSome(Part& part);
  void RememberWritten(Delivery& delivery);
  std::size_t Room(const TargetFile& file, std::string_view text) const;
  bool IsDue(const TargetFile& file) const;
  boost::system::error_code Rotate(const std::string& path);
  std::optional<Failure> RotateDue();
  std::optional<Failure> Sync();

  const Settings settings_;
  RecordFormatter formatter_;
  const std::string header_;  // with its line end
  TargetFiles files_;
  FileCompressor compressor_;

  std::vector<Part> parts_;
  std::unordered_map<std::string, std::size_t> part_of_;  // path -> index in parts_
  std::string path_, endpoint_;
  std::unordered_map<std::string, RecordId> written_;  // last record in files that are ahead of a failed one
  std::optional<RecordId> held_behind_, resume_behind_;
  std::chrono::steady_clock::time_point care_at_{};
};

}  // namespace cistern
