#include "tests/crash/disk.h"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace cistern::crash {
namespace {

std::atomic<Disk*> in_use{nullptr};

std::string ReadFile(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream octets;
  octets << in.rdbuf();
  return octets.str();
}

void WriteFile(const std::string& path, const std::string& octets) {
  std::ofstream(path, std::ios::binary).write(octets.data(), static_cast<std::streamsize>(octets.size()));
}

void ApplyAll(Node& node) {
  for (const Node::Change& change : node.changes) {
    if (change.truncate) {
      node.durable.resize(change.offset);
      continue;
    }
    const std::uint64_t end = change.offset + change.octets.size();
    if (node.durable.size() < end) node.durable.resize(end);
    node.durable.replace(change.offset, change.octets.size(), change.octets);
  }
  node.changes.clear();
}

}  // namespace

void Disk::Use(Disk* disk) { in_use = disk; }
Disk* Disk::InUse() { return in_use; }

Disk::Disk(std::string root, std::uint64_t seed, Names names)
    : root_(std::move(root)), mode_(names), random_(seed), tree_(std::make_shared<Node>()) {
  tree_->is_folder = true;
}

bool Disk::Covers(std::string_view path) const {
  return path == root_ || (path.starts_with(root_) && path[root_.size()] == '/');
}

NodePtr Disk::FindLocked(std::string_view path) {
  NodePtr at = tree_;
  std::size_t begin = root_.size();
  while (at && begin < path.size()) {
    const std::size_t end = std::min(path.find('/', begin + 1), path.size());
    const auto found = at->names.find(std::string(path.substr(begin + 1, end - begin - 1)));
    at = found == at->names.end() ? nullptr : found->second;
    begin = end;
  }
  return at;
}

NodePtr Disk::Find(std::string_view path) {
  const std::lock_guard lock(mutex_);
  return FindLocked(path);
}

std::vector<std::string> Disk::List(std::string_view folder) {
  const std::lock_guard lock(mutex_);
  std::vector<std::string> names;
  if (const NodePtr node = FindLocked(folder))
    for (const auto& [name, child] : node->names) names.push_back(name);
  return names;
}

NodePtr Disk::FolderOf(const std::string& path, std::string& name) {
  const std::size_t slash = path.rfind('/');
  name = path.substr(slash + 1);
  return FindLocked(std::string_view(path).substr(0, slash));
}

// Calls

bool Disk::CutNow() {
  if (paused_) return false;
  if (++calls_ == cut_at_) CutLocked(Loss::kPower);
  return dead_;
}

void Disk::CutLocked(Loss loss) {
  if (dead_ || paused_) return;
  dead_ = true;
  loss_ = loss;
  Print(loss == Loss::kPower ? "power cut" : "kill", "");
  KeepSharedMemory();
}

void Disk::Print(const char* call, const std::string& what, std::uint64_t offset, std::uint64_t count) const {
  if (!trace_) return;
  std::printf("%llu %s %s %llu %llu\n", static_cast<unsigned long long>(calls_), call, what.c_str(),
              static_cast<unsigned long long>(offset), static_cast<unsigned long long>(count));
}

Disk::Verdict Disk::Fail(int error) {
  Print("fails with", std::to_string(error));
  ++failures_;
  return {error};
}

Disk::Verdict Disk::Open(const std::string& path, bool create, bool folder, NodePtr& node) {
  const std::lock_guard lock(mutex_);
  if (dead_) return {EIO};
  node = FindLocked(path);
  if (!paused_ && !folder && Chance(faults_.open)) return Fail(random_() % 2 == 0 ? EMFILE : EIO);
  if (node || !create) return {};
  if (!paused_ && faults_.full) return Fail(ENOSPC);
  std::string name;
  const NodePtr parent = FolderOf(path, name);
  if (!parent) return {};
  node = std::make_shared<Node>();
  node->is_folder = folder;
  node->path = path;
  Print("make", path);
  parent->names[name] = node;
  name_changes_.push_back({parent, "", name, node});
  return CutNow() ? Verdict{EIO} : Verdict{};
}

Disk::Verdict Disk::Read() {
  const std::lock_guard lock(mutex_);
  if (dead_) return {EIO};
  if (!paused_ && Chance(faults_.read)) return Fail(EIO);
  return {};
}

