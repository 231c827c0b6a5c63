// backfill_bench make SERIES SAMPLES time|series FILE   writes an OpenMetrics file: SAMPLES a series, 15 s apart, in
//                                                       order of time, or series by series
// backfill_bench import FILE FOLDER [THREADS]           imports it; prints CPU seconds and peak memory
//
// promtool is measured on the same file by `time promtool tsdb create-blocks-from openmetrics FILE FOLDER`.

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <string>
#include <thread>

#include <fmt/format.h>
#include <sys/resource.h>

#include "backfill/import.hpp"
#include "base/float_text.hpp"

using namespace tocsin;

namespace {

double cpu_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

/// Counters that rise by whole numbers, and gauges with a digit behind the point, half of each.
void put_line(std::string& out, std::uint64_t series, std::uint64_t i) {
  constexpr std::uint64_t kStart = 1'700'000'000;
  const std::uint64_t noise = (series * 7919 + i * 104'729) % 1'000;
  out +=
      fmt::format("http_requests{}{{instance=\"host-{}.example:9100\",job=\"api\",handler=\"/api/v1/resource/{}\"}} ",
                  series % 2 == 0 ? "_total" : "", series / 50, series % 50);
  append_float_expo(out, series % 2 == 0 ? static_cast<double>(i * 1'000 + noise) : static_cast<double>(noise) / 10);
  out += fmt::format(" {}\n", kStart + i * 15);
}

int make(std::uint64_t series, std::uint64_t samples, bool by_time, const char* file) {
  std::ofstream out(file, std::ios::binary);
  std::string lines;
  for (std::uint64_t outer = 0; outer < (by_time ? samples : series); ++outer) {
    lines.clear();
    for (std::uint64_t inner = 0; inner < (by_time ? series : samples); ++inner) {
      put_line(lines, by_time ? inner : outer, by_time ? outer : inner);
    }
    out << lines;
  }
  out << "# EOF\n";
  return out.good() ? 0 : 1;
}

int import_file(const char* file, const char* folder, unsigned threads) {
  backfill::ImportOptions options;
  options.threads = threads;
  std::uint64_t samples = 0, blocks = 0, chunks = 0;
  const auto done = backfill::import_openmetrics(posix_fs(), file, folder, options, 1'800'000'000'000,
                                                 Rng::from_system(), [&](const block::Meta& meta) {
                                                   samples += meta.stats.samples;
                                                   chunks += meta.stats.chunks;
                                                   ++blocks;
                                                 });
  if (!done) {
    fmt::print(stderr, "{}\n", done.error().message);
    return 1;
  }
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  fmt::print("{} samples, {} chunks, {} blocks; {:.2f} CPU s, {:.3f} a million samples; {} MiB at most\n", samples,
             chunks, blocks, cpu_seconds(), cpu_seconds() * 1e6 / static_cast<double>(samples), usage.ru_maxrss / 1024);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc == 6 && std::strcmp(argv[1], "make") == 0) {
    return make(std::strtoull(argv[2], nullptr, 10), std::strtoull(argv[3], nullptr, 10),
                std::strcmp(argv[4], "time") == 0, argv[5]);
  }
  if (argc >= 4 && std::strcmp(argv[1], "import") == 0) {
    const unsigned threads =
        argc > 4 ? static_cast<unsigned>(std::strtoul(argv[4], nullptr, 10)) : std::thread::hardware_concurrency();
    return import_file(argv[2], argv[3], threads);
  }
  fmt::print(stderr, "usage: backfill_bench make SERIES SAMPLES time|series FILE | import FILE FOLDER [THREADS]\n");
  return 2;
}
