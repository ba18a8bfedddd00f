// Whether a silence can match anything, as far as that can be known.
//
// Pure functions, any thread.
#pragma once

#include <set>
#include <string>
#include <vector>

namespace cistern {

class Filter;

// What there is to match.
struct KnownEvents {
  std::set<std::string> rules;   // names
  std::set<std::string> fields;  // names of fields of events
  std::string hostname;          // of their records
};

// A sentence for each part of the filter that matches no event. What is behind NOT is not looked at.
std::vector<std::string> SilenceDoubts(const Filter& filter, const KnownEvents& known);

}  // namespace cistern
