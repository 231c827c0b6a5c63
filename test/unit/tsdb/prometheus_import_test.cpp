// The log of a Prometheus, written here by hand, is taken over once; cut and damaged logs give what stands before.
#include "tsdb/prometheus_import.hpp"

#include <bit>
#include <cstring>
#include <set>

#include <zstd.h>

#include "base/bytes.hpp"
#include "base/hash.hpp"
#include "lives.hpp"
#include "wire/snappy.hpp"

namespace tocsin::tsdb {
namespace {

template <typename T>
void put_big(std::string& out, T value) {
  put_fixed(out, std::byteswap(std::bit_cast<std::conditional_t<sizeof(T) == 8, std::uint64_t, std::uint32_t>>(value)));
}

std::string series_record(std::uint64_t ref, const std::vector<std::pair<std::string, std::string>>& labels) {
  std::string out("\x01", 1);
  put_big(out, ref);
  put_varint(out, labels.size());
  for (const auto& [name, value] : labels) {
    put_text(out, name);
    put_text(out, value);
  }
  return out;
}

struct Sample {
  std::uint64_t ref;
  Timestamp t;
  double value;
};

std::string samples_record(const std::vector<Sample>& samples) {
  std::string out("\x02", 1);
  put_big(out, samples[0].ref);
  put_big(out, samples[0].t);
  for (const Sample& sample : samples) {
    put_signed(out, static_cast<std::int64_t>(sample.ref - samples[0].ref));
    put_signed(out, sample.t - samples[0].t);
    put_big(out, sample.value);
  }
  return out;
}

/// Three buckets from index 1 on: 2, 3, 1; and a zero bucket of 4.
std::string histogram_record(std::uint64_t ref, Timestamp t) {
  std::string out("\x07", 1);
  put_big(out, ref);
  put_big(out, t);
  put_signed(out, 0);
  put_signed(out, 0);
  put_fixed(out, std::uint8_t{0});
  put_signed(out, 3);
  put_big(out, 1e-128);
  put_varint(out, 4);
  put_varint(out, 10);
  put_big(out, 25.0);
  put_varint(out, 1);
  put_signed(out, 1);
  put_varint(out, 3);
  put_varint(out, 0);
  put_varint(out, 3);
  for (const int delta : {2, 1, -2}) put_signed(out, delta);
  put_varint(out, 0);
  return out;
}

std::string tombstone_record(std::uint64_t ref, Timestamp start, Timestamp end) {
  std::string out("\x03", 1);
  put_big(out, ref);
  put_signed(out, start);
  put_signed(out, end);
  return out;
}

std::string exemplar_record(std::uint64_t ref, Timestamp t) {
  std::string out("\x04", 1);
  put_big(out, ref);
  put_big(out, t);
  put_signed(out, 0);
  put_signed(out, 0);
  put_big(out, 1.5);
  put_varint(out, 1);
  put_text(out, "trace_id");
  put_text(out, "abc");
  return out;
}

std::string metadata_record(std::uint64_t ref) {
  std::string out("\x06", 1);
  put_varint(out, ref);
  put_fixed(out, std::uint8_t{1});
  put_varint(out, 2);
  put_text(out, "UNIT");
  put_text(out, "seconds");
  put_text(out, "HELP");
  put_text(out, "Some help.");
  return out;
}

/// Records in pages, in fragments, as a segment has them.
class SegmentWriter {
 public:
  enum Compression { kNone, kSnappy, kZstd };
  void add(std::string record, Compression compression = kNone) {
    if (compression == kSnappy) {
      std::string packed;
      wire::snappy_encode(record, packed);
      record = std::move(packed);
    } else if (compression == kZstd) {
      std::string packed(ZSTD_compressBound(record.size()), '\0');
      packed.resize(ZSTD_compress(packed.data(), packed.size(), record.data(), record.size(), 1));
      record = std::move(packed);
    }
    const auto flag = static_cast<std::uint8_t>(compression == kNone ? 0 : compression == kSnappy ? 8 : 16);
    for (std::size_t at = 0; at < record.size() || at == 0;) {
      std::size_t left = kPage - bytes_.size() % kPage;
      if (left < 8) {
        bytes_.append(left, '\0');
        left = kPage;
      }
      const std::string_view part = std::string_view(record).substr(at, left - 7);
      const bool first = at == 0;
      at += part.size();
      const bool last = at == record.size();
      put_fixed(bytes_, static_cast<std::uint8_t>(flag | (first && last ? 1 : first ? 2 : last ? 4 : 3)));
      put_fixed(bytes_, std::byteswap(static_cast<std::uint16_t>(part.size())));
      put_big(bytes_, crc32c(part));
      bytes_ += part;
    }
  }
  const std::string& bytes() const { return bytes_; }

