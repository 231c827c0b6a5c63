// Resident memory of the head, as a process has it.
//   head_memory fill [SERIES]   SERIES (1,000,000) with 9 samples each, then 240 more: bytes a series
//   head_memory turns [SERIES]  ten turns of making and abandoning SERIES (2,000,000): RSS after each
// The store lies in a folder of its own below TMPDIR, which is removed at the end.
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include <unistd.h>

#include "../targets.hpp"
#include "tsdb/db.hpp"

using namespace tocsin;
using bench::die;
using bench::Targets;

namespace {

/// Resident memory in MiB: what the process has for itself, and pages of mapped files, which the kernel may take back.
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

double cpu_seconds() {
  return static_cast<double>(std::clock()) / CLOCKS_PER_SEC;
}

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
  const Resident before = resident();
  const double own = static_cast<double>(series * Targets::kOwnBytes) / (1U << 20U);
  Targets targets(*db, series, "");
  Timestamp t = 1'700'000'000'000;
  const auto report = [&](const char* when) {
    keep(*db);
    const Resident now = resident();
    const double mib = now.own - before.own - own;
    std::printf("%s: %.0f MiB, %.0f bytes a series; mapped files %.0f MiB; CPU %.0f s\n", when, mib,
                mib * (1U << 20U) / static_cast<double>(series), now.files - before.files, cpu_seconds());
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

/// All series of a turn are there at once; then hours pass in which only a few others are scraped, until none is left.
void turns(const std::string& path, std::size_t series) {
  auto db = open_db(path, std::chrono::hours(3));
  Timestamp t = 1'700'000'000'000;
  Targets stays(*db, 10, "stays");
  for (int turn = 1; turn <= 10; ++turn) {
    Resident full;
    {
      Targets targets(*db, series, std::to_string(turn) + "-");
      for (int i = 0; i < 2; ++i) targets.scrape(t += 15'000);
      full = resident();
    }
    for (int i = 0; i < 24 && db->stats().series > 10; ++i) {
      stays.scrape(t += 1'800'000);
      keep(*db);
    }
    keep(*db);  // the round after the collection returns its memory
    const Resident now = resident();
    std::printf(
        "turn %2d: %.0f MiB full; abandoned %.0f MiB, mapped files %.0f MiB (%llu series, %.0f MiB accounted); CPU "
        "%.0f "
        "s\n",
        turn, full.own, now.own, now.files, static_cast<unsigned long long>(db->stats().series),
        static_cast<double>(db->stats().bytes.total()) / (1U << 20U), cpu_seconds());
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
