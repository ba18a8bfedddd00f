#include <fmt/format.h>

#include "cistern/v1/record.pb.h"
#include "ctl/transfer/record_json.h"
#include "ctl/transfer/record_reader.h"
#include "ctl/transfer/text_reader.h"

namespace cistern::ctl {
namespace {

// A message of the largest size a daemon takes, as text, raw and base64 with every octet escaped.
constexpr std::size_t kMaxLine = 64 << 20;

class JsonRecords final : public RecordReader {
 public:
  JsonRecords(std::unique_ptr<ByteSource> source, std::string content_id)
      : source_(std::move(source)), content_id_(std::move(content_id)), lines_(*source_, kMaxLine) {}

  Result<Got, FileError> Next(v1::Record& out) override {
    const auto line = lines_.Next();
    if (!line) return line.error();
    if (!*line) return Got::kEnd;
    ++position_;
    const std::string wrong = ReadRecordJson((*line)->octets, out);
    if (wrong.empty()) return Got::kRecord;
    problem_ = fmt::format("line {}: {}", position_, wrong);
    return Got::kUnreadable;
  }

  Result<void, FileError> SkipTo(std::uint64_t position) override {
    for (; position_ < position; ++position_) {
      const auto line = lines_.Next();
      if (!line) return line.error();
      if (!*line) break;
    }
    return {};
  }

  std::uint64_t position() const override { return position_; }
  const std::string& content_id() const override { return content_id_; }
  const std::string& name() const override { return source_->path(); }
  std::uint64_t done() const override { return source_->consumed(); }
  std::uint64_t total() const override { return source_->size(); }

 private:
  const std::unique_ptr<ByteSource> source_;
  const std::string content_id_;
  TextReader lines_;
  std::uint64_t position_ = 0;  // lines read; empty ones do not count
};

}  // namespace

bool IsRecordJson(std::string_view head) {
  const std::string_view line = head.substr(0, head.find('\n'));
  return line.starts_with('{') && line.find("\"format\":\"r") != std::string_view::npos;
}

std::unique_ptr<RecordReader> MakeJsonReader(std::unique_ptr<ByteSource> source, std::string content_id) {
  return std::make_unique<JsonRecords>(std::move(source), std::move(content_id));
}

}  // namespace cistern::ctl
