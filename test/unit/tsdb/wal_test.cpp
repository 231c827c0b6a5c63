#include "tsdb/wal.hpp"

#include <bit>
#include <cmath>
#include <limits>

#include <catch2/catch.hpp>

#include "base/fault_fs.hpp"
#include "base/mem_fs.hpp"
#include "base/rng.hpp"
#include "support/storage_suite.hpp"
#include "tsdb/wal_record.hpp"
#include "tsdb/wal_value.hpp"

namespace tocsin::tsdb {
namespace {

TEST_CASE("log values come back to the bit after any other value") {
  Rng rng(1);
  std::vector<double> values = {0.0,
                                -0.0,
                                1,
                                -1,
                                0.01,
                                0.1,
                                0.3,
                                1e15,
                                9007199254740991.0,
                                9007199254740993.0,
                                1e300,
                                5e-324,
                                model::stale_nan(),
                                std::bit_cast<double>(model::kNormalNanBits),
                                std::numeric_limits<double>::infinity(),
                                -std::numeric_limits<double>::infinity(),
                                123.45,
                                123.46,
                                1e9,
                                4294967296.0,
                                2147483648.0};
  for (int i = 0; i < 60; ++i) {
    values.push_back(rng.uniform());
    values.push_back(std::bit_cast<double>(rng.next()));
    values.push_back(std::floor(rng.uniform() * 1e6) / 100);
  }
  for (const double last : values) {
    for (const double value : values) {
      std::string bytes;
      const unsigned control = encode_wal_value(last, value, bytes);
      REQUIRE(control <= 15);
      REQUIRE(bytes.size() <= 9);
      ByteReader in(bytes);
      double back = 4711;
      REQUIRE(decode_wal_value(control, last, in, back));
      REQUIRE(in.at_end());
      REQUIRE_FALSE(in.failed());
      REQUIRE(std::bit_cast<std::uint64_t>(back) == std::bit_cast<std::uint64_t>(value));
    }
  }
  std::string bytes;
  CHECK(encode_wal_value(5, 5, bytes) == kWalSame);
  CHECK(encode_wal_value(1000, 1007, bytes) == kWalInteger);
  CHECK(encode_wal_value(10.25, 10.75, bytes) == kWalHundredths);
  CHECK(bytes.size() == 2);
}

TEST_CASE("log values of any control and bytes are decoded or refused") {
  Rng rng(2);
  int decoded = 0, refused = 0;
  for (int i = 0; i < 20'000; ++i) {
    std::string bytes;
    for (std::uint64_t n = rng.next() % 10; n > 0; --n) bytes += static_cast<char>(rng.next());
    ByteReader in(bytes);
    double value = 0;
    const bool good =
        decode_wal_value(static_cast<unsigned>(rng.next() % 16), std::bit_cast<double>(rng.next()), in, value);
    REQUIRE(in.left() <= bytes.size());
    ++(good && !in.failed() ? decoded : refused);
  }
  CHECK(decoded > 0);
  CHECK(refused > 0);
}

std::string some_record() {
  WalRecordWriter writer;
  writer.pair(0, "__name__", "up");
  writer.pair(1, "job", "a");
  writer.pair(2, "job", "b");
  writer.series(10, std::vector<std::uint32_t>{0, 1});
  writer.series(11, std::vector<std::uint32_t>{0, 2});
  writer.set_time(1'000'000);
  writer.sample(10, 0, 1);
  writer.sample(11, 0, 0.25);
  writer.sample(9, 1, 1e300);
  writer.row(3, {5, 1.5, 2, nullptr});
  writer.row(10, {1'000'000, 0, 0, test::some_histogram(2)});
  writer.exemplar(11, {model::Labels{{"trace_id", "x"}}, 2.5, 999, true});
  writer.late(11, {900'000, 7, 0, nullptr});
  writer.late(3, {-5, 0, 2, test::some_histogram(3)});
  writer.deletion(10, -1, 1'000'000, make_chunk_ref(2, 16));
  writer.deletion(4, storage::kOldestTime, storage::kNewestTime, make_chunk_ref(2, 16));
  writer.ahead(12, true, {7, 2.5, 0, nullptr});
  writer.ahead(9, false, {6, 0, 3, test::some_histogram(1)});
  std::string payload;
  writer.finish(payload);
  return payload;
}

TEST_CASE("a record tells what was written into it") {
  const std::string payload = some_record();
  WalRecord record;
  REQUIRE(parse_wal_record(payload, record));
  REQUIRE(record.pairs.size() == 3);
  CHECK(record.pairs[2].id == 2);
  CHECK(record.pairs[2].name == "job");
  CHECK(record.pairs[2].value == "b");
  REQUIRE(record.series.size() == 2);
  CHECK(record.series[1].id == 11);
  const auto pairs = record.pairs_of(record.series[1]);
  CHECK(std::vector(pairs.begin(), pairs.end()) == std::vector<std::uint32_t>{0, 2});
  CHECK(record.time == 1'000'000);
  Ids ids;
  record.sample_ids(ids);
  CHECK(ids == Ids{10, 11, 9});
  CHECK(record.above_series == 13);
  ByteReader values(record.values);
  double v = 0;
  REQUIRE(decode_wal_value(record.control(0), 0, values, v));
  CHECK(v == 1);
  REQUIRE(decode_wal_value(record.control(1), 0, values, v));
  CHECK(v == 0.25);
  REQUIRE(decode_wal_value(record.control(2), 1, values, v));
  CHECK(v == 1e300);
  REQUIRE(record.rows.size() == 2);
  REQUIRE(record.ahead.size() == 2);
  CHECK(record.ahead[0].id == 12);
  CHECK(record.ahead[0].may_be_late);
  CHECK(record.ahead[0].row.value == 2.5);
  CHECK_FALSE(record.ahead[1].may_be_late);
  CHECK(record.ahead[1].row.t == 6);
  CHECK(*record.ahead[1].row.histogram == *test::some_histogram(1));
  CHECK(record.rows[0].first == 3);
  CHECK(record.rows[0].second.start == 2);
  CHECK(*record.rows[1].second.histogram == *test::some_histogram(2));
  REQUIRE(record.exemplars.size() == 1);
  CHECK(record.exemplars[0].second.labels == model::Labels{{"trace_id", "x"}});
  CHECK(record.exemplars[0].second.has_timestamp);
  REQUIRE(record.late.size() == 2);
  CHECK(record.late[0].first == 11);
  CHECK(record.late[0].second.t == 900'000);
  CHECK(record.late[0].second.value == 7);
  CHECK(record.late[1].second.t == -5);
  CHECK(*record.late[1].second.histogram == *test::some_histogram(3));
  REQUIRE(record.deletions.size() == 2);
  CHECK(record.deletions_chunks_end == make_chunk_ref(2, 16));
  CHECK(record.deletions[0].id == 10);
  CHECK(record.deletions[0].start == -1);
  CHECK(record.deletions[0].end == 1'000'000);
  CHECK(record.deletions[1].id == 4);
  CHECK(record.deletions[1].start == storage::kOldestTime);
  CHECK(record.deletions[1].end == storage::kNewestTime);
}

TEST_CASE("ids of a record come back from runs and from bitmaps") {
  Rng rng(3);
  for (int round = 0; round < 300; ++round) {
    WalRecordWriter writer;
    Ids ids;
    SeriesId id = static_cast<SeriesId>(rng.next() % 1000);
    for (std::uint64_t n = 1 + rng.next() % 300; n > 0; --n) {
      ids.push_back(id);
      writer.sample(id, 1, 1);
      if (round % 3 == 0) id += 1;
      if (round % 3 == 1) id += 1 + static_cast<SeriesId>(rng.next() % 2);
      if (round % 3 == 2) id = static_cast<SeriesId>(rng.next());
    }
    std::string payload;
    writer.finish(payload);
    if (round % 3 == 0) CHECK(payload.size() < ids.size() / 2 + 20);
    if (round % 3 == 1) CHECK(payload.size() < ids.size() + 30);
    WalRecord record;
    REQUIRE(parse_wal_record(payload, record));
    Ids back;
    record.sample_ids(back);
    REQUIRE(back == ids);
  }
}

TEST_CASE("a cut or changed record is refused or is another record, and never worse") {
  const std::string payload = some_record();
  WalRecord record;
  for (std::size_t size = 0; size < payload.size(); ++size) {
    if (!parse_wal_record(std::string_view(payload).substr(0, size), record)) continue;
    INFO(size);
    CHECK(record.pairs.size() <= 3);
    CHECK(record.series.size() <= 2);
  }
  int refused = 0;
  Rng rng(4);
  for (int i = 0; i < 20'000; ++i) {
    std::string bad = payload;
    for (std::uint64_t n = 1 + rng.next() % 3; n > 0; --n) bad[rng.next() % bad.size()] = static_cast<char>(rng.next());
    if (!parse_wal_record(bad, record)) {
      ++refused;
      continue;
    }
    // No part takes less than a byte: a wrong count makes nothing larger than what is there.
    REQUIRE(record.pairs.size() + record.series.size() <= bad.size());
    REQUIRE(record.pair_ids.size() <= bad.size());
  }
  CHECK(refused > 0);
  REQUIRE(parse_wal_record(payload, record));
  CHECK(record.pairs.size() == 3);
}

struct Log {
  explicit Log(Fs& fs) : wal(fs, "/w", {.segment_bytes = 200, .segment_ms = 60'000}) {
    WalPosition at;
    REQUIRE(wal.read(
        at,
        [this](WalPosition, std::string_view payload) {
          records.emplace_back(payload);
          return payload == "refused" ? WalSeen::kDamaged : WalSeen::kTaken;
        },
        [this](std::string text) { reports.push_back(std::move(text)); }));
    REQUIRE(wal.open(0, 0));
  }
  Result<void> add(std::string_view payload, Timestamp t = 0) {
    TOCSIN_OK(wal.begin(t));
    return wal.append(payload);
  }
  Wal wal;
  std::vector<std::string> records;
  std::vector<std::string> reports;
};

TEST_CASE("the log gives its records back in order, across segments") {
  MemFs fs;
  std::vector<std::string> expected;
  {
    Log log(fs);
    for (int i = 0; i < 50; ++i) {
      expected.push_back("record " + std::to_string(i));
      REQUIRE(log.add(expected.back()));
    }
    CHECK(log.wal.segments() > 3);
    REQUIRE(log.wal.sync());
    CHECK_FALSE(log.wal.needs_sync());
  }
  fs.drop_unsynced();
  Log again(fs);
  CHECK(again.records == expected);
  CHECK(again.reports.empty());
  REQUIRE(again.add("more"));
  CHECK(Log(fs).records.back() == "more");
  REQUIRE(again.wal.remove_before(again.wal.position().segment));
  CHECK(Log(fs).records == std::vector<std::string>{"more"});
}

TEST_CASE("a segment ends with its time, too") {
  MemFs fs;
  Log log(fs);
  REQUIRE(log.add("a", 0));
  REQUIRE(log.add("b", 59'999));
  CHECK(log.wal.position().segment == 1);
  REQUIRE(log.add("c", 60'000));
  CHECK(log.wal.position().segment == 2);
}

TEST_CASE("a log cut at any byte gives the whole records and says what it cut") {
  MemFs fs;
  std::vector<std::string> expected;
  {
    Log log(fs);
    for (int i = 0; i < 5; ++i) {
      expected.push_back("record " + std::to_string(i));
      REQUIRE(log.add(expected.back()));
    }
  }
  const std::string whole = *fs.read_file("/w/00000001.wal", 10'000);
  for (std::size_t cut = 0; cut < whole.size(); ++cut) {
    REQUIRE(fs.remove_all("/w"));
    REQUIRE(fs.create_directories("/w"));
    REQUIRE(fs.write_file_atomic("/w/00000001.wal", std::string_view(whole).substr(0, cut)));
    Log log(fs);
    const bool clean = cut == 0 || (cut >= 16 && (cut - 16) % 16 == 0);
    CHECK(log.reports.size() == (clean ? 0 : 1));
    CHECK(log.records.size() == (cut < 16 ? 0 : (cut - 16) / 16));
    for (std::size_t i = 0; i < log.records.size(); ++i) CHECK(log.records[i] == expected[i]);
    REQUIRE(log.add("next"));
    Log again(fs);
    CHECK(again.reports.empty());  // said once
    CHECK(again.records.back() == "next");
  }
}

TEST_CASE("a flipped bit costs the rest of its segment, which is kept aside, and nothing else") {
  MemFs fs;
  std::vector<std::string> expected;
  {
    Log log(fs);
    for (int i = 0; i < 30; ++i) {
      expected.push_back("record " + std::to_string(i));
      REQUIRE(log.add(expected.back()));
    }
  }
  const std::string whole = *fs.read_file("/w/00000001.wal", 10'000);
  for (std::size_t at = 0; at < whole.size(); ++at) {
    (void)fs.remove("/w/00000001.damaged");
    std::string bad = whole;
    bad[at] = static_cast<char>(bad[at] ^ (1 << (at % 8)));
    REQUIRE(fs.write_file_atomic("/w/00000001.wal", bad));
    Log log(fs);
    REQUIRE(log.reports.size() == 1);
    CHECK(log.reports[0].find("kept in /w/00000001.damaged") != std::string::npos);
    CHECK(fs.exists("/w/00000001.damaged"));
    CHECK(log.records.back() == expected.back());
    for (const std::string& record : log.records) CHECK(std::ranges::find(expected, record) != expected.end());
    CHECK(log.records.size() >= 30 - 13);
  }
}

TEST_CASE("a record that could not be written whole is never read back") {
  for (const std::size_t written : {0, 3, 8, 12}) {
    for (const bool cannot_cut : {false, true}) {
      MemFs mem;
      FaultFs fs(mem);
      Log log(fs);
      REQUIRE(log.add("first"));
      fs.arm({.call = FsCall::kAppend, .nth = 1, .stays = true, .written = written});
      if (cannot_cut) fs.arm({.call = FsCall::kTruncate, .nth = 1, .stays = true});
      const auto refused = log.add("refused by the disk");
      REQUIRE_FALSE(refused);
      CHECK(refused.error().message.find("No space left on device") != std::string::npos);
      REQUIRE_FALSE(log.add("and this"));
      fs.heal();
      REQUIRE(log.add("later"));
      Log again(mem);
      CHECK(again.records == std::vector<std::string>{"first", "later"});
      CHECK(again.reports.size() == (cannot_cut && written > 0 ? 1 : 0));
    }
  }
}

TEST_CASE("a sync makes durable what an earlier life did not") {
  MemFs fs;
  REQUIRE(Log(fs).add("a"));
  Log second(fs);
  CHECK(second.wal.needs_sync());
  REQUIRE(second.wal.sync());
  fs.drop_unsynced();
  CHECK(Log(fs).records == std::vector<std::string>{"a"});
}

TEST_CASE("after a failed sync the log goes on in a new segment") {
  MemFs mem;
  FaultFs fs(mem);
  Log log(fs);
  REQUIRE(log.add("a"));
  fs.arm({.call = FsCall::kSync, .nth = 1});
  CHECK_FALSE(log.wal.sync());
  CHECK(log.wal.needs_sync());
  REQUIRE(log.add("b"));
  CHECK(log.wal.position().segment == 2);
  REQUIRE(log.wal.sync());
  mem.drop_unsynced();
  CHECK(Log(mem).records == std::vector<std::string>{"a", "b"});
}

}  // namespace
}  // namespace tocsin::tsdb
