// Members of a backup, in order. Log files lie between the catalog and the checksums.
#pragma once

namespace cistern {

inline constexpr char kBackupMember[] = "BACKUP";  // what this is, as lines of text
inline constexpr char kCatalogMember[] = "catalog.db";
inline constexpr char kLogsPrefix[] = "logs/";
inline constexpr char kChecksumsMember[] = "SHA256SUMS";    // of all members before; `sha256sum -c` reads it
inline constexpr char kBackupTitle[] = "cistern backup 1";  // first line; the number is the layout's version

}  // namespace cistern
