#include "backfill/import.hpp"

#include <algorithm>
#include <map>
#include <random>

#include <catch2/catch.hpp>

#include "base/fault_fs.hpp"
#include "base/float_text.hpp"
#include "base/mem_fs.hpp"
#include "block/block.hpp"
#include "chunkenc/chunk.hpp"

using namespace tocsin;
using namespace std::chrono_literals;

namespace {

constexpr Timestamp kNow = 1'800'000'000'000;
constexpr std::int64_t kTwoHours = 7'200'000;

using Series = std::map<std::string, std::map<Timestamp, double>>;  // by the series' text

struct Imported {
  std::string error;  // "" if it worked
  std::vector<block::Meta> blocks;
  Series series;
  std::vector<std::string> left;  // in the folder
};

/// Adds what a block holds, and checks it.
void read_block(Fs& fs, const std::string& path, Series& out) {
  const auto opened = block::Block::open(fs, path);
  REQUIRE(opened);
  const block::Block& block = **opened;
  CHECK(block.verify([](const std::string& defect) { FAIL_CHECK(defect); }) == 0);
  model::Labels labels;
  std::vector<block::ChunkMeta> chunks;
  storage::SampleColumns samples;
  for (const block::SeriesRef ref : *block.select({})) {
    REQUIRE(block.series(ref, &labels, &chunks));
    for (const auto& chunk : chunks) {
      const auto data = block.chunk(chunk.ref);
      REQUIRE(data);
      samples.clear();
      REQUIRE(chunkenc::decode_chunk(data->encoding, data->data, samples));
      for (std::size_t i = 0; i < samples.size(); ++i) {
        CHECK(out[labels.to_series()].emplace(samples.times[i], samples.values[i]).second);
        CHECK(samples.times[i] >= block.meta().min_time);
        CHECK(samples.times[i] < block.meta().max_time);
      }
    }
  }
}

Imported import_text(const std::string& text, const backfill::ImportOptions& options = {}, Fs* fs = nullptr) {
  MemFs own;
  Fs& files = fs != nullptr ? *fs : own;
  REQUIRE(files.write_file_atomic("in.om", text));
  Imported out;
  const auto done = backfill::import_openmetrics(files, "in.om", "out", options, kNow, Rng(1),
                                                 [&out](const block::Meta& meta) { out.blocks.push_back(meta); });
  if (!done) out.error = done.error().message;
  out.left = *files.list("out");
  for (const block::Meta& meta : out.blocks) read_block(files, "out/" + meta.ulid.text(), out.series);
  return out;
}

std::string seconds(Timestamp t) {
  return fmt::format("{}.{:03}", t / 1000, t % 1000);
}

}  // namespace

TEST_CASE("a file of OpenMetrics becomes blocks of two hours") {
  const auto out = import_text(
      "# HELP http_requests_total The total number of HTTP requests.\n# TYPE http_requests_total counter\n"
      "http_requests_total{code=\"200\"} 1021 1565133713.989\nhttp_requests_total{code=\"200\"} 1 1565133714.989\n"
      "http_requests_total{code=\"400\"} 2 1565133715.989\nrpc 7 1565166113.989\n# EOF\n");
  CHECK(out.error.empty());
  REQUIRE(out.blocks.size() == 2);
  CHECK(out.blocks[0].min_time == 1565133713989);
  CHECK(out.blocks[0].max_time == 1565133715990);
  CHECK(out.blocks[0].stats.samples == 3);
  CHECK(out.blocks[0].stats.series == 2);
  CHECK(out.blocks[0].compaction.sources == std::vector<block::Ulid>{out.blocks[0].ulid});
  CHECK(out.series == Series{{"http_requests_total{code=\"200\"}", {{1565133713989, 1021}, {1565133714989, 1}}},
                             {"http_requests_total{code=\"400\"}", {{1565133715989, 2}}},
                             {"rpc", {{1565166113989, 7}}}});
  CHECK(out.left.size() == 2);
}

