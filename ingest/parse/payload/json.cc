// A message that is one JSON object, optionally behind the `@cee:` cookie, as its leaves.
//
// The text is walked without building a tree, so numbers keep the form in which they were written.
#include <boost/json/basic_parser_impl.hpp>
#include <cstddef>

#include "ingest/parse/payload/header_fields.h"
#include "ingest/parse/payload/payload.h"

namespace cistern {
namespace {

constexpr std::size_t kMaxDepth = 32;
// A long key over many leaves is repeated in each path; what goes beyond this is left out.
constexpr std::size_t kMaxOutputBytes = 1 << 20;

// Called by Boost.JSON's parser; the names are its.
class LeafCollector {
 public:
  static constexpr std::size_t max_object_size = static_cast<std::size_t>(-1);
  static constexpr std::size_t max_array_size = static_cast<std::size_t>(-1);
  static constexpr std::size_t max_key_size = static_cast<std::size_t>(-1);
  static constexpr std::size_t max_string_size = static_cast<std::size_t>(-1);
  using Error = boost::json::error_code;
  using Text = boost::json::string_view;

  bool on_document_begin(Error&) { return true; }
  bool on_document_end(Error&) { return true; }
  bool on_object_begin(Error&) { return Open(false); }
  bool on_object_end(std::size_t, Error&) { return Close(); }
  bool on_array_begin(Error&) { return Open(true); }
  bool on_array_end(std::size_t, Error&) { return Close(); }
  bool on_key_part(Text text, std::size_t, Error&) { return Append(text); }
  bool on_key(Text text, std::size_t, Error&) {
    Append(text);
    path_.resize(levels_.back().path_size);
    AddToPath(text_);
    text_.clear();
    return true;
  }
  bool on_string_part(Text text, std::size_t, Error&) { return Append(text); }
  bool on_string(Text text, std::size_t, Error&) { return Leaf(text); }
  bool on_number_part(Text text, Error&) { return Append(text); }
  bool on_int64(std::int64_t, Text text, Error&) { return Leaf(text); }
  bool on_uint64(std::uint64_t, Text text, Error&) { return Leaf(text); }
  bool on_double(double, Text text, Error&) { return Leaf(text); }
  bool on_bool(bool value, Error&) { return Leaf(value ? "true" : "false"); }
  bool on_null(Error&) { return Leaf(""); }
  bool on_comment_part(Text, Error&) { return true; }
  bool on_comment(Text, Error&) { return true; }

  std::vector<PayloadField> TakeFields() { return std::move(fields_); }

 private:
  struct Level {
    std::size_t path_size;  // of the container itself
    bool array;
    std::size_t next_index = 0;
  };

  bool Open(bool array) {
    BeginValue();
    levels_.push_back({path_.size(), array});
    return true;
  }
  bool Close() {
    levels_.pop_back();
    return true;
  }
  bool Append(Text text) {
    text_.append(text.data(), text.size());
    return true;
  }
  bool Leaf(Text text) {
    Append(text);
    BeginValue();
    used_ += path_.size() + text_.size() + sizeof(PayloadField);
    if (used_ <= kMaxOutputBytes) fields_.push_back({path_, text_, false});
    text_.clear();
    return true;
  }
  // In an array the position is the name.
  void BeginValue() {
    if (levels_.empty() || !levels_.back().array) return;
    path_.resize(levels_.back().path_size);
    AddToPath(std::to_string(levels_.back().next_index++));
  }
  void AddToPath(const std::string& name) {
    if (levels_.size() > 1) path_.push_back('.');
    path_ += name;
  }

  std::vector<PayloadField> fields_;
  std::vector<Level> levels_;
  std::string path_;
  std::string text_;
  std::size_t used_ = 0;
};

}  // namespace

Payload ExtractJson(const Record& record) {
  constexpr std::string_view kCookie = "@cee:";
  std::string_view text = TrimLeadingSpaces(record.message);
  if (text.starts_with(kCookie)) text = TrimLeadingSpaces(text.substr(kCookie.size()));
  if (!text.starts_with('{')) return {};
  boost::json::parse_options options;
  options.max_depth = kMaxDepth;
  boost::json::basic_parser<LeafCollector> parser(options);
  boost::json::error_code error;
  const std::size_t used = parser.write_some(false, text.data(), text.size(), error);
  if (error || text.find_first_not_of(" \t\r\n", used) != std::string_view::npos) return {};
  return {PayloadKind::kJson, parser.handler().TakeFields()};
}

}  // namespace cistern
