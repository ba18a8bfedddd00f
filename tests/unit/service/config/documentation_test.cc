// The documentation of the keys is made from config.proto, and the example shows every key.
//
// After a change of config.proto: CISTERN_UPDATE_DOCS=1 build/debug/bin/service_config_test
#include <gmock/gmock.h>
#include <google/protobuf/descriptor.h>
#include <google/protobuf/descriptor.pb.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <set>
#include <sstream>

#include "cistern/v1/config.pb.h"
#include "proto/yaml/reader.h"
#include "proto/yaml/scalar.h"
#include "proto/yaml/units.h"
#include "service/config/config.h"
#include "service/forward/spec.h"
#include "service/rules/definition.h"

namespace cistern {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;

constexpr char kMarker[] =
    "<!-- Below: made from proto/cistern/v1/config.proto by service_config_test. -->\n";
constexpr char kManual[] = CISTERN_SOURCE_DIR "/service/config/CONFIGURATION.md";
constexpr char kTargetsExample[] = CISTERN_SOURCE_DIR "/examples/targets.yaml";
constexpr char kRulesExample[] = CISTERN_SOURCE_DIR "/examples/rules.yaml";
constexpr char kExample[] = CISTERN_SOURCE_DIR "/examples/cistern.yaml";

std::string ReadWhole(const char* file) {
  std::ifstream stream(file);
  std::ostringstream text;
  text << stream.rdbuf();
  return text.str();
}

// The generated descriptors carry options but no comments; those come from protoc.
class Manual {
 public:
  Manual() {
    google::protobuf::FileDescriptorSet files;
    std::ifstream stream(CISTERN_DESCRIPTORS, std::ios::binary);
    files.ParseFromIstream(&stream);
    for (const auto& file : files.file()) pool_.BuildFile(file);
  }

  std::string Text() {
    Group(*v1::Config::descriptor(), "", "Top level");
    return text_.str();
  }

 private:
  std::string Comment(const FieldDescriptor& field) const {
    google::protobuf::SourceLocation where;
    const auto* twin = pool_.FindFieldByName(field.full_name());
    if (twin == nullptr || !twin->GetSourceLocation(&where)) return "";
    std::string comment = where.leading_comments;
    for (char& c : comment) {
      if (c == '\n') c = ' ';
    }
    const std::size_t begin = comment.find_first_not_of(' ');
    return begin == std::string::npos ? "" : comment.substr(begin, comment.find_last_not_of(' ') - begin + 1);
  }

  static std::string Kind(const FieldDescriptor& field) {
    if (field.is_map()) return "names with values";
    const auto& options = field.options();
    if (const std::string& values = options.GetExtension(v1::one_of_values); !values.empty()) {
      std::string text = "`" + values + "`";
      for (std::size_t at = 0; (at = text.find('|', at)) != std::string::npos; at += 5)
        text.replace(at, 1, "` · `");
      return text;
    }
    switch (options.GetExtension(v1::unit)) {
      case v1::UNIT_DURATION:
        return "duration" + Range(field, &FormatDuration);
      case v1::UNIT_SIZE:
        return "size" +
               Range(field, [](std::int64_t n) { return FormatSize(static_cast<std::uint64_t>(n)); });
      case v1::UNIT_PATH:
        return "path";
      case v1::UNIT_ADDRESS:
      case v1::UNIT_ENDPOINT:
        return "HOST:PORT";
      case v1::UNIT_NETWORK:
        return "network";
      case v1::UNIT_ZONE:
        return "time zone";
      default:
        if (field.cpp_type() == FieldDescriptor::CPPTYPE_BOOL) return "`true` · `false`";
        return (field.cpp_type() == FieldDescriptor::CPPTYPE_STRING ? "text" : "number") +
               Range(field, [](std::int64_t n) { return std::to_string(n); });
    }
  }

