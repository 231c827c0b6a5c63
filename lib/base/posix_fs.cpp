#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <optional>
#include <system_error>

#include <dirent.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <poll.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/check.hpp"
#include "base/fs.hpp"
#include "base/system_file.hpp"

namespace tocsin {
namespace {

std::unexpected<Error> os_error(std::string_view what, const std::string& path, int code) {
  const Errc kind = code == ENOENT ? Errc::kNotFound : code == EEXIST ? Errc::kExists : Errc::kIo;
  // Put together by hand: a host lacks most kinds of hardware, and their folders are looked for at each scrape.
  std::string message;
  message.reserve(what.size() + path.size() + 40);
  message.append(what).append(1, ' ').append(path).append(": ").append(std::generic_category().message(code));
  return fail(Error{kind, std::move(message)});
}

/// Closes at the end of its life. Owns: the descriptor.
class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor& operator=(Descriptor&&) = delete;
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  int get() const { return fd_; }

 private:
  int fd_;
};

Result<Descriptor> open_file(const std::string& path, int flags) {
  for (;;) {
    const int fd = ::open(path.c_str(), flags | O_CLOEXEC, 0644);
    if (fd >= 0) return Descriptor(fd);
    if (errno != EINTR) return os_error("open", path, errno);
  }
}

Result<struct stat> stat_of(const Descriptor& fd, const std::string& path) {
  struct stat status{};
  if (::fstat(fd.get(), &status) != 0) return os_error("stat", path, errno);
  return status;
}

std::string folder_of(const std::string& path) {
  std::string folder = std::filesystem::path(path).parent_path();
  return folder.empty() ? "." : folder;
}

bool is_folder(const std::string& path) {
  struct stat status{};
  return ::stat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode);
}

Result<void> sync_folder(const std::string& path) {
  TOCSIN_TRY(const Descriptor fd, open_file(path, O_RDONLY | O_DIRECTORY));
  if (::fsync(fd.get()) != 0) return os_error("sync folder", path, errno);
  return {};
}

class PosixAppendFile final : public AppendFile {
 public:
  /// @param is_new  the first sync() also syncs the folder, so that the name lasts as the bytes do.
  PosixAppendFile(Descriptor fd, std::string path, std::uint64_t size, bool is_new)
      : fd_(std::move(fd)), path_(std::move(path)), size_(size), name_unsynced_(is_new) {}

  Result<void> append(std::string_view bytes) override {
    while (!bytes.empty()) {
      const ssize_t written = ::write(fd_.get(), bytes.data(), bytes.size());
      if (written < 0) {
        if (errno == EINTR) continue;
        return os_error("write", path_, errno);
      }
      size_ += static_cast<std::uint64_t>(written);
      bytes.remove_prefix(static_cast<std::size_t>(written));
    }
    return {};
  }

  Result<void> sync() override {
    if (::fdatasync(fd_.get()) != 0) return os_error("sync", path_, errno);
    if (name_unsynced_) {
      TOCSIN_OK(sync_folder(folder_of(path_)));
      name_unsynced_ = false;
    }
    return {};
  }

  Result<void> truncate(std::uint64_t size) override {
    if (::ftruncate(fd_.get(), static_cast<off_t>(size)) != 0) return os_error("truncate", path_, errno);
    size_ = size;
    return {};
  }

  std::uint64_t size() const override { return size_; }

 private:
  Descriptor fd_;
  std::string path_;
  std::atomic<std::uint64_t> size_;
  std::atomic<bool> name_unsynced_;
};

class PosixMappedFile final : public MappedFile {
 public:
  PosixMappedFile(const char* data, std::size_t size) : data_(data), size_(size) {}
  PosixMappedFile(const PosixMappedFile&) = delete;
  PosixMappedFile& operator=(const PosixMappedFile&) = delete;
  ~PosixMappedFile() override {
    if (size_ > 0) ::munmap(const_cast<char*>(data_), size_);
  }
  std::string_view bytes() const override { return {data_, size_}; }

 private:
  const char* data_;
  std::size_t size_;
};

class PosixSharedFile final : public SharedFile {
 public:
  PosixSharedFile(char* data, std::size_t size) : data_(data), size_(size) {}
  PosixSharedFile(const PosixSharedFile&) = delete;
  PosixSharedFile& operator=(const PosixSharedFile&) = delete;
  ~PosixSharedFile() override {
    if (size_ > 0) ::munmap(data_, size_);
  }
  std::span<char> bytes() override { return {data_, size_}; }

