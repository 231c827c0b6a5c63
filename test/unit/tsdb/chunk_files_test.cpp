#include "tsdb/chunk_files.hpp"

#include <catch2/catch.hpp>

#include "base/fault_fs.hpp"
#include "base/mem_fs.hpp"
#include "chunkenc/chunk_summary.hpp"

namespace tocsin::tsdb {
namespace {

constexpr Timestamp kMinute = 60'000;
const ChunkFiles::Options kSmall{.file_ms = 10 * kMinute, .file_bytes = 100'000, .piece_bytes = 2'000};

struct Store {
  explicit Store(Fs& fs, ChunkRef position = 0, const std::vector<ChunkFiles::FileInfo>& known = {})
      : files(fs, "/d", kSmall) {
    const auto opened = files.open(
        position, known, [this](ChunkRef ref, const ChunkHeader& header) { seen.emplace_back(ref, header); },
        [this](std::string text) { reports.push_back(std::move(text)); });
    REQUIRE(opened);
  }
  ChunkRef add(std::uint32_t series, ChunkRef previous, Timestamp first, Timestamp last, std::string data) {
    const Timestamp times[] = {first, last};
    const double values[] = {1, 2};
    ChunkHeader header{series, previous, ChunkEncoding::kXor, 2, first, last, chunkenc::summarise(times, values)};
    return files.append(header, data);
  }
  std::string data(ChunkRef ref) {
    ChunkView view;
    const auto set = files.set();
    if (!parse_chunk(ref, set->find(ref), view) || !view.data_intact()) return "?";
    return std::string(view.data);
  }
  ChunkFiles files;
  std::vector<std::pair<ChunkRef, ChunkHeader>> seen;
  std::vector<std::string> reports;
};

TEST_CASE("chunks are read back from memory, from disk and after a restart") {
  MemFs fs;
  std::vector<ChunkRef> refs;
  {
    Store store(fs);
    ChunkRef previous = 0;
    for (std::uint32_t i = 0; i < 100; ++i) {
      previous = store.add(7, previous, i * kMinute, i * kMinute + 1000, std::string(50 + i, 'a'));
      refs.push_back(previous);
      CHECK(store.data(previous) == std::string(50 + i, 'a'));
      if (i == 40) REQUIRE(store.files.write_out(false, [] { return Result<void>(); }));
    }
    CHECK(store.files.has_full_piece());
    REQUIRE(store.files.write_out(true, [] { return Result<void>(); }));
    for (std::uint32_t i = 0; i < 100; ++i) CHECK(store.data(refs[i]) == std::string(50 + i, 'a'));
    CHECK(store.files.files().size() > 3);
    CHECK(store.files.memory_bytes() < 4'000);
  }
  fs.drop_unsynced();
  Store again(fs);
  CHECK(again.reports.empty());
  REQUIRE(again.seen.size() == 100);
  for (std::uint32_t i = 0; i < 100; ++i) {
    CHECK(again.seen[i].first == refs[i]);
    CHECK(again.seen[i].second.previous == (i == 0 ? 0 : refs[i - 1]));
    CHECK(again.seen[i].second.series == 7);
    CHECK(again.seen[i].second.last_time == i * kMinute + 1000);
    CHECK(again.data(refs[i]) == std::string(50 + i, 'a'));
  }
  CHECK(again.add(7, refs.back(), 200 * kMinute, 201 * kMinute, "x") > refs.back());
}

TEST_CASE("a chunk larger than a piece gets a piece of its own") {
  MemFs fs;
  Store store(fs);
  const ChunkRef small = store.add(1, 0, 0, 1, "x");
  const ChunkRef large = store.add(1, small, 2, 3, std::string(10'000, 'y'));
  const ChunkRef after = store.add(1, large, 4, 5, "z");
  CHECK(store.data(large) == std::string(10'000, 'y'));
  REQUIRE(store.files.write_out(false, [] { return Result<void>(); }));
  CHECK(store.data(small) == "x");
  CHECK(store.data(large) == std::string(10'000, 'y'));
  CHECK(store.data(after) == "z");
}

TEST_CASE("a set that is held stays readable when its files are dropped") {
  MemFs fs;
  Store store(fs);
  std::vector<ChunkRef> refs;
  for (std::uint32_t i = 0; i < 100; ++i) {
    refs.push_back(store.add(1, 0, i * kMinute, i * kMinute + 1, std::string(100, 'a')));
  }
  REQUIRE(store.files.write_out(true, [] { return Result<void>(); }));
  const auto held = store.files.set();
  const auto names = fs.list("/d")->size();
  auto dropped = store.files.drop_before(50 * kMinute);
  REQUIRE(dropped);
  CHECK(*dropped > 0);
  CHECK(fs.list("/d")->size() == names - *dropped);
  CHECK(store.data(refs.front()) == "?");
  CHECK(chunk_file(refs.front()) < store.files.set()->oldest());
  CHECK(store.data(refs.back()) == std::string(100, 'a'));
  ChunkView view;
  REQUIRE(parse_chunk(refs.front(), held->find(refs.front()), view));
  CHECK(view.data == std::string(100, 'a'));
  REQUIRE(store.files.drop_before(1'000'000 * kMinute));
  CHECK(store.files.files().size() == 1);  // the one that is written stays
}

TEST_CASE("each failing call leaves chunks in memory until the disk works again") {
  for (const FsCall call : {FsCall::kOpen, FsCall::kAppend, FsCall::kSync}) {
    for (std::uint64_t nth = 1; nth < 12; ++nth) {
      MemFs mem;
      FaultFs fs(mem);
      Store store(fs);
      std::vector<ChunkRef> refs;
      fs.arm({.call = call, .nth = nth, .written = nth % 3 == 0 ? 20U : 0U});
      for (std::uint32_t i = 0; i < 60; ++i) {
        refs.push_back(
            store.add(1, 0, i * kMinute, i * kMinute + 1, std::string(100, static_cast<char>('a' + i % 26))));
        if (i % 20 == 19) {
          (void)store.files.write_out(true, [] { return Result<void>(); });
          for (std::uint32_t j = 0; j <= i; ++j) CHECK(store.data(refs[j])[0] == 'a' + static_cast<char>(j % 26));
        }
      }
      fs.heal();
      REQUIRE(store.files.write_out(true, [] { return Result<void>(); }));
      mem.drop_unsynced();
      Store again(mem);
      CHECK(again.reports.empty());
      CHECK(again.seen.size() == 60);
    }
  }
}

TEST_CASE("a chunk file cut at any byte or with a flipped bit gives whole chunks or says what it passed over") {
  MemFs fs;
  std::size_t size = 0;
  std::vector<ChunkRef> refs;
  {
    Store store(fs);
    for (std::uint32_t i = 0; i < 5; ++i) {
      refs.push_back(store.add(i, 0, i * 1000, i * 1000 + 1, std::string(20, static_cast<char>('a' + i))));
    }
    REQUIRE(store.files.write_out(true, [] { return Result<void>(); }));
    size = fs.info("/d/00000001.chunks")->size;
  }
  const std::string whole = *fs.read_file("/d/00000001.chunks", 1'000'000);
  const auto check_what_is_there = [&](Store& store, bool damaged) {
    for (const auto& [ref, header] : store.seen) {
      CHECK(ref == refs[header.series]);
      CHECK(store.data(ref) == std::string(20, static_cast<char>('a' + header.series)));
    }
    if (damaged) CHECK((store.seen.size() == 5 || store.reports.size() == 1));
  };
  for (std::size_t cut = 0; cut < size; ++cut) {
    REQUIRE(fs.write_file_atomic("/d/00000001.chunks", std::string_view(whole).substr(0, cut)));
    Store store(fs);
    CHECK(store.seen.size() < 5);
    const bool at_a_chunk = cut == kChunkFileHeaderBytes ||
                            std::ranges::find(refs, make_chunk_ref(1, static_cast<std::uint32_t>(cut))) != refs.end();
    CHECK(store.reports.size() == (at_a_chunk ? 0 : 1));
    check_what_is_there(store, true && !at_a_chunk);
  }
  for (std::size_t at = 0; at < size; ++at) {
    std::string bad = whole;
    bad[at] = static_cast<char>(bad[at] ^ (1 << (at % 8)));
    REQUIRE(fs.write_file_atomic("/d/00000001.chunks", bad));
    Store store(fs);
    CHECK(store.reports.size() == 1);
    check_what_is_there(store, true);
  }
}

TEST_CASE("files before the known position are not read again, and dropped leftovers go") {
  MemFs fs;
  ChunkRef position = 0;
  std::vector<ChunkFiles::FileInfo> known;
  {
    Store store(fs);
    for (std::uint32_t i = 0; i < 100; ++i) store.add(1, 0, i * kMinute, i * kMinute + 1, std::string(100, 'a'));
    REQUIRE(store.files.write_out(true, [] { return Result<void>(); }));
    position = store.files.end();
    known = store.files.files();
    store.add(2, 0, 200 * kMinute, 201 * kMinute, "new");
    REQUIRE(store.files.write_out(true, [] { return Result<void>(); }));
  }
  const std::size_t count = fs.list("/d")->size();
  known.erase(known.begin());
  Store again(fs, position, known);
  REQUIRE(again.seen.size() == 1);
  CHECK(again.seen[0].second.series == 2);
  CHECK(fs.list("/d")->size() == count - 1);
  CHECK(again.reports.empty());
  known.push_back({4711, 0});
  Store missing(fs, position, known);
  CHECK(missing.reports.size() == 1);
}

}  // namespace
}  // namespace tocsin::tsdb
