#include "tests/crash/test_vfs.h"

#include <sqlite3.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <new>
#include <string>

#include "tests/crash/disk.h"

namespace cistern::crash {
namespace {

sqlite3_vfs* base_vfs = nullptr;
thread_local int last_error = 0;

// SQLite allocates szOsFile octets; the real file stands behind it.
struct File {
  sqlite3_file base;
  Disk* disk;  // null: a temporary file, which no power cut is about
  NodePtr node;
  std::string path;
  bool sync_folder;  // with the next sync
};
constexpr std::size_t kFileBytes = (sizeof(File) + 15) / 16 * 16;

File& Of(sqlite3_file* file) { return *reinterpret_cast<File*>(file); }
sqlite3_file* Real(sqlite3_file* file) {
  return reinterpret_cast<sqlite3_file*>(reinterpret_cast<char*>(file) + kFileBytes);
}
int Failed(const Disk::Verdict& verdict, int code) {
  // As the Unix VFS does: no room has a code of its own and no errno.
  last_error = verdict.error == ENOSPC ? 0 : verdict.error;
  errno = verdict.error;
  return verdict.error == ENOSPC && code == SQLITE_IOERR_WRITE ? SQLITE_FULL : code;
}

int CloseFile(sqlite3_file* file) {
  const int code = Real(file)->pMethods->xClose(Real(file));
  Of(file).~File();
  return code;
}

int ReadFile(sqlite3_file* file, void* octets, int count, sqlite3_int64 offset) {
  if (Of(file).disk != nullptr)
    if (const auto verdict = Of(file).disk->Read(); !verdict) return Failed(verdict, SQLITE_IOERR_READ);
  return Real(file)->pMethods->xRead(Real(file), octets, count, offset);
}

int WriteFile(sqlite3_file* file, const void* octets, int count, sqlite3_int64 offset) {
  const auto* real = Real(file)->pMethods;
  File& own = Of(file);
  if (own.disk == nullptr) return real->xWrite(Real(file), octets, count, offset);
  sqlite3_int64 size = 0;
  real->xFileSize(Real(file), &size);
  const std::string_view text(static_cast<const char*>(octets), static_cast<std::size_t>(count));
  const auto verdict =
      own.disk->Write(*own.node, static_cast<std::uint64_t>(offset), text, static_cast<std::uint64_t>(size));
  if (verdict) return real->xWrite(Real(file), octets, count, offset);
  if (verdict.partial != 0) real->xWrite(Real(file), octets, static_cast<int>(verdict.partial), offset);
  return Failed(verdict, SQLITE_IOERR_WRITE);
}

int TruncateFile(sqlite3_file* file, sqlite3_int64 size) {
  File& own = Of(file);
  if (own.disk != nullptr)
    if (const auto verdict = own.disk->Truncate(*own.node, static_cast<std::uint64_t>(size)); !verdict)
      return Failed(verdict, SQLITE_IOERR_TRUNCATE);
  return Real(file)->pMethods->xTruncate(Real(file), size);
}

int SyncFile(sqlite3_file* file, int) {
  File& own = Of(file);
  if (own.disk == nullptr) return SQLITE_OK;
  if (const auto verdict = own.disk->Sync(own.node, own.path, own.sync_folder); !verdict)
    return Failed(verdict, SQLITE_IOERR_FSYNC);
  own.sync_folder = false;
  return SQLITE_OK;
}

int FileSize(sqlite3_file* file, sqlite3_int64* size) {
  return Real(file)->pMethods->xFileSize(Real(file), size);
}
int Lock(sqlite3_file* file, int level) { return Real(file)->pMethods->xLock(Real(file), level); }
int Unlock(sqlite3_file* file, int level) { return Real(file)->pMethods->xUnlock(Real(file), level); }
int CheckReserved(sqlite3_file* file, int* out) {
  return Real(file)->pMethods->xCheckReservedLock(Real(file), out);
}
int FileControl(sqlite3_file* file, int what, void* argument) {
  return Real(file)->pMethods->xFileControl(Real(file), what, argument);
}
int SectorSize(sqlite3_file* file) { return Real(file)->pMethods->xSectorSize(Real(file)); }
int Characteristics(sqlite3_file* file) { return Real(file)->pMethods->xDeviceCharacteristics(Real(file)); }
int ShmMap(sqlite3_file* file, int region, int bytes, int extend, void volatile** memory) {
  return Real(file)->pMethods->xShmMap(Real(file), region, bytes, extend, memory);
}
int ShmLock(sqlite3_file* file, int offset, int count, int flags) {
  return Real(file)->pMethods->xShmLock(Real(file), offset, count, flags);
}
void ShmBarrier(sqlite3_file* file) { Real(file)->pMethods->xShmBarrier(Real(file)); }
int ShmUnmap(sqlite3_file* file, int remove) { return Real(file)->pMethods->xShmUnmap(Real(file), remove); }

// Version 2: no memory-mapped reading, which would pass the disk by.
const sqlite3_io_methods kMethods = {
    2,       CloseFile,  ReadFile,      WriteFile,   TruncateFile, SyncFile,        FileSize,
    Lock,    Unlock,     CheckReserved, FileControl, SectorSize,   Characteristics, ShmMap,
    ShmLock, ShmBarrier, ShmUnmap,      nullptr,     nullptr};

int OpenReal(const char* name, sqlite3_file* file, int flags, int* out_flags) {
  const int code = base_vfs->xOpen(base_vfs, name, Real(file), flags, out_flags);
  if (code == SQLITE_OK) return code;
  if (Real(file)->pMethods != nullptr) Real(file)->pMethods->xClose(Real(file));
  Of(file).~File();
  file->pMethods = nullptr;
  return code;
}

int Open(sqlite3_vfs*, const char* name, sqlite3_file* file, int flags, int* out_flags) {
  File* own = new (file) File{{&kMethods}, Disk::InUse(), nullptr, name == nullptr ? "" : name, false};
  std::memset(Real(file), 0, static_cast<std::size_t>(base_vfs->szOsFile));
  if (own->disk != nullptr && (name == nullptr || !own->disk->Covers(name))) own->disk = nullptr;
  if (own->disk != nullptr) {
    const bool existed = own->disk->Find(own->path) != nullptr;
    const bool create = (flags & SQLITE_OPEN_CREATE) != 0;
    const auto verdict = own->disk->Open(own->path, create, /*folder=*/false, own->node);
    if (!verdict) {
      own->~File();
      file->pMethods = nullptr;
      return Failed(verdict, SQLITE_CANTOPEN);
    }
    const int journals = SQLITE_OPEN_MAIN_JOURNAL | SQLITE_OPEN_SUPER_JOURNAL | SQLITE_OPEN_WAL;
    own->sync_folder = create && !existed && (flags & journals) != 0;
  }
  const int code = OpenReal(name, file, flags, out_flags);
  if (code == SQLITE_OK && own->disk != nullptr && !own->node) {
    std::fprintf(stderr, "%s is on the disk, but the model does not know it\n", name);
    std::abort();
  }
  return code;
}

int Delete(sqlite3_vfs*, const char* name, int sync_folder) {
  Disk* disk = Disk::InUse();
  if (disk != nullptr && disk->Covers(name))
    if (const auto verdict = disk->Remove(name, sync_folder != 0); !verdict)
      return Failed(verdict, SQLITE_IOERR_DELETE);
  return base_vfs->xDelete(base_vfs, name, 0);
}

int GetLastError(sqlite3_vfs*, int, char*) { return last_error; }

}  // namespace

void InstallTestVfs() {
  base_vfs = sqlite3_vfs_find(nullptr);
  static sqlite3_vfs vfs = *base_vfs;  // what is not replaced works on any file of the base
  vfs.zName = "test";
  vfs.szOsFile = static_cast<int>(kFileBytes) + base_vfs->szOsFile;
  vfs.xOpen = Open;
  vfs.xDelete = Delete;
  vfs.xGetLastError = GetLastError;
  sqlite3_vfs_register(&vfs, /*makeDflt=*/1);
}

}  // namespace cistern::crash
