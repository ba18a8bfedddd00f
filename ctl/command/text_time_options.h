// --zone, --year and --at of the commands that read text files.
#pragma once

#include "ctl/command/options.h"
#include "ctl/transfer/text_times.h"

namespace cistern::ctl {

inline void AddTextTimes(CLI::App& command, TextTimes& times) {
  AddText(command, "--zone", times.zone, "ZONE",
          "Zone of times that state none: Europe/Berlin, UTC, +02:00, local (default local)");
  auto* year = AddNumber(command, "--year", times.year, "Year of times that state none", 1678, 2261);
  auto* at =
      AddText(command, "--at", times.at, "TIME",
              "Or the last year before this time (default: when the file was last written; in a pipe now)");
  Exclude(year, at);
}

}  // namespace cistern::ctl
