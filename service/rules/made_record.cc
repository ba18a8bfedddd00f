#include "service/rules/made_record.h"

#include "ingest/message/rfc5424_text.h"
#include "ingest/parse/parser.h"

namespace cistern {

Record MakeInternalRecord(const Record& model, std::string_view tags, Arena& arena) {
  Record source = model;
  source.format = Format::kRaw;  // so that the fields are written, not octets
  source.raw = {};
  source.structured_data = {};
  source.shape = {};
  source.flags = 0;
  std::string text;
  RenderRfc5424(source, text);
  Record made;
  ParseMessage(arena.Copy(text), ParseContext{model.received, nullptr}, made);
  made.received = model.received;
  made.transport = Transport::kInternal;
  made.tags = arena.Copy(tags);
  return made;
}

}  // namespace cistern
