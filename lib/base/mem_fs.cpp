#include "base/mem_fs.hpp"

#include <algorithm>
#include <cstring>
#include <map>
#include <set>

#include "base/check.hpp"
#include "base/clock.hpp"
#include "base/thread_annotations.hpp"

namespace tocsin {
namespace {

/// One path for one file: without repeated and trailing slashes and "./" in front.
std::string tidy(std::string_view path) {
  std::string out;
  for (const char c : path) {
    if (c != '/' || out.empty() || out.back() != '/') out += c;
  }
  while (out.starts_with("./")) out.erase(0, 2);
  while (out.size() > 1 && out.back() == '/') out.pop_back();
  return out;
}

std::string folder_of(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string_view::npos) return ".";
  return std::string(path.substr(0, std::max<std::size_t>(slash, 1)));
}

std::string prefix_of(const std::string& folder) {
  if (folder == "." || folder.empty()) return "";
  return folder == "/" ? folder : folder + "/";
}

std::unexpected<Error> not_found(std::string_view what, const std::string& path) {
  return fail(Errc::kNotFound, "{} {}: No such file or directory", what, path);
}

struct File {
  std::string bytes;
  std::string synced;
  std::size_t changed_from = 0;  // bytes before it are as synced
  Timestamp modified = 0;

  void sync() {
    synced.resize(changed_from);
    synced.append(bytes, changed_from);
    changed_from = bytes.size();
  }
};

}  // namespace

/// Everything, guarded by one lock; shared with the open files, which may outlive the file system.
struct MemFs::State {
  explicit State(const Clock& c) : clock(c) {}
  using Names = std::map<std::string, std::shared_ptr<File>>;

  const Clock& clock;
  Mutex mutex;
  Names names TOCSIN_GUARDED_BY(mutex);
  Names synced_names TOCSIN_GUARDED_BY(mutex);
  std::set<std::string> folders TOCSIN_GUARDED_BY(mutex) = {".", "/"};
  std::set<std::string> locks TOCSIN_GUARDED_BY(mutex);
  std::uint64_t capacity TOCSIN_GUARDED_BY(mutex) = std::uint64_t{1} << 40U;
  std::uint64_t life TOCSIN_GUARDED_BY(mutex) = 0;  // grows when handles die

  std::shared_ptr<File> find(const std::string& path) TOCSIN_REQUIRES(mutex) {
    const auto found = names.find(tidy(path));
    return found == names.end() ? nullptr : found->second;
  }

  Result<std::shared_ptr<File>> create(const std::string& path) TOCSIN_REQUIRES(mutex) {
    const std::string name = tidy(path);
    if (folders.contains(name)) return fail(Errc::kIo, "open {}: Is a directory", path);
    if (!folders.contains(folder_of(name))) return not_found("open", path);
    auto& file = names[name];
    if (!file) {
      file = std::make_shared<File>();
      file->modified = clock.now();
    }
    return file;
  }
};

namespace {

class MemMappedFile final : public MappedFile {
 public:
  explicit MemMappedFile(std::string bytes) : bytes_(std::move(bytes)) {}
  std::string_view bytes() const override { return bytes_; }

 private:
  std::string bytes_;
};

class MemSharedFile final : public SharedFile {
 public:
  explicit MemSharedFile(std::shared_ptr<File> file) : file_(std::move(file)) {}
  std::span<char> bytes() override { return file_->bytes; }

 private:
  std::shared_ptr<File> file_;
};

/// `State` is MemFs::State; a template because that is private.
template <typename State>
class MemAppendFile final : public AppendFile {
 public:
  MemAppendFile(std::shared_ptr<State> state, std::string path, std::shared_ptr<File> file, std::uint64_t life)
      : state_(std::move(state)), path_(std::move(path)), file_(std::move(file)), life_(life) {}

  Result<void> append(std::string_view bytes) override {
    const MutexLock lock(state_->mutex);
    if (life_ != state_->life) return dead();
    file_->bytes += bytes;
    file_->modified = state_->clock.now();
    return {};
  }

