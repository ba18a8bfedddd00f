// The bodies of requests, one class a preset.
// Threads: one.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "ingest/message/result.h"
#include "storage/batch_view.h"

namespace cistern {

namespace v1 {
class HttpTarget;
}

class HttpBody {
 public:
  virtual ~HttpBody() = default;
  virtual void Clear() = 0;
  virtual void Add(BatchView& view, std::uint32_t row) = 0;
  // Octets so far, about.
  virtual std::size_t size() const = 0;
  // The body of what was added.
  virtual const std::string& Finish() = 0;
};

// `http` was checked. `store` makes ids of documents that no other store makes.
std::unique_ptr<HttpBody> MakeHttpBody(const v1::HttpTarget& http, std::string store);
// Whether each record is a request of its own.
bool IsSingle(const v1::HttpTarget& http);

// In a file of its own.
std::unique_ptr<HttpBody> MakeLokiBody(const v1::HttpTarget& http);

}  // namespace cistern
