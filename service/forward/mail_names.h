// What may stand between {{ and }} in the templates of mails.
//
// Pure functions, any thread.
#pragma once

#include <string>
#include <string_view>

#include "ingest/message/result.h"

namespace cistern {

inline constexpr std::size_t kLongestMailTemplate = 256 << 10;

// What is wrong with a template: a name that stands for nothing where it is, a section without its end;
// empty: nothing. A section whose name is known gives further names to what is inside it.
std::string CheckMailTemplate(std::string_view text);

// As ctemplate wants it, whose names are letters, digits and `_`: `{{tag.event.rule}}` becomes
// `{{tag_event_rule}}`, and blanks at the ends of a name go.
std::string MailTemplateText(std::string_view text);

// The name of a tag in such a text.
std::string MailTagName(std::string_view tag);

// The template in a file, or why it cannot be had. Blocks on the disk.
Result<std::string, std::string> ReadMailTemplate(const std::string& path);

}  // namespace cistern
