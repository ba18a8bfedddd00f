#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>

#include <charconv>
#include <cstddef>
#include <optional>
#include <vector>

#include "proto/yaml/map_entry.h"
#include "proto/yaml/reader.h"
#include "proto/yaml/scalar.h"
#include "proto/yaml/schema.h"

namespace cistern {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

// `a.b[0].c` and `a.b.0.c` both become a, b, 0, c.
std::vector<std::string> SplitKey(std::string_view key) {
  std::vector<std::string> words(1);
  for (const char c : key) {
    if (c == '.' || c == '[') {
      words.emplace_back();
    } else if (c != ']') {
      words.back() += c;
    }
  }
  return words;
}

std::optional<int> ParseIndex(std::string_view word) {
  int index = 0;
  const auto [end, ec] = std::from_chars(word.data(), word.data() + word.size(), index);
  if (ec != std::errc() || end != word.data() + word.size() || index < 0) return std::nullopt;
  return index;
}

// Walks down one key and sets what it names.
class KeySetter {
 public:
  KeySetter(std::vector<std::string> words, std::string_view value, const YamlSource& source,
            YamlTarget target)
      : words_(std::move(words)), value_(value), source_(source), target_(target) {}

  void Run() {
    Message* message = &target_.message;
    while (message != nullptr) message = Step(*message);
  }

 private:
  // Goes into the next group, or ends with null: the value is set or an error is noted.
  Message* Step(Message& message) {
    const Filling to{message, path_, target_.origins, target_.errors};
    const FieldDescriptor* field = FindField(to, words_[next_], source_.origin);
    if (field == nullptr || !IsOnlyChoice(to, *field, source_.origin)) return nullptr;
    ++next_;
    path_ = JoinKey(path_, field->name());
    if (field->is_map()) return SetEntry(message, *field);
    const std::optional<int> index = field->is_repeated() ? TakeIndex(message, *field) : kNoIndex;
    if (!index) return nullptr;
    return IsMessage(*field) ? Enter(message, *field, *index) : SetValue(message, *field, *index);
  }

  // All that is left of the key is the name; it may hold dots.
  Message* SetEntry(Message& message, const FieldDescriptor& field) {
    if (next_ == words_.size()) return Fail("is a group: name a key in it, as in " + path_ + ".name");
    std::string name = words_[next_++];
    while (next_ < words_.size()) name += "." + words_[next_++];
    path_ = JoinKey(path_, Printable(name));
    target_.origins[path_] = source_.origin;
    if (const auto problem = SetMapEntry(message, field, name, value_, source_.folder))
      return Fail(problem->message, problem->suggestion);
    return nullptr;
  }

  std::optional<int> TakeIndex(const Message& message, const FieldDescriptor& field) {
    const int size = message.GetReflection()->FieldSize(message, &field);
    if (next_ == words_.size()) return Fail("is a list: name an entry, as in " + path_ + ".0"), std::nullopt;
    const auto index = ParseIndex(words_[next_]);
    if (!index) return Fail("is a list: " + Quoted(words_[next_]) + " is not an index"), std::nullopt;
    if (*index > size) {
      return Fail("has " + std::to_string(size) + " entries: the next index is " + std::to_string(size)),
             std::nullopt;
    }
    ++next_;
    path_ = JoinIndex(path_, *index);
    return index;
  }

  Message* Enter(Message& message, const FieldDescriptor& field, int index) {
    if (next_ == words_.size()) {
      return Fail("is a group: name a key in it, as in " + path_ + "." +
                  field.message_type()->field(0)->name());
    }
    target_.origins.emplace(path_, source_.origin);
    const auto& reflection = *message.GetReflection();
    if (index == kNoIndex) return reflection.MutableMessage(&message, &field);
    if (index == reflection.FieldSize(message, &field)) return reflection.AddMessage(&message, &field);
    return reflection.MutableRepeatedMessage(&message, &field, index);
  }

  Message* SetValue(Message& message, const FieldDescriptor& field, int index) {
    if (next_ != words_.size()) return Fail("is a single value, there is nothing below it");
    target_.origins[path_] = source_.origin;
    if (const auto problem = SetScalar(message, field, index, value_, source_.folder)) {
      return Fail(problem->message, problem->suggestion);
    }
    return nullptr;
  }

  Message* Fail(std::string message, std::string suggestion = {}) {
    target_.errors.Add(source_.origin, path_, std::move(message), std::move(suggestion));
    return nullptr;
  }

  const std::vector<std::string> words_;
  const std::string_view value_;
  const YamlSource& source_;
  YamlTarget target_;
  std::size_t next_ = 0;
  std::string path_;
};

}  // namespace

void SetKey(std::string_view key, std::string_view value, const YamlSource& source, YamlTarget target) {
  std::vector<std::string> words = SplitKey(key);
  KeySetter(std::move(words), value, source, target).Run();
}

}  // namespace cistern
