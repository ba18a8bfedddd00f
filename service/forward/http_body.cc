#include "service/forward/http_body.h"

#include "cistern/v1/target.pb.h"
#include "proto/convert/escape.h"
#include "service/forward/format.h"
#include "service/forward/index_name.h"
#include "storage/filter/field_template.h"
#include "storage/query/field_text.h"

namespace cistern {
namespace {

class TextBody : public HttpBody {
 public:
  void Clear() final { text_.clear(); }
  std::size_t size() const final { return text_.size(); }
  const std::string& Finish() final { return text_; }

 protected:
  std::string text_;
};

// One object a line; with one record, that object.
class JsonLines final : public TextBody {
 public:
  void Add(BatchView& view, std::uint32_t row) override {
    formatter_.Append(view.Row(row), text_);
    text_ += '\n';
  }

 private:
  RecordFormatter formatter_{{.form = RecordFormatter::Form::kJson}};
};

// Pairs of lines. `create` leaves a document alone that is there already, and serves data streams, which know
// no other operation.
class Bulk final : public TextBody {
 public:
  Bulk(std::string index, std::string store) : index_(std::move(index)), store_(std::move(store)) {}

  void Add(BatchView& view, std::uint32_t row) override {
    const Record record = view.Row(row);
    text_ += R"({"create":{"_index":")";
    AppendIndexName(index_, record.received, text_);
    text_ += R"(","_id":")" + store_ + '-' + std::to_string(ToInt(record.id)) + "\"}}\n";
    const Column time = record.time == kNoTime ? Column::kReceived : Column::kTime;
    text_ += R"({"@timestamp":")" + FieldText(view, {.column = time}, row) + "\",";
    object_.clear();
    formatter_.Append(record, object_);
    text_.append(object_, 1);
    text_ += '\n';
  }

 private:
  const std::string index_, store_;
  RecordFormatter formatter_{{.form = RecordFormatter::Form::kJson}};
  std::string object_;
};

class TemplateBody final : public TextBody {
 public:
  explicit TemplateBody(FieldTemplate body) : body_(std::move(body)) {}

  void Add(BatchView& view, std::uint32_t row) override {
    const auto& pieces = body_.pieces();
    for (std::size_t i = 0; i < pieces.size(); ++i) {
      text_ += pieces[i].text;
      if (i + 1 == pieces.size()) break;
      quoted_.clear();
      AppendJsonString(FieldText(view, pieces[i].field, row), quoted_);
      text_.append(quoted_, 1, quoted_.size() - 2);
    }
  }

 private:
  const FieldTemplate body_;
  std::string quoted_;
};

}  // namespace

bool IsSingle(const v1::HttpTarget& http) {
  return http.preset() == "webhook" || http.preset() == "template";
}

std::unique_ptr<HttpBody> MakeHttpBody(const v1::HttpTarget& http, std::string store) {
  if (http.preset() == "elasticsearch") return std::make_unique<Bulk>(http.index(), std::move(store));
  if (http.preset() == "loki") return MakeLokiBody(http);
  if (http.preset() == "template") return std::make_unique<TemplateBody>(*FieldTemplate::Parse(http.body()));
  return std::make_unique<JsonLines>();
}

}  // namespace cistern
