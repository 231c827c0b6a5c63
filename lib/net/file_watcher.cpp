// inotify watches folders, not paths. So a path is watched at each of its steps: the folder itself for anything that
// happens to its files, each folder above it for the one name that leads down. When a step changes (it appears, it is
// renamed away, a symbolic link of that name is swapped), that is a change, and watch() finds the new way.

#include "net/file_watcher.hpp"

#include <array>
#include <cerrno>
#include <cstring>
#include <map>
#include <set>
#include <utility>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <fcntl.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "base/thread_annotations.hpp"

namespace tocsin::net {
namespace {

constexpr std::uint32_t kNames = IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_DELETE_SELF | IN_MOVE_SELF;
constexpr std::uint32_t kContents = kNames | IN_MODIFY | IN_CLOSE_WRITE;

/// What matters in a watched folder.
struct Interest {
  bool everything = false;
  std::set<std::string, std::less<>> names;
};

/// "/a/b" → ("/", "a"), ("/a", "b"), ("/a/b", ""): folders from the top, each with the name that leads on.
std::vector<std::pair<std::string, std::string>> steps(const std::string& folder) {
  std::vector<std::pair<std::string, std::string>> out;
  std::string at = folder.starts_with('/') ? "/" : ".";
  std::size_t begin = 0;
  while (begin < folder.size()) {
    const std::size_t end = std::min(folder.find('/', begin), folder.size());
    if (const std::string name = folder.substr(begin, end - begin); !name.empty() && name != ".") {
      out.emplace_back(at, name);
      at = at == "/" ? "/" + name : at + "/" + name;
    }
    begin = end + 1;
  }
  out.emplace_back(std::move(at), "");
  return out;
}

/// The loop's side: waits for events and calls. Thread: the loop's.
struct Reader {
  Reader(TaskLoop& loop, int fd, std::function<void()> f) : descriptor(loop.executor(), fd), changed(std::move(f)) {}
  boost::asio::posix::stream_descriptor descriptor;
  std::function<void()> changed;
};

class InotifyWatcher final : public FileWatcher, public std::enable_shared_from_this<InotifyWatcher> {
 public:
  explicit InotifyWatcher(int fd) : fd_(fd) {}
  ~InotifyWatcher() override { ::close(fd_); }
  InotifyWatcher(const InotifyWatcher&) = delete;
  InotifyWatcher& operator=(const InotifyWatcher&) = delete;

  Result<void> start(TaskLoop& loop, std::function<void()> changed) {
    const int copy = ::fcntl(fd_, F_DUPFD_CLOEXEC, 0);  // Asio closes its own
    if (copy < 0) return fail(Errc::kIo, "fcntl: {}", std::strerror(errno));
    reader_ = std::make_shared<Reader>(loop, copy, std::move(changed));
    loop.spawn("file watcher", read(shared_from_this(), reader_));
    return {};
  }

  void close() override {
    const auto reader = std::exchange(reader_, nullptr);  // from now on the task's, so that it dies on the loop
    if (!reader) return;
    reader->changed = nullptr;
    boost::system::error_code ignored;
    reader->descriptor.close(ignored);  // the read ends, and with it the task
  }

  Result<void> watch(const std::vector<std::string>& folders) override {
    std::map<int, Interest> interests;
    Result<void> result;
    for (const std::string& folder : folders) {
      if (auto watched = watch_steps(folder, interests); !watched && result) result = std::move(watched);
    }
    const MutexLock lock(mutex_);
    for (const auto& [wd, interest] : interests_) {
      if (!interests.contains(wd)) ::inotify_rm_watch(fd_, wd);
    }
    interests_ = std::move(interests);
    return result;
  }

 private:
  Result<void> watch_steps(const std::string& folder, std::map<int, Interest>& interests) const {
    for (const auto& [at, name] : steps(folder)) {
      const bool is_last = name.empty();
      const int wd = ::inotify_add_watch(fd_, at.c_str(), (is_last ? kContents : kNames) | IN_ONLYDIR | IN_MASK_ADD);
      if (wd >= 0) {
        Interest& interest = interests[wd];
        interest.everything |= is_last;
        if (!is_last) interest.names.insert(name);
      } else if (errno == ENOENT || errno == ENOTDIR || errno == ELOOP) {
        return {};  // the step that leads here is watched
      } else if (is_last || errno != EACCES) {
        return fail(Errc::kIo, "inotify_add_watch {}: {}", at, std::strerror(errno));
      }
    }
    return {};
  }

  /// Whether one of the events is about what is watched. `bytes` is what read() gave.
  bool matters(std::string_view bytes) const {
    const MutexLock lock(mutex_);
    while (bytes.size() >= sizeof(inotify_event)) {
      inotify_event event{};
      std::memcpy(&event, bytes.data(), sizeof event);
      const std::string_view name = bytes.substr(sizeof event, event.len);
      if (event_matters(event, name.substr(0, name.find('\0')))) return true;
      bytes.remove_prefix(std::min(bytes.size(), sizeof event + event.len));
    }
    return false;
  }

  bool event_matters(const inotify_event& event, std::string_view name) const TOCSIN_REQUIRES(mutex_) {
    if ((event.mask & IN_Q_OVERFLOW) != 0) return true;
    if ((event.mask & IN_IGNORED) != 0) return false;
    const auto interest = interests_.find(event.wd);
    if (interest == interests_.end()) return true;  // watch() is under way: it may have looked already
    return interest->second.everything || name.empty() || interest->second.names.contains(name);
  }

  static Task<void> read(std::shared_ptr<InotifyWatcher> self, std::shared_ptr<Reader> reader) {
    constexpr auto kAwaitTuple = boost::asio::as_tuple(boost::asio::use_awaitable);
    alignas(inotify_event) std::array<char, 4096> buffer{};
    while (reader->changed) {
      const auto [error, size] = co_await reader->descriptor.async_read_some(boost::asio::buffer(buffer), kAwaitTuple);
      if (error) co_return;
      if (!reader->changed || !self->matters({buffer.data(), size})) continue;
      const auto changed = reader->changed;  // it may close us
      changed();
    }
  }

  const int fd_;
  std::shared_ptr<Reader> reader_;
  mutable Mutex mutex_;
  std::map<int, Interest> interests_ TOCSIN_GUARDED_BY(mutex_);  // by watch descriptor
};

}  // namespace

Result<std::shared_ptr<FileWatcher>> make_file_watcher(TaskLoop& loop, std::function<void()> changed) {
  const int fd = ::inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
  if (fd < 0) return fail(Errc::kIo, "inotify_init1: {}", std::strerror(errno));
  auto watcher = std::make_shared<InotifyWatcher>(fd);
  TOCSIN_OK(watcher->start(loop, std::move(changed)));
  return watcher;
}

}  // namespace tocsin::net
