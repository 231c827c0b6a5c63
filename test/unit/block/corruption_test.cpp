// Each file of a block cut at each byte and with bits flipped: it is refused, or what is read of it is what was
// written, with the missing chunks told; and verify() says what open() does not.
#include "block/repair.hpp"
#include "samples.hpp"

namespace tocsin::block {
namespace {

constexpr Timestamp kAllTime = Timestamp{1} << 60;

struct Files {
  std::map<std::string, std::string> bytes;  // by path
  SamplesOf store;
};

Files small_block() {
  Rng rng(1);
  Files files;
  files.store = random_store(rng, 5);
  MemFs fs;
  const auto block = write_block(fs, encoded(files.store), {.segment_bytes = 600});
  must(block->remove({{must(block->select({}))[3], {{kBlockStart - 5, kBlockStart - 1}}}}));  // no sample is in it
  for (const char* const name : {"/meta.json", "/index", "/tombstones", "/tocsin.summaries"}) {
    files.bytes[block->path() + name] = must(fs.read_file(block->path() + name));
  }
  for (const std::string& name : must(fs.list(block->path() + "/chunks"))) {
    const std::string path = block->path() + "/chunks/" + name;
    files.bytes[path] = must(fs.read_file(path));
  }
  REQUIRE(files.bytes.size() > 5);
  return files;
}

void put(Fs& fs, const std::string& path, std::string_view bytes) {
  must(fs.create_directories(path.substr(0, path.rfind('/'))));
  must(must(fs.open_append(path))->append(bytes));
}

enum class Outcome { kRefused, kSameAsWritten, kIncomplete };

/// Every sample that is read was written, and each missing one is of a chunk that was told.
Outcome read_damaged(const Files& files, const std::string& damaged_path, std::string_view damaged) {
  MemFs fs;
  for (const auto& [path, bytes] : files.bytes) put(fs, path, path == damaged_path ? damaged : bytes);
  const auto block = Block::open(fs, path_of(some_meta()));
  if (!block) {
    CHECK(block.error().code == Errc::kCorrupt);
    CHECK_THAT(block.error().message, Catch::Contains(damaged_path));
    return Outcome::kRefused;
  }
  std::size_t told = 0;
  std::size_t defects = (*block)->verify([](const std::string&) {});
  const auto querier = make_block_querier(*block, -kAllTime, kAllTime, [&](const std::string&) { ++told; });
  storage::SelectHints hints;
  hints.start = -kAllTime;
  hints.end = kAllTime;
  const auto set = querier->select(hints, {});
  std::size_t missing = 0;
  std::size_t series = 0;
  while (set->next()) {
    ++series;
    const auto written = files.store.find(set->labels());
    REQUIRE(written != files.store.end());
    test::ReadSeries read{set->labels(), 0, {}};
    REQUIRE(set->read(-kAllTime, kAllTime, read.samples));
    storage::SampleColumns expected;
    for (std::size_t i = 0; i < written->second.size(); ++i) {
      if (!std::ranges::binary_search(read.samples.times, written->second.times[i])) {
        ++missing;
        continue;
      }
      expected.times.push_back(written->second.times[i]);
      expected.values.push_back(written->second.values[i]);
      if (!written->second.histograms.empty()) expected.histograms.push_back(written->second.histograms[i]);
    }
    REQUIRE(plain_text(read) == plain_text({set->labels(), 0, expected}));
  }
  if (!set->status()) {
    CHECK(set->status().error().code == Errc::kCorrupt);
    CHECK_THAT(set->status().error().message, Catch::Contains(damaged_path));
    CHECK(defects > 0);
    return Outcome::kRefused;
  }
  REQUIRE(series == files.store.size());
  CHECK((missing > 0) == (told > 0));
  if (missing > 0) CHECK(defects > 0);
  return missing > 0 ? Outcome::kIncomplete : Outcome::kSameAsWritten;
}

TEST_CASE("the small block is read whole, and has no defect") {
  const Files files = small_block();
  CHECK(read_damaged(files, "", "") == Outcome::kSameAsWritten);
  MemFs fs;
  for (const auto& [path, bytes] : files.bytes) put(fs, path, bytes);
  std::vector<std::string> defects;
  CHECK(must(Block::open(fs, path_of(some_meta())))->verify([&](std::string one) { defects.push_back(one); }) == 0);
  CHECK(defects == std::vector<std::string>());
}

TEST_CASE("a block with a file that is cut anywhere is refused, or misses the chunks that were cut off") {
  const Files files = small_block();
  for (const auto& [path, bytes] : files.bytes) {
    const bool is_chunks = path.find("/chunks/") != std::string::npos;
    for (std::size_t size = 0; size < bytes.size(); ++size) {
      CAPTURE(path, size);
      const Outcome outcome = read_damaged(files, path, std::string_view(bytes).substr(0, size));
      const Outcome expected = path.ends_with("/tocsin.summaries") ? Outcome::kSameAsWritten
                               : is_chunks && size >= 8            ? Outcome::kIncomplete
                                                                   : Outcome::kRefused;
      REQUIRE(outcome == expected);
    }
  }
}

TEST_CASE("a block with a flipped bit is refused, or misses a chunk, or is as before") {
  const Files files = small_block();
  Rng rng(2);
  for (const auto& [path, bytes] : files.bytes) {
    for (std::size_t at = 0; at < bytes.size(); ++at) {
      std::string damaged = bytes;
      damaged[at] = static_cast<char>(damaged[at] ^ (1 << (rng.next() % 8)));
      CAPTURE(path, at);
      // meta.json has no checksum: its times and numbers may be others, the samples are not.
      const Outcome outcome = read_damaged(files, path, damaged);
      if (path.ends_with("tombstones")) REQUIRE(outcome == Outcome::kRefused);
    }
  }
}

TEST_CASE("bytes of chance in any file never crash the reader, and never give a sample") {
  const Files files = small_block();
  Rng rng(3);
  for (int round = 0; round < 2000; ++round) {
    const auto victim = std::next(files.bytes.begin(), static_cast<std::ptrdiff_t>(rng.next() % files.bytes.size()));
    if (victim->first.ends_with("meta.json")) continue;
    std::string damaged = victim->second;
    for (std::uint64_t i = rng.next() % 20 + 1; i > 0; --i)
      damaged[rng.next() % damaged.size()] = static_cast<char>(rng.next());
    CAPTURE(victim->first, round);
    read_damaged(files, victim->first, damaged);
  }
}

TEST_CASE("a block without one of its files is refused with its name, but for those it can do without") {
  const Files files = small_block();
  for (const auto& [missing, unused] : files.bytes) {
    if (missing.find("/chunks/") != std::string::npos) continue;
    CAPTURE(missing);
    MemFs fs;
    for (const auto& [path, bytes] : files.bytes) {
      if (path != missing) put(fs, path, bytes);
    }
    const auto block = Block::open(fs, path_of(some_meta()));
    if (missing.ends_with("/tombstones") || missing.ends_with("/tocsin.summaries")) {
      CHECK(block);
      continue;
    }
    REQUIRE_FALSE(block);
    CHECK(block.error().code == Errc::kCorrupt);
    CHECK_THAT(block.error().message, Catch::Contains(missing));
  }
}

TEST_CASE("what Prometheus 2.1 wrote as meta version 2 with index version 1 is repaired, and again after a crash") {
  const Files files = small_block();
  const std::string block = path_of(some_meta());
  std::string meta = files.bytes.at(block + "/meta.json");
  meta.replace(meta.find("\"version\": 1"), 12, "\"version\": 2");
  std::string index = files.bytes.at(block + "/index");
  for (const char version : {'\x01', '\x02'}) {  // 2: the power went after the index was repaired
    index[4] = version;
    MemFs fs;
    for (const auto& [path, bytes] : files.bytes) {
      put(fs, path, path.ends_with("/index") ? index : path.ends_with("/meta.json") ? meta : bytes);
    }
    const auto refused = Block::open(fs, block);
    REQUIRE_FALSE(refused);
    CHECK_THAT(refused.error().message, Catch::Contains("unexpected meta file version 2"));
    CHECK(must(repair_index_version(fs, block)));
    CHECK_FALSE(must(repair_index_version(fs, block)));
    for (const auto& [path, bytes] : files.bytes) CHECK(must(fs.read_file(path)) == bytes);
    CHECK(must(fs.list(block)) ==
          std::vector<std::string>{"chunks", "index", "meta.json", "tocsin.summaries", "tombstones"});
  }
}

}  // namespace
}  // namespace tocsin::block
