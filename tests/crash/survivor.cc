// What a power cut leaves of the octets that were written and not synced.
#include <algorithm>

#include "tests/crash/disk.h"

namespace cistern::crash {
namespace {

// A write is split where the disk's sectors are: each of them reaches the disk or does not. Octets beside
// what was written never change (SQLite calls this powersafe overwrite and relies on it).
enum class Fate { kKept, kDropped, kTornHead, kTornAny, kScrambled };

void Put(std::string& file, std::uint64_t offset, std::string_view octets) {
  if (file.size() < offset + octets.size()) file.resize(offset + octets.size());
  std::copy(octets.begin(), octets.end(), file.begin() + static_cast<std::ptrdiff_t>(offset));
}

std::string Scrambled(std::string_view octets, std::mt19937_64& random) {
  std::string result(octets);
  switch (random() % 3) {
    case 0:
      std::fill(result.begin(), result.end(), '\0');
      break;
    case 1:
      for (char& octet : result) octet = static_cast<char>(random());
      break;
    default:
      result[random() % result.size()] ^= static_cast<char>(1 << random() % 8);
  }
  return result;
}

void PutSectors(std::string& file, const Node::Change& change, Fate fate, std::mt19937_64& random) {
  const std::uint64_t sector = random() % 2 == 0 ? 512 : 4096;
  const std::uint64_t end = change.offset + change.octets.size();
  const std::uint64_t torn_at = change.offset + random() % (change.octets.size() + 1);
  for (std::uint64_t at = change.offset; at < end;) {
    const std::uint64_t next = std::min(end, (at / sector + 1) * sector);
    const std::string_view piece = std::string_view(change.octets).substr(at - change.offset, next - at);
    const bool dropped = fate == Fate::kTornHead ? next > torn_at : random() % 2 == 0;
    if (!dropped) {
      Put(file, at, piece);
    } else if (fate == Fate::kScrambled) {
      Put(file, at, Scrambled(piece, random));
    }
    at = next;
  }
}

void Apply(std::string& file, const Node::Change& change, Fate fate, std::mt19937_64& random) {
  if (fate == Fate::kDropped) return;
  if (change.truncate) {
    file.resize(change.offset);
  } else if (fate == Fate::kKept) {
    Put(file, change.offset, change.octets);
  } else {
    PutSectors(file, change, fate, random);
  }
}

}  // namespace

std::string Survivor(const Node& node, std::mt19937_64& random) {
  static constexpr Fate kFates[] = {Fate::kKept, Fate::kDropped, Fate::kTornHead, Fate::kTornAny,
                                    Fate::kScrambled};
  std::string file = node.durable;
  const std::uint64_t manner = random() % 5;
  const std::size_t prefix = random() % (node.changes.size() + 1);
  for (std::size_t i = 0; i < node.changes.size(); ++i) {
    Fate fate = kFates[random() % std::size(kFates)];
    if (manner == 0) fate = Fate::kKept;
    if (manner == 1) fate = Fate::kDropped;
    if (manner == 2 && i != prefix)
      fate = i < prefix ? Fate::kKept : Fate::kDropped;  // in order, the last one torn
    if (manner == 3 && fate == Fate::kScrambled) fate = Fate::kTornAny;
    Apply(file, node.changes[i], fate, random);
  }
  return file;
}

}  // namespace cistern::crash
