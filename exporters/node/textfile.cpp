// *.prom files that other programs leave in a folder: batch jobs, cron, scripts.

#include <map>
#include <set>

#include "base/log.hpp"
#include "exporters/collector/text_page.hpp"
#include "exporters/node/collectors.hpp"

namespace tocsin::exporters::node {
namespace {

constexpr std::size_t kMaxFileBytes = 16U << 20U;
constexpr std::size_t kMaxFiles = 1000;

class Textfile final : public Collector {
 public:
  Textfile(const NodeOptions& options, Fs& fs) : fs_(fs), directories_(options.textfile_directories) {}
  std::string_view name() const override { return "textfile"; }

  Result<void> collect(expo::Page& page) override {
    bool failed = false;
    TextPage texts(TextPage::Rules::kTextfile);
    auto& mtimes = page.family("node_textfile_mtime_seconds", "Unixtime mtime of textfiles successfully read.",
                               model::MetricType::kGauge);
    for (const std::string& path : find_files(failed)) {
      if (auto read = read_file(path, texts, mtimes); !read) {
        failed = true;
        complain(path, read.error().message);
      } else {
        complaints_.erase(path);
      }
    }
    if (!texts.conflicts().empty()) failed = true;
    for (const std::string& conflict : texts.conflicts()) {
      if (!conflicts_.contains(conflict)) log::error("textfile", "inconsistent metric help text", {{"err", conflict}});
    }
    conflicts_ = texts.conflicts();
    texts.put(page);
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

  Result<void> read_file(const std::string& path, TextPage& texts, expo::CachedFamily& mtimes) {
    TOCSIN_TRY(const FileInfo info, fs_.info(path));
    TOCSIN_TRY(const std::string text, fs_.read_file(path, kMaxFileBytes));
    TOCSIN_OK(texts.add(text, path));
    mtimes.put({{"file", path}}, static_cast<double>(info.modified) / 1000);
    return {};
  }

  /// Logged when it begins, not at each scrape.
  void complain(const std::string& path, const std::string& problem) {
    if (complaints_[path] == problem) return;
    complaints_[path] = problem;
    log::error("textfile", "failed to collect textfile data", {{"file", path}, {"err", problem}});
  }

  Fs& fs_;
  std::vector<std::string> directories_;
  std::map<std::string, std::string> complaints_;
  std::set<std::string> conflicts_;  // that have been told of
};

}  // namespace

MadeCollector make_textfile(const NodeContext& context) {
  return std::make_unique<Textfile>(context.options, context.fs);
}

}  // namespace tocsin::exporters::node