  Result<void> sync() override {
    const MutexLock lock(state_->mutex);
    if (life_ != state_->life) return dead();
    file_->sync();
    for (const auto& [name, file] : state_->names) {
      if (file == file_) state_->synced_names.try_emplace(name, file_);
    }
    return {};
  }

  Result<void> truncate(std::uint64_t size) override {
    const MutexLock lock(state_->mutex);
    if (life_ != state_->life) return dead();
    file_->bytes.resize(size);
    file_->changed_from = std::min<std::size_t>(file_->changed_from, size);
    return {};
  }

  std::uint64_t size() const override {
    const MutexLock lock(state_->mutex);
    return file_->bytes.size();
  }

 private:
  std::unexpected<Error> dead() const { return fail(Errc::kIo, "write {}: Bad file descriptor", path_); }

  std::shared_ptr<State> state_;
  std::string path_;
  std::shared_ptr<File> file_;
  std::uint64_t life_;
};

template <typename State>
class MemRandomFile final : public RandomFile {
 public:
  MemRandomFile(std::shared_ptr<State> state, std::shared_ptr<File> file)
      : state_(std::move(state)), file_(std::move(file)) {}

  Result<std::size_t> read_at(std::uint64_t offset, char* out, std::size_t size) const override {
    const MutexLock lock(state_->mutex);
    if (offset >= file_->bytes.size()) return 0;
    const std::size_t count = std::min<std::size_t>(size, file_->bytes.size() - offset);
    std::memcpy(out, file_->bytes.data() + offset, count);
    return count;
  }

  Result<std::uint64_t> size() const override {
    const MutexLock lock(state_->mutex);
    return file_->bytes.size();
  }

 private:
  std::shared_ptr<State> state_;
  std::shared_ptr<File> file_;
};

template <typename State>
class MemLock final : public Fs::Lock {
 public:
  MemLock(std::shared_ptr<State> state, std::string path, std::uint64_t life)
      : state_(std::move(state)), path_(std::move(path)), life_(life) {}
  MemLock(const MemLock&) = delete;
  MemLock& operator=(const MemLock&) = delete;
  ~MemLock() override {
    const MutexLock lock(state_->mutex);
    if (life_ == state_->life) state_->locks.erase(path_);
  }

 private:
  std::shared_ptr<State> state_;
  std::string path_;
  std::uint64_t life_;
};

}  // namespace

MemFs::MemFs(const Clock& clock) : state_(std::make_shared<State>(clock)) {}
MemFs::MemFs() : MemFs(system_clock()) {}
MemFs::~MemFs() = default;

void MemFs::drop_unsynced(std::uint64_t keep) {
  const MutexLock lock(state_->mutex);
  ++state_->life;
  state_->locks.clear();
  state_->names = state_->synced_names;
  for (auto& [name, old] : state_->names) {
    // A new object: mapped and random files that are still open keep what they had.
    auto file = std::make_shared<File>(*old);
    const std::string tail =
        file->changed_from == file->synced.size() ? file->bytes.substr(file->changed_from, keep) : std::string();
    file->bytes = file->synced + tail;
    file->synced = file->bytes;
    file->changed_from = file->bytes.size();
    old = std::move(file);
  }
  state_->synced_names = state_->names;
}

void MemFs::drop_handles() {
  const MutexLock lock(state_->mutex);
  ++state_->life;
  state_->locks.clear();
}

void MemFs::corrupt(const std::string& path, std::uint64_t offset, std::string_view bytes) {
  const MutexLock lock(state_->mutex);
  const auto file = state_->find(path);
  check(file != nullptr && offset + bytes.size() <= file->bytes.size(), "BUG: no such bytes to corrupt");
  file->bytes.replace(offset, bytes.size(), bytes);
  if (offset + bytes.size() <= file->synced.size()) file->synced.replace(offset, bytes.size(), bytes);
}

