// What it costs to cut two hours of the head into a block, and what those who append beside it feel of it.
//   head_cut [SERIES [STEP]]   SERIES (100,000) with a sample each STEP (15) seconds for three hours
// Appenders of 1,000 series each commit in turn, paced to take half of a core at most, first alone and then beside the
// cut, which runs at low priority as in the server. The store lies in a folder of its own below TMPDIR, which is
// removed.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <unistd.h>

#include "storage/storage.hpp"
#include "tsdb/db.hpp"
#include "tsdb/low_priority.hpp"

using namespace tocsin;
using Steady = std::chrono::steady_clock;

namespace {

constexpr std::size_t kTarget = 1000;            // series of one target
constexpr Timestamp kBegin = 1'700'006'400'000;  // a multiple of two hours

[[noreturn]] void die(const std::string& what) {
  std::fprintf(stderr, "head_cut: %s\n", what.c_str());
  std::exit(1);
}
void check(const Result<void>& done) {
  if (!done) die(done.error().message);
}

/// MiB: what the process has for itself, and pages of mapped files, which the kernel may take back.
struct Resident {
  double own = 0, files = 0;
};
Resident resident() {
  std::ifstream statm("/proc/self/statm");
  long size = 0, all = 0, shared = 0;
  statm >> size >> all >> shared;
  const double page = static_cast<double>(sysconf(_SC_PAGESIZE)) / (1U << 20U);
  return {static_cast<double>(all - shared) * page, static_cast<double>(shared) * page};
}

double thread_cpu_seconds() {
  timespec t{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_nsec) / 1e9;
}

/// All series, a target at a time; a third is constant, a third counts, a third wanders.
class Targets {
 public:
  Targets(tsdb::Db& db, std::size_t series) : refs_(series), values_(series) {
    for (std::size_t i = 0; i < (series + kTarget - 1) / kTarget; ++i) appenders_.push_back(db.appender());
  }
  std::size_t size() const { return appenders_.size(); }

  void scrape(std::size_t target, Timestamp t) {
    storage::Appender& appender = *appenders_[target];
    for (std::size_t i = target * kTarget; i < std::min(refs_.size(), (target + 1) * kTarget); ++i) {
      state_ = state_ * 6364136223846793005ULL + 1442695040888963407ULL;
      const auto random = static_cast<double>(state_ >> 44U);
      if (i % 3 == 1) values_[i] += static_cast<double>(static_cast<int>(random) % 100);
      if (i % 3 == 2) values_[i] = random / 100;
      const model::Labels labels = refs_[i] == 0 ? labels_of(i) : model::Labels();
      const auto result = appender.append(refs_[i], refs_[i] == 0 ? &labels : nullptr, t, values_[i]);
      if (result.status != storage::AppendStatus::kOk) die("append: " + std::string(append_status_text(result.status)));
      refs_[i] = result.ref;
    }
    check(appender.commit());
  }

 private:
  static model::Labels labels_of(std::size_t series) {
    const std::size_t of_target = series % kTarget;
    return model::Labels{{"__name__", "synthetic_metric_name_" + std::to_string(of_target / 10)},
                         {"job", "synthetic"},
                         {"instance", "host-" + std::to_string(series / kTarget) + ":9100"},
                         {"device", "device-" + std::to_string(of_target % 10)}};
  }

  std::vector<std::unique_ptr<storage::Appender>> appenders_;
  std::vector<storage::SeriesRef> refs_;
  std::vector<double> values_;
  std::uint64_t state_ = 1;
};

/// Scrapes one target after the other, as long as its work takes apart, while `go_on()`; prints how long each took.
template <typename GoOn>
void scrape_while(Targets& targets, Timestamp& t, Timestamp step, const char* when, GoOn&& go_on) {
  std::vector<double> ms;
  for (std::size_t target = 0; go_on(); target = (target + 1) % targets.size()) {
    if (target == 0) t += step;
    const auto begin = Steady::now();
    targets.scrape(target, t);
    const auto took = Steady::now() - begin;
    ms.push_back(std::chrono::duration<double, std::milli>(took).count());
    std::this_thread::sleep_for(took);
  }
  std::ranges::sort(ms);
  const auto at = [&](double share) {
    return ms[static_cast<std::size_t>(share * static_cast<double>(ms.size() - 1))];
  };
  std::printf("commits of %zu samples %s: %zu, median %.2f ms, 99 %% within %.2f ms, longest %.2f ms\n", kTarget, when,
              ms.size(), at(0.5), at(0.99), ms.back());
}

void run(const std::string& path, std::size_t series, Timestamp step) {
  tsdb::TsdbOptions options;
  options.path = path;
  options.threads = false;
  auto opened = tsdb::Db::open(options);
  if (!opened) die(opened.error().message);
  tsdb::Db& db = **opened;
  Targets targets(db, series);
  const Timestamp slots = 3 * 3'600'000 / step;
  Timestamp t = kBegin - step;
  for (Timestamp slot = 0; slot <= slots; ++slot) {
    t += step;
    for (std::size_t target = 0; target < targets.size(); ++target) targets.scrape(target, t);
    if (slot % 20 == 0) check(db.maintain());
  }
  const Resident before = resident();
  std::printf("%zu series of %lld samples: %.0f MiB, mapped files %.0f MiB, %zu blocks\n", series,
              static_cast<long long>(slots + 1), before.own, before.files,
              static_cast<std::size_t>(db.block_stats().blocks));
  const auto alone_until = Steady::now() + std::chrono::seconds(3);
  scrape_while(targets, t, step, "alone", [&] { return Steady::now() < alone_until; });

  std::atomic<bool> cutting = true;
  double cpu = 0;
  double wall = 0;
  Resident peak;
  std::thread cutter([&] {
    tsdb::lower_thread_priority();
    const auto begin = Steady::now();
    check(db.maintain());
    cpu = thread_cpu_seconds();
    wall = std::chrono::duration<double>(Steady::now() - begin).count();
    cutting = false;
  });
  scrape_while(targets, t, step, "beside the cut", [&] {
    const Resident now = resident();
    peak = {std::max(peak.own, now.own), std::max(peak.files, now.files)};
    return cutting.load();
  });
  cutter.join();
  const auto stats = db.block_stats();
  if (stats.cuts != 1) die("the head was not cut once");
  const double samples = static_cast<double>(series) * static_cast<double>(2 * 3'600'000 / step);
  std::printf(
      "cut of %.0f M samples: %.2f s CPU (%.0f ns a sample), %.1f s by the clock; at most %.0f MiB more, of "
      "mapped files %.0f MiB more; block of %.1f MB, %.2f bytes a sample\n",
      samples / 1e6, cpu, cpu / samples * 1e9, wall, peak.own - before.own, peak.files - before.files,
      static_cast<double>(stats.bytes) / 1e6, static_cast<double>(stats.bytes) / samples);
}

}  // namespace

int main(int argc, char** argv) {
  const std::size_t series = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 100'000;
  const std::string path = std::filesystem::temp_directory_path() / ("tocsin-head-cut-" + std::to_string(::getpid()));
  run(path, series, argc > 2 ? std::atoi(argv[2]) * 1000 : 15'000);
  std::filesystem::remove_all(path);
}
