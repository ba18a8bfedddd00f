#include "cistern/v1/record.pb.h"
#include "ctl/printer/time_text.h"
#include "ctl/transfer/record_reader.h"
#include "ctl/transfer/text_reader.h"
#include "ingest/parse/parser.h"

namespace cistern::ctl {
namespace {

class TextRecords final : public RecordReader {
 public:
  TextRecords(std::unique_ptr<ByteSource> source, std::string content_id, const ReadOptions& options)
      : source_(std::move(source)),
        content_id_(std::move(content_id)),
        zone_(options.times.zone),
        context_{options.times.For(source_->modified_ns(), options.now_ns), zone_.get()},
        untimed_(options.untimed),
        fallback_(options.untimed == Untimed::kNow || source_->modified_ns() == 0 ? options.now_ns
                                                                                  : source_->modified_ns()),
        frames_(*source_) {}

  Result<Got, FileError> Next(v1::Record& out) override {
    const auto frame = frames_.Next();
    if (!frame) return frame.error();
    if (!*frame) return Got::kEnd;
    ++position_;
    Record record;
    ParseMessage((*frame)->octets, context_, record);
    const std::int64_t received = record.time != kNoTime ? record.time : fallback_;
    if (untimed_ == Untimed::kPrevious) fallback_ = received;
    out.Clear();
    out.mutable_raw()->assign(record.raw);
    SetNs(received, *out.mutable_received_time());
    if (record.time != kNoTime) SetNs(record.time, *out.mutable_message_time());
    if ((*frame)->truncated) out.add_flags(v1::FLAG_TRUNCATED);
    if (!record.raw.empty()) return Got::kRecord;
    problem_ = "an empty message";
    return Got::kUnreadable;
  }

  // Every line is looked at: the one behind may need its time.
  Result<void, FileError> SkipTo(std::uint64_t position) override {
    v1::Record passed;
    while (position_ < position) {
      const auto got = Next(passed);
      if (!got) return got.error();
      if (*got == Got::kEnd) break;
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
  const std::shared_ptr<const Zone> zone_;
  const ParseContext context_;
  const Untimed untimed_;
  std::int64_t fallback_;
  TextReader frames_;
  std::uint64_t position_ = 0;  // frames read
};

}  // namespace

std::unique_ptr<RecordReader> MakeTextReader(std::unique_ptr<ByteSource> source, std::string content_id,
                                             const ReadOptions& options) {
  return std::make_unique<TextRecords>(std::move(source), std::move(content_id), options);
}

}  // namespace cistern::ctl