 private:
  char* data_;
  std::size_t size_;
};

class PosixRandomFile final : public SystemFile {
 public:
  PosixRandomFile(Descriptor fd, std::string path) : fd_(std::move(fd)), path_(std::move(path)) {}

  Result<std::size_t> read_at(std::uint64_t offset, char* out, std::size_t size) const override {
    std::size_t total = 0;
    while (total < size) {
      const ssize_t got = ::pread(fd_.get(), out + total, size - total, static_cast<off_t>(offset + total));
      if (got < 0) {
        if (errno == EINTR) continue;
        return os_error("read", path_, errno);
      }
      if (got == 0) break;
      total += static_cast<std::size_t>(got);
    }
    return total;
  }

  Result<std::size_t> read_once(char* out, std::size_t size) const override {
    ssize_t got = -1;
    do {
      got = ::pread(fd_.get(), out, size, 0);
    } while (got < 0 && errno == EINTR);
    if (got >= 0) return static_cast<std::size_t>(got);
    const int code = errno;
    auto error = os_error("read", path_, code);
    if (code == EINVAL || code == EOPNOTSUPP || code == ENODATA || code == EAGAIN)
      error.error().code = Errc::kUnavailable;
    return error;
  }

  Result<std::uint64_t> size() const override {
    TOCSIN_TRY(const struct stat status, stat_of(fd_, path_));
    return static_cast<std::uint64_t>(status.st_size);
  }

  Result<FileVersion> version() const override {
    TOCSIN_TRY(const struct stat status, stat_of(fd_, path_));
    const auto nanoseconds = [](const timespec& time) { return time.tv_sec * 1'000'000'000 + time.tv_nsec; };
    return FileVersion{.device = status.st_dev,
                       .inode = status.st_ino,
                       .size = static_cast<std::uint64_t>(status.st_size),
                       .links = static_cast<std::uint64_t>(status.st_nlink),
                       .modified_ns = nanoseconds(status.st_mtim),
                       .changed_ns = nanoseconds(status.st_ctim)};
  }

  bool is_made_by_kernel() const override {
    struct statfs system{};
    return ::fstatfs(fd_.get(), &system) == 0 && (system.f_type == PROC_SUPER_MAGIC || system.f_type == SYSFS_MAGIC);
  }

  bool may_have_changed() const override {
    struct statfs system{};
    pollfd table{.fd = fd_.get(), .events = POLLPRI, .revents = 0};
    if (::fstatfs(fd_.get(), &system) != 0 || system.f_type != PROC_SUPER_MAGIC || ::poll(&table, 1, 0) < 0)
      return true;
    return (table.revents & (POLLERR | POLLPRI)) != 0;
  }

  Result<std::vector<std::string>> names() const override;

 private:
  /// Of a folder; stays while it is open.
  struct Identity {
    bool in_sysfs = false;
    dev_t device = 0;
    ino_t inode = 0;
  };
  Result<Identity> identify() const;
  bool stands_under_its_path() const;

  Descriptor fd_;
  std::string path_;
  mutable std::optional<Identity> identity_;  // for names()
};

/// The names in a folder from where the descriptor stands, sorted. sysfs fills the buffer as far as it can, so that an
/// answer that leaves room for one more name is the last; others may answer in pieces. Source: kernfs_fop_readdir() of
/// Linux.
Result<std::vector<std::string>> read_names(const Descriptor& folder, bool in_sysfs, const std::string& path) {
  std::vector<std::string> names;
  alignas(dirent64) char buffer[16U << 10U];
  for (;;) {
    const ssize_t got = ::getdents64(folder.get(), buffer, sizeof(buffer));
    if (got < 0) return os_error("list", path, errno);
    if (got == 0) break;
    for (ssize_t at = 0; at < got;) {
      const auto* const entry = reinterpret_cast<const dirent64*>(buffer + at);
      const std::string_view name = entry->d_name;
      if (name != "." && name != "..") names.emplace_back(name);
      at += entry->d_reclen;
    }
    if (in_sysfs && static_cast<std::size_t>(got) + sizeof(dirent64) <= sizeof(buffer)) break;
  }
  std::sort(names.begin(), names.end());
  return names;
}

Result<PosixRandomFile::Identity> PosixRandomFile::identify() const {
  struct statfs system{};
  if (::fstatfs(fd_.get(), &system) != 0) return os_error("stat", path_, errno);
  TOCSIN_TRY(const struct stat status, stat_of(fd_, path_));
  return Identity{.in_sysfs = system.f_type == SYSFS_MAGIC, .device = status.st_dev, .inode = status.st_ino};
}

bool PosixRandomFile::stands_under_its_path() const {
  struct stat there{};
  return ::stat(path_.c_str(), &there) == 0 && identity_->device == there.st_dev && identity_->inode == there.st_ino;
}

/// A folder of sysfs is never given another name, and loses all that is in it before it goes: only an empty one may be
/// one that went. Elsewhere a folder may have been moved.
Result<std::vector<std::string>> PosixRandomFile::names() const {
  if (!identity_) {
    TOCSIN_TRY(identity_, identify());
  }
  const bool in_sysfs = identity_->in_sysfs;
  if (::lseek(fd_.get(), 0, SEEK_SET) != 0) return os_error("list", path_, errno);
  auto names = read_names(fd_, in_sysfs, path_);
  const bool may_have_gone = !in_sysfs || (names && names->empty());
  if (names && may_have_gone && !stands_under_its_path()) return os_error("list", path_, ENOENT);
  return names;
}

class PosixLock final : public Fs::Lock {
 public:
  explicit PosixLock(Descriptor fd) : fd_(std::move(fd)) {}

