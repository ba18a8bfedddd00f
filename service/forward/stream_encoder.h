// Compression of a file, piece by piece.
#pragma once

#include <memory>
#include <string>
#include <string_view>

namespace cistern {

class StreamEncoder {
 public:
  virtual ~StreamEncoder() = default;
  // Appends what is ready of `text` to `out`; with `last` all of it, and the end of the file. False: no
  // memory.
  virtual bool Add(std::string_view text, bool last, std::string& out) = 0;
};

std::unique_ptr<StreamEncoder> MakeGzipEncoder();
std::unique_ptr<StreamEncoder> MakeZstdEncoder();

}  // namespace cistern
