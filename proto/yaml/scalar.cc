#include "proto/yaml/scalar.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>

#include <charconv>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "proto/yaml/number.h"
#include "proto/yaml/text.h"

namespace cistern {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

// One place of a message: a field, or an entry of a list.
struct Place {
  Message& message;
  const FieldDescriptor& field;
  int index;
};

template <class Set, class SetAt, class Add, class Value>
void Put(const Place& place, Set set, SetAt set_at, Add add, Value value) {
  const Reflection& reflection = *place.message.GetReflection();
  if (place.index == kNoIndex) {
    (reflection.*set)(&place.message, &place.field, std::move(value));
  } else if (place.index < reflection.FieldSize(place.message, &place.field)) {
    (reflection.*set_at)(&place.message, &place.field, place.index, std::move(value));
  } else {
    (reflection.*add)(&place.message, &place.field, std::move(value));
  }
}

std::optional<ScalarProblem> PutInteger(const Place& place, std::string_view text) {
  const auto value = ParseInteger(place.field, text);
  if (!value) return value.error();
  using R = Reflection;
  switch (place.field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_INT32:
      Put(place, &R::SetInt32, &R::SetRepeatedInt32, &R::AddInt32, static_cast<std::int32_t>(*value));
      break;
    case FieldDescriptor::CPPTYPE_UINT32:
      Put(place, &R::SetUInt32, &R::SetRepeatedUInt32, &R::AddUInt32, static_cast<std::uint32_t>(*value));
      break;
    case FieldDescriptor::CPPTYPE_INT64:
      Put(place, &R::SetInt64, &R::SetRepeatedInt64, &R::AddInt64, static_cast<std::int64_t>(*value));
      break;
    default:
      Put(place, &R::SetUInt64, &R::SetRepeatedUInt64, &R::AddUInt64, static_cast<std::uint64_t>(*value));
  }
  return std::nullopt;
}

std::optional<ScalarProblem> PutReal(const Place& place, std::string_view text) {
  const auto value = ParseReal(place.field, text);
  if (!value) return value.error();
  using R = Reflection;
  if (place.field.cpp_type() == FieldDescriptor::CPPTYPE_FLOAT) {
    Put(place, &R::SetFloat, &R::SetRepeatedFloat, &R::AddFloat, static_cast<float>(*value));
  } else {
    Put(place, &R::SetDouble, &R::SetRepeatedDouble, &R::AddDouble, *value);
  }
  return std::nullopt;
}

std::optional<ScalarProblem> PutBool(const Place& place, std::string_view text) {
  if (text != "true" && text != "false") return ScalarProblem{Quoted(text) + " is not true or false", {}};
  Put(place, &Reflection::SetBool, &Reflection::SetRepeatedBool, &Reflection::AddBool, text == "true");
  return std::nullopt;
}

std::optional<ScalarProblem> PutEnum(const Place& place, std::string_view text) {
  const auto number = ParseEnum(place.field, text);
  if (!number) return number.error();
  using R = Reflection;
  Put(place, &R::SetEnumValue, &R::SetRepeatedEnumValue, &R::AddEnumValue, *number);
  return std::nullopt;
}

std::optional<ScalarProblem> PutText(const Place& place, std::string_view text, const std::string& folder) {
  auto checked = CheckText(place.field, text, folder);
  if (!checked) return checked.error();
  using R = Reflection;
  Put(place, &R::SetString, &R::SetRepeatedString, &R::AddString, *std::move(checked));
  return std::nullopt;
}

template <class Get, class GetAt>
auto Read(const Message& message, const FieldDescriptor& field, int index, Get get, GetAt get_at) {
  const Reflection& reflection = *message.GetReflection();
  return index == kNoIndex ? (reflection.*get)(message, &field)
                           : (reflection.*get_at)(message, &field, index);
}

template <class Real>
std::string FormatReal(Real value) {
  char buffer[64];
  return {buffer, std::to_chars(buffer, buffer + sizeof buffer, value).ptr};
}

}  // namespace

std::optional<ScalarProblem> SetScalar(Message& message, const FieldDescriptor& field, int index,
                                       std::string_view text, const std::string& folder) {
  const Place place{message, field, index};
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_BOOL:
      return PutBool(place, text);
    case FieldDescriptor::CPPTYPE_ENUM:
      return PutEnum(place, text);
    case FieldDescriptor::CPPTYPE_STRING:
      return PutText(place, text, folder);
    case FieldDescriptor::CPPTYPE_FLOAT:
    case FieldDescriptor::CPPTYPE_DOUBLE:
      return PutReal(place, text);
    default:
      return PutInteger(place, text);
  }
}

std::string FormatScalar(const Message& message, const FieldDescriptor& field, int index) {
  using R = Reflection;
  const auto read = [&](auto get, auto get_at) { return Read(message, field, index, get, get_at); };
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_BOOL:
      return read(&R::GetBool, &R::GetRepeatedBool) ? "true" : "false";
    case FieldDescriptor::CPPTYPE_ENUM:
      return EnumName(field, read(&R::GetEnumValue, &R::GetRepeatedEnumValue));
    case FieldDescriptor::CPPTYPE_STRING:
      return read(&R::GetString, &R::GetRepeatedString);
    case FieldDescriptor::CPPTYPE_FLOAT:
      return FormatReal(read(&R::GetFloat, &R::GetRepeatedFloat));
    case FieldDescriptor::CPPTYPE_DOUBLE:
      return FormatReal(read(&R::GetDouble, &R::GetRepeatedDouble));
    case FieldDescriptor::CPPTYPE_INT32:
      return FormatInteger(field, read(&R::GetInt32, &R::GetRepeatedInt32));
    case FieldDescriptor::CPPTYPE_UINT32:
      return FormatInteger(field, read(&R::GetUInt32, &R::GetRepeatedUInt32));
    case FieldDescriptor::CPPTYPE_INT64:
      return FormatInteger(field, read(&R::GetInt64, &R::GetRepeatedInt64));
    default:
      return FormatInteger(field, read(&R::GetUInt64, &R::GetRepeatedUInt64));
  }
}

std::string Printable(std::string_view text) {
  constexpr std::size_t kShown = 60;
  constexpr char kHex[] = "0123456789abcdef";
  std::string shown;
  for (std::size_t i = 0; i < text.size() && i < kShown; ++i) {
    const auto octet = static_cast<unsigned char>(text[i]);
    const auto before = static_cast<unsigned char>(i > 0 ? text[i - 1] : 0);
    const bool c1_control = before == 0xc2 && octet >= 0x80 && octet < 0xa0;
    if (octet < 0x20 || octet == 0x7f || c1_control) {
      shown += {'\\', 'x', kHex[octet >> 4], kHex[octet & 15]};
    } else {
      shown += text[i];
    }
  }
  return text.size() > kShown ? shown + "..." : shown;
}

std::string Quoted(std::string_view text) { return '"' + Printable(text) + '"'; }

std::string JoinNames(const std::vector<std::string>& names) {
  std::string joined;
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (i > 0) joined += i + 1 == names.size() ? " or " : ", ";
    joined += names[i];
  }
  return joined;
}

}  // namespace cistern
