// What the answer of an HTTP server means for the records that were sent.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "ingest/message/result.h"
#include "service/forward/http_client.h"

namespace cistern {

enum class HttpVerdict {
  kTaken,     // 2xx
  kRetry,     // later, as it is: 408, 429, 5xx, and what is wrong with the target rather than with a record
  kTooLarge,  // 413
  kRefused,   // a record of the request is not liked
};
HttpVerdict VerdictOf(int status);
// For kRetry.
Failure FailureOf(const HttpAnswer& answer, const std::string& name);
// `answered 400: ` and the start of the body on one line.
std::string Describe(const HttpAnswer& answer);

// What Elasticsearch says of one item of a bulk request.
struct BulkItem {
  enum class Kind { kTaken, kRetry, kRefused } kind = Kind::kTaken;
  std::string reason;
};
// One item for each of `count`, in order; the error says why the body cannot be understood.
Result<std::vector<BulkItem>, std::string> ReadBulkAnswer(std::string_view body, std::size_t count);

}  // namespace cistern
