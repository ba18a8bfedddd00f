#include "cistern/v1/record.pb.h"
#include "proto/convert/record.h"
#include "proto/convert/record_json.h"
#include "service/forward/format.h"

namespace cistern {

void RecordFormatter::AppendJson(const Record& record, std::string& out) {
  v1::Record converted;
  ToProto(record, false, &converted);
  AppendRecordJson(converted, out);
}

}  // namespace cistern
