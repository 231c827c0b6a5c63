// The file `floor`, byte by byte: docs/format/floor.md draws it, test/data/tsdb/floor holds the writer to it.
#include "tsdb/floor_file.hpp"

#include <catch2/catch.hpp>

#include "base/log.hpp"
#include "store.hpp"
#include "tsdb/block_set.hpp"

namespace tocsin::tsdb {
namespace {

constexpr const char* kPath = "/data/tocsin/floor";

FloorRecord while_cut() {
  return {1'700'000'000'000, FloorRecord::Cut{{0x018bcfe568000011, 0x2233445566778899}, 1'700'007'200'000}};
}

std::string golden(const std::string& name) {
  const auto bytes = posix_fs().read_file(std::string(TOCSIN_TEST_DATA) + "/floor/" + name);
  REQUIRE(bytes);
  return *bytes;
}

bool same(const FloorRecord& a, const FloorRecord& b) {
  if (a.floor != b.floor || a.cut.has_value() != b.cut.has_value()) return false;
  return !a.cut || (a.cut->ulid == b.cut->ulid && a.cut->end == b.cut->end);
}

TEST_CASE("the golden floors are written byte for byte, and read whole") {
  CHECK(golden("cut").size() == 45);
  CHECK(golden("none").size() == 21);
  CHECK(encode_floor(while_cut()) == golden("cut"));
  CHECK(encode_floor({}) == golden("none"));
  const auto cut = decode_floor(golden("cut"));
  REQUIRE(cut);
  CHECK(same(*cut, while_cut()));
  const auto none = decode_floor(golden("none"));
  REQUIRE(none);
  CHECK(same(*none, {}));
}

TEST_CASE("a floor that ends at any byte, has a flipped bit or bytes behind it is refused, never read wrongly") {
  for (const std::string& bytes : {encode_floor({-5, {}}), encode_floor(while_cut())}) {
    for (std::size_t size = 0; size < bytes.size(); ++size) {
      INFO("cut at " << size);
      const auto read = decode_floor(std::string_view(bytes).substr(0, size));
      REQUIRE_FALSE(read);
      CHECK(read.error().code == Errc::kCorrupt);
    }
    for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
      INFO("bit " << bit);
      std::string flipped = bytes;
      flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << bit % 8));
      REQUIRE_FALSE(decode_floor(flipped));
    }
    CHECK_FALSE(decode_floor(bytes + "x"));
    CHECK_FALSE(decode_floor(bytes + bytes));
  }
}

TEST_CASE("no floor file is a new store; a damaged one and one that cannot be read are told with the path") {
  MemFs disk;
  REQUIRE(disk.create_directories("/data/tocsin"));
  const auto missing = read_floor(disk, kPath);
  REQUIRE(missing);
  CHECK(same(*missing, {}));
  REQUIRE(write_floor(disk, kPath, while_cut()));
  disk.drop_unsynced();  // it is durable
  CHECK(same(*read_floor(disk, kPath), while_cut()));
  disk.corrupt(kPath, 10, "x");
  const auto damaged = read_floor(disk, kPath);
  REQUIRE_FALSE(damaged);
  CHECK(damaged.error().code == Errc::kCorrupt);
  CHECK(damaged.error().message.find(kPath) != std::string::npos);
  REQUIRE(disk.write_file_atomic(kPath, std::string(5000, 'x')));
  CHECK(read_floor(disk, kPath).error().code == Errc::kCorrupt);
}

/// A store of five hours of one series, cut into blocks.
TsdbOptions cut_store(MemFs& disk) {
  TsdbOptions options = options_for(disk);
  options.min_block_duration = std::chrono::hours(2);
  auto db = open_db(options);
  for (int minute = 0; minute < 300; ++minute) add(*db, {{"__name__", "m"}}, minute * 60'000, minute);
  REQUIRE(db->maintain());
  REQUIRE(db->blocks()->blocks.size() == 1);
  REQUIRE(db->close());
  return options;
}

TEST_CASE("a store whose floor file is cut at any byte, damaged or lost shows each sample once") {
  log::set_sink([](log::Level, std::string_view) {});
  MemFs disk;
  const TsdbOptions options = cut_store(disk);
  const std::string all = test::dump(*open_db(options));
  const std::string bytes = *disk.read_file(kPath, 1024);
  const auto check = [&](bool told) {
    auto db = open_db(options);
    CHECK(test::dump(*db) == all);
    CHECK(db->messages().size() == (told ? 1 : 0));
    REQUIRE(db->maintain());
    CHECK(test::dump(*db) == all);
  };
  for (std::size_t size = 0; size <= bytes.size(); ++size) {
    INFO("cut at " << size);
    REQUIRE(disk.write_file_atomic(kPath, std::string_view(bytes).substr(0, size)));
    check(size < bytes.size());
  }
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    INFO("flipped at " << at);
    std::string flipped = bytes;
    flipped[at] = static_cast<char>(flipped[at] ^ (1 << at % 8));
    REQUIRE(disk.write_file_atomic(kPath, flipped));
    check(true);
  }
  REQUIRE(disk.remove(kPath));
  check(false);
  log::set_sink(nullptr);
}

}  // namespace
}  // namespace tocsin::tsdb
