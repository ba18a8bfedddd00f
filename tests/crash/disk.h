// A disk whose power can be cut, and that fails when told to: the model behind the test VFS and the wrapped
// POSIX calls. README.md says what it keeps and what it takes.
//
// The files of the folder `root` are real and hold what a running process sees (the page cache). Beside them
// the model remembers what is sure to be on the disk, and what was written, named or deleted since. After a
// cut every call fails; Restart() then puts into `root` what a real disk might hold.
//
// Threads: any. Paths are absolute.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace cistern::crash {

// A file or a folder.
struct Node {
  struct Change {
    bool truncate = false;  // to `offset`
    std::uint64_t offset = 0;
    std::string octets;
  };
  bool is_folder = false;
  std::string path;                                                   // where it was made
  std::string durable;                                                // what a sync has made sure of
  std::vector<Change> changes;                                        // since then, oldest first
  std::map<std::string, std::shared_ptr<Node>> names, durable_names;  // of a folder
};
using NodePtr = std::shared_ptr<Node>;

class Disk {
 public:
  // Whether names that were not synced are lost in the order they were made (a journal), or any of them.
  enum class Names { kJournaled, kAny };

  // How often a call fails, of 1000. `full`: every write that makes a file longer fails.
  struct Faults {
    int write = 0, sync = 0, open = 0, read = 0, remove = 0, truncate = 0;
    bool full = false;
  };

  // What a call shall do. `error` 0: go on; else fail with this errno, after `partial` octets of a write.
  struct Verdict {
    int error = 0;
    std::size_t partial = 0;
    explicit operator bool() const { return error == 0; }
  };

  // The disk that the VFS and the POSIX calls use; null: they are as always.
  static void Use(Disk* disk);
  static Disk* InUse();

  Disk(std::string root, std::uint64_t seed, Names names);

  bool Covers(std::string_view path) const;
  NodePtr Find(std::string_view path);
  std::vector<std::string> List(std::string_view folder);

  // Each is asked before the real call and notes it. ENOENT is left to the real call.
  Verdict Open(const std::string& path, bool create, bool folder, NodePtr& node);
  Verdict Read();
  Verdict Write(Node& node, std::uint64_t offset, std::string_view octets, std::uint64_t size_now);
  Verdict Truncate(Node& node, std::uint64_t size);
  // `with_folder`: also the folder that `path` is in, as SQLite does after the first sync of a new -wal.
  Verdict Sync(const NodePtr& node, const std::string& path, bool with_folder);
  Verdict Remove(const std::string& path, bool sync_folder);
  // What is not going to be written any more leaves the page cache.
  void ForgetCached(const std::string& path);
  Verdict Rename(const std::string& from, const std::string& to);
  Verdict Link(const std::string& from, const std::string& to);

  // What ends: the power, or only the process, so that everything that was written stays.
  enum class Loss { kPower, kProcess };
  // The power goes at the n-th call from now that changes something; 0: at none.
  void CutAt(std::uint64_t calls);
  void Cut(Loss loss = Loss::kPower);
  bool dead() const;
  void SetFaults(const Faults& faults);
  // No cut at all, no fault and no counting meanwhile.
  void Pause(bool paused);
  std::uint64_t calls() const;
  std::uint64_t failures() const;

  // Prints every call that is noted.
  void Trace() { trace_ = true; }

  // Puts what survived into `root`, which nobody may have open, and turns the power on again.
  void Restart();

 private:
  struct NameChange {
    NodePtr folder;
    std::string from, to;  // from empty: made; to empty: deleted
    NodePtr node;
  };

  NodePtr FindLocked(std::string_view path);
  NodePtr FolderOf(const std::string& path, std::string& name);
  bool Chance(int of_1000) { return static_cast<int>(random_() % 1000) < of_1000; }
  // Counts a call; true when the power goes with it.
  bool CutNow();
  void CutLocked(Loss loss);
  Verdict Fail(int error);
  void Print(const char* call, const std::string& what, std::uint64_t offset = 0,
             std::uint64_t count = 0) const;
  void KeepSharedMemory();
  void Apply(const NameChange& change);
  void SettleNames(std::size_t count);
  void SettleFolder(const NodePtr& folder);
  void SettleFile(const NodePtr& node);
  static void Evict(const Node& node, const std::string& path);
  void LoseInSync(Node& node, const std::string& path);
  void SurviveNames();
  void WriteOut(const NodePtr& folder, const std::string& path);

  const std::string root_;
  const Names mode_;
  bool trace_ = false;        // constant once in use
  mutable std::mutex mutex_;  // guards all below
  std::mt19937_64 random_;
  NodePtr tree_;
  std::vector<NameChange> name_changes_;              // not yet sure, oldest first
  std::map<std::string, std::string> shared_memory_;  // -shm files as they were at the cut, by path
  Faults faults_;
  std::uint64_t calls_ = 0, cut_at_ = 0, failures_ = 0;
  bool dead_ = false, paused_ = false;
  Loss loss_ = Loss::kPower;
};

// What is left of a file: `durable` with each of `changes` kept, dropped, torn or scrambled.
std::string Survivor(const Node& node, std::mt19937_64& random);

}  // namespace cistern::crash
