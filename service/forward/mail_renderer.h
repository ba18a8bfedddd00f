// Puts the texts of a mail together, from templates in the language of ctemplate.
//
// In the HTML part values are escaped for the place where they stand. Templates cannot include files.
// Threads: one.
#pragma once

#include <memory>
#include <string>

#include "ingest/message/result.h"
#include "service/forward/mail_group.h"
#include "service/forward/sink.h"
#include "service/forward/smtp_client.h"

namespace ctemplate {
class Template;
class TemplateDictionary;
}  // namespace ctemplate

namespace cistern {

class MailRenderer {
 public:
  // `target` outlives it. kConfiguration: a template cannot be read, or what is wrong with it.
  static Result<std::unique_ptr<MailRenderer>, Failure> Make(const v1::Target& target, std::string store);
  ~MailRenderer();

  // All but the date.
  Mail Render(const MailGroup& group) const;

 private:
  using Template = std::unique_ptr<ctemplate::Template>;
  MailRenderer(const v1::Target& target, std::string store);
  std::string MessageId(const MailGroup& group) const;
  std::optional<Failure> Load(Template& place, const std::string& path, const char* built_in, bool html);

  const v1::Target& target_;
  const std::string store_;
  Template subject_, text_, html_;
};

}  // namespace cistern
