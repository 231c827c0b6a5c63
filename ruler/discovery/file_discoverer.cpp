// Target groups from files: read when the system says that something changed, and at every interval in case it did not
// say. Each look reads every file; one whose text is the same is not parsed.
// Source: Prometheus discovery/file/file.go and docs/configuration, <file_sd_config>.

#include <algorithm>
#include <utility>

#include "base/log.hpp"
#include "discovery/file_scan.hpp"
#include "discovery/target_groups.hpp"

namespace tocsin::discovery {
namespace {

constexpr std::string_view kComponent = "discovery";
/// From a change to the look, so that a file that is being written is read once, and whole.
constexpr Duration kSettle = std::chrono::milliseconds(50);

/// The discoverer, shared with its look under way. Thread: the loop's.
class FileSource : public std::enable_shared_from_this<FileSource> {
 public:
  FileSource(config::FileSdConfig config, const Services& services) : config_(std::move(config)), services_(services) {}

  void start(GroupsListener listener) {
    listener_ = std::make_shared<const GroupsListener>(std::move(listener));
    auto watcher = services_.watch_files(services_.loop, [this] { note_change(); });
    if (watcher) {
      watcher_ = std::move(*watcher);
    } else {
      note_watch(fail(std::move(watcher).error()));
    }
    look();
  }

  void close() {
    listener_ = nullptr;
    if (watcher_) watcher_->close();
    services_.loop.cancel(timer_);
    for (const auto& [path, file] : known_) services_.stats->file_mtimes.erase(path);
  }

 private:
  /// The job of a lane: owns what it reads.
  struct Scan {
    std::shared_ptr<const FileSource> source;
    std::map<std::string, KnownFile> known;
    std::shared_ptr<net::FileWatcher> watcher;
    FileScan operator()() const {
      return scan_files(source->services_.fs, source->config_.files, known, watcher.get());
    }
  };

  void look() {
    is_looking_ = true;
    has_changed_ = false;
    services_.loop.cancel(timer_);
    services_.loop.spawn("discovery", scan(shared_from_this()));
  }

  static net::Task<void> scan(std::shared_ptr<FileSource> self) {
    Loop& loop = self->services_.loop;
    const MonoTime begun = loop.clock().mono();
    Scan job(self, self->known_, self->watcher_);
    FileScan found = co_await net::run_on(loop, self->services_.work.lane(Lane::kScrape), std::move(job));
    if (!self->listener_) co_return;
    self->is_looking_ = false;
    self->took_ = loop.clock().mono() - begun;
    self->services_.stats->file_scans.add(self->took_);
    self->wait();
    self->take(std::move(found));
  }

  void note_change() {
    if (std::exchange(has_changed_, true) || is_looking_) return;
    wait();
  }

  /// Until the interval is over, or a change has settled; files that take long to read are not read all the time.
  void wait() {
    services_.loop.cancel(timer_);
    const Duration pause = has_changed_ ? std::max(kSettle, took_) : std::max(config_.refresh_interval, kLeastInterval);
    timer_ = services_.loop.call_after(pause, [this] { look(); });
  }

  void take(FileScan scan) {
    note_watch(scan.watch);
    note_patterns(std::move(scan.bad));
    std::vector<TargetGroup> changed;
    std::map<std::string, KnownFile> last = std::exchange(known_, {});
    for (ScannedFile& file : scan.files) {
      KnownFile& known = known_[file.path];
      if (const auto place = last.find(file.path); place != last.end()) known = std::move(place->second);
      take_file(file, known, changed);
      last.erase(file.path);
    }
    for (const auto& [path, file] : last) {
      drop_groups(path, 0, file.groups, changed);
      services_.stats->file_mtimes.erase(path);
    }
    if (changed.empty() && std::exchange(has_spoken_, true)) return;
    has_spoken_ = true;
    const auto listener = listener_;  // it may close us
    (*listener)(std::move(changed));
  }

  void take_file(ScannedFile& file, KnownFile& known, std::vector<TargetGroup>& changed) {
    if (!file.groups) {
      ++services_.stats->file_read_errors;
      if (file.groups.error().message == known.error) return;
      known.error = file.groups.error().message;
      log::error(kComponent, "Error reading file",
                 {{"discovery", "file"}, {"config", services_.config_name}, {"path", file.path}, {"err", known.error}});
      return;
    }
    known.error.clear();
    services_.stats->file_mtimes[file.path] = file.modified;
    if (!*file.groups) return;
    const std::size_t count = (*file.groups)->size();
    drop_groups(file.path, count, known.groups, changed);
    known.hash = file.hash;
    known.groups = count;
    known.is_read = true;
    std::move((*file.groups)->begin(), (*file.groups)->end(), std::back_inserter(changed));
  }

  static void drop_groups(const std::string& path, std::size_t from, std::size_t to,
                          std::vector<TargetGroup>& changed) {
    for (std::size_t i = from; i < to; ++i) changed.push_back({group_source(path, i), {}, {}});
  }

  void note_watch(const Result<void>& result) {
    const std::string error = result ? "" : result.error().message;
    if (!result) ++services_.stats->file_watcher_errors;
    if (std::exchange(watch_error_, error) == error || result) return;
    log::error(kComponent, "Error adding file watch",
               {{"discovery", "file"}, {"config", services_.config_name}, {"err", error}});
  }

  void note_patterns(std::map<std::string, std::string> bad) {
    for (const auto& [pattern, error] : bad) {
      if (bad_patterns_.contains(pattern)) continue;
      log::error(kComponent, "Error expanding glob", {{"discovery", "file"}, {"glob", pattern}, {"err", error}});
    }
    bad_patterns_ = std::move(bad);
  }

  const config::FileSdConfig config_;
  const Services services_;
  std::shared_ptr<const GroupsListener> listener_;  // null: closed
  std::shared_ptr<net::FileWatcher> watcher_;       // null: there is none
  TimerId timer_ = 0;
  Duration took_{0};  // the last look
  bool is_looking_ = false, has_changed_ = false, has_spoken_ = false;
  std::map<std::string, KnownFile> known_;  // by path
  std::map<std::string, std::string> bad_patterns_;
  std::string watch_error_;
};

class FileDiscoverer final : public Discoverer {
 public:
  FileDiscoverer(config::FileSdConfig config, const Services& services)
      : source_(std::make_shared<FileSource>(std::move(config), services)) {}
  ~FileDiscoverer() override { source_->close(); }
  void start(GroupsListener listener) override { source_->start(std::move(listener)); }

 private:
  std::shared_ptr<FileSource> source_;
};

}  // namespace

std::unique_ptr<Discoverer> make_file_discoverer(config::FileSdConfig config, const Services& services) {
  return std::make_unique<FileDiscoverer>(std::move(config), services);
}

}  // namespace tocsin::discovery
