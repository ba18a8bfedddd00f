#include "service/forward/http_answer.h"

#include <fmt/format.h>

#include <boost/json.hpp>

#include "proto/convert/escape.h"

namespace cistern {
namespace {

namespace json = boost::json;

constexpr std::size_t kLongestQuote = 200;
constexpr int kConflict = 409;

std::string OneLine(std::string_view text) {
  std::string line = Visible(text.substr(0, kLongestQuote));
  if (text.size() > kLongestQuote) line += "...";
  return line;
}

// What is at fault is the address, the credentials or the server, and no record.
bool IsAboutTarget(int status) {
  switch (status) {
    case 401:
    case 403:
    case 404:
    case 405:
    case 407:
    case 408:
    case 421:
    case 425:
    case 426:
    case 429:
      return true;
    default:
      return status < 400 || status >= 500;
  }
}

std::string_view Advice(int status) {
  switch (status) {
    case 401:
    case 403:
      return "; check user, password or token";
    case 404:
    case 405:
    case 426:
      return "; check url and method";
    default:
      return "";
  }
}

std::string TextAt(const json::object& object, std::string_view key) {
  const json::value* value = object.if_contains(key);
  return value != nullptr && value->is_string() ? OneLine(value->get_string()) : std::string();
}

std::string ReasonOf(int status, const json::object& item) {
  const json::value* error = item.if_contains("error");
  if (error != nullptr && error->is_object()) {
    const json::object& what = error->get_object();
    return fmt::format("{} {}: {}", status, TextAt(what, "type"), TextAt(what, "reason"));
  }
  return fmt::format("{} {}", status, TextAt(item, "error"));
}

Result<BulkItem, std::string> ReadItem(const json::value& value) {
  constexpr auto kNoItem = "an item of the answer has no status";
  const json::object* outer = value.if_object();
  const json::object* item =
      outer != nullptr && outer->size() == 1 ? outer->begin()->value().if_object() : nullptr;
  const json::value* status = item != nullptr ? item->if_contains("status") : nullptr;
  if (status == nullptr || !status->is_int64()) return {boost::system::in_place_error, kNoItem};
  const int code = static_cast<int>(status->get_int64());
  if ((code >= 200 && code < 300) || code == kConflict) return BulkItem{};  // it is there already
  const bool later = code == 429 || code >= 500;
  return BulkItem{later ? BulkItem::Kind::kRetry : BulkItem::Kind::kRefused, ReasonOf(code, *item)};
}

}  // namespace

HttpVerdict VerdictOf(int status) {
  if (status >= 200 && status < 300) return HttpVerdict::kTaken;
  if (status == 413) return HttpVerdict::kTooLarge;
  return IsAboutTarget(status) ? HttpVerdict::kRetry : HttpVerdict::kRefused;
}

std::string Describe(const HttpAnswer& answer) {
  std::string text = fmt::format("answered {}", answer.status);
  if (!answer.location.empty()) text += " to " + OneLine(answer.location) + "; redirects are not followed";
  if (!answer.body.empty()) text += ": " + OneLine(answer.body);
  return text;
}

Failure FailureOf(const HttpAnswer& answer, const std::string& name) {
  const bool auth = answer.status == 401 || answer.status == 403 || answer.status == 407;
  return {auth ? FailureReason::kAuth : FailureReason::kRejected,
          name + ": " + Describe(answer) + std::string(Advice(answer.status)), answer.retry_after};
}

Result<std::vector<BulkItem>, std::string> ReadBulkAnswer(std::string_view body, std::size_t count) {
  boost::system::error_code ec;
  const json::value root = json::parse(json::string_view(body.data(), body.size()), ec);
  const json::object* answer = ec ? nullptr : root.if_object();
  if (answer == nullptr) return {boost::system::in_place_error, "the answer is not a JSON object"};
  const json::value* errors = answer->if_contains("errors");
  if (errors != nullptr && errors->is_bool() && !errors->get_bool()) return std::vector<BulkItem>(count);
  const json::value* items = answer->if_contains("items");
  if (items == nullptr || !items->is_array() || items->get_array().size() != count)
    return {boost::system::in_place_error, "the answer does not tell of each record"};
  std::vector<BulkItem> result;
  for (const json::value& value : items->get_array()) {
    auto item = ReadItem(value);
    if (!item) return {boost::system::in_place_error, std::move(item.error())};
    result.push_back(std::move(*item));
  }
  return result;
}

}  // namespace cistern