TEST_CASE("labels are set over those of the file, and blocks may be longer") {
  backfill::ImportOptions options;
  options.labels = {{"cluster", "old"}, {"code", "none"}};
  options.max_block_duration = 20h;
  const auto out = import_text("a{code=\"200\"} 1 0\na 2 64799.999\nb 3 64800\n# EOF\n", options);
  CHECK(out.blocks.size() == 2);
  CHECK(out.series == Series{{"a{cluster=\"old\", code=\"none\"}", {{0, 1}, {64799999, 2}}},
                             {"b{cluster=\"old\", code=\"none\"}", {{64800000, 3}}}});
  CHECK(backfill::import_block_duration(0h) == 2h);
  CHECK(backfill::import_block_duration(5h + 59min) == 2h);
  CHECK(backfill::import_block_duration(6h) == 6h);
  CHECK(backfill::import_block_duration(53h) == 18h);
  CHECK(backfill::import_block_duration(24h * 100'000) == 2h * 19683);
}

TEST_CASE("series in other spellings are one, times before 1970 have blocks too, and equal samples count once") {
  const auto out = import_text(
      "# TYPE h histogram\nh_bucket{le=\"1\",a=\"b\"} 1 1\nh_bucket{a=\"b\",le=\"1.0\"} 2 "
      "2\nh_bucket{a=\"b\",le=\"1\"} 2 2\n"
      "# TYPE g gauge\ng -1 -0.001\ng 0 -7200\ng 5 -7200.001\ng NaN 1\ng NaN 1\n# EOF");
  CHECK(out.error.empty());
  CHECK(out.blocks.size() == 3);
  CHECK(out.series.at("h_bucket{a=\"b\", le=\"1.0\"}") == std::map<Timestamp, double>{{1000, 1}, {2000, 2}});
  CHECK(out.series.at("g").size() == 4);
}

TEST_CASE("a TYPE holds in later pieces of the file") {
  std::string text = "# TYPE h histogram\n";
  for (int i = 0; i < 200; ++i) text += fmt::format("h_bucket{{le=\"{}\"}} 1 1\n", i);
  text += "# TYPE s summary\n";
  for (int i = 0; i < 200; ++i)
    text += fmt::format("s{{quantile=\"{}\"}} 1 1\nh_bucket{{le=\"{}\",x=\"y\"}} 1 1\n", i, i);
  backfill::ImportOptions options;
  options.piece_bytes = 100;
  for (const unsigned threads : {1U, 4U}) {
    options.threads = threads;
    const auto out = import_text(text + "# EOF\n", options);
    CHECK(out.error.empty());
    CHECK(out.series.size() == 600);
    for (int i = 0; i < 200; ++i) {
      CHECK(out.series.contains(fmt::format("h_bucket{{le=\"{}.0\"}}", i)));
      CHECK(out.series.contains(fmt::format("s{{quantile=\"{}.0\"}}", i)));
      CHECK(out.series.contains(fmt::format("h_bucket{{le=\"{}\", x=\"y\"}}", i)));
    }
  }
}

TEST_CASE("what is wrong with a file is told with line and column, and makes no blocks") {
  struct Case {
    std::string text, error;
  };
  const std::vector<Case> cases = {
      {"", "in.om:1:1: data does not end with # EOF: \"\""},
      {"a 1 1\n", "in.om:2:1: data does not end with # EOF: \"\""},
      {"a 1 1\nb x 1\n# EOF\n", "in.om:2:3: invalid syntax of a number: \"b x 1\""},
      {"a 1 1\nb 1\n# EOF\n", "in.om:2:1: expected timestamp for series got none: \"b 1\""},
      {"a 1 1\n# EOF\na 2 2\n", "in.om:3:1: unexpected data after # EOF: \""},
      {"a{b=\"1\",b=\"2\"} 1 1\n# EOF\n",
       "in.om:1:1: label name \"b\" is not unique: invalid sample: \"a{b=\\\"1\\\",b=\\\"2\\\"} 1 1\""},
      {"a 1 1e300\n# EOF\n", "in.om:1:1: out of bounds: \"a 1 1e300\""},
      {"b 1 1\na 1 1\na 2 1\n# EOF\n", "duplicate sample for timestamp 1000 of series a: 1 and 2"},
  };
  for (const Case& c : cases) {
    for (const std::size_t piece_bytes : {std::size_t{1}, std::size_t{4096}}) {
      backfill::ImportOptions options;
      options.piece_bytes = piece_bytes;
      options.threads = 3;
      CAPTURE(c.text, piece_bytes);
      const auto out = import_text(c.text, options);
      CHECK_THAT(out.error, Catch::StartsWith(c.error));
      CHECK(out.blocks.empty());
      CHECK(out.left.empty());
    }
  }
}

TEST_CASE("a file in any order gives what it holds, however small the buffers are") {
  for (std::uint32_t seed = 0; seed < 12; ++seed) {
    std::mt19937 random(seed);
    const auto below = [&random](std::uint32_t n) { return static_cast<std::uint32_t>(random() % n); };
    Series want;
    std::vector<std::string> lines;
    for (std::uint32_t i = 0; i < 3000; ++i) {
      const std::uint32_t series = below(40);
      const Timestamp t = below(20'000) * 1000LL + below(2) * 500;
      const double value = below(3) == 0 ? below(1000) / 7.0 : below(100);
      const std::string name = fmt::format("m{}{{s=\"{}\"}}", series % 3, series);
      if (!want[name].emplace(t, value).second) continue;
      lines.push_back(fmt::format("{} {} {}\n", name, format_float_g(value), seconds(t)));
    }
    if (seed % 3 == 0) std::sort(lines.begin(), lines.end());
    std::string text;
    for (const auto& line : lines) text += line;
    backfill::ImportOptions options;
    options.threads = 1 + seed % 3;
    options.piece_bytes = 1 + below(5000);
    options.buffer_bytes = seed % 2 == 0 ? 0 : 1U << 20U;
    options.max_block_duration = seed % 4 == 0 ? 6h : 0h;
    const auto out = import_text(text + "# EOF\n", options);
    REQUIRE(out.error.empty());
    CHECK(out.series == want);
    CHECK(out.left.size() == out.blocks.size());
    CHECK(std::is_sorted(out.blocks.begin(), out.blocks.end(),
                         [](const auto& a, const auto& b) { return a.max_time <= b.min_time; }));
    for (const auto& meta : out.blocks) {
      const Timestamp start = meta.min_time / kTwoHours * kTwoHours;
      if (seed % 4 != 0) CHECK(meta.max_time <= start + kTwoHours);
    }
  }
}

TEST_CASE("an import that a file system fails leaves nothing behind") {
  std::string text;
  for (int i = 0; i < 300; ++i) text += fmt::format("m{{s=\"{}\"}} {} {}\n", i % 7, i, i * 100);
  backfill::ImportOptions options;
  options.buffer_bytes = 0;
  std::size_t failures = 0;
  for (const FsCall call : {FsCall::kOpen, FsCall::kAppend, FsCall::kSync, FsCall::kRead, FsCall::kRename,
                            FsCall::kCreateDirectories, FsCall::kSyncDirectory}) {
    for (std::uint64_t n = 1;; ++n) {
      MemFs memory;
      REQUIRE(memory.write_file_atomic("in.om", text + "# EOF\n"));
      FaultFs fs(memory);
      fs.arm({.call = call, .nth = n, .stays = n % 2 == 0});
      std::size_t blocks = 0;
      const auto done = backfill::import_openmetrics(fs, "in.om", "out", options, kNow, Rng(1),
                                                     [&blocks](const block::Meta&) { ++blocks; });
      if (done) {
        CHECK(blocks == 5);
        CHECK(fs.count(call) < n);
        break;
      }
      ++failures;
      CHECK(blocks == 0);
      if (memory.exists("out")) CHECK(memory.list("out")->empty());
    }
  }
  CHECK(failures > 20);
}
