// Records from the JSON that AppendRecordJson and AppendExportJson write.
#pragma once

#include <string>
#include <string_view>

namespace cistern::v1 {
class Record;
}

namespace cistern::ctl {

// Replaces `record` by the object in `line`. Unknown keys are passed over. Empty on success, else what is
// wrong.
std::string ReadRecordJson(std::string_view line, v1::Record& record);

}  // namespace cistern::ctl
