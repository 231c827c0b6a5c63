// The head of a Prometheus, written here by hand, is taken over once; cut and damaged files give what stands before.
#include "tsdb/prometheus_import.hpp"

#include "prometheus_folder.hpp"

namespace tocsin::tsdb {
namespace {

using test::PromChunkFile;
using test::PromSegment;
using test::samples_record;
using test::series_record;

const char* const kExpected =
    "{__name__=\"a\", x=\"1\"} 1@1000 2@2000 3@3000 4@4000\n"
    "{__name__=\"b\"} 10@2000 15@3400 16@3600 30@4000 40@5000 50@6000\n"
    "{__name__=\"c\"} 7@1500 8@3500 9@3900/3800\n"
    "{__name__=\"h\"} hist(counter,3,1e-128,4,10,25 +1:2 +2:3 +3:1)@4000\n";

model::FloatHistogram some_histogram() {
  model::FloatHistogram h;
  h.integer = true;
  h.schema = 3;
  h.zero_threshold = 1e-128;
  h.zero_count = 4;
  h.count = 10;
  h.sum = 25;
  h.positive_spans = {{1, 3}};
  h.positive_buckets = {2, 3, 1};
  return h;
}

/// A checkpoint, segments that it makes needless, and two that follow; completed chunks, of late samples too; late
/// samples. The log has lost what the chunk of c has at 3500, and b at 5000 and 6000.
void put_head(Fs& fs) {
  PromSegment checkpoint;
  checkpoint.add(series_record(7, {{"__name__", "a"}, {"x", "1"}}), PromSegment::kSnappy);
  checkpoint.add(samples_record({{7, 1000, 1}}));
  put_file(fs, "/data/wal/checkpoint.00000002/00000000", checkpoint.bytes());
  PromSegment old;
  old.add(series_record(7, {{"__name__", "wrong"}}));
  put_file(fs, "/data/wal/00000002", old.bytes());
  put_file(fs, "/data/wal/checkpoint.00000001/00000000", old.bytes());
  put_file(fs, "/data/wal/checkpoint.00000009.tmp/00000000", old.bytes());
  PromSegment third;
  third.add(series_record(8, {{"__name__", "b"}}));
  third.add(series_record(9, {{"__name__", "h"}}), PromSegment::kZstd);
  third.add(series_record(10, {{"__name__", "c"}}));
  third.add(test::metadata_record(8, 1, "seconds", "Some help."));  // before its first sample, as they are
  third.add(samples_record({{7, 2000, 2}, {8, 2000, 10}, {10, 1500, 7}}), PromSegment::kSnappy);
  put_file(fs, "/data/wal/00000003", third.bytes());
  PromSegment fourth;
  fourth.add(samples_record({{8, 3000, 20}, {7, 3000, 3}}), PromSegment::kZstd);
  fourth.add(samples_record({{7, 4000, 4}, {8, 4000, 30}}));
  fourth.add(samples_record({{8, 3400, 15}}));  // late: the log has it where it came
  fourth.add(test::samples_record_2({{10, 3900, 9, 3800}}));
  fourth.add(test::histograms_record(7, {{9, 4000}}, {some_histogram()}));
  fourth.add(test::exemplar_record(7, 4000, 1.5, {{"trace_id", "abc"}}));
  fourth.add(test::tombstone_record(8, 2500, 3300));
  put_file(fs, "/data/wal/00000004", fourth.bytes());
  PromChunkFile chunks;
  add_chunk(chunks, 7, {{1000, 1}, {2000, 2}});
  add_chunk(chunks, 10, {{1500, 7}, {3500, 8}});
  add_chunk(chunks, 8, {{3100, 1}, {3600, 16}}, true);
  put_file(fs, "/data/chunks_head/000001", chunks.bytes() + std::string(64, '\0'));
  PromChunkFile more;
  add_chunk(more, 8, {{2000, 10}, {3000, 20}, {4000, 30}, {5000, 40}, {6000, 50}});
  put_file(fs, "/data/chunks_head/000002", more.bytes());
  PromSegment late;
  late.add(samples_record({{8, 3400, 15}, {8, 3600, 16}}));
  late.add(test::mmap_marker_record(8, 1ULL << 32U | 8));
  put_file(fs, "/data/wbl/00000000", late.bytes());
}

std::map<std::string, std::string> files_of(Fs& fs) {
  std::map<std::string, std::string> all;
  for (const char* const path : {"/data/wal/checkpoint.00000002/00000000", "/data/wal/checkpoint.00000001/00000000",
                                 "/data/wal/00000002", "/data/wal/00000003", "/data/wal/00000004",
                                 "/data/chunks_head/000001", "/data/chunks_head/000002", "/data/wbl/00000000"}) {
    all[path] = *fs.read_file(path);
  }
  return all;
}

TEST_CASE("the head of a Prometheus is taken over once, and its files stay as they are") {
  const Quiet quiet;
  MemFs fs;
  put_head(fs);
  const auto before = files_of(fs);
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
    CHECK(add(*db, {{"__name__", "b"}}, 7000, 60) == storage::AppendStatus::kOk);
    CHECK(add(*db, {{"__name__", "b"}}, 6500, 55) == storage::AppendStatus::kOutOfOrder);  // its own rules again
  }
  CHECK(files_of(fs) == before);
  const auto again = open_db(fs);
  CHECK(again->messages().empty());
  CHECK(test::dump(*again).find("60@7000") != std::string::npos);
}

TEST_CASE("a Prometheus that ran in the folder since is not taken over again, unless its user says so") {
  const Quiet quiet;
  MemFs fs;
  put_head(fs);
  open_db(fs);
  PromSegment fifth;
  fifth.add(series_record(20, {{"__name__", "later"}}));
  fifth.add(samples_record({{20, 6000, 1}}));
  put_file(fs, "/data/wal/00000005", fifth.bytes());
  {
    const auto db = open_db(fs);
    CHECK(test::dump(*db) == kExpected);
    REQUIRE(db->messages().size() == 1);
    CHECK(db->messages()[0].find("segment 5 of its log is new") != std::string::npos);
  }
  REQUIRE(fs.remove("/data/tocsin/prometheus_import"));
  const auto db = open_db(fs);
  CHECK(db->messages().empty());
  CHECK(test::dump(*db) == std::string(kExpected) + "{__name__=\"later\"} 1@6000\n");
}

TEST_CASE("an import that dies at any call begins anew and ends with all of it, each sample once") {
  const Quiet quiet;
  MemFs counted;
  put_head(counted);
  FaultFs counter(counted);
  {
    const auto db = open_db(counter);
  }
  for (const FsCall call : kAllCalls) {
    for (std::uint64_t nth = 1; nth <= counter.count(call); ++nth) {
      MemFs disk;
      put_head(disk);
      {
        FaultFs fs(disk);
        fs.arm({.call = call, .nth = nth, .stays = true});
        (void)Db::open(options_for(fs));
      }
      disk.drop_unsynced();
      INFO("call " << static_cast<int>(call) << ", number " << nth);
      const auto db = open_db(disk);
      REQUIRE(test::dump(*db) == kExpected);
      REQUIRE(db->messages().empty());
    }
  }
}

TEST_CASE("a head of Prometheus that is cut or damaged anywhere gives what stands before, and says so") {
  const Quiet quiet;
  MemFs whole;
  put_head(whole);
  // What was deleted shows if the deletion is cut off.
  std::set<std::string> written = samples_of(kExpected);
  written.insert({"{__name__=\"b\"} 20@3000", "{__name__=\"b\"} 1@3100"});
  int told = 0;
  int made = 0;
  for (const auto& [path, bytes] : files_of(whole)) {
    if (path.find("checkpoint.00000001") != std::string::npos || path.ends_with("wal/00000002")) continue;
    for (std::size_t at = 0; at < 2 * bytes.size(); ++at) {
      MemFs fs;
      put_head(fs);
      std::string bad = bytes.substr(0, at);
      if (at >= bytes.size()) {
        bad = bytes;
        char& byte = bad[at - bytes.size()];
        byte = static_cast<char>(byte ^ (1 << at % 8));
      }
      put_file(fs, path, bad);
      const auto db = open_db(fs);
      INFO(path << ", " << at << " of " << bytes.size());
      REQUIRE(std::ranges::includes(written, samples_of(test::dump(*db))));
      REQUIRE(*fs.read_file(path) == bad);
      told += db->messages().empty() ? 0 : 1;
      ++made;
    }
  }
  CHECK(told > made * 3 / 4);
}

TEST_CASE("records over several pages, and samples that cannot be taken, which are counted") {
  const Quiet quiet;
  MemFs fs;
  PromSegment segment;
  std::vector<test::PromSample> samples;
  for (std::uint64_t i = 0; i < 9000; ++i) {
    segment.add(series_record(i, {{"__name__", "m"}, {"i", std::to_string(i)}}),
                i % 3 == 0 ? PromSegment::kSnappy : PromSegment::kNone);
    samples.push_back({i, 1000, static_cast<double>(i) * 0.1});
  }
  segment.add(samples_record(samples));  // five pages
  // Prometheus takes neither what is behind nor another value at the same time, and says nothing of it.
  segment.add(samples_record({{1, 500, 1}, {2, 1000, 7}, {77'777, 2000, 1}}));
  segment.add(std::string("\x0e", 1) + "something of a later version");
  put_file(fs, "/data/wal/00000000", segment.bytes());
  const auto db = open_db(fs);
  CHECK(db->stats().series == 9000);
  const auto read = test::read_all(*db, 0, 10'000, {test::matcher(model::MatchOp::kEqual, "i", "8999")});
  REQUIRE(read.size() == 1);
  CHECK(read[0].samples.values == std::vector<double>{8999 * 0.1});
  CHECK(test::describe(test::read_all(*db, 0, 10'000, {test::matcher(model::MatchOp::kEqual, "i", "2")})) ==
        "{__name__=\"m\", i=\"2\"} 0.2@1000\n");
  const std::vector<std::string> expected = {
      "1 samples of Prometheus' log were not taken: nothing names their series",
      "1 records of Prometheus' log were not taken: they are damaged, or of a kind that is not known"};
  CHECK(db->messages() == expected);
}

}  // namespace
}  // namespace tocsin::tsdb
