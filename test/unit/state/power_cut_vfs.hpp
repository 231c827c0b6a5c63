#pragma once
// SQLite on files whose bytes are only on disk once they were synced: what a loss of power leaves of them.

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <filesystem>
#include <fstream>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include <sqlite3.h>

namespace tocsin::test {

/// Stands in the place of SQLite's own file system from its making to its end. One at a time. Thread: any.
class PowerCutVfs {
 public:
  PowerCutVfs() : real_(sqlite3_vfs_find(nullptr)), vfs_(*real_) {
    here_ = this;
    vfs_.zName = "power-cut";
    vfs_.szOsFile = static_cast<int>(sizeof(File)) + real_->szOsFile;
    vfs_.xOpen = &open;
    vfs_.xDelete = &remove;
    sqlite3_vfs_register(&vfs_, 1);
  }
  ~PowerCutVfs() {
    sqlite3_vfs_unregister(&vfs_);
    sqlite3_vfs_register(real_, 1);
    here_ = nullptr;
  }
  PowerCutVfs(const PowerCutVfs&) = delete;
  PowerCutVfs& operator=(const PowerCutVfs&) = delete;

  /// Writes what a loss of power now would leave of `path` and its log to `copy`.
  void cut(const std::string& path, const std::string& copy) {
    const std::lock_guard lock(mutex_);
    for (const char* suffix : {"", "-wal", "-shm"}) {
      std::filesystem::remove(copy + suffix);
      const auto found = on_disk_.find(path + suffix);
      if (found == on_disk_.end()) continue;
      std::ofstream(copy + suffix, std::ios::binary) << std::string(found->second.begin(), found->second.end());
    }
  }

  /// Waits until no file has bytes that are not synced. False if that does not come to pass within 20 s.
  bool wait_synced() {
    std::unique_lock lock(mutex_);
    return synced_.wait_for(lock, std::chrono::seconds(20), [this] {
      return std::all_of(unsynced_.begin(), unsynced_.end(), [](const auto& file) { return !file.second; });
    });
  }

 private:
  struct File {
    sqlite3_file base;
    std::string* path;
    sqlite3_file* real() { return reinterpret_cast<sqlite3_file*>(this + 1); }  // NOLINT: as SQLite's shims do it
  };
  static File* of(sqlite3_file* file) { return reinterpret_cast<File*>(file); }  // NOLINT

  static int open(sqlite3_vfs*, const char* name, sqlite3_file* file, int flags, int* out_flags) {
    File* const f = of(file);
    f->base.pMethods = nullptr;
    const int code = here_->real_->xOpen(here_->real_, name, f->real(), flags, out_flags);
    if (code != SQLITE_OK) return code;
    f->path = new std::string(name != nullptr ? name : "");
    static const sqlite3_io_methods kMethods = methods();
    f->base.pMethods = &kMethods;
    return SQLITE_OK;
  }

  /// A file that is gone is gone on disk, too: the folder is synced by who removes it.
  static int remove(sqlite3_vfs*, const char* name, int sync_folder) {
    const std::lock_guard lock(here_->mutex_);
    here_->on_disk_.erase(name);
    here_->unsynced_.erase(name);
    return here_->real_->xDelete(here_->real_, name, sync_folder);
  }

  static sqlite3_io_methods methods() {
    sqlite3_io_methods m{};
    m.iVersion = 2;
    m.xClose = [](sqlite3_file* f) {
      const int code = of(f)->real()->pMethods->xClose(of(f)->real());
      delete of(f)->path;
      return code;
    };
    m.xRead = [](sqlite3_file* f, void* to, int n, sqlite3_int64 at) {
      return of(f)->real()->pMethods->xRead(of(f)->real(), to, n, at);
    };
    m.xWrite = [](sqlite3_file* f, const void* from, int n, sqlite3_int64 at) {
      here_->dirty(of(f));
      return of(f)->real()->pMethods->xWrite(of(f)->real(), from, n, at);
    };
    m.xTruncate = [](sqlite3_file* f, sqlite3_int64 size) {
      here_->dirty(of(f));
      return of(f)->real()->pMethods->xTruncate(of(f)->real(), size);
    };
    m.xSync = [](sqlite3_file* f, int flags) {
      const int code = of(f)->real()->pMethods->xSync(of(f)->real(), flags);
      if (code == SQLITE_OK) here_->keep(of(f));
      return code;
    };
    m.xFileSize = [](sqlite3_file* f, sqlite3_int64* size) {
      return of(f)->real()->pMethods->xFileSize(of(f)->real(), size);
    };
    m.xLock = [](sqlite3_file* f, int level) { return of(f)->real()->pMethods->xLock(of(f)->real(), level); };
    m.xUnlock = [](sqlite3_file* f, int level) { return of(f)->real()->pMethods->xUnlock(of(f)->real(), level); };
    m.xCheckReservedLock = [](sqlite3_file* f, int* out) {
      return of(f)->real()->pMethods->xCheckReservedLock(of(f)->real(), out);
    };
    m.xFileControl = [](sqlite3_file* f, int op, void* arg) {
      return of(f)->real()->pMethods->xFileControl(of(f)->real(), op, arg);
    };
    m.xSectorSize = [](sqlite3_file* f) { return of(f)->real()->pMethods->xSectorSize(of(f)->real()); };
    m.xDeviceCharacteristics = [](sqlite3_file* f) {
      return of(f)->real()->pMethods->xDeviceCharacteristics(of(f)->real());
    };
    m.xShmMap = [](sqlite3_file* f, int page, int size, int extend, void volatile** out) {
      return of(f)->real()->pMethods->xShmMap(of(f)->real(), page, size, extend, out);
    };
    m.xShmLock = [](sqlite3_file* f, int offset, int n, int flags) {
      return of(f)->real()->pMethods->xShmLock(of(f)->real(), offset, n, flags);
    };
    m.xShmBarrier = [](sqlite3_file* f) { of(f)->real()->pMethods->xShmBarrier(of(f)->real()); };
    m.xShmUnmap = [](sqlite3_file* f, int gone) { return of(f)->real()->pMethods->xShmUnmap(of(f)->real(), gone); };
    return m;
  }

  void dirty(File* file) {
    const std::lock_guard lock(mutex_);
    unsynced_[*file->path] = true;
  }

  void keep(File* file) {
    sqlite3_int64 size = 0;
    file->real()->pMethods->xFileSize(file->real(), &size);
    std::vector<char> bytes(static_cast<std::size_t>(size));
    if (size > 0) file->real()->pMethods->xRead(file->real(), bytes.data(), static_cast<int>(size), 0);
    const std::lock_guard lock(mutex_);
    on_disk_[*file->path] = std::move(bytes);
    unsynced_[*file->path] = false;
    synced_.notify_all();
  }

  static inline PowerCutVfs* here_ = nullptr;
  sqlite3_vfs* const real_;
  sqlite3_vfs vfs_;
  std::mutex mutex_;
  std::condition_variable synced_;
  std::map<std::string, std::vector<char>> on_disk_;
  std::map<std::string, bool> unsynced_;
};

}  // namespace tocsin::test
