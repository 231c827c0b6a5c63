// The start of a store, alone in its process.
//   restart_bench fill FOLDER SERIES SAMPLES clean|kill   so many samples each, 15 s apart; closes the store, or dies
//   restart_bench open FOLDER                             opens it: until appenders work, until it is whole, memory
//   them
// bench/restart/compare.py runs them, and a Prometheus beside them.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstring>
#include <ctime>
#include <fstream>
#include <thread>

#include <unistd.h>

#include "../targets.hpp"
#include "base/log.hpp"
#include "tsdb/db.hpp"

using namespace tocsin;
using bench::die;
using Steady = std::chrono::steady_clock;

namespace {

constexpr Timestamp kBegin = 1'700'006'400'000;  // a multiple of two hours
constexpr Timestamp kStep = 15'000;

/// MiB of the process that are not pages of files.
double own_mib() {
  std::ifstream statm("/proc/self/statm");
  long size = 0, all = 0, shared = 0;
  statm >> size >> all >> shared;
  return static_cast<double>(all - shared) * static_cast<double>(sysconf(_SC_PAGESIZE)) / (1U << 20U);
}

double cpu_seconds() {
  timespec t{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_nsec) / 1e9;
}

std::unique_ptr<tsdb::Db> open_db(const std::string& path, bool threads) {
  tsdb::TsdbOptions options;
  options.path = path;
  options.threads = threads;
  auto db = tsdb::Db::open(options);
  if (!db) die(db.error().message);
  return std::move(*db);
}

void fill(const std::string& path, std::size_t series, int samples, bool clean) {
  auto db = open_db(path, false);
  const double before = own_mib();
  bench::Targets targets(*db, series, "");
  for (int i = 0; i < samples; ++i) {
    targets.scrape(kBegin + i * kStep);
    if (auto done = db->maintain(); !done) die(done.error().message);
  }
  if (auto done = db->sync(); !done) die(done.error().message);
  const double targets_mib = static_cast<double>(series * bench::Targets::kOwnBytes) / (1U << 20U);
  std::printf("running_mib %.0f\n", own_mib() - before - targets_mib);
  std::fflush(stdout);
  if (!clean) std::raise(SIGKILL);
  if (auto done = db->close(); !done) die(done.error().message);
}

/// Watches the memory of the process from a thread of its own.
class Peak {
 public:
  double mib() const { return mib_; }

 private:
  std::atomic<double> mib_ = 0;
  std::jthread thread_{[this](const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      mib_ = std::max(mib_.load(), own_mib());
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
  }};
};

void open(const std::string& path) {
  const double before = own_mib();
  double peak = 0;
  {
    const Peak watch;
    const auto begin = Steady::now();
    const double cpu = cpu_seconds();
    const auto print = [&](const char* what) {
      const double wall = std::chrono::duration<double>(Steady::now() - begin).count();
      std::printf("%s_s %.3f %s_cpu_s %.3f\n", what, wall, what, cpu_seconds() - cpu);
    };
    const auto db = open_db(path, true);
    print("scraping");
    while (!db->whole()) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    print("whole");
    peak = watch.mib();
    std::printf("series %zu peak_mib %.0f after_mib %.0f\n", static_cast<std::size_t>(db->stats().series),
                peak - before, own_mib() - before);
    std::fflush(stdout);
    std::raise(SIGKILL);  // the folder stays as it was found
  }
}

}  // namespace

int main(int argc, char** argv) {
  const std::string what = argc > 1 ? argv[1] : "";
  if (what == "fill" && argc == 6) {
    fill(argv[2], std::strtoull(argv[3], nullptr, 10), std::atoi(argv[4]), std::strcmp(argv[5], "clean") == 0);
  } else if (what == "open" && argc == 3) {
    open(argv[2]);
  } else {
    die("fill FOLDER SERIES SAMPLES clean|kill, or open FOLDER");
  }
}