  template <class Format>
  static std::string Range(const FieldDescriptor& field, Format format) {
    const auto& options = field.options();
    std::string text;
    if (options.HasExtension(v1::minimum)) text += ", from " + format(options.GetExtension(v1::minimum));
    if (options.HasExtension(v1::maximum)) text += ", up to " + format(options.GetExtension(v1::maximum));
    return text;
  }

  static bool IsGroup(const FieldDescriptor& field) {
    return field.cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE && !field.is_map();
  }

  static std::string Default(const FieldDescriptor& field) {
    const auto& options = field.options();
    if (options.GetExtension(v1::required)) return "required";
    if (!options.HasExtension(v1::default_value)) return "";
    return "`" + options.GetExtension(v1::default_value) + "`";
  }

  void Group(const Descriptor& type, const std::string& path, const std::string& title) {
    text_ << "\n## " << title << "\n\n| key | value | default | meaning |\n|---|---|---|---|\n";
    for (int i = 0; i < type.field_count(); ++i) {
      const FieldDescriptor& field = *type.field(i);
      const bool group = IsGroup(field), list = field.is_repeated() && !field.is_map();
      const std::string kind =
          group ? (list ? "list, see below" : "group, see below") : (list ? "list: " : "") + Kind(field);
      text_ << "| `" << field.name() << "` | " << kind << " | " << (group ? "" : Default(field)) << " | "
            << Comment(field) << " |\n";
    }
    for (int i = 0; i < type.field_count(); ++i) {
      const FieldDescriptor& field = *type.field(i);
      if (!IsGroup(field)) continue;
      const std::string key = JoinKey(path, field.name()) + (field.is_repeated() ? "[]" : "");
      Group(*field.message_type(), key, "`" + key + "`");
    }
  }