Result<std::unique_ptr<AppendFile>> MemFs::open_append(const std::string& path) {
  const MutexLock lock(state_->mutex);
  TOCSIN_TRY(auto file, state_->create(path));
  return std::make_unique<MemAppendFile<State>>(state_, path, std::move(file), state_->life);
}

Result<std::unique_ptr<MappedFile>> MemFs::map(const std::string& path) {
  const MutexLock lock(state_->mutex);
  const auto file = state_->find(path);
  if (!file) return not_found("open", path);
  return std::make_unique<MemMappedFile>(file->bytes);
}

Result<std::unique_ptr<SharedFile>> MemFs::make_shared_file(const std::string& path, std::size_t size) {
  const MutexLock lock(state_->mutex);
  state_->names.erase(tidy(path));
  TOCSIN_TRY(auto file, state_->create(path));
  file->bytes.resize(size);
  return std::make_unique<MemSharedFile>(std::move(file));
}

Result<std::unique_ptr<RandomFile>> MemFs::open_random(const std::string& path) {
  const MutexLock lock(state_->mutex);
  auto file = state_->find(path);
  if (!file) return not_found("open", path);
  return std::make_unique<MemRandomFile<State>>(state_, std::move(file));
}

Result<std::string> MemFs::read_file(const std::string& path, std::size_t limit) {
  const MutexLock lock(state_->mutex);
  const auto file = state_->find(path);
  if (!file) return not_found("open", path);
  if (file->bytes.size() > limit) {
    return fail(Errc::kLimit, "read {}: larger than the limit of {} bytes", path, limit);
  }
  return file->bytes;
}

Result<void> MemFs::write_file_atomic(const std::string& path, std::string_view bytes) {
  const MutexLock lock(state_->mutex);
  TOCSIN_OK(state_->create(path));
  auto file = std::make_shared<File>();
  file->bytes = bytes;
  file->modified = state_->clock.now();
  file->sync();
  state_->names[tidy(path)] = file;
  state_->synced_names[tidy(path)] = std::move(file);
  return {};
}

Result<void> MemFs::rename(const std::string& from, const std::string& to) {
  const MutexLock lock(state_->mutex);
  const std::string source = tidy(from);
  const std::string target = tidy(to);
  if (!state_->folders.contains(folder_of(target))) return not_found("rename", from + " to " + to);
  if (auto node = state_->names.extract(source)) {
    state_->names[target] = std::move(node.mapped());
    return {};
  }
  if (!state_->folders.contains(source)) return not_found("rename", from + " to " + to);

  // A folder moves with all that is in it; folders last at once, and so does this.
  for (auto* names : {&state_->names, &state_->synced_names}) {
    State::Names moved;
    for (auto it = names->begin(); it != names->end();) {
      const bool inside = it->first.starts_with(source + "/");
      if (inside) moved[target + it->first.substr(source.size())] = it->second;
      it = inside ? names->erase(it) : std::next(it);
    }
    names->merge(moved);
  }
  std::set<std::string> folders;
  for (const std::string& folder : state_->folders) {
    const bool moves = folder == source || folder.starts_with(source + "/");
    folders.insert(moves ? target + folder.substr(source.size()) : folder);
  }
  state_->folders = std::move(folders);
  return {};
}

Result<void> MemFs::link(const std::string& from, const std::string& to) {
  const MutexLock lock(state_->mutex);
  const auto file = state_->find(from);
  const std::string target = tidy(to);
  if (!file || !state_->folders.contains(folder_of(target))) return not_found("link", from + " to " + to);
  if (state_->folders.contains(target) || !state_->names.try_emplace(target, file).second) {
    return fail(Errc::kExists, "link {} to {}: File exists", from, to);
  }
  return {};
}

