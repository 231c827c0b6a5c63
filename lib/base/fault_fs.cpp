#include "base/fault_fs.hpp"

#include <optional>
#include <utility>

#include "base/thread_annotations.hpp"

namespace tocsin {

/// Counts and armed faults; shared with the open files.
struct FaultFs::Plan {
  struct Armed {
    Fault fault;
    std::uint64_t at = 0;  // number of the call, over the whole life
  };

  mutable Mutex mutex;
  std::array<std::uint64_t, kFsCalls> counts TOCSIN_GUARDED_BY(mutex) = {};
  std::vector<Armed> armed TOCSIN_GUARDED_BY(mutex);
  std::optional<Fault> dead TOCSIN_GUARDED_BY(mutex);

  /// Counts a call; the fault that strikes it, if any.
  std::optional<Fault> strike(FsCall call) {
    const MutexLock lock(mutex);
    const std::uint64_t number = ++counts[static_cast<std::size_t>(call)];
    if (dead) return dead;
    for (const Armed& one : armed) {
      if (one.fault.call != call || one.at > number || (one.at < number && !one.fault.stays)) continue;
      if (one.fault.dies) {
        dead = one.fault;
        dead->written = 0;
      }
      return one.fault;
    }
    return std::nullopt;
  }

  Result<void> pass(FsCall call, std::string_view what, const std::string& path) {
    if (const auto fault = strike(call)) return fail(fault->code, "{} {}: {}", what, path, fault->message);
    return {};
  }
};

namespace {

class FaultAppendFile final : public AppendFile {
 public:
  FaultAppendFile(std::unique_ptr<AppendFile> inner, std::shared_ptr<FaultFs::Plan> plan, std::string path)
      : inner_(std::move(inner)), plan_(std::move(plan)), path_(std::move(path)) {}

  Result<void> append(std::string_view bytes) override {
    const auto fault = plan_->strike(FsCall::kAppend);
    if (!fault) return inner_->append(bytes);
    if (fault->written > 0) TOCSIN_OK(inner_->append(bytes.substr(0, fault->written)));
    return fail(fault->code, "write {}: {}", path_, fault->message);
  }
  Result<void> sync() override {
    TOCSIN_OK(plan_->pass(FsCall::kSync, "sync", path_));
    return inner_->sync();
  }
  Result<void> truncate(std::uint64_t size) override {
    TOCSIN_OK(plan_->pass(FsCall::kTruncate, "truncate", path_));
    return inner_->truncate(size);
  }
  std::uint64_t size() const override { return inner_->size(); }

 private:
  std::unique_ptr<AppendFile> inner_;
  std::shared_ptr<FaultFs::Plan> plan_;
  std::string path_;
};

class FaultRandomFile final : public RandomFile {
 public:
  FaultRandomFile(std::unique_ptr<RandomFile> inner, std::shared_ptr<FaultFs::Plan> plan, std::string path)
      : inner_(std::move(inner)), plan_(std::move(plan)), path_(std::move(path)) {}

  Result<std::size_t> read_at(std::uint64_t offset, char* out, std::size_t size) const override {
    TOCSIN_OK(plan_->pass(FsCall::kRead, "read", path_));
    return inner_->read_at(offset, out, size);
  }
  Result<std::uint64_t> size() const override { return inner_->size(); }

