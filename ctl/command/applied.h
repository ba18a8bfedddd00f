// What `apply` and `rules rollback` did, or would do.
#pragma once

#include <string>
#include <string_view>

#include "ctl/command/commands.h"
#include "ctl/command/definition_text.h"
#include "ctl/printer/text.h"
#include "proto/convert/json.h"

namespace cistern::ctl {

struct AppliedForm {
  bool dry_run = false, json = false;
};

// `created`, `would be changed` ...; of an action such as `ACTION_CREATED`.
std::string AppliedWord(const std::string& action, bool dry_run);
// `created`.
std::string AppliedAction(const std::string& action);
// The difference, indented.
void AppendDiff(const Context& context, const std::vector<std::string>& before,
                const std::vector<std::string>& after, std::string& out);

// `kind`: `target` or `rule`.
template <class Applied>
void AppendApplied(const Context& context, const char* kind, const Applied& applied, AppliedForm form,
                   std::string& out) {
  const std::string action = Applied::Action_Name(applied.action());
  if (form.json) {
    JsonWriter json(out);
    json.BeginObject().Key(kind).String(applied.name()).Key("action").String(AppliedAction(action));
    json.Key("revision").Number(applied.revision()).Key("dry_run").Bool(form.dry_run).EndObject();
    out += '\n';
    return;
  }
  out += std::string(kind) + ' ' + Visible(applied.name()) + ' ' + AppliedWord(action, form.dry_run) + '\n';
  if (!form.dry_run || applied.action() == Applied::ACTION_UNCHANGED) return;
  std::vector<std::string> before, after;
  if (applied.has_before()) before = YamlLines(applied.before());
  if (applied.has_after()) after = YamlLines(applied.after());
  AppendDiff(context, before, after, out);
}

}  // namespace cistern::ctl
