#include "tests/crash/witness_pipe.h"

#include <unistd.h>

#include <sstream>

namespace cistern::crash {
namespace {

// One event a line: a letter, then words and numbers.
std::string Line(char kind, const Commit& commit) {
  std::ostringstream line;
  line << kind << ' ' << commit.file << ' ' << commit.sequences.size();
  for (const ClientSequence& client : commit.sequences)
    line << ' ' << client.client_id << ' ' << client.sequence;
  for (std::size_t i = 0; i < commit.records.size(); ++i)
    line << ' ' << commit.records[i].first << ' ' << commit.records[i].second << ' ' << commit.received[i];
  return line.str();
}

std::string Line(char kind, const std::vector<Gap>& gaps) {
  std::string line(1, kind);
  for (const Gap& gap : gaps)
    line += " " + std::to_string(ToInt(gap.first)) + " " + std::to_string(ToInt(gap.last));
  return line;
}

Commit ReadCommit(std::istringstream& line) {
  Commit commit;
  std::size_t clients = 0;
  line >> commit.file >> clients;
  for (ClientSequence client; clients != 0 && line >> client.client_id >> client.sequence; --clients)
    commit.sequences.push_back(client);
  std::int64_t received = 0;
  for (std::pair<std::uint64_t, std::uint64_t> record; line >> record.first >> record.second >> received;) {
    commit.records.push_back(record);
    commit.received.push_back(received);
  }
  return commit;
}

std::vector<Gap> ReadGaps(std::istringstream& line) {
  std::vector<Gap> gaps;
  for (std::uint64_t first = 0, last = 0; line >> first >> last;)
    gaps.push_back({RecordId{first}, RecordId{last}, last - first + 1});
  return gaps;
}

void PassOn(const std::string& text, Witness& witness, std::vector<std::string>& said) {
  std::istringstream line(text.substr(1));
  std::string name;
  std::uint64_t id = 0;
  std::int64_t time = 0;
  switch (text.front()) {
    case 'T':
      return witness.Tried(ReadCommit(line));
    case 'S':
      return witness.Stored(ReadCommit(line));
    case 'G':
      return witness.TriedIsGone();
    case 'L':
      return witness.TriedLingers();
    case 'x':
      line >> name;
      return witness.Expiring(name);
    case 'X':
      return witness.Expired(ReadGaps(line));
    case 't':
      line >> time;
      return witness.Thinning(time);
    case 'R':
      return witness.Thinned(ReadGaps(line));
    case 'c':
      line >> name >> id;
      return witness.CursorMoves(name, RecordId{id});
    case 'C':
      line >> name >> id;
      return witness.CursorMoved(name, RecordId{id});
    default:
      said.push_back(text.substr(1));
  }
}

}  // namespace

void PipeWitness::Write(const std::string& line) {
  const std::string text = line + "\n";
  for (std::size_t at = 0; at < text.size();) {
    const ssize_t written = ::write(fd_, text.data() + at, text.size() - at);
    if (written <= 0) return;
    at += static_cast<std::size_t>(written);
  }
}

void PipeWitness::Tried(const Commit& commit) { Write(Line('T', commit)); }
void PipeWitness::Stored(const Commit& commit) { Write(Line('S', commit)); }
void PipeWitness::TriedIsGone() { Write("G"); }
void PipeWitness::TriedLingers() { Write("L"); }
void PipeWitness::Expiring(const std::string& but) { Write("x " + but); }
void PipeWitness::Expired(const std::vector<Gap>& gone) { Write(Line('X', gone)); }
void PipeWitness::Thinning(std::int64_t before) { Write("t " + std::to_string(before)); }
void PipeWitness::Thinned(const std::vector<Gap>& ranges) { Write(Line('R', ranges)); }
void PipeWitness::CursorMoves(const std::string& name, RecordId position) {
  Write("c " + name + " " + std::to_string(ToInt(position)));
}
void PipeWitness::CursorMoved(const std::string& name, RecordId position) {
  Write("C " + name + " " + std::to_string(ToInt(position)));
}
void PipeWitness::Say(const std::string& text) { Write("!" + text); }

std::vector<std::string> Listen(int fd, Witness& witness) {
  std::vector<std::string> said;
  std::string rest;
  char octets[65536];
  for (ssize_t count; (count = ::read(fd, octets, sizeof octets)) > 0;) {
    rest.append(octets, static_cast<std::size_t>(count));
    for (std::size_t end; (end = rest.find('\n')) != std::string::npos; rest.erase(0, end + 1))
      PassOn(rest.substr(0, end), witness, said);
  }
  return said;  // half a line at the end was never finished, so what it tells of was not begun
}

}  // namespace cistern::crash