 private:
  Descriptor fd_;
};

class PosixFs final : public Fs {
 public:
  Result<std::unique_ptr<AppendFile>> open_append(const std::string& path) override {
    const bool is_new = !exists(path);
    TOCSIN_TRY(Descriptor fd, open_file(path, O_WRONLY | O_CREAT | O_APPEND));
    TOCSIN_TRY(const struct stat status, stat_of(fd, path));
    return std::make_unique<PosixAppendFile>(std::move(fd), path, static_cast<std::uint64_t>(status.st_size), is_new);
  }

  Result<std::unique_ptr<MappedFile>> map(const std::string& path) override {
    TOCSIN_TRY(const Descriptor fd, open_file(path, O_RDONLY));
    TOCSIN_TRY(const struct stat status, stat_of(fd, path));
    const auto size = static_cast<std::size_t>(status.st_size);
    if (size == 0) return std::make_unique<PosixMappedFile>(nullptr, 0);
    void* const at = ::mmap(nullptr, size, PROT_READ, MAP_SHARED, fd.get(), 0);
    if (at == MAP_FAILED) return os_error("map", path, errno);
    return std::make_unique<PosixMappedFile>(static_cast<const char*>(at), size);
  }

  Result<std::unique_ptr<SharedFile>> make_shared_file(const std::string& path, std::size_t size) override {
    if (::unlink(path.c_str()) != 0 && errno != ENOENT) return os_error("remove", path, errno);
    TOCSIN_TRY(const Descriptor fd, open_file(path, O_RDWR | O_CREAT | O_EXCL));
    if (size == 0) return std::make_unique<PosixSharedFile>(nullptr, 0);
    // Without a place on disk, a write to the mapping would end the process (SIGBUS) when the disk is full.
    if (const int code = ::posix_fallocate(fd.get(), 0, static_cast<off_t>(size)); code != 0) {
      ::unlink(path.c_str());
      return os_error("allocate", path, code);
    }
    void* const at = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd.get(), 0);
    if (at == MAP_FAILED) return os_error("map", path, errno);
    return std::make_unique<PosixSharedFile>(static_cast<char*>(at), size);
  }

  Result<std::unique_ptr<RandomFile>> open_random(const std::string& path) override {
    TOCSIN_TRY(Descriptor fd, open_file(path, O_RDONLY));
    return std::make_unique<PosixRandomFile>(std::move(fd), path);
  }

  Result<std::string> read_file(const std::string& path, std::size_t limit) override;
  Result<void> write_file_atomic(const std::string& path, std::string_view bytes) override;

  Result<void> rename(const std::string& from, const std::string& to) override {
    if (::rename(from.c_str(), to.c_str()) != 0) return os_error("rename", from + " to " + to, errno);
    return {};
  }

  Result<void> link(const std::string& from, const std::string& to) override {
    if (::link(from.c_str(), to.c_str()) != 0) return os_error("link", from + " to " + to, errno);
    return {};
  }

