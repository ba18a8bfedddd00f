#include "service/forward/format.h"
namespace cistern {
void RecordFormatter::AppendJson(const Record&, std::string&) {}
void RecordFormatter::AppendCsv(const Record&, std::string&) {}
}  // namespace cistern
