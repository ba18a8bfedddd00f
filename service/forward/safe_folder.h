// Folders and files below a trusted folder, in paths that values of records are part of.
#pragma once

#include <string>
#include <string_view>

#include "ingest/message/result.h"
#include "ingest/net/socket_util.h"

namespace cistern {

// The folder that holds `path`, opened as a place only (O_PATH). The first `trusted` octets of the path, a
// folder, are the operator's and may lead through symbolic links; below them none is followed, so that nobody
// who may write there can send what is logged elsewhere. Missing folders are made (0750) with `make`. Errors
// are errno values.
Result<UniqueFd> OpenFolder(const std::string& path, std::size_t trusted, bool make);

// What a path calls the file in its folder.
std::string_view NameOf(std::string_view path);

struct OpenedFile {
  UniqueFd fd;
  bool created = false;
};
// Opens a regular file for appending, made with exactly `mode` when missing. A symbolic link is refused
// (ELOOP), what is neither that nor a regular file, too (EINVAL).
Result<OpenedFile> OpenForAppend(int folder, const std::string& name, unsigned mode);

}  // namespace cistern
