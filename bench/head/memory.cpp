// Resident memory of the head, as a process has it.
//   head_memory fill [SERIES]   SERIES (1,000,000) with 9 samples each, then 240 more: bytes a series
//   head_memory turns [SERIES]  ten turns of making and abandoning SERIES (2,000,000): RSS after each
// The store lies in a folder of its own below TMPDIR, which is removed at the end.
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include <unistd.h>

#include "storage/storage.hpp"
#include "tsdb/db.hpp"

using namespace tocsin;

namespace {

constexpr std::size_t kTarget = 1000;  // series of one target

double rss_mib() {
  std::ifstream statm("/proc/self/statm");
  long pages = 0;
  statm >> pages >> pages;
  return static_cast<double>(pages) * static_cast<double>(sysconf(_SC_PAGESIZE)) / (1U << 20U);
}

[[noreturn]] void die(const std::string& what) {
  std::fprintf(stderr, "head_memory: %s\n", what.c_str());
  std::exit(1);
}

model::Labels labels_of(std::size_t series, const std::string& generation) {
  const std::size_t of_target = series % kTarget;
  return model::Labels{{"__name__", "synthetic_metric_name_" + std::to_string(of_target / 10)},
                       {"job", "synthetic"},
                       {"instance", "host-" + generation + std::to_string(series / kTarget) + ":9100"},
                       {"device", "device-" + std::to_string(of_target % 10)}};
}

/// The series of a run, as their targets would be scraped.
class Targets {
 public:
  Targets(tsdb::Db& db, std::size_t series, std::string generation)
      : generation_(std::move(generation)), refs_(series), values_(series) {
    for (std::size_t i = 0; i < (series + kTarget - 1) / kTarget; ++i) appenders_.push_back(db.appender());
  }
  void scrape(Timestamp t) {
    for (std::size_t i = 0; i < refs_.size(); ++i) {
      model::Labels labels;
      if (refs_[i] == 0) labels = labels_of(i, generation_);
      // A third is constant, a third counts, a third wanders.
      state_ = state_ * 6364136223846793005ULL + 1442695040888963407ULL;
      const auto random = static_cast<double>(state_ >> 44U);
      if (i % 3 == 1) values_[i] += static_cast<float>(static_cast<int>(random) % 100);
      if (i % 3 == 2) values_[i] = static_cast<float>(random / 100);
      storage::Appender& appender = *appenders_[i / kTarget];
      const auto result =
          appender.append(refs_[i], refs_[i] == 0 ? &labels : nullptr, t, static_cast<double>(values_[i]), 0);
      if (result.status != storage::AppendStatus::kOk) die("append: " + std::string(append_status_text(result.status)));
      refs_[i] = result.ref;
      if ((i + 1) % kTarget != 0 && i + 1 != refs_.size()) continue;
      if (auto done = appender.commit(); !done) die(done.error().message);
    }
  }

 private:
  const std::string generation_;
  std::vector<std::unique_ptr<storage::Appender>> appenders_;
  std::vector<storage::SeriesRef> refs_;
  std::vector<float> values_;
  std::uint64_t state_ = 1;
};

std::unique_ptr<tsdb::Db> open_db(const std::string& path, Duration retention) {
  tsdb::TsdbOptions options;
  options.path = path;
  options.retention = retention;
  options.threads = false;
  auto db = tsdb::Db::open(options);
  if (!db) die(db.error().message);
  return std::move(*db);
}

void keep(tsdb::Db& db) {
  if (auto done = db.maintain(); !done) die(done.error().message);
}

void print_components(const tsdb::TsdbStats& stats) {
  const auto& b = stats.bytes;
  const auto each = [&](std::uint64_t bytes) { return static_cast<double>(bytes) / static_cast<double>(stats.series); };
  std::printf(
      "  by component: records %.1f, labels %.1f, tables %.1f, pairs %.1f, postings %.1f, texts %.1f, open chunks "
      "%.1f, "
      "pieces %.1f; all %.1f\n",
      each(b.records), each(b.labels), each(b.tables), each(b.pairs), each(b.postings), each(b.texts),
      each(b.open_chunks), each(b.chunk_pieces), each(b.total()));
}

void fill(const std::string& path, std::size_t series) {
  auto db = open_db(path, std::chrono::hours(24 * 32));
  const double before = rss_mib();
  const double own = static_cast<double>(series) * 12 / (1U << 20U);  // refs and values of this program
  Targets targets(*db, series, "");
  Timestamp t = 1'700'000'000'000;
  const auto report = [&](const char* when) {
    keep(*db);
    const double mib = rss_mib() - before - own;
    std::printf("%s: RSS %.0f MiB, %.0f bytes a series\n", when, mib, mib * (1U << 20U) / static_cast<double>(series));
    print_components(db->stats());
    std::fflush(stdout);
  };
  for (int i = 0; i < 9; ++i) targets.scrape(t += 15'000);
  report("9 samples each");
  for (int i = 0; i < 240; ++i) {
    targets.scrape(t += 15'000);
    if (i % 2 == 0) keep(*db);
  }
  report("240 more");
}

void turns(const std::string& path, std::size_t series) {
  auto db = open_db(path, std::chrono::hours(3));
  Timestamp t = 1'700'000'000'000;
  Targets stays(*db, 10, "stays");
  for (int turn = 1; turn <= 10; ++turn) {
    {
      Targets targets(*db, series, std::to_string(turn) + "-");
      for (int i = 0; i < 2; ++i) targets.scrape(t += 15'000);
    }
    const double full = rss_mib();
    for (int i = 0; i < 24 && db->stats().series > 10; ++i) {
      stays.scrape(t += 1'800'000);
      keep(*db);
    }
    std::printf("turn %2d: RSS %.0f MiB full, %.0f MiB abandoned (%llu series, %.0f MiB accounted)\n", turn, full,
                rss_mib(), static_cast<unsigned long long>(db->stats().series),
                static_cast<double>(db->stats().bytes.total()) / (1U << 20U));
    std::fflush(stdout);
  }
}

}  // namespace

int main(int argc, char** argv) {
  const std::string what = argc > 1 ? argv[1] : "";
  const std::size_t series = argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 0;
  if (what != "fill" && what != "turns") die("fill or turns");
  const std::string path =
      std::filesystem::temp_directory_path() / ("tocsin-head-memory-" + std::to_string(::getpid()));
  if (what == "fill") fill(path, series == 0 ? 1'000'000 : series);
  if (what == "turns") turns(path, series == 0 ? 2'000'000 : series);
  std::filesystem::remove_all(path);
}
