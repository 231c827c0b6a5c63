#pragma once
// A file system that fails where a test says.

#include <array>
#include <cstdint>
#include <memory>
#include <string>

#include "base/fs.hpp"

namespace tocsin {

/// Kinds of calls that are counted and can be made to fail.
enum class FsCall : std::uint8_t {
  kOpen,  // open_append, open_random, map, make_shared_file, read_file, lock
  kAppend,
  kSync,  // of a file
  kTruncate,
  kRead,  // read_at of a random file
  kRename,
  kRemove,  // remove, remove_all
  kCreateDirectories,
  kSyncDirectory,
  kList,
  kLink,
};
inline constexpr std::size_t kFsCalls = 11;

struct Fault {
  FsCall call = FsCall::kAppend;
  /// Which of the calls of this kind from now on, counted from 1.
  std::uint64_t nth = 1;
  Errc code = Errc::kIo;
  std::string message = "No space left on device";
  /// Whether all later calls of the kind fail too, as on a full disk, or just this one.
  bool stays = false;
  /// Whether all later calls of every kind fail too: for whoever asks, the process died in this call.
  bool dies = false;
  /// Of a failing append: how many bytes reach the file first.
  std::size_t written = 0;
};

/// Passes calls on to another file system, which must outlive it. Thread: any.
class FaultFs final : public Fs {
 public:
  explicit FaultFs(Fs& inner);
  ~FaultFs() override;

  /// Arms a fault; several may be armed.
  void arm(Fault fault);
  /// Disarms all faults: the disk has space again.
  void heal();
  /// Calls of a kind so far, those that failed included.
  std::uint64_t count(FsCall call) const;

  Result<std::unique_ptr<AppendFile>> open_append(const std::string& path) override;
  Result<std::unique_ptr<MappedFile>> map(const std::string& path) override;
  Result<std::unique_ptr<SharedFile>> make_shared_file(const std::string& path, std::size_t size) override;
  Result<std::unique_ptr<RandomFile>> open_random(const std::string& path) override;
  Result<std::string> read_file(const std::string& path, std::size_t limit = 64U << 20U) override;
  /// Its steps (open, append, sync, rename, sync of the folder) are counted and fail like any others.
  Result<void> write_file_atomic(const std::string& path, std::string_view bytes) override;
  Result<void> rename(const std::string& from, const std::string& to) override;
  Result<void> link(const std::string& from, const std::string& to) override;
  Result<void> remove(const std::string& path) override;
  Result<void> remove_all(const std::string& path) override;
  Result<void> create_directories(const std::string& path) override;
  Result<void> sync_directory(const std::string& path) override;
  Result<std::vector<std::string>> list(const std::string& path) override;
  Result<FileInfo> info(const std::string& path) override;
  bool exists(const std::string& path) override;
  Result<std::string> real_path(const std::string& path) override;
  Result<std::uint64_t> capacity(const std::string& path) override;
  Result<std::unique_ptr<Lock>> lock(const std::string& path) override;

  struct Plan;

 private:
  Fs& inner_;
  std::shared_ptr<Plan> plan_;
};

}  // namespace tocsin
