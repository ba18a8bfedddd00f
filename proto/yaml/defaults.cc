#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>

#include <algorithm>

#include "cistern/v1/options.pb.h"
#include "proto/yaml/map_entry.h"
#include "proto/yaml/reader.h"
#include "proto/yaml/scalar.h"
#include "proto/yaml/schema.h"

namespace cistern {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

// Calls `visit(message, path)` for each group that is present directly below, list entries included.
template <class Visit>
void ForEachGroup(Message& message, const std::string& path, Visit visit) {
  const auto& reflection = *message.GetReflection();
  const auto& type = *message.GetDescriptor();
  for (int i = 0; i < type.field_count(); ++i) {
    const FieldDescriptor& field = *type.field(i);
    if (!IsMessage(field) || field.is_map()) continue;
    const std::string key = JoinKey(path, field.name());
    if (!field.is_repeated()) {
      if (reflection.HasField(message, &field)) visit(*reflection.MutableMessage(&message, &field), key);
      continue;
    }
    for (int n = 0; n < reflection.FieldSize(message, &field); ++n) {
      visit(*reflection.MutableRepeatedMessage(&message, &field, n), JoinIndex(key, n));
    }
  }
}

void FillField(Message& message, const FieldDescriptor& field, const std::string& key, Origins& origins) {
  const auto& reflection = *message.GetReflection();
  if (field.is_repeated() || reflection.HasField(message, &field)) return;
  if (IsMessage(field)) {
    const bool fill =
        field.real_containing_oneof() == nullptr && !field.options().GetExtension(v1::absent_unless_given);
    if (fill) reflection.MutableMessage(&message, &field);
  } else if (field.options().HasExtension(v1::default_value)) {
    SetScalar(message, field, kNoIndex, field.options().GetExtension(v1::default_value), "");
    origins.emplace(key, Origin{});
  }
}

void FillGroup(Message& message, const std::string& path, Origins& origins) {
  const auto& type = *message.GetDescriptor();
  for (int i = 0; i < type.field_count(); ++i) {
    FillField(message, *type.field(i), JoinKey(path, type.field(i)->name()), origins);
  }
  ForEachGroup(message, path,
               [&](Message& group, const std::string& key) { FillGroup(group, key, origins); });
}

bool IsToldAlready(const YamlErrors& errors, std::string_view parent, const std::string& name) {
  const std::string key = JoinKey(parent, name);
  return std::any_of(errors.items.begin(), errors.items.end(), [&](const YamlError& error) {
    return error.key == key || (error.suggestion == name && error.key.starts_with(parent));
  });
}

class RequiredCheck {
 public:
  explicit RequiredCheck(YamlTarget target) : target_(target) {}

  void Check(Message& message, const std::string& path) {
    const auto& type = *message.GetDescriptor();
    for (int i = 0; i < type.field_count(); ++i) CheckField(message, *type.field(i), path);
    for (int i = 0; i < type.real_oneof_decl_count(); ++i) CheckChoice(message, *type.oneof_decl(i), path);
    ForEachGroup(message, path, [&](Message& group, const std::string& key) { Check(group, key); });
  }

 private:
  void CheckField(const Message& message, const FieldDescriptor& field, const std::string& path) {
    if (!field.options().GetExtension(v1::required)) return;
    const auto& reflection = *message.GetReflection();
    if (field.is_repeated() ? reflection.FieldSize(message, &field) > 0
                            : reflection.HasField(message, &field))
      return;
    if (IsToldAlready(target_.errors, path, field.name())) return;
    target_.errors.Add(NearestOrigin(target_.origins, path), JoinKey(path, field.name()), "is required");
  }

  void CheckChoice(const Message& message, const google::protobuf::OneofDescriptor& oneof,
                   const std::string& path) {
    if (!oneof.options().GetExtension(v1::one_required)) return;
    if (message.GetReflection()->HasOneof(message, &oneof)) return;
    std::vector<std::string> names;
    for (int i = 0; i < oneof.field_count(); ++i) {
      names.push_back(oneof.field(i)->name());
      if (IsToldAlready(target_.errors, path, names.back())) return;
    }
    target_.errors.Add(NearestOrigin(target_.origins, path), path, "needs one of " + JoinNames(names));
  }

  YamlTarget target_;
};

// Values that came from elsewhere than text are checked by way of their text.
class ValueCheck {
 public:
  explicit ValueCheck(YamlTarget target) : target_(target) {}

  void Check(Message& message, const std::string& path) {
    std::vector<const FieldDescriptor*> fields;
    message.GetReflection()->ListFields(message, &fields);
    for (const FieldDescriptor* field : fields) {
      const std::string key = JoinKey(path, field->name());
      if (field->is_map()) CheckMap(message, *field, key);
      if (IsMessage(*field)) continue;
      if (!field->is_repeated()) {
        CheckField(message, *field, kNoIndex, key);
        continue;
      }
      for (int n = 0; n < message.GetReflection()->FieldSize(message, field); ++n)
        CheckField(message, *field, n, JoinIndex(key, n));
    }
    ForEachGroup(message, path, [&](Message& group, const std::string& key) { Check(group, key); });
  }

 private:
  void CheckField(Message& message, const FieldDescriptor& field, int index, const std::string& key) {
    Tell(SetScalar(message, field, index, FormatScalar(message, field, index), "/"), key);
  }

  void CheckMap(Message& message, const FieldDescriptor& map, const std::string& key) {
    for (const MapEntry& entry : SortedMapEntries(message, map)) {
      Message& fields = *message.GetReflection()->MutableRepeatedMessage(&message, &map, entry.index);
      Tell(CheckMapEntry(fields), JoinKey(key, Printable(entry.name)));
    }
  }

  void Tell(const std::optional<ScalarProblem>& problem, const std::string& key) {
    if (problem)
      target_.errors.Add(NearestOrigin(target_.origins, key), key, problem->message, problem->suggestion);
  }

  YamlTarget target_;
};

}  // namespace

void FillDefaults(Message& message, Origins& origins) { FillGroup(message, "", origins); }

void CheckValues(YamlTarget target) { ValueCheck(target).Check(target.message, ""); }

void CheckRequired(YamlTarget target) { RequiredCheck(target).Check(target.message, ""); }

}  // namespace cistern