Disk::Verdict Disk::Write(Node& node, std::uint64_t offset, std::string_view octets, std::uint64_t size_now) {
  const std::lock_guard lock(mutex_);
  if (dead_) return {EIO};
  std::size_t partial = octets.size();
  int error = 0;
  if (!paused_) {
    if (faults_.full && offset + octets.size() > size_now) error = ENOSPC;
    if (Chance(faults_.write)) error = random_() % 2 == 0 ? ENOSPC : EIO;
    if (error != 0) partial = random_() % 2 == 0 ? 0 : random_() % octets.size();
  }
  Print("write", node.path, offset, partial);
  if (partial != 0) node.changes.push_back({false, offset, std::string(octets.substr(0, partial))});
  if (CutNow()) return {EIO, partial};
  if (error == 0) return {};
  ++failures_;
  return {error, partial};
}

Disk::Verdict Disk::Truncate(Node& node, std::uint64_t size) {
  const std::lock_guard lock(mutex_);
  if (dead_) return {EIO};
  if (!paused_ && Chance(faults_.truncate)) return Fail(EIO);
  Print("truncate", node.path, size);
  node.changes.push_back({true, size, {}});
  return CutNow() ? Verdict{EIO} : Verdict{};
}

Disk::Verdict Disk::Sync(const NodePtr& node, const std::string& path, bool with_folder) {
  const std::lock_guard lock(mutex_);
  if (dead_) return {EIO};
  Print(with_folder ? "sync with folder" : "sync", path);
  if (CutNow()) return {EIO};
  if (!paused_ && Chance(faults_.sync)) {
    LoseInSync(*node, path);
    return Fail(EIO);
  }
  if (node->is_folder) {
    SettleFolder(node);
    return {};
  }
  ApplyAll(*node);
  SettleFile(node);
  std::string name;
  if (with_folder) SettleFolder(FolderOf(path, name));
  return {};
}

Disk::Verdict Disk::Remove(const std::string& path, bool sync_folder) {
  const std::lock_guard lock(mutex_);
  if (dead_) return {EIO};
  std::string name;
  const NodePtr folder = FolderOf(path, name);
  if (!folder || !folder->names.contains(name)) return {};
  if (!paused_ && Chance(faults_.remove)) return Fail(EIO);
  Print(sync_folder ? "remove with folder" : "remove", path);
  name_changes_.push_back({folder, name, "", folder->names[name]});
  folder->names.erase(name);
  if (CutNow()) return {EIO};
  if (sync_folder) SettleFolder(folder);
  return {};
}

Disk::Verdict Disk::Rename(const std::string& from, const std::string& to) {
  const std::lock_guard lock(mutex_);
  if (dead_) return {EIO};
  std::string old_name, new_name;
  const NodePtr folder = FolderOf(from, old_name);
  if (!folder || folder != FolderOf(to, new_name) || !folder->names.contains(old_name)) return {};
  Print("rename", from + " " + to);
  const NodePtr node = folder->names[old_name];
  folder->names.erase(old_name);
  folder->names[new_name] = node;
  name_changes_.push_back({folder, old_name, new_name, node});
  return CutNow() ? Verdict{EIO} : Verdict{};
}

Disk::Verdict Disk::Link(const std::string& from, const std::string& to) {
  const std::lock_guard lock(mutex_);
  if (dead_) return {EIO};
  std::string old_name, new_name;
  const NodePtr folder = FolderOf(from, old_name);
  if (!folder || folder != FolderOf(to, new_name) || !folder->names.contains(old_name)) return {};
  if (!paused_ && faults_.full) return Fail(ENOSPC);
  Print("link", from + " " + to);
  const NodePtr node = folder->names[old_name];
  folder->names[new_name] = node;
  name_changes_.push_back({folder, "", new_name, node});
  return CutNow() ? Verdict{EIO} : Verdict{};
}

// What is sure

void Disk::Apply(const NameChange& change) {
  if (!change.from.empty()) change.folder->durable_names.erase(change.from);
  if (!change.to.empty()) change.folder->durable_names[change.to] = change.node;
}

void Disk::SettleNames(std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) Apply(name_changes_[i]);
  name_changes_.erase(name_changes_.begin(), name_changes_.begin() + static_cast<std::ptrdiff_t>(count));
}

