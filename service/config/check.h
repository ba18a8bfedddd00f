// What can be found out about a configuration without opening a socket or writing.
#pragma once

#include <iosfwd>

#include "service/config/config.h"

namespace cistern {

// Whether the certificate, key and authority files of every TLS listener, of gRPC and of HTTP can be read and
// belong together, and token files hold tokens. Blocks on the disk. Never asks for a passphrase: an encrypted
// key is an error.
ConfigErrors CheckCertificates(const LoadedConfig& loaded);
// The same without the listeners, which look at their own.
ConfigErrors CheckControlFiles(const LoadedConfig& loaded);

// Whether storage.dir, or where it would be made, is a folder that this user may write.
ConfigErrors CheckStorageDir(const LoadedConfig& loaded);

// cisternd --check-config: `configuration is valid` on `out` and 0, or the errors on `err` and 78.
int RunCheckConfig(const ConfigSources& sources, std::ostream& out, std::ostream& err);

// cisternd --print-config: YAML on `out` and 0, or the errors on `err` and 78.
int RunPrintConfig(const ConfigSources& sources, std::ostream& out, std::ostream& err);

}  // namespace cistern
