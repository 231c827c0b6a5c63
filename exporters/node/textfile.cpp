// *.prom files that other programs leave in a folder: batch jobs, cron, scripts. They are read when one of them has
// changed; most of them change once an hour or a day.

#include <algorithm>
#include <map>
#include <set>

#include "base/log.hpp"
#include "base/system_file.hpp"
#include "exporters/collector/text_page.hpp"
#include "exporters/node/collectors.hpp"

namespace tocsin::exporters::node {
namespace {

constexpr std::size_t kMaxFileBytes = 16U << 20U;
constexpr std::size_t kMaxFiles = 1000;
/// A file that was touched within this time may have been written again without a later time: no file system's steps
/// are larger.
constexpr std::int64_t kStepsOfTime = 2'000'000'000;

/// Of files whose texts are kept; they take a few times as much.
constexpr std::uint64_t kMaxKeptBytes = 1U << 20U;

/// A file as it stands there, unread.
struct Seen {
  std::string path;
  FileVersion version;

  bool operator==(const Seen&) const = default;
};

class Textfile final : public Collector {
 public:
  Textfile(const NodeOptions& options, Fs& fs, Clock& clock)
      : fs_(fs), clock_(clock), directories_(options.textfile_directories) {}
  std::string_view name() const override { return "textfile"; }

  Result<void> collect(expo::Page& page) override {
    bool failed = false;
    const std::vector<std::string> files = find_files(failed);
    auto seen = failed ? std::nullopt : look_at(files);
    if (!seen || seen != seen_) {
      read_files(files, failed);
      seen_ = failed ? std::nullopt : std::move(seen);
    }
    auto& mtimes = page.family("node_textfile_mtime_seconds", "Unixtime mtime of textfiles successfully read.",
                               model::MetricType::kGauge);
    for (const auto& [path, seconds] : mtimes_) mtimes.put({{"file", path}}, seconds);
    texts_->put(page);
    if (!seen_) texts_.reset();  // they will not be good for the next round
    page.family("node_textfile_scrape_error", "1 if there was an error opening or reading a file, 0 otherwise",
                model::MetricType::kGauge)
        .put(failed ? 1 : 0);
    return {};
  }

 private:
  std::vector<std::string> find_files(bool& failed) {
    std::vector<std::string> files;
    for (const std::string& pattern : directories_) {
      std::vector<std::string> folders{pattern};
      if (auto found = glob(fs_, pattern); found && !found->empty()) folders = std::move(*found);
      for (const std::string& folder : folders) {
        auto names = fs_.list(folder);
        if (!names) {
          failed = true;
          complain(folder, names.error().message);
          continue;
        }
        for (const std::string& file : *names) {
          if (file.ends_with(".prom")) files.push_back(folder + "/" + file);
        }
        if (files.size() <= kMaxFiles) {
          complaints_.erase(folder);
          continue;
        }
        failed = true;
        complain(folder, fmt::format("more than {} files", kMaxFiles));
        files.resize(kMaxFiles);
      }
    }
    return files;
  }

  /// The files as they are before they are read; nothing if one of them may change without a trace, or cannot be looked
  /// at, or if they are too large to be kept.
  std::optional<std::vector<Seen>> look_at(const std::vector<std::string>& paths) {
    const std::int64_t settled_before = clock_.now() * 1'000'000 - kStepsOfTime;
    std::vector<Seen> files;
    std::uint64_t bytes = 0;
    for (const std::string& path : paths) {
      const auto file = fs_.open_random(path);
      const auto* const system = file ? dynamic_cast<const SystemFile*>(file->get()) : nullptr;
      if (system == nullptr) return std::nullopt;
      const auto version = system->version();
      if (!version || std::max(version->modified_ns, version->changed_ns) >= settled_before) return std::nullopt;
      if (bytes += version->size; bytes > kMaxKeptBytes) return std::nullopt;
      files.push_back({path, *version});
    }
    return files;
  }

  void read_files(const std::vector<std::string>& paths, bool& failed) {
    texts_ = std::make_unique<TextPage>(TextPage::Rules::kTextfile);
    mtimes_.clear();
    for (const std::string& path : paths) {
      if (auto read = read_file(path); !read) {
        failed = true;
        complain(path, read.error().message);
      } else {
        complaints_.erase(path);
      }
    }
    if (!texts_->conflicts().empty()) failed = true;
    for (const std::string& conflict : texts_->conflicts()) {
      if (!conflicts_.contains(conflict)) log::error("textfile", "inconsistent metric help text", {{"err", conflict}});
    }
    conflicts_ = texts_->conflicts();
  }

  Result<void> read_file(const std::string& path) {
    TOCSIN_TRY(const FileInfo info, fs_.info(path));
    TOCSIN_TRY(const std::string text, fs_.read_file(path, kMaxFileBytes));
    TOCSIN_OK(texts_->add(text, path));
    mtimes_.emplace_back(path, static_cast<double>(info.modified) / 1000);
    return {};
  }

  /// Logged when it begins, not at each scrape.
  void complain(const std::string& path, const std::string& problem) {
    if (complaints_[path] == problem) return;
    complaints_[path] = problem;
    log::error("textfile", "failed to collect textfile data", {{"file", path}, {"err", problem}});
  }

  Fs& fs_;
  Clock& clock_;
  std::vector<std::string> directories_;
  std::optional<std::vector<Seen>> seen_;  // what texts_ and mtimes_ were made of, if they are good for another round
  std::unique_ptr<TextPage> texts_;
  std::vector<std::pair<std::string, double>> mtimes_;  // seconds, of the files in texts_
  std::map<std::string, std::string> complaints_;
  std::set<std::string> conflicts_;  // that have been told of
};

}  // namespace

MadeCollector make_textfile(const NodeContext& context) {
  return std::make_unique<Textfile>(context.options, context.fs, context.clock);
}

}  // namespace tocsin::exporters::node
