#include "ctl/transfer/record_writer.h"

#include <fmt/format.h>

#include <cerrno>
#include <cstring>

#include "cistern/v1/record.pb.h"
#include "ctl/printer/record_printer.h"
#include "ctl/printer/time_text.h"
#include "ingest/message/rfc5424_text.h"
#include "ingest/parse/parser.h"
#include "proto/convert/record_json.h"

namespace cistern::ctl {
namespace {

constexpr std::size_t kPieceBytes = 256 << 10;

class TextWriter : public RecordWriter {
 public:
  TextWriter(std::ostream& out, std::string name) : out_(out), name_(std::move(name)) {}

  Result<void, FileError> Write(const v1::Record& record) override {
    Append(record, text_);
    return text_.size() < kPieceBytes ? Result<void, FileError>() : Flush();
  }
  Result<void, FileError> Finish() override { return Flush(); }

 protected:
  virtual void Append(const v1::Record& record, std::string& out) = 0;
  std::string& text() { return text_; }

 private:
  Result<void, FileError> Flush() {
    errno = 0;
    out_.write(text_.data(), static_cast<std::streamsize>(text_.size())).flush();
    text_.clear();
    if (!out_) return FileError{fmt::format("{}: {}", name_, std::strerror(errno))};
    return {};
  }

  std::ostream& out_;
  const std::string name_;
  std::string text_;
};

class JsonLinesWriter final : public TextWriter {
 public:
  using TextWriter::TextWriter;
  void Append(const v1::Record& record, std::string& out) override {
    AppendExportJson(record, out);
    out += '\n';
  }
};

class CsvWriter final : public TextWriter {
 public:
  CsvWriter(std::ostream& out, std::string name)
      : TextWriter(out, std::move(name)), printer_(MakeCsvPrinter({.zone = absl::UTCTimeZone()})) {
    printer_->AppendHeader(text());
  }
  void Append(const v1::Record& record, std::string& out) override { printer_->Append(record, out); }

 private:
  const std::unique_ptr<RecordPrinter> printer_;
};

class Rfc5424Writer final : public TextWriter {
 public:
  Rfc5424Writer(TextFraming framing, std::ostream& out, std::string name)
      : TextWriter(out, std::move(name)), framing_(framing) {}
  void Append(const v1::Record& record, std::string& out) override {
    AppendExportText(record, framing_, out);
  }

 private:
  const TextFraming framing_;
};

}  // namespace

TextFraming ParseTextFraming(std::string_view name) {
  return name == "counted" ? TextFraming::kOctetCounted : TextFraming::kLine;
}

void AppendFramed(std::string_view message, TextFraming framing, std::string& out) {
  if (framing == TextFraming::kOctetCounted) {
    out.append(std::to_string(message.size())).append(" ").append(message);
  } else {
    for (auto special = message.find_first_of(std::string_view("\n\r\0", 3));
         special != std::string_view::npos; special = message.find_first_of(std::string_view("\n\r\0", 3))) {
      out.append(message.substr(0, special));
      out.append(message[special] == '\n' ? "#012" : message[special] == '\r' ? "#015" : "#000");
      message.remove_prefix(special + 1);
    }
    out.append(message);
  }
  out += '\n';
}

void AppendExportText(const v1::Record& record, TextFraming framing, std::string& out) {
  if (record.format() == v1::FORMAT_RFC5424 && !record.raw().empty()) {
    return AppendFramed(record.raw(), framing, out);
  }
  const std::int64_t received = ToNs(record.received_time());
  Record parsed;
  ParseMessage(record.raw(), {received, nullptr}, parsed);
  // The zone of the server's listener is not known here; the instant is.
  if (parsed.time == kNoTime || !record.has_message_time() || parsed.time != ToNs(record.message_time())) {
    parsed.time = record.has_message_time() ? ToNs(record.message_time()) : received;
    parsed.shape.utc_offset_minutes = 0;
  }
  if (parsed.hostname.empty()) parsed.hostname = record.peer_address();
  std::string text;
  RenderRfc5424(parsed, text);
  AppendFramed(text, framing, out);
}

std::unique_ptr<RecordWriter> MakeTextWriter(std::string_view format, TextFraming framing, std::ostream& out,
                                             std::string name) {
  if (format == "csv") return std::make_unique<CsvWriter>(out, std::move(name));
  if (format == "rfc5424") return std::make_unique<Rfc5424Writer>(framing, out, std::move(name));
  return std::make_unique<JsonLinesWriter>(out, std::move(name));
}

}  // namespace cistern::ctl
