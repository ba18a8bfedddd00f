#include "proto/yaml/document.h"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <exception>
#include <map>
#include <optional>
#include <sstream>

namespace cistern {
namespace {

// Leaves the yaml-cpp parser, which knows no other way to be stopped.
struct Refused {
  YamlSyntaxError error;
};

[[noreturn]] void Refuse(const YAML::Mark& mark, std::string message) {
  throw Refused{{mark.line + 1, mark.column + 1, std::move(message)}};
}

class TreeBuilder : public YAML::EventHandler {
 public:
  explicit TreeBuilder(YamlDocument& document) : document_(document) {}

  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    Attach(NewNode(mark, YamlNode::Kind::kNull), anchor);
  }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const auto found = anchors_.find(anchor);
    if (found == anchors_.end()) Refuse(mark, "an alias must not stand inside what it names");
    Attach(found->second, 0);
  }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    RefuseTag(mark, tag);
    YamlNode* node = NewNode(mark, YamlNode::Kind::kScalar);
    node->text = value;
    Attach(node, anchor);
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    Open(mark, tag, anchor, YamlNode::Kind::kList);
  }
  void OnSequenceEnd() override { Close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    Open(mark, tag, anchor, YamlNode::Kind::kMap);
  }
  void OnMapEnd() override { Close(); }

 private:
  struct OpenNode {
    YamlNode* node;
    YAML::anchor_t anchor;
    const YamlNode* key = nullptr;  // of a map: waits for its value
  };

  static void RefuseTag(const YAML::Mark& mark, const std::string& tag) {
    if (tag.size() > 1) Refuse(mark, "tags are not supported");
  }

  YamlNode* NewNode(const YAML::Mark& mark, YamlNode::Kind kind) {
    if (document_.nodes.size() >= kMaxYamlNodes) Refuse(mark, "more than 100000 values");
    YamlNode& node = document_.nodes.emplace_back();
    node.kind = kind;
    node.line = mark.line + 1;
    node.column = mark.column + 1;
    return &node;
  }

  void Open(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor, YamlNode::Kind kind) {
    RefuseTag(mark, tag);
    if (open_.size() >= kMaxYamlDepth) Refuse(mark, "nested more than 32 levels deep");
    open_.push_back({NewNode(mark, kind), anchor});
  }

  void Close() {
    const OpenNode closed = open_.back();
    open_.pop_back();
    Attach(closed.node, closed.anchor);
  }

  void Attach(const YamlNode* node, YAML::anchor_t anchor) {
    if (anchor != 0) anchors_[anchor] = node;
    if (open_.empty()) {
      document_.root = node;
      return;
    }
    OpenNode& parent = open_.back();
    if (parent.node->kind == YamlNode::Kind::kList) {
      parent.node->items.push_back(node);
    } else if (parent.key == nullptr) {
      parent.key = node;
    } else {
      parent.node->entries.push_back({parent.key, node});
      parent.key = nullptr;
    }
  }

  YamlDocument& document_;
  std::vector<OpenNode> open_;
  std::map<YAML::anchor_t, const YamlNode*> anchors_;
};

void RunParser(std::string_view text, YamlDocument& document) {
  std::istringstream input{std::string(text)};
  YAML::Parser parser(input);
  TreeBuilder builder(document);
  if (!parser.HandleNextDocument(builder)) return;
  YamlDocument rest;
  TreeBuilder ignored(rest);
  if (!parser.HandleNextDocument(ignored)) return;
  YAML::Mark mark;
  if (rest.root != nullptr) mark.line = rest.root->line - 1;
  Refuse(mark, "a second document begins here; one file holds one document");
}

// yaml-cpp says "illegal map value" and the like where the real trouble is a tab.
bool IsIndentedByTab(std::string_view text, int line) {
  for (int i = 1; i < line && !text.empty(); ++i) {
    text.remove_prefix(std::min(text.find('\n'), text.size() - 1) + 1);
  }
  const std::size_t content = text.find_first_not_of(" \t");
  return text.substr(0, content).find('\t') != std::string_view::npos;
}

YamlSyntaxError Explained(std::string_view text, const YAML::Exception& e) {
  if (e.mark.is_null()) return {0, 0, "not valid YAML: " + e.msg};
  const int line = e.mark.line + 1;
  const bool tab = IsIndentedByTab(text, line);
  return {line, e.mark.column + 1, tab ? "a tab cannot indent; use spaces" : "not valid YAML: " + e.msg};
}

}  // namespace

Result<YamlDocument, YamlSyntaxError> ParseYaml(std::string_view text) {
  if (text.size() > kMaxYamlBytes) return YamlSyntaxError{0, 0, "larger than 1 MiB"};
  YamlDocument document;
  try {
    RunParser(text, document);
  } catch (const Refused& refused) {
    return refused.error;
  } catch (const YAML::Exception& e) {
    return Explained(text, e);
  } catch (const std::exception& e) {
    return YamlSyntaxError{0, 0, std::string("not valid YAML: ") + e.what()};
  }
  return document;
}

}  // namespace cistern
