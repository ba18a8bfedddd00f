// A push request of Loki: {"streams":[{"stream":{LABELS},"values":[["NS","LINE"],...]},...]}. The line is the
// record as JSON, which `| json` takes apart again.
#include <map>

#include "cistern/v1/target.pb.h"
#include "proto/convert/escape.h"
#include "service/forward/format.h"
#include "service/forward/http_body.h"
#include "storage/query/field_text.h"

namespace cistern {
namespace {

// `tag.user` as `tag_user`: labels are letters, digits and _.
std::string LabelName(std::string name) {
  for (char& c : name) {
    if (!std::isalnum(static_cast<unsigned char>(c))) c = '_';
  }
  return name;
}

class LokiBody final : public HttpBody {
 public:
  explicit LokiBody(const v1::HttpTarget& http) {
    for (const std::string& name : http.labels()) labels_.push_back({LabelName(name), *ParseField(name)});
  }

  void Clear() override {
    streams_.clear();
    size_ = 0;
  }

  void Add(BatchView& view, std::uint32_t row) override {
    std::string& values = streams_[Labels(view, row)];
    const std::size_t before = values.size();
    const Record record = view.Row(row);
    line_.clear();
    formatter_.Append(record, line_);
    if (!values.empty()) values += ',';
    values += "[\"" + std::to_string(record.received) + "\",";
    AppendJsonString(line_, values);
    values += ']';
    size_ += values.size() - before;
  }

  std::size_t size() const override { return size_; }

  const std::string& Finish() override {
    body_ = R"({"streams":[)";
    for (const auto& [labels, values] : streams_) {
      if (body_.back() == '}') body_ += ',';
      body_ += R"({"stream":)" + labels + R"(,"values":[)" + values + "]}";
    }
    body_ += "]}";
    return body_;
  }

 private:
  struct Label {
    std::string name;
    FieldRef field;
  };

  // A stream needs a label; this one is always there.
  std::string Labels(BatchView& view, std::uint32_t row) const {
    std::string text = R"({"job":"cistern")";
    for (const Label& label : labels_) {
      const std::string value = FieldText(view, label.field, row);
      if (value.empty()) continue;
      text += ",\"" + label.name + "\":";
      AppendJsonString(value, text);
    }
    return text + '}';
  }

  std::vector<Label> labels_;
  RecordFormatter formatter_{{.form = RecordFormatter::Form::kJson}};
  std::map<std::string, std::string> streams_;  // by labels
  std::size_t size_ = 0;
  std::string line_, body_;
};

}  // namespace

std::unique_ptr<HttpBody> MakeLokiBody(const v1::HttpTarget& http) {
  return std::make_unique<LokiBody>(http);
}

}  // namespace cistern
