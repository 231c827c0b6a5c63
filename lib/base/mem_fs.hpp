#pragma once
// A file system in memory that knows what was synced, so that a test can pull the plug.

#include <memory>

#include "base/fs.hpp"

namespace tocsin {

class Clock;

/// Bytes are lost in a power cut unless their file was synced; so are renames and removals unless their folder was
/// synced. The first sync() of a new file makes its name last too, as PosixFs does. Folders last at once. Thread: any.
class MemFs final : public Fs {
 public:
  /// @param clock  gives the times of modification; it must outlive the file system.
  explicit MemFs(const Clock& clock);
  MemFs();
  ~MemFs() override;

  /// Loss of power: back to what was synced, plus up to `keep` bytes of what was appended to each file after that (a
  /// torn write). Open files are dead from here on: each call on them fails with kIo. Locks are free.
  void drop_unsynced(std::uint64_t keep = 0);
  /// Death of the process: nothing is lost, open files are dead, locks are free.
  void drop_handles();
  /// Changes bytes of a file behind everybody's back, as a bad disk would; also what was synced.
  void corrupt(const std::string& path, std::uint64_t offset, std::string_view bytes);

  /// What capacity() says: 1 TiB at first.
  void set_capacity(std::uint64_t bytes);

  Result<std::unique_ptr<AppendFile>> open_append(const std::string& path) override;
  Result<std::unique_ptr<MappedFile>> map(const std::string& path) override;
  Result<std::unique_ptr<SharedFile>> make_shared_file(const std::string& path, std::size_t size) override;
  Result<std::unique_ptr<RandomFile>> open_random(const std::string& path) override;
  Result<std::string> read_file(const std::string& path, std::size_t limit = 64U << 20U) override;
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
  Result<std::string> real_path(const std::string& path) override;  // it has no symbolic links
  Result<std::uint64_t> capacity(const std::string& path) override;
  Result<std::unique_ptr<Lock>> lock(const std::string& path) override;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace tocsin
