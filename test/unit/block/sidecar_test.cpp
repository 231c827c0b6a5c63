// The file of summaries: what was put in comes out, and what is damaged is read from the chunks instead.
#include "block/sidecar.hpp"

#include <algorithm>
#include <bit>

#include <catch2/catch.hpp>

#include "base/hash.hpp"
#include "base/mem_fs.hpp"
#include "base/rng.hpp"
#include "chunkenc/chunk_summary.hpp"

namespace tocsin::block {
namespace {

using chunkenc::EncodedChunk;
using chunkenc::Encoding;
using storage::ChunkSummary;
using storage::TimeRange;

constexpr const char* kPath = "/block/tocsin.summaries";
constexpr std::uint32_t kIndexCrc = 0x12345678;

/// A series as its columns, and the chunks made of it. No data: the sidecar does not look there.
struct Series {
  std::uint64_t ref = 0;
  storage::SampleColumns samples;
  std::vector<EncodedChunk> chunks;
};

model::Labels labels_of(std::uint64_t ref) {
  return {{"__name__", "x"}, {"ref", std::to_string(ref)}};
}

EncodedChunk float_chunk(const storage::SampleColumns& samples, std::size_t from, std::size_t count) {
  EncodedChunk chunk;
  chunk.first_time = samples.times[from];
  chunk.last_time = samples.times[from + count - 1];
  chunk.count = static_cast<std::uint32_t>(count);
  chunk.summary = chunkenc::summarise(std::span(samples.times).subspan(from, count),
                                      std::span(samples.values).subspan(from, count));
  return chunk;
}

Series random_series(Rng& rng, std::uint64_t ref) {
  Series series;
  series.ref = ref;
  Timestamp t = static_cast<Timestamp>(rng.next() % 100'000);
  double value = 0;
  Timestamp start = 0;
  const std::size_t chunks = 1 + rng.next() % (rng.next() % 4 == 0 ? 100 : 5);
  const std::uint64_t jump = rng.next() % 2 == 0 ? 5 : 200;  // one sample of so many is a reset
  for (std::size_t c = 0; c < chunks; ++c) {
    const std::size_t from = series.samples.size();
    const std::size_t count = 1 + rng.next() % 30;
    for (std::size_t i = 0; i < count; ++i) {
      t += 1 + static_cast<Timestamp>(rng.next() % 20'000);
      value = rng.next() % jump == 0 ? 1 : value + rng.uniform();
      if (rng.next() % 40 == 0) start = t - 5;
      series.samples.times.push_back(t);
      series.samples.values.push_back(rng.next() % 50 == 0 ? model::stale_nan() : value);
      series.samples.starts.push_back(rng.next() % 10 == 0 ? 0 : start);
    }
    EncodedChunk chunk = float_chunk(series.samples, from, count);
    if (rng.next() % 12 == 0) {
      chunk.encoding = Encoding::kHistogram;
      chunk.summary = {};
    } else if (rng.next() % 3 == 0) {
      chunk.starts.assign(series.samples.starts.begin() + static_cast<std::ptrdiff_t>(from),
                          series.samples.starts.end());
    }
    series.chunks.push_back(std::move(chunk));
    t += static_cast<Timestamp>(rng.next() % 3) * 100'000;
  }
  return series;
}

void write(Fs& fs, const std::vector<Series>& all) {
  REQUIRE(fs.create_directories("/block"));
  SidecarWriter writer(fs, kPath);
  for (const Series& one : all) REQUIRE(writer.add(one.ref, labels_of(one.ref), one.chunks));
  REQUIRE(writer.finish(kIndexCrc));
}

bool same(const ChunkSummary& a, const ChunkSummary& b) {
  std::string left, right;
  chunkenc::encode_summary(a, left);
  chunkenc::encode_summary(b, right);
  return a.first_time == b.first_time && left == right;
}

bool answer(const SidecarReader& reader, std::uint64_t ref, Timestamp start, Timestamp end,
            std::vector<ChunkSummary>& out, std::vector<TimeRange>& rest, SidecarPlace* place = nullptr) {
  SidecarSeries series;
  return reader.find(ref, series, place) && reader.summaries(series, start, end, out, rest);
}

/// That the answer covers what the series has in the window, once, and that each summary is that of its chunks.
void check_window(const SidecarReader& reader, const Series& series, Timestamp start, Timestamp end) {
  std::vector<ChunkSummary> summaries;
  std::vector<TimeRange> rest;
  if (!answer(reader, series.ref, start, end, summaries, rest)) return;
  std::vector<TimeRange> parts = rest;
  for (const ChunkSummary& s : summaries) {
    CHECK(s.known());
    parts.push_back({s.first_time, s.last_time});
    ChunkSummary expected;
    bool any = false;
    for (const EncodedChunk& chunk : series.chunks) {
      if (chunk.first_time < s.first_time || chunk.last_time > s.last_time) continue;
      CHECK(chunk.encoding == Encoding::kXor);
      expected = any ? chunkenc::combine(expected, chunk.summary) : chunk.summary;
      any = true;
    }
    REQUIRE(any);
    CHECK(s.count == expected.count);
    CHECK(s.first_at == expected.first_at);
    CHECK(s.last_at == expected.last_at);
    CHECK(s.resets == expected.resets);
    CHECK(s.reset_values == expected.reset_values);
    CHECK(s.first == expected.first);
    CHECK(s.last == expected.last);
    CHECK(s.sum == Approx(expected.sum).epsilon(1e-15));
  }
  std::ranges::sort(parts, {}, &TimeRange::start);
  Timestamp last = start - 1;
  for (const TimeRange& part : parts) {
    CHECK(part.start > last);
    CHECK(part.end >= part.start);
    last = part.end;
  }
  CHECK(last <= end);
  for (const Timestamp t : series.samples.times) {
    if (t < start || t > end) continue;
    CHECK(std::ranges::any_of(parts, [t](const TimeRange& part) { return part.start <= t && t <= part.end; }));
  }
}

/// All that is known is what was put in.
void check_all(const SidecarReader& reader, const Series& series, bool floats) {
  SidecarSeries found;
  SidecarSummaries all;
  REQUIRE(reader.find(series.ref, found));
  CHECK(found.labels_crc == crc32c(labels_of(series.ref).encoded()));
  REQUIRE(reader.all_summaries(found, all));
  CHECK(all.whole.known() == floats);
  REQUIRE(all.chunks.size() == series.chunks.size());
  CHECK(all.groups.size() == (series.chunks.size() + 15) / 16);
  for (std::size_t i = 0; i < all.chunks.size(); ++i) {
    CHECK(all.chunks[i].last_time == series.chunks[i].last_time);
    if (series.chunks[i].encoding == Encoding::kXor) CHECK(same(all.chunks[i], series.chunks[i].summary));
  }
}

void check_starts(const SidecarReader& reader, const Series& series) {
  std::vector<Timestamp> starts;
  for (std::size_t i = 0; i < series.chunks.size(); ++i) {
    const bool found = reader.starts(series.ref, i, starts);
    if (found) CHECK(starts == series.chunks[i].starts);
    if (!found) CHECK(starts.empty());
  }
}

std::vector<Series> some_series(std::uint64_t seed, std::size_t count) {
  Rng rng(seed);
  std::vector<Series> all;
  std::uint64_t ref = 3;
  for (std::size_t i = 0; i < count; ++i) all.push_back(random_series(rng, ref += 1 + rng.next() % 9));
  return all;
}

TEST_CASE("a sidecar gives the summaries of every window, as coarse as can be") {
  MemFs fs;
  const std::vector<Series> all = some_series(1, 40);
  write(fs, all);
  const auto reader = SidecarReader::open(fs, kPath, kIndexCrc);
  REQUIRE(reader);
  CHECK((*reader)->has_starts());
  Rng rng(2);
  std::size_t coarse = 0;
  for (const Series& series : all) {
    const Timestamp first = series.chunks.front().first_time;
    const Timestamp last = series.chunks.back().last_time;
    std::vector<ChunkSummary> summaries;
    std::vector<TimeRange> rest;
    REQUIRE(answer(**reader, series.ref, first, last, summaries, rest));
    coarse += summaries.size() < series.chunks.size() ? 1 : 0;
    check_window(**reader, series, first, last);
    for (int i = 0; i < 20; ++i) {
      const Timestamp start =
          first - 5 + static_cast<Timestamp>(rng.next() % static_cast<std::uint64_t>(last - first + 10));
      check_window(**reader, series, start, start + static_cast<Timestamp>(rng.next() % 1'000'000));
    }
    const bool floats = std::ranges::all_of(series.chunks, [](const auto& c) { return c.encoding == Encoding::kXor; });
    check_all(**reader, series, floats);
    for (std::size_t i = 0; i < series.chunks.size(); ++i) {
      std::vector<Timestamp> starts;
      const auto& expected = series.chunks[i].starts;
      CHECK((*reader)->starts(series.ref, i, starts) == !expected.empty());
      CHECK(starts == expected);
    }
    std::vector<Timestamp> none;
    CHECK_FALSE((*reader)->starts(series.ref, series.chunks.size(), none));
  }
  CHECK(coarse > 10);
  std::vector<ChunkSummary> summaries;
  std::vector<TimeRange> rest;
  CHECK_FALSE(answer(**reader, 2, 0, 1'000'000'000, summaries, rest));
  CHECK_FALSE(answer(**reader, 1'000'000, 0, 1'000'000'000, summaries, rest));
}

TEST_CASE("who remembers the place of the last series finds the same, in whatever order") {
  Rng rng(11);
  std::vector<Series> all;
  for (std::uint64_t i = 0; i < 50; ++i) all.push_back(random_series(rng, 10 + i * 2));
  MemFs fs;
  write(fs, all);
  const auto reader = SidecarReader::open(fs, kPath, kIndexCrc);
  REQUIRE(reader);
  std::vector<std::uint64_t> refs;
  for (std::uint64_t ref = 8; ref < 112; ++ref) refs.push_back(ref);  // every other one is none
  for (const Series& series : all) refs.push_back(series.ref);        // side by side
  for (int i = 0; i < 200; ++i) refs.push_back(8 + rng.next() % 104);
  SidecarPlace place;
  for (const std::uint64_t ref : refs) {
    std::vector<ChunkSummary> summaries, expected;
    std::vector<TimeRange> rest, expected_rest;
    const bool found = answer(**reader, ref, 50'000, 1'000'000, summaries, rest, &place);
    REQUIRE(found == answer(**reader, ref, 50'000, 1'000'000, expected, expected_rest));
    CHECK(std::ranges::equal(summaries, expected, same));
    CHECK(rest == expected_rest);
  }
}

TEST_CASE("series of many rows and runs are found, one after the other and at random") {
  Rng rng(12);
  std::vector<Series> all;
  for (std::uint64_t i = 0; i < 2500; ++i) {
    Series series;
    series.ref = 5 + i * 3;
    for (std::int64_t k = 0; k < 3; ++k) series.samples.times.push_back(static_cast<Timestamp>(i) * 10 + k);
    series.samples.values = {1, 2, static_cast<double>(i)};
    series.chunks.push_back(float_chunk(series.samples, 0, 3));
    all.push_back(std::move(series));
  }
  MemFs fs;
  write(fs, all);
  const auto reader = SidecarReader::open(fs, kPath, kIndexCrc);
  REQUIRE(reader);
  CHECK((*reader)->series() == all.size());
  SidecarPlace place;
  SidecarSeries found;
  for (const Series& series : all) {
    REQUIRE((*reader)->find(series.ref, found, &place));
    CHECK(found.labels_crc == crc32c(labels_of(series.ref).encoded()));
  }
  CHECK(place.offset == 0);
  for (int i = 0; i < 5000; ++i) {
    const std::uint64_t ref = rng.next() % 7600;
    const bool there = ref >= 5 && (ref - 5) % 3 == 0 && (ref - 5) / 3 < all.size();
    REQUIRE((*reader)->find(ref, found, i % 2 == 0 ? &place : nullptr) == there);
    if (there) CHECK(found.labels_crc == crc32c(labels_of(ref).encoded()));
  }
}

TEST_CASE("a file of the first version is not used") {
  MemFs fs;
  REQUIRE(fs.create_directories("/block"));
  REQUIRE(fs.write_file_atomic(kPath, "TOCSSUM1" + std::string(100, '\0')));
  const auto reader = SidecarReader::open(fs, kPath, kIndexCrc);
  REQUIRE_FALSE(reader);
  CHECK(reader.error().message == "/block/tocsin.summaries: no file of summaries of this version");
}

TEST_CASE("360 chunks of floats are few summaries") {
  Series series;
  series.ref = 1;
  for (int i = 0; i < 43'200; ++i) {
    series.samples.times.push_back(Timestamp{i} * 60'000);
    series.samples.values.push_back(i * 3);
  }
  for (std::size_t i = 0; i < 43'200; i += 120) series.chunks.push_back(float_chunk(series.samples, i, 120));
  MemFs fs;
  write(fs, {series});
  const auto reader = SidecarReader::open(fs, kPath, kIndexCrc);
  REQUIRE(reader);
  std::vector<ChunkSummary> summaries;
  std::vector<TimeRange> rest;
  const Timestamp last = series.samples.times.back();
  REQUIRE(answer(**reader, 1, 0, last, summaries, rest));
  REQUIRE(summaries.size() == 1);
  CHECK(same(summaries[0], chunkenc::summarise(series.samples.times, series.samples.values)));
  CHECK(rest.empty());
  summaries.clear();
  REQUIRE(answer(**reader, 1, 30'000'000, last - 5'000'000, summaries, rest));
  CHECK(summaries.size() < 22 + 2 * 16);
  CHECK(rest.size() == 2);
}

TEST_CASE("the bytes of a sidecar are these") {
  storage::SampleColumns samples;
  samples.times = {1000, 2000, 3000, 9000};
  samples.values = {5, 6, 7, 2};
  EncodedChunk first = float_chunk(samples, 0, 3);
  first.starts = {500, 500, 0};
  EncodedChunk second;
  second.encoding = Encoding::kFloatHistogram;
  second.first_time = second.last_time = 9000;
  MemFs fs;
  write(fs, {{70'000, {}, {first, second}}});

  const auto crc = [](std::string part) {
    put_fixed(part, crc32c(part));
    return part;
  };
  std::string unknown;
  chunkenc::encode_summary({.first_time = 1000, .last_time = 9000, .first_at = 1000, .last_at = 9000}, unknown);
  std::string group;
  put_signed(group, 1000);
  chunkenc::encode_summary(first.summary, group);
  put_signed(group, 6000);
  chunkenc::encode_summary({.first_time = 9000, .last_time = 9000, .first_at = 9000, .last_at = 9000}, group);
  group = crc(group);
  std::string starts;
  for (const int byte : {2, 2}) put_varint(starts, static_cast<std::uint64_t>(byte));  // two runs, the first of two
  put_signed(starts, 500);
  put_varint(starts, 1);
  put_signed(starts, -500);
  put_varint(starts, 0);  // the second chunk
  starts = crc(starts);
  std::string head;
  put_varint(head, group.size());
  put_varint(head, starts.size());
  head = crc(head);
  std::string expected = "TOCSSUM2";
  put_varint(expected, head.size());
  expected += head + group + starts;
  const std::uint64_t row_at = expected.size();
  std::string body;
  put_varint(body, 70'000);
  put_fixed(body, crc32c("\x08__name__\x01x\x03ref\x05"
                         "70000"));
  put_varint(body, 2);
  put_varint(body, 8);  // the details
  put_signed(body, 1000);
  body += unknown;
  std::string record;
  put_varint(record, body.size());
  expected += crc(record + body);
  const std::uint64_t directory_at = expected.size();
  std::string directory("\x70\x11\x01\x00\x00", 5);
  directory += static_cast<char>(row_at);
  directory += std::string(4, '\0');
  put_fixed(directory, directory_at);
  put_fixed(directory, std::uint64_t{1});
  put_fixed(directory, kIndexCrc);
  put_fixed(directory, std::uint32_t{1});
  expected += crc(directory);
  CHECK(*fs.read_file(kPath) == expected);
}

TEST_CASE("a sidecar that is cut off is no sidecar") {
  MemFs fs;
  write(fs, some_series(4, 3));
  const std::string bytes = *fs.read_file(kPath);
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    MemFs cut;
    REQUIRE(cut.create_directories("/block"));
    REQUIRE(cut.write_file_atomic(kPath, std::string_view(bytes).substr(0, size)));
    const auto reader = SidecarReader::open(cut, kPath, kIndexCrc);
    REQUIRE_FALSE(reader);
    CHECK(reader.error().code == Errc::kCorrupt);
  }
}

TEST_CASE("with any bit flipped, a sidecar says nothing wrong") {
  const std::vector<Series> all = some_series(6, 3);
  MemFs fs;
  write(fs, all);
  const std::string bytes = *fs.read_file(kPath);
  std::size_t opened = 0;
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    std::string bad = bytes;
    bad[at] = static_cast<char>(bad[at] ^ static_cast<char>(1U << at % 8));
    MemFs damaged;
    REQUIRE(damaged.create_directories("/block"));
    REQUIRE(damaged.write_file_atomic(kPath, bad));
    const auto reader = SidecarReader::open(damaged, kPath, kIndexCrc);
    if (!reader) continue;
    ++opened;
    for (const Series& series : all) {
      check_window(**reader, series, series.chunks.front().first_time, series.chunks.back().last_time);
      check_window(**reader, series, series.chunks.front().first_time + 1, series.chunks.back().last_time - 1);
      check_starts(**reader, series);
    }
  }
  CHECK(opened > bytes.size() / 2);
}

TEST_CASE("a sidecar belongs to one index, and an empty one is not made") {
  MemFs fs;
  write(fs, some_series(7, 2));
  CHECK(SidecarReader::open(fs, kPath, kIndexCrc + 1).error().code == Errc::kCorrupt);
  CHECK(SidecarReader::open(fs, "/block/none", kIndexCrc).error().code == Errc::kNotFound);
  MemFs empty;
  write(empty, {});
  CHECK_FALSE(empty.exists(kPath));
}

}  // namespace
}  // namespace tocsin::block