Result<void> MemFs::remove(const std::string& path) {
  const MutexLock lock(state_->mutex);
  const std::string name = tidy(path);
  if (state_->names.erase(name) > 0) return {};
  if (!state_->folders.contains(name)) return not_found("remove", path);
  const auto inside = [&](const std::string& other) { return other.starts_with(name + "/"); };
  const bool empty = std::none_of(state_->names.begin(), state_->names.end(),
                                  [&](const auto& entry) { return inside(entry.first); }) &&
                     std::none_of(state_->folders.begin(), state_->folders.end(), inside);
  if (!empty) return fail(Errc::kIo, "remove {}: Directory not empty", path);
  state_->folders.erase(name);
  return {};
}

Result<void> MemFs::remove_all(const std::string& path) {
  const MutexLock lock(state_->mutex);
  const std::string name = tidy(path);
  const auto gone = [&](const std::string& other) { return other == name || other.starts_with(name + "/"); };
  std::erase_if(state_->names, [&](const auto& entry) { return gone(entry.first); });
  std::erase_if(state_->folders, gone);
  return {};
}

Result<void> MemFs::create_directories(const std::string& path) {
  const MutexLock lock(state_->mutex);
  std::string folder = tidy(path);
  while (state_->folders.insert(folder).second) {
    if (state_->names.contains(folder)) return fail(Errc::kIo, "create folder {}: Not a directory", path);
    folder = folder_of(folder);
  }
  return {};
}

Result<void> MemFs::sync_directory(const std::string& path) {
  const MutexLock lock(state_->mutex);
  const std::string folder = tidy(path);
  if (!state_->folders.contains(folder)) return not_found("sync folder", path);
  const auto inside = [&](const auto& entry) { return folder_of(entry.first) == folder; };
  std::erase_if(state_->synced_names, inside);
  for (const auto& entry : state_->names) {
    if (inside(entry)) state_->synced_names.insert(entry);
  }
  return {};
}

Result<std::vector<std::string>> MemFs::list(const std::string& path) {
  const MutexLock lock(state_->mutex);
  const std::string folder = tidy(path);
  if (!state_->folders.contains(folder)) return not_found("list", path);
  std::set<std::string> found;
  const std::string prefix = prefix_of(folder);
  const auto add = [&](const std::string& name) {
    if (name == folder || name == "." || name == "/" || !name.starts_with(prefix)) return;
    const std::string rest = name.substr(prefix.size());
    if (!rest.starts_with('/')) found.insert(rest.substr(0, rest.find('/')));
  };
  for (const auto& [name, file] : state_->names) add(name);
  for (const std::string& name : state_->folders) add(name);
  return std::vector<std::string>(found.begin(), found.end());
}

Result<FileInfo> MemFs::info(const std::string& path) {
  const MutexLock lock(state_->mutex);
  if (state_->folders.contains(tidy(path))) return FileInfo{.directory = true};
  const auto file = state_->find(path);
  if (!file) return not_found("stat", path);
  return FileInfo{.size = file->bytes.size(), .modified = file->modified};
}

bool MemFs::exists(const std::string& path) {
  const MutexLock lock(state_->mutex);
  return state_->folders.contains(tidy(path)) || state_->find(path) != nullptr;
}

Result<std::string> MemFs::real_path(const std::string& path) {
  if (!exists(path)) return not_found("resolve", path);
  return tidy(path);
}

void MemFs::set_capacity(std::uint64_t bytes) {
  const MutexLock lock(state_->mutex);
  state_->capacity = bytes;
}

Result<std::uint64_t> MemFs::capacity(const std::string& path) {
  const MutexLock lock(state_->mutex);
  if (!state_->folders.contains(tidy(path)) && !state_->find(path)) return not_found("stat", path);
  return state_->capacity;
}

Result<std::unique_ptr<Fs::Lock>> MemFs::lock(const std::string& path) {
  const MutexLock lock(state_->mutex);
  TOCSIN_OK(state_->create(path));
  if (!state_->locks.insert(tidy(path)).second) {
    return fail(Errc::kExists, "lock {}: another process has it", path);
  }
  return std::make_unique<MemLock<State>>(state_, tidy(path), state_->life);
}

}  // namespace tocsin