void Disk::SettleFolder(const NodePtr& folder) {
  if (mode_ == Names::kJournaled) return SettleNames(name_changes_.size());
  std::erase_if(name_changes_, [&](const NameChange& change) {
    if (change.folder != folder) return false;
    Apply(change);
    return true;
  });
}

// Syncing a new file writes the journal up to where the file was made.
void Disk::SettleFile(const NodePtr& node) {
  if (mode_ != Names::kJournaled) return;
  for (std::size_t i = name_changes_.size(); i-- > 0;)
    if (name_changes_[i].node == node && name_changes_[i].from.empty()) return SettleNames(i + 1);
}

// A sync that fails marks the pages clean all the same: what was not on the disk then never gets there.
// Readers see it until the pages leave the cache.
void Disk::LoseInSync(Node& node, const std::string& path) {
  if (node.is_folder) return;
  node.durable = Survivor(node, random_);
  node.changes.clear();
  if (random_() % 3 == 0) Evict(node, path);
}

// Readers find what is on the disk, but for what still waits to be written.
void Disk::Evict(const Node& node, const std::string& path) {
  std::error_code error;
  const std::uint64_t size = std::filesystem::file_size(path, error);
  if (error) return;
  Node seen{.durable = node.durable, .changes = node.changes};
  ApplyAll(seen);
  seen.durable.resize(size);
  std::fstream(path, std::ios::in | std::ios::out | std::ios::binary)
      .write(seen.durable.data(), static_cast<std::streamsize>(size));
}

void Disk::ForgetCached(const std::string& path) {
  const std::lock_guard lock(mutex_);
  const NodePtr node = FindLocked(path);
  if (node && !dead_) Evict(*node, path);
}

// Power

void Disk::CutAt(std::uint64_t calls) {
  const std::lock_guard lock(mutex_);
  cut_at_ = calls == 0 ? 0 : calls_ + calls;
}

void Disk::Cut(Loss loss) {
  const std::lock_guard lock(mutex_);
  CutLocked(loss);
}

bool Disk::dead() const {
  const std::lock_guard lock(mutex_);
  return dead_;
}

void Disk::SetFaults(const Faults& faults) {
  const std::lock_guard lock(mutex_);
  faults_ = faults;
}

void Disk::Pause(bool paused) {
  const std::lock_guard lock(mutex_);
  paused_ = paused;
}

std::uint64_t Disk::calls() const {
  const std::lock_guard lock(mutex_);
  return calls_;
}

std::uint64_t Disk::failures() const {
  const std::lock_guard lock(mutex_);
  return failures_;
}

void Disk::KeepSharedMemory() {
  std::error_code error;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(root_, error))
    if (entry.path().string().ends_with("-shm"))
      shared_memory_[entry.path().string()] = ReadFile(entry.path().string());
}

void Disk::SurviveNames() {
  if (loss_ == Loss::kProcess) {
    SettleNames(name_changes_.size());
  } else if (mode_ == Names::kJournaled) {
    SettleNames(random_() % (name_changes_.size() + 1));
  } else {
    for (const NameChange& change : name_changes_)
      if (random_() % 2 == 0) Apply(change);
  }
  name_changes_.clear();
}

void Disk::WriteOut(const NodePtr& folder, const std::string& path) {
  std::filesystem::create_directories(path);
  folder->names = folder->durable_names;
  for (const auto& [name, node] : folder->names) {
    const std::string child = path + "/" + name;
    if (node->is_folder) {
      WriteOut(node, child);
      continue;
    }
    if (loss_ == Loss::kProcess) ApplyAll(*node);
    node->durable = Survivor(*node, random_);
    node->changes.clear();
    WriteFile(child, node->durable);
  }
}

void Disk::Restart() {
  const std::lock_guard lock(mutex_);
  std::filesystem::remove_all(root_);
  SurviveNames();
  WriteOut(tree_, root_);
  for (auto& [path, octets] : shared_memory_) {  // nobody syncs them; what is left may be anything
    if (random_() % 3 == 0 || !std::filesystem::is_directory(std::filesystem::path(path).parent_path()))
      continue;
    if (random_() % 2 == 0)
      for (char& octet : octets) octet = static_cast<char>(random_());
    WriteFile(path, octets);
  }
  shared_memory_.clear();
  dead_ = false;
  cut_at_ = 0;
  faults_ = {};
}

}  // namespace cistern::crash
