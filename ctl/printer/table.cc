#include <cstdlib>

#include "cistern/v1/record.pb.h"
#include "ctl/printer/record_printer.h"
#include "ctl/printer/text.h"
#include "ctl/printer/time_text.h"
#include "proto/convert/names.h"

namespace cistern::ctl {
namespace {

constexpr std::int64_t kEventTimeWindow = 300'000'000'000;
constexpr std::size_t kSeverityWidth = 7;  // `warning`

// Escapes the text of one record for a terminal and colours it.
class TablePrinter : public RecordPrinter {
 public:
  explicit TablePrinter(const RecordStyle& style) : style_(style), clock_(style.zone) {}

  void Append(const v1::Record& record, std::string& out) override {
    clock_.AppendMillis(ShownTime(record), out);
    out += ' ';
    AppendSeverity(record.severity(), out);
    out += ' ';
    AppendSource(record, out);
    if (record.message().empty()) {
      AppendStructuredData(record, out);
    } else {
      AppendMessage(record, out);
    }
    out += '\n';
  }

 private:
  const google::protobuf::Timestamp& ShownTime(const v1::Record& record) const {
    const bool near = record.has_message_time() && std::abs(ToNs(record.message_time()) -
                                                            ToNs(record.received_time())) <= kEventTimeWindow;
    return style_.event_time && near ? record.message_time() : record.received_time();
  }

  void AppendSeverity(v1::Severity severity, std::string& out) {
    std::string text(SeverityName(severity));
    text.resize(std::max(text.size(), kSeverityWidth), ' ');
    if (severity <= v1::SEVERITY_CRIT) {
      AppendPainted(text, Paint::kBoldRed, style_.color, out);
    } else if (severity == v1::SEVERITY_ERR) {
      AppendPainted(text, Paint::kRed, style_.color, out);
    } else if (severity == v1::SEVERITY_WARNING) {
      AppendPainted(text, Paint::kYellow, style_.color, out);
    } else if (severity == v1::SEVERITY_DEBUG) {
      AppendPainted(text, Paint::kDim, style_.color, out);
    } else {
      out += text;
    }
  }

  // `host app[pid]: `; the peer stands for a missing host, the listener for a missing peer.
  void AppendSource(const v1::Record& record, std::string& out) {
    std::string_view host = record.hostname();
    if (host.empty()) host = record.peer_address();
    if (host.empty()) host = record.listener();
    AppendPainted(Visible(host.empty() ? "-" : host), Paint::kCyan, style_.color, out);
    out += ' ';
    if (!record.app_name().empty()) {
      AppendPainted(Visible(record.app_name()), Paint::kGreen, style_.color, out);
    }
    if (!record.procid().empty()) {
      out += '[';
      AppendVisible(record.procid(), out);
      out += ']';
    }
    if (!record.app_name().empty() || !record.procid().empty()) out += ": ";
  }

  void AppendMessage(const v1::Record& record, std::string& out) {
    const bool loud = record.severity() <= v1::SEVERITY_CRIT;
    AppendPainted(Visible(record.message()), Paint::kBold, style_.color && loud, out);
  }

  // A message may say everything in its structured data and have no text.
  void AppendStructuredData(const v1::Record& record, std::string& out) {
    std::string text;
    for (const auto& element : record.structured_data()) {
      text += '[';
      AppendVisible(element.id(), text);
      for (const auto& param : element.params()) {
        text += ' ';
        AppendVisible(param.name(), text);
        text += "=\"";
        AppendVisible(param.value(), text);
        text += '"';
      }
      text += ']';
    }
    AppendPainted(text, Paint::kDim, style_.color, out);
  }

  const RecordStyle style_;
  LocalClock clock_;
};

}  // namespace

std::unique_ptr<RecordPrinter> MakeTablePrinter(const RecordStyle& style) {
  return std::make_unique<TablePrinter>(style);
}

}  // namespace cistern::ctl
