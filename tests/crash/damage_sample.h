// A small store that holds every kind of table, row, blob and file, kept in memory: what a damaged copy of it
// is compared with.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "storage/filter/filter.h"
#include "storage/store.h"

namespace cistern::crash {

enum class Form {
  kClosed,   // stopped in order; retention took a file, and records out of another one
  kCrashed,  // while a tail was sealed and a file was about to take the place of another one
  kImport,   // in the middle of an import, all of it in a -wal
  kLarge     // stopped in order; trees and blobs of several pages
};
const char* NameOf(Form form);

struct Spot {
  enum class Kind { kFlip, kSector, kCut, kDelete } kind = Kind::kFlip;
  std::string file;
  std::uint64_t offset = 0, octets = 1;  // kFlip: a bit in each of so many octets
  int bit = -1;                          // kFlip: which one; -1: any
};
std::string Describe(const Spot& spot);

class Sample {
 public:
  struct Stored {
    std::size_t index = 0;  // among those stored
    std::uint64_t digest = 0;
    std::string file;
    std::uint32_t matches = 0;  // a bit for each filter
    bool may_be_gone = false;   // retention is about to take it
  };
  using Clients = std::map<std::string, std::uint64_t>;

  // Makes the store in `dir`, which is emptied.
  Sample(std::string dir, Form form);

  StoreOptions Options() const;
  // Time of receipt of a record that belongs to the newest file, or makes a new one necessary.
  static std::int64_t ReceivedAfter(bool new_file);

  const std::map<std::string, std::string>& files() const { return files_; }  // octets by name
  const std::vector<Filter>& filters() const { return filters_; }
  const std::vector<std::pair<std::uint64_t, Stored>>& records() const { return records_; }  // by id
  const Stored* Find(std::uint64_t id) const;
  const Clients& clients() const { return clients_; }  // their sequences
  RecordId cursor() const { return cursor_; }          // named `target`

  // Makes the folder what it was, but for one spot.
  void PutBack(const Spot& spot, std::mt19937_64& random) const;

 private:
  struct Batch {
    std::uint64_t file;
    std::int64_t received;
    int records;
    const char* text;
    bool imported = false;
    std::size_t padding = 0;  // at most so many octets more
  };
  void MakeStore();
  void MakeImport();
  void MakeLarge();
  void FirstLife();
  void Append(Store& store, const Batch& batch);
  void Keep(const RecordBatch& batch, const std::string& file);
  void ForgetThinned();
  void RememberAll();
  void Write(const std::string& name, const std::string& octets) const;

  const std::string dir_;
  const Form form_;
  std::vector<Filter> filters_;
  std::mt19937_64 random_{7};
  int serial_ = 0;
  Clients clients_;
  RecordId cursor_{};
  std::map<std::string, std::string> files_;
  std::vector<std::pair<std::uint64_t, Stored>> records_;
  std::unordered_map<std::uint64_t, std::size_t> places_;
};

}  // namespace cistern::crash