  Result<void> remove(const std::string& path) override {
    if (::remove(path.c_str()) != 0) return os_error("remove", path, errno);
    return {};
  }

  Result<void> remove_all(const std::string& path) override {
    std::error_code error;
    std::filesystem::remove_all(path, error);
    if (error) return os_error("remove", path, error.value());
    return {};
  }

  Result<void> create_directories(const std::string& path) override {
    const std::string name = path.substr(0, std::max<std::size_t>(path.find_last_not_of('/') + 1, 1));
    if (is_folder(name)) return {};
    const std::string parent = folder_of(name);
    TOCSIN_OK(create_directories(parent));
    if (::mkdir(name.c_str(), 0777) != 0 && !(errno == EEXIST && is_folder(name))) {
      return os_error("create folder", path, errno);
    }
    // Who may write into a folder, but not list it, cannot sync it.
    return ::access(parent.c_str(), R_OK) == 0 ? sync_folder(parent) : Result<void>();
  }

  Result<void> sync_directory(const std::string& path) override { return sync_folder(path); }

  Result<std::vector<std::string>> list(const std::string& path) override;
  Result<FileInfo> info(const std::string& path) override;
  bool exists(const std::string& path) override { return ::access(path.c_str(), F_OK) == 0; }
  Result<std::string> real_path(const std::string& path) override {
    std::error_code problem;
    const std::filesystem::path real = std::filesystem::canonical(path, problem);
    if (problem) return os_error("resolve", path, problem.value());
    return real.string();
  }
  Result<std::uint64_t> capacity(const std::string& path) override {
    struct statvfs status{};
    if (::statvfs(path.c_str(), &status) != 0) return os_error("stat", path, errno);
    return static_cast<std::uint64_t>(status.f_blocks) * status.f_frsize;
  }
  Result<std::unique_ptr<Lock>> lock(const std::string& path) override;
};

Result<std::string> PosixFs::read_file(const std::string& path, std::size_t limit) {
  TOCSIN_TRY(const Descriptor fd, open_file(path, O_RDONLY));
  // Files of /proc and /sys have no size, so it is read until it ends.
  std::string text;
  std::size_t used = 0;
  for (;;) {
    if (used == text.size()) text.resize(std::max<std::size_t>(4096, used * 2));
    const ssize_t got = ::read(fd.get(), text.data() + used, text.size() - used);
    if (got < 0) {
      if (errno == EINTR) continue;
      return os_error("read", path, errno);
    }
    if (got == 0) break;
    used += static_cast<std::size_t>(got);
    if (used > limit) return fail(Errc::kLimit, "read {}: larger than the limit of {} bytes", path, limit);
  }
  text.resize(used);
  return text;
}

Result<void> PosixFs::write_file_atomic(const std::string& path, std::string_view bytes) {
  const std::string temporary = path + ".tmp";
  {
    TOCSIN_TRY(Descriptor fd, open_file(temporary, O_WRONLY | O_CREAT | O_TRUNC));
    PosixAppendFile file(std::move(fd), temporary, 0, false);
    TOCSIN_OK(file.append(bytes));
    TOCSIN_OK(file.sync());
  }
  TOCSIN_OK(rename(temporary, path));
  return sync_folder(folder_of(path));
}

Result<std::vector<std::string>> PosixFs::list(const std::string& path) {
  TOCSIN_TRY(const Descriptor folder, open_file(path, O_RDONLY | O_DIRECTORY));
  return read_names(folder, false, path);
}

Result<FileInfo> PosixFs::info(const std::string& path) {
  struct stat status{};
  if (::stat(path.c_str(), &status) != 0) return os_error("stat", path, errno);
  return FileInfo{.size = static_cast<std::uint64_t>(status.st_size),
                  .modified = status.st_mtim.tv_sec * 1000 + status.st_mtim.tv_nsec / 1'000'000,
                  .directory = S_ISDIR(status.st_mode)};
}

Result<std::unique_ptr<Fs::Lock>> PosixFs::lock(const std::string& path) {
  TOCSIN_TRY(Descriptor fd, open_file(path, O_RDWR | O_CREAT));
  if (::flock(fd.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno == EWOULDBLOCK) return fail(Errc::kExists, "lock {}: another process has it", path);
    return os_error("lock", path, errno);
  }
  return std::make_unique<PosixLock>(std::move(fd));
}

}  // namespace

Fs& posix_fs() {
  static PosixFs fs;
  return fs;
}

}  // namespace tocsin