 private:
  static constexpr std::size_t kPage = 32 * 1024;
  std::string bytes_;
};

void put_file(Fs& fs, const std::string& path, std::string_view bytes) {
  REQUIRE(fs.create_directories(path.substr(0, path.rfind('/'))));
  REQUIRE(fs.write_file_atomic(path, bytes));
}

const char* const kExpected =
    "{__name__=\"a\", x=\"1\"} 1@1000 2@2000 3@3000 4@4000\n"
    "{__name__=\"b\"} 10@2000 30@4000\n"
    "{__name__=\"h\"} hist(counter,3,1e-128,4,10,25 +1:2 +2:3 +3:1)@4000\n";

/// A checkpoint, segments that it makes needless, and two that follow.
void put_log(Fs& fs) {
  SegmentWriter checkpoint;
  checkpoint.add(series_record(7, {{"__name__", "a"}, {"x", "1"}}), SegmentWriter::kSnappy);
  checkpoint.add(samples_record({{7, 1000, 1}}));
  put_file(fs, "/data/wal/checkpoint.00000002/00000000", checkpoint.bytes());
  SegmentWriter old;
  old.add(series_record(7, {{"__name__", "wrong"}}));
  put_file(fs, "/data/wal/00000002", old.bytes());
  put_file(fs, "/data/wal/checkpoint.00000001/00000000", old.bytes());
  put_file(fs, "/data/wal/checkpoint.00000009.tmp/00000000", old.bytes());
  SegmentWriter third;
  third.add(series_record(8, {{"__name__", "b"}}));
  third.add(series_record(9, {{"__name__", "h"}}), SegmentWriter::kZstd);
  third.add(samples_record({{7, 2000, 2}, {8, 2000, 10}}), SegmentWriter::kSnappy);
  put_file(fs, "/data/wal/00000003", third.bytes());
  SegmentWriter fourth;
  fourth.add(samples_record({{8, 3000, 20}, {7, 3000, 3}}), SegmentWriter::kZstd);
  fourth.add(samples_record({{7, 4000, 4}, {8, 4000, 30}}));
  fourth.add(histogram_record(9, 4000));
  fourth.add(exemplar_record(7, 4000));
  fourth.add(metadata_record(8));
  fourth.add(tombstone_record(8, 2500, 3500));
  put_file(fs, "/data/wal/00000004", fourth.bytes());
}

TEST_CASE("the head of a Prometheus is taken over once, and its files stay as they are") {
  const Quiet quiet;
  MemFs fs;
  put_log(fs);
  const std::string before = *fs.read_file("/data/wal/00000004");
  {
    const auto db = open_db(fs);
    CHECK(db->messages().empty());
    CHECK(test::dump(*db) == kExpected);
    const model::Matcher all = test::matcher(model::MatchOp::kEqual, "x", "1");
    const auto exemplars = db->exemplars(0, 10'000, std::span(&all, 1));
    REQUIRE(exemplars.size() == 1);
    CHECK(exemplars.begin()->second.at(0).labels == model::Labels{{"trace_id", "abc"}});
    REQUIRE(db->metadata({{"__name__", "b"}}));
    CHECK(db->metadata({{"__name__", "b"}})->help == "Some help.");
    CHECK(db->metadata({{"__name__", "b"}})->type == model::MetricType::kCounter);
    CHECK(add(*db, {{"__name__", "b"}}, 5000, 40) == storage::AppendStatus::kOk);
  }
  CHECK(*fs.read_file("/data/wal/00000004") == before);
  SegmentWriter fifth;
  fifth.add(series_record(20, {{"__name__", "later"}}));
  fifth.add(samples_record({{20, 6000, 1}}));
  put_file(fs, "/data/wal/00000005", fifth.bytes());
  const auto again = open_db(fs);
  CHECK(test::dump(*again).find("later") == std::string::npos);
  CHECK(test::dump(*again).find("40@5000") != std::string::npos);
}

TEST_CASE("an import that dies at any call begins anew and ends with all of it, each sample once") {
  const Quiet quiet;
  MemFs counted;
  put_log(counted);
  FaultFs counter(counted);
  {
    const auto db = open_db(counter);
  }
  for (const FsCall call : kAllCalls) {
    for (std::uint64_t nth = 1; nth <= counter.count(call); ++nth) {
      MemFs disk;
      put_log(disk);
      {
        FaultFs fs(disk);
        fs.arm({.call = call, .nth = nth, .stays = true});
        (void)Db::open(options_for(fs));
      }
      disk.drop_unsynced();
      INFO("call " << static_cast<int>(call) << ", number " << nth);
      const auto db = open_db(disk);
      REQUIRE(test::dump(*db) == kExpected);
    }
  }
}

std::set<std::string> lines_of(const std::string& text) {
  std::set<std::string> samples;
  std::size_t at = 0;
  while (at < text.size()) {
    const std::size_t end = text.find('\n', at);
    const std::string line = text.substr(at, end - at);
    const std::size_t labels = line.find("} ") + 1;
    for (std::size_t from = labels; from < line.size();) {
      const std::size_t to = std::min(line.find(" ", line.find('@', from)), line.size());
      samples.insert(line.substr(0, labels) + line.substr(from, to - from));
      from = to;
    }
    at = end + 1;
  }
  return samples;
}

TEST_CASE("a log of Prometheus that is cut or damaged gives what stands before, and says so") {
  const Quiet quiet;
  MemFs whole;
  put_log(whole);
  // What was deleted shows if the deletion is cut off.
  std::set<std::string> written = lines_of(kExpected);
  written.insert("{__name__=\"b\"} 20@3000");
  int told = 0;
  for (const std::string path :
       {"/data/wal/checkpoint.00000002/00000000", "/data/wal/00000003", "/data/wal/00000004"}) {
    const std::string bytes = *whole.read_file(path);
    for (std::size_t at = 0; at < 2 * bytes.size(); ++at) {
      MemFs fs;
      put_log(fs);
      std::string bad = bytes.substr(0, at);
      if (at >= bytes.size()) {
        bad = bytes;
        char& byte = bad[at - bytes.size()];
        byte = static_cast<char>(byte ^ (1 << at % 8));
      }
      put_file(fs, path, bad);
      const auto db = open_db(fs);
      INFO(path << ", " << at << " of " << bytes.size());
      REQUIRE(std::ranges::includes(written, lines_of(test::dump(*db))));
      told += db->messages().empty() ? 0 : 1;
    }
  }
  CHECK(told > 300);
}

TEST_CASE("records over several pages, and samples that cannot be taken, which are counted") {
  const Quiet quiet;
  MemFs fs;
  SegmentWriter segment;
  std::vector<Sample> samples;
  for (std::uint64_t i = 0; i < 9000; ++i) {
    segment.add(series_record(i, {{"__name__", "m"}, {"i", std::to_string(i)}}),
                i % 3 == 0 ? SegmentWriter::kSnappy : SegmentWriter::kNone);
    samples.push_back({i, 1000, static_cast<double>(i) * 0.1});
  }
  segment.add(samples_record(samples));  // five pages
  segment.add(samples_record({{1, 500, 1}, {2, 1000, 7}, {77'777, 2000, 1}}));
  segment.add(std::string("\x0b", 1) + "something of a later version");
  put_file(fs, "/data/wal/00000000", segment.bytes());
  const auto db = open_db(fs);
  CHECK(db->stats().series == 9000);
  const auto read = test::read_all(*db, 0, 10'000, {test::matcher(model::MatchOp::kEqual, "i", "8999")});
  REQUIRE(read.size() == 1);
  CHECK(read[0].samples.values == std::vector<double>{8999 * 0.1});
  const std::vector<std::string> expected = {
      "1 samples of Prometheus' log were not taken: nothing names their series",
      "1 records of Prometheus' log were not taken: they are damaged, or of a kind that is not known"};
  CHECK(db->messages() == expected);
  // Those that clash with another of their commit are counted by the store.
  CHECK(db->stats().out_of_order == 1);
  CHECK(db->stats().duplicates == 1);
}

}  // namespace
}  // namespace tocsin::tsdb
