#include "proto/yaml/schema.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>

#include <vector>

#include "proto/yaml/scalar.h"
#include "proto/yaml/suggest.h"

namespace cistern {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;

std::vector<std::string> FieldNames(const Descriptor& type) {
  std::vector<std::string> names;
  for (int i = 0; i < type.field_count(); ++i) names.push_back(type.field(i)->name());
  return names;
}

std::string MemberNames(const google::protobuf::OneofDescriptor& oneof) {
  std::vector<std::string> names;
  for (int i = 0; i < oneof.field_count(); ++i) names.push_back(oneof.field(i)->name());
  return JoinNames(names);
}

}  // namespace

const FieldDescriptor* FindField(const Filling& to, std::string_view name, const Origin& where) {
  const Descriptor& type = *to.message.GetDescriptor();
  if (const auto* field = type.FindFieldByName(std::string(name))) return field;
  const std::vector<std::string> names = FieldNames(type);
  const std::string suggestion = Suggest(name, names);
  std::string message = "unknown key";
  if (suggestion.empty()) message += "; known here: " + JoinNames(names);
  to.errors.Add(where, JoinKey(to.path, Printable(name)), message, suggestion);
  return nullptr;
}

bool IsOnlyChoice(const Filling& to, const FieldDescriptor& field, const Origin& where) {
  const auto* oneof = field.real_containing_oneof();
  if (oneof == nullptr) return true;
  const auto* chosen = to.message.GetReflection()->GetOneofFieldDescriptor(to.message, oneof);
  if (chosen == nullptr || chosen == &field) return true;
  const Origin& first = NearestOrigin(to.origins, JoinKey(to.path, chosen->name()));
  to.errors.Add(where, JoinKey(to.path, field.name()),
                "only one of " + MemberNames(*oneof) + " may be given, and " + chosen->name() +
                    " is given already (" + first.ToString() + ")");
  return false;
}

bool IsMessage(const FieldDescriptor& field) { return field.cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE; }

}  // namespace cistern