 private:
  std::unique_ptr<RandomFile> inner_;
  std::shared_ptr<FaultFs::Plan> plan_;
  std::string path_;
};

}  // namespace

FaultFs::FaultFs(Fs& inner) : inner_(inner), plan_(std::make_shared<Plan>()) {}
FaultFs::~FaultFs() = default;

void FaultFs::arm(Fault fault) {
  const MutexLock lock(plan_->mutex);
  const std::uint64_t at = plan_->counts[static_cast<std::size_t>(fault.call)] + fault.nth;
  plan_->armed.push_back({std::move(fault), at});
}

void FaultFs::heal() {
  const MutexLock lock(plan_->mutex);
  plan_->armed.clear();
  plan_->dead.reset();
}

std::uint64_t FaultFs::count(FsCall call) const {
  const MutexLock lock(plan_->mutex);
  return plan_->counts[static_cast<std::size_t>(call)];
}

Result<std::unique_ptr<AppendFile>> FaultFs::open_append(const std::string& path) {
  TOCSIN_OK(plan_->pass(FsCall::kOpen, "open", path));
  TOCSIN_TRY(auto file, inner_.open_append(path));
  return std::make_unique<FaultAppendFile>(std::move(file), plan_, path);
}

Result<std::unique_ptr<MappedFile>> FaultFs::map(const std::string& path) {
  TOCSIN_OK(plan_->pass(FsCall::kOpen, "open", path));
  return inner_.map(path);
}

Result<std::unique_ptr<SharedFile>> FaultFs::make_shared_file(const std::string& path, std::size_t size) {
  TOCSIN_OK(plan_->pass(FsCall::kOpen, "open", path));
  return inner_.make_shared_file(path, size);
}

Result<std::unique_ptr<RandomFile>> FaultFs::open_random(const std::string& path) {
  TOCSIN_OK(plan_->pass(FsCall::kOpen, "open", path));
  TOCSIN_TRY(auto file, inner_.open_random(path));
  return std::make_unique<FaultRandomFile>(std::move(file), plan_, path);
}

Result<std::string> FaultFs::read_file(const std::string& path, std::size_t limit) {
  TOCSIN_OK(plan_->pass(FsCall::kOpen, "open", path));
  return inner_.read_file(path, limit);
}

Result<void> FaultFs::write_file_atomic(const std::string& path, std::string_view bytes) {
  const std::string temporary = path + ".tmp";
  {
    TOCSIN_TRY(const auto file, open_append(temporary));
    if (file->size() > 0) TOCSIN_OK(file->truncate(0));
    TOCSIN_OK(file->append(bytes));
    TOCSIN_OK(file->sync());
  }
  TOCSIN_OK(rename(temporary, path));
  const std::size_t slash = path.rfind('/');
  if (slash == std::string::npos) return sync_directory(".");
  return sync_directory(slash == 0 ? "/" : path.substr(0, slash));
}

Result<void> FaultFs::rename(const std::string& from, const std::string& to) {
  TOCSIN_OK(plan_->pass(FsCall::kRename, "rename", from + " to " + to));
  return inner_.rename(from, to);
}

Result<void> FaultFs::link(const std::string& from, const std::string& to) {
  TOCSIN_OK(plan_->pass(FsCall::kLink, "link", from + " to " + to));
  return inner_.link(from, to);
}

Result<void> FaultFs::remove(const std::string& path) {
  TOCSIN_OK(plan_->pass(FsCall::kRemove, "remove", path));
  return inner_.remove(path);
}

Result<void> FaultFs::remove_all(const std::string& path) {
  TOCSIN_OK(plan_->pass(FsCall::kRemove, "remove", path));
  return inner_.remove_all(path);
}

Result<void> FaultFs::create_directories(const std::string& path) {
  TOCSIN_OK(plan_->pass(FsCall::kCreateDirectories, "create folder", path));
  return inner_.create_directories(path);
}

Result<void> FaultFs::sync_directory(const std::string& path) {
  TOCSIN_OK(plan_->pass(FsCall::kSyncDirectory, "sync folder", path));
  return inner_.sync_directory(path);
}

Result<std::vector<std::string>> FaultFs::list(const std::string& path) {
  TOCSIN_OK(plan_->pass(FsCall::kList, "list", path));
  return inner_.list(path);
}

Result<FileInfo> FaultFs::info(const std::string& path) {
  return inner_.info(path);
}

bool FaultFs::exists(const std::string& path) {
  return inner_.exists(path);
}

Result<std::string> FaultFs::real_path(const std::string& path) {
  return inner_.real_path(path);
}

Result<std::uint64_t> FaultFs::capacity(const std::string& path) {
  return inner_.capacity(path);
}

Result<std::unique_ptr<Fs::Lock>> FaultFs::lock(const std::string& path) {
  TOCSIN_OK(plan_->pass(FsCall::kOpen, "lock", path));
  return inner_.lock(path);
}

}  // namespace tocsin