  google::protobuf::DescriptorPool pool_;
  std::ostringstream text_;
};

TEST(ConfigurationManual, IsMadeFromTheSchema) {
  const std::string committed = ReadWhole(kManual);
  const std::size_t marker = committed.find(kMarker);
  ASSERT_NE(marker, std::string::npos);
  const std::string expected = committed.substr(0, marker) + kMarker + Manual().Text();
  if (std::getenv("CISTERN_UPDATE_DOCS") != nullptr) std::ofstream(kManual) << expected;
  EXPECT_EQ(ReadWhole(kManual), expected) << "run service_config_test once with CISTERN_UPDATE_DOCS=1";
}

TEST(ConfigurationManual, EveryKeyIsExplained) {
  EXPECT_THAT(Manual().Text(), testing::Not(testing::HasSubstr("|  |\n")));
}

// Key paths without indexes.
void CollectKeys(const Descriptor& type, const std::string& path, std::set<std::string>& keys) {
  for (int i = 0; i < type.field_count(); ++i) {
    const FieldDescriptor& field = *type.field(i);
    const std::string key = JoinKey(path, field.name());
    keys.insert(key);
    if (field.message_type() != nullptr && !field.is_map()) CollectKeys(*field.message_type(), key, keys);
  }
}

std::string WithoutIndexes(std::string key) {
  for (std::size_t at = 0; (at = key.find('[')) != std::string::npos;) key.erase(at, key.find(']') - at + 1);
  return key;
}

TEST(Example, LoadsAndShowsEveryKey) {
  const auto loaded = LoadConfig({.file = kExample});
  ASSERT_TRUE(loaded) << loaded.error().ToString();
  std::set<std::string> missing;
  CollectKeys(*v1::Config::descriptor(), "", missing);
  EXPECT_GT(missing.size(), 50u);
  for (const auto& [key, origin] : loaded->origins) {
    if (origin.kind == OriginKind::kFile) missing.erase(WithoutIndexes(key));
  }
  std::erase_if(missing, [](const std::string& key) {
    return key.starts_with("targets.") || key.starts_with("rules.");
  });
  EXPECT_THAT(missing, testing::IsEmpty());
}

TEST(Example, TargetsLoadAndShowEveryKey) {
  v1::TargetFile file;
  Origins origins;
  YamlErrors errors;
  const std::string text = ReadWhole(kTargetsExample);
  ASSERT_TRUE(ReadYaml(text, {{OriginKind::kFile, "targets.yaml"}, "/"}, {file, origins, errors}));
  for (v1::Target& target : *file.mutable_targets()) {
    for (const YamlError& error : PrepareTarget(target).items) errors.items.push_back(error);
  }
  EXPECT_TRUE(errors.empty()) << errors.ToString();
  std::set<std::string> missing;
  CollectKeys(*v1::TargetFile::descriptor(), "", missing);
  EXPECT_GT(missing.size(), 100u);
  for (const auto& [key, origin] : origins) missing.erase(WithoutIndexes(key));
  // The groups of TLS have the same keys everywhere; one shows them all.
  std::erase_if(missing, [](const std::string& key) {
    return key.find(".tls.") != std::string::npos && !key.starts_with("targets.syslog.");
  });
  EXPECT_THAT(missing, testing::IsEmpty());
}

TEST(Example, RulesLoadAndShowEveryKey) {
  v1::RuleFile file;
  Origins origins;
  YamlErrors errors;
  const YamlTarget target{file, origins, errors};
  ASSERT_TRUE(ReadYaml(ReadWhole(kRulesExample), {{OriginKind::kFile, "rules.yaml"}, "/"}, target));
  CheckRequired(target);
  FillDefaults(file, origins);
  std::vector<const v1::Rule*> rules;
  std::vector<std::string> keys;
  for (int i = 0; i < file.rules_size(); ++i) {
    rules.push_back(&file.rules(i));
    keys.push_back(JoinIndex("rules", i));
    CheckRule(file.rules(i), keys.back(), origins, errors);
  }
  CheckRuleSet(rules, keys, origins, errors);
  EXPECT_TRUE(errors.empty()) << errors.ToString();
  std::set<std::string> missing;
  CollectKeys(*v1::RuleFile::descriptor(), "", missing);
  EXPECT_GT(missing.size(), 150u);
  std::set<std::string> shown;
  // The group of events has the same keys in every kind.
  const auto common = [](const std::string& key) {
    return key.substr(std::min(key.find(".event."), key.size()));
  };
  for (const auto& [key, origin] : origins) {
    if (origin.kind != OriginKind::kFile) continue;
    missing.erase(WithoutIndexes(key));
    shown.insert(common(WithoutIndexes(key)));
  }
  std::erase_if(missing,
                [&](const std::string& key) { return !common(key).empty() && shown.contains(common(key)); });
  EXPECT_THAT(missing, testing::IsEmpty());
}

TEST(Example, ValuesAreTheDefaultsWhereThereAre) {
  const auto example = LoadConfig({.file = kExample});
  const auto defaults = LoadConfigText("", CISTERN_SOURCE_DIR "/examples/cistern.yaml", {});
  ASSERT_TRUE(example && defaults);
  EXPECT_EQ(example->config->listeners(0).udp().SerializeAsString(),
            defaults->config->listeners(0).udp().SerializeAsString());
  EXPECT_EQ(example->config->listeners(1).tcp().SerializeAsString(),
            defaults->config->listeners(1).tcp().SerializeAsString());
  EXPECT_EQ(example->config->storage().retention().max_age(),
            defaults->config->storage().retention().max_age());
  EXPECT_EQ(example->config->storage().retention().max_bytes(),
            defaults->config->storage().retention().max_bytes());
  EXPECT_EQ(example->config->log().SerializeAsString(), defaults->config->log().SerializeAsString());
  v1::HttpConfig http = example->config->http();
  http.clear_tls();
  EXPECT_EQ(http.SerializeAsString(), defaults->config->http().SerializeAsString());
  EXPECT_EQ(example->config->queue().SerializeAsString(), defaults->config->queue().SerializeAsString());
}

}  // namespace
}  // namespace cistern
