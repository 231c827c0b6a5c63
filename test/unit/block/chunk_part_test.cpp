// Parts of chunks: whatever was read before, the samples within a time are those that were written.
#include "block/chunk_part.hpp"

#include <atomic>
#include <thread>

#include "block/restart_points.hpp"
#include "samples.hpp"

namespace tocsin::block {
namespace {

constexpr Timestamp kAllTime = Timestamp{1} << 60;

/// Floats a few milliseconds off their interval; some series have a gap, or another interval from the middle on.
storage::SampleColumns scraped(Rng& rng, std::size_t count) {
  storage::SampleColumns samples;
  const std::uint64_t kind = rng.next() % 4;
  Timestamp interval = 10'000;
  Timestamp due = kBlockStart + static_cast<Timestamp>(rng.next() % 10'000);
  for (std::size_t i = 0; i < count; ++i, due += interval) {
    if (i == count / 2 && kind == 1) due += 1'000'000;
    if (i == count / 3 && kind == 2) interval = 1'000;
    samples.times.push_back(due + (kind == 0 ? 0 : static_cast<Timestamp>(rng.next() % 7)));
    samples.values.push_back(static_cast<double>(rng.next() % 1'000'000));
  }
  return samples;
}

SeriesToWrite in_chunks_of_120(const model::Labels& labels, const storage::SampleColumns& samples) {
  SeriesToWrite series;
  series.labels = labels;
  chunkenc::encode_chunks(samples, 0, samples.size(), chunkenc::CutOptions{}, series.chunks);
  return series;
}

SamplesOf some_store(Rng& rng, std::size_t count) {
  SamplesOf store;
  for (std::size_t i = 0; i < count; ++i) {
    store[{{"__name__", "m"}, {"i", std::to_string(i)}}] = scraped(rng, 20 + rng.next() % 400);
  }
  return store;
}

std::shared_ptr<Block> block_of(Fs& fs, const SamplesOf& store) {
  std::vector<SeriesToWrite> series;
  for (const auto& [labels, samples] : store) series.push_back(in_chunks_of_120(labels, samples));
  return write_block(fs, std::move(series));
}

/// Reads all series, and compares. @return samples that were read
std::size_t read_and_compare(const std::shared_ptr<Block>& block, const SamplesOf& store, Timestamp start,
                             Timestamp end) {
  CAPTURE(start, end);
  const auto querier = make_block_querier(block, start, end, {});
  const auto set = querier->select({.start = -kAllTime, .end = kAllTime}, {});
  std::map<model::Labels, storage::SampleColumns> found;
  while (set->next()) REQUIRE(set->read(start, end, found[set->labels()]));
  std::size_t count = 0;
  for (const auto& [labels, samples] : store) {
    const storage::SampleColumns expected = within(samples, start, end);
    CAPTURE(labels.to_string());
    REQUIRE(found[labels].times == expected.times);
    REQUIRE(found[labels].values == expected.values);
    count += expected.size();
  }
  return count;
}

TEST_CASE("windows give what was written, the first time and from restart points") {
  Rng rng(1);
  for (int round = 0; round < 6; ++round) {
    const SamplesOf store = some_store(rng, 20);
    MemFs fs;
    const auto block = block_of(fs, store);
    std::size_t samples = 0;
    for (int query = 0; query < 60; ++query) {
      const auto start = kBlockStart + static_cast<Timestamp>(rng.next() % 4'500'000);
      const auto end = start + static_cast<Timestamp>(rng.next() % (query % 2 == 0 ? 100'000 : 2'000'000));
      for (int again = 0; again < 2; ++again) samples += read_and_compare(block, store, start, end);
      // A window that moves, as that of a rule does.
      read_and_compare(block, store, start + 60'000, end + 60'000);
    }
    CHECK(samples > 10'000);
    CHECK(block->restart_points_bytes() == 256 * 1024);
  }
}

TEST_CASE("windows that begin or end at a sample have it") {
  storage::SampleColumns samples;
  for (int i = 0; i < 120; ++i) {
    samples.times.push_back(kBlockStart + i * 15'000);
    samples.values.push_back(i * i);
  }
  SamplesOf store;
  store[{{"__name__", "m"}}] = samples;
  MemFs fs;
  const auto block = block_of(fs, store);
  for (int again = 0; again < 2; ++again) {
    for (int from = 0; from < 120; ++from) {
      for (const int length : {0, 1, 4, 15, 16, 17, 100}) {
        for (const Timestamp off : {-1, 0, 1}) {
          const Timestamp start = kBlockStart + from * 15'000 + off;
          read_and_compare(block, store, start, start + length * 15'000);
        }
      }
    }
  }
}

TEST_CASE("blocks of which whole chunks alone are read keep no restart points") {
  Rng rng(2);
  const SamplesOf store = some_store(rng, 5);
  MemFs fs;
  const auto block = block_of(fs, store);
  read_and_compare(block, store, -kAllTime, kAllTime);
  CHECK(block->restart_points_bytes() == 0);
}

TEST_CASE("a chunk that is damaged on the disk is left out, also when restart points of it were kept") {
  Rng rng(3);
  SamplesOf store;
  store[{{"__name__", "m"}}] = scraped(rng, 120);
  MemFs fs;
  const auto block = block_of(fs, store);
  const auto& times = store.begin()->second.times;
  read_and_compare(block, store, times[100], times[110]);
  REQUIRE(block->restart_points_bytes() != 0);

  const std::string segment = block->path() + "/chunks/000001";
  std::string bytes = must(fs.read_file(segment, 1U << 20U));
  bytes[bytes.size() - 10] = static_cast<char>(bytes[bytes.size() - 10] ^ 1);
  must(fs.write_file_atomic(segment, bytes));
  const auto damaged = must(Block::open(fs, block->path()));
  const auto querier = make_block_querier(damaged, -kAllTime, kAllTime, {});
  const auto set = querier->select({.start = -kAllTime, .end = kAllTime}, {});
  REQUIRE(set->next());
  storage::SampleColumns out;
  REQUIRE(set->read(times[100], times[110], out));
  CHECK(out.size() == 0);
  CHECK(damaged->damaged_chunks() == 1);
}

chunkenc::XorPlace place_at(std::uint32_t samples) {
  return {
      .samples = samples, .bit = samples * 20, .time = samples, .delta = 1, .value = samples, .size = 8, .trailing = 2};
}

TEST_CASE("restart points are found by chunk and sample, and the latest of them stay") {
  RestartPoints points(16);
  chunkenc::XorPlace out;
  CHECK_FALSE(points.find(0, 1, 16, out));
  CHECK(points.bytes() == 0);
  points.keep(0, 1, place_at(16));
  points.keep(0, 1, place_at(32));
  REQUIRE(points.find(0, 1, 16, out));
  CHECK(out.bit == 320);
  CHECK_FALSE(points.find(0, 2, 16, out));
  CHECK_FALSE(points.find(16, 1, 16, out));
  points.keep(0, 1, place_at(48));
  CHECK_FALSE(points.find(0, 1, 16, out));
  CHECK(points.find(0, 1, 32, out));
  CHECK(points.find(0, 1, 48, out));
  // Of series that stand together none puts another out.
  for (SeriesRef series = 0; series < 2000; ++series) points.keep(series * 16, series, place_at(series + 1));
  for (SeriesRef series = 0; series < 2000; ++series) {
    REQUIRE(points.find(series * 16, series, series + 1, out));
    REQUIRE(out.value == series + 1);
  }
}

TEST_CASE("threads that keep and find restart points side by side see whole ones") {
  RestartPoints points(1);
  std::atomic<int> mixed{0};
  const auto work = [&](std::uint64_t seed) {
    Rng rng(seed);
    for (int i = 0; i < 20'000; ++i) {
      const auto series = static_cast<SeriesRef>(rng.next() % 4);
      const auto samples = static_cast<std::uint32_t>(1 + rng.next() % 3);
      points.keep(series, series, place_at(samples));
      chunkenc::XorPlace out;
      if (!points.find(series, series, samples, out)) continue;
      if (out.bit != samples * 20 || out.value != samples || out.time != samples) ++mixed;
    }
  };
  std::thread other(work, 1);
  work(2);
  other.join();
  CHECK(mixed == 0);
}

}  // namespace
}  // namespace tocsin::block
