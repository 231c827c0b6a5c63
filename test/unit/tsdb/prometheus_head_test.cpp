// What is only in Prometheus' head chunks, and what its start makes of logs that overlap with them or with blocks.
#include <fmt/format.h>

#include "chunkenc/bit_writer.hpp"
#include "chunkenc/varbit.hpp"
#include "prometheus_folder.hpp"

namespace tocsin::tsdb {
namespace {

using test::PromChunkFile;
using test::PromSegment;
using test::samples_record;
using test::series_record;

void put_wal(Fs& fs, const std::vector<std::string>& records, const std::string& name = "wal/00000000") {
  PromSegment segment;
  for (const std::string& record : records) segment.add(record);
  put_file(fs, "/data/" + name, segment.bytes());
}

void put_chunks(Fs& fs, const PromChunkFile& file) {
  put_file(fs, "/data/chunks_head/000001", file.bytes());
}

std::string a_series(std::uint64_t ref, const std::string& name = "a") {
  return series_record(ref, {{"__name__", name}});
}

TEST_CASE("where a series has chunks they count, and the log from their end on") {
  const Quiet quiet;
  MemFs fs;
  put_wal(fs, {a_series(1), samples_record({{1, 10, 100}, {1, 20, 200}, {1, 30, 300}, {1, 40, 400}})});
  PromChunkFile chunks;
  add_chunk(chunks, 1, {{5, 0.5}, {10, 1}});
  add_chunk(chunks, 1, {{15, 1.5}, {30, 3}});
  put_chunks(fs, chunks);
  const auto db = open_db(fs);
  CHECK(test::dump(*db) == "{__name__=\"a\"} 0.5@5 1@10 1.5@15 3@30 400@40\n");
  CHECK(db->messages().empty());
}

TEST_CASE("what the log lost by damage is in the chunks of the series that it still names") {
  const Quiet quiet;
  MemFs fs;
  PromSegment segment;
  segment.add(a_series(1));
  segment.add(samples_record({{1, 10, 1}}));
  std::string bytes = segment.bytes();
  const std::size_t whole = bytes.size();
  segment.add(samples_record({{1, 20, 2}}));
  segment.add(a_series(2, "b"));
  bytes = segment.bytes();
  bytes[whole + 10] ^= 1;
  put_file(fs, "/data/wal/00000000", bytes);
  PromChunkFile chunks;
  add_chunk(chunks, 1, {{10, 1}, {20, 2}});
  add_chunk(chunks, 2, {{10, 1}, {20, 2}});
  put_chunks(fs, chunks);
  const auto db = open_db(fs);
  CHECK(test::dump(*db) == "{__name__=\"a\"} 1@10 2@20\n");
  const auto messages = db->messages();
  REQUIRE(messages.size() == 2);
  CHECK(messages[0].starts_with(fmt::format("/data/wal/00000000 is damaged at offset {}", whole)));
  CHECK(messages[1] == "1 chunks of Prometheus' head were not taken: nothing names their series");
}

TEST_CASE("without a log nothing names the series of the chunks, which is said once") {
  const Quiet quiet;
  MemFs fs;
  PromChunkFile chunks;
  add_chunk(chunks, 1, {{10, 1}, {20, 2}});
  add_chunk(chunks, 2, {{10, 1}, {20, 2}}, true);
  put_chunks(fs, chunks);
  const auto db = open_db(fs);
  CHECK(test::dump(*db).empty());
  CHECK(db->messages() ==
        std::vector<std::string>{"2 chunks of Prometheus' head were not taken: nothing names their series"});
}

TEST_CASE("chunks that cannot be read leave their series to the log, others go on") {
  const Quiet quiet;
  MemFs fs;
  put_wal(fs, {a_series(1), a_series(2, "b"), a_series(3, "c"), a_series(4, "d"),
               samples_record({{1, 10, 1},
                               {2, 10, 1},
                               {3, 10, 1},
                               {4, 10, 1},
                               {1, 20, 2},
                               {2, 20, 2},
                               {3, 20, 2},
                               {4, 20, 2},
                               {1, 30, 3},
                               {2, 30, 3},
                               {3, 30, 3},
                               {4, 30, 3}})});
  PromChunkFile chunks;
  const std::string data = xor_chunk({{10, 1}, {20, 2}});
  chunks.add(1, 10, 20, 1, data.substr(0, data.size() / 2));  // bytes that are no samples
  chunks.add(2, 10, 20, 9, data);                             // an encoding of the future
  add_chunk(chunks, 3, {{10, 1}, {20, 2}});
  add_chunk(chunks, 3, {{15, 5}, {25, 6}});  // does not follow
  add_chunk(chunks, 1, {{25, 9}, {30, 9}});  // behind a chunk that is not taken
  add_chunk(chunks, 4, {{10, 1}, {20, 2}});
  put_chunks(fs, chunks);
  const auto db = open_db(fs);
  std::string expected;
  for (const char* const name : {"a", "b", "c", "d"})
    expected += fmt::format("{{__name__=\"{}\"}} 1@10 2@20 3@30\n", name);
  CHECK(test::dump(*db) == expected);
  const std::vector<std::string> messages = {
      "1 chunks of Prometheus' head were not taken: their encoding is not known",
      "1 chunks of Prometheus' head were not taken: their bytes are no samples (the first in "
      "/data/chunks_head/000001 at offset 8)"};
  CHECK(db->messages() == messages);
}

TEST_CASE("late samples come from chunks and their own log, without a window and whatever their age") {
  const Quiet quiet;
  MemFs fs;
  constexpr Timestamp kHour = 3'600'000;
  put_wal(fs, {a_series(1), a_series(2, "b"), samples_record({{1, 9 * kHour, 9}}), samples_record({{2, 5 * kHour, 5}}),
               samples_record({{1, 7 * kHour, 7}})});  // the last one is late, and was in a block already
  PromChunkFile chunks;
  add_chunk(chunks, 1, {{2 * kHour, 2}, {4 * kHour, 4}}, true);
  add_chunk(chunks, 1, {{kHour, 1}, {3 * kHour, 3}}, true);
  add_chunk(chunks, 1, {{8 * kHour, 8}, {9 * kHour, 9}});
  put_chunks(fs, chunks);
  put_wal(fs, {samples_record({{1, 4 * kHour, 4}, {1, 6 * kHour, 6}}), test::samples_record_2({{2, 4 * kHour, 4, 3}})},
          "wbl/00000003");
  const std::string expected =
      fmt::format("{{__name__=\"a\"}} 1@{} 2@{} 3@{} 4@{} 6@{} 8@{} 9@{}\n{{__name__=\"b\"}} 4@{}/3 5@{}\n", kHour,
                  2 * kHour, 3 * kHour, 4 * kHour, 6 * kHour, 8 * kHour, 9 * kHour, 4 * kHour, 5 * kHour);
  {
    const auto db = open_db(fs);
    CHECK(test::dump(*db) == expected);
    CHECK(db->messages().empty());
    // From here on its own limits count.
    CHECK(add(*db, {{"__name__", "b"}}, kHour, 1) == storage::AppendStatus::kTooOld);
  }
  CHECK(test::dump(*open_db(fs)) == expected);
}

TEST_CASE("what is in order and older than the blocks is not taken: it may be deleted there") {
  const Quiet quiet;
  MemFs fs;
  {
    TsdbOptions options = options_for(fs);
    options.path = "/made";
    const auto db = open_db(options);
    add(*db, {{"__name__", "a"}}, 10, 1);
    add(*db, {{"__name__", "a"}}, 19, 2);
    REQUIRE(db->snapshot("/data", true));  // a block up to 20
  }
  put_wal(fs, {a_series(1), a_series(2, "b"),
               samples_record({{1, 10, 1}, {1, 15, 1.5}, {1, 19, 2}, {1, 20, 3}, {2, 19, 7}, {1, 40, 5}}),
               test::exemplar_record(1, 15, 1, {{"t", "1"}}), test::exemplar_record(1, 40, 1, {{"t", "2"}})});
  PromChunkFile chunks;
  add_chunk(chunks, 1, {{15, 1.5}, {18, 1.8}});
  add_chunk(chunks, 1, {{19, 2}, {20, 3}, {30, 4}});
  add_chunk(chunks, 2, {{5, 4}, {6, 5}}, true);  // late ones are, whatever the blocks have
  put_chunks(fs, chunks);
  const auto db = open_db(fs);
  CHECK(test::dump(*db) == "{__name__=\"a\"} 1@10 2@19 3@20 4@30 5@40\n{__name__=\"b\"} 4@5 5@6\n");
  CHECK(db->messages().empty());
  const auto exemplars = db->exemplars(0, 100, {});
  REQUIRE(exemplars.size() == 1);
  CHECK(exemplars.begin()->second.size() == 1);
}

TEST_CASE("a series that was gone and came again has one place, with the deletions of all its numbers") {
  const Quiet quiet;
  MemFs fs;
  put_wal(fs, {a_series(1), samples_record({{1, 10, 1}, {1, 20, 2}, {1, 30, 3}}), a_series(5),
               samples_record({{5, 25, 9}, {5, 40, 4}, {5, 50, 5}}), test::tombstone_record(5, 15, 22),
               test::tombstone_record(1, 45, 60)});
  PromChunkFile chunks;
  add_chunk(chunks, 1, {{10, 1}, {20, 2}, {30, 3}});
  add_chunk(chunks, 5, {{35, 3.5}, {50, 5}});
  put_chunks(fs, chunks);
  const auto db = open_db(fs);
  CHECK(test::dump(*db) == "{__name__=\"a\"} 1@10 3@30 3.5@35\n");
  CHECK(db->messages().empty());
}

TEST_CASE("a series that Prometheus took out of its head as stale is in a block; the same labels may come again") {
  const Quiet quiet;
  MemFs fs;
  constexpr auto kLeast = std::numeric_limits<Timestamp>::min();
  constexpr auto kGreatest = std::numeric_limits<Timestamp>::max();
  put_wal(fs, {a_series(1), samples_record({{1, 10, 1}, {1, 20, 2}}), test::tombstone_record(1, kLeast, kGreatest),
               a_series(2), samples_record({{2, 40, 4}})});
  PromChunkFile chunks;
  add_chunk(chunks, 1, {{10, 1}, {20, 2}});
  put_chunks(fs, chunks);
  const auto db = open_db(fs);
  CHECK(test::dump(*db) == "{__name__=\"a\"} 4@40\n");
  CHECK(db->messages().empty());
}

TEST_CASE("missing segments are said; what is behind them is taken as far as its series have names") {
  const Quiet quiet;
  MemFs fs;
  put_wal(fs, {a_series(1), samples_record({{1, 10, 1}})}, "wal/checkpoint.00000004/00000000");
  put_wal(fs, {samples_record({{1, 20, 2}, {9, 20, 2}})}, "wal/00000007");
  const auto db = open_db(fs);
  CHECK(test::dump(*db) == "{__name__=\"a\"} 1@10 2@20\n");
  const std::vector<std::string> messages = {"segments 5 to 6 of /data/wal are missing; their samples are lost",
                                             "1 samples of Prometheus' log were not taken: nothing names their series"};
  CHECK(db->messages() == messages);
}

TEST_CASE("what is taken over gets no zeros at its start timestamps: Prometheus put those that it wanted") {
  const Quiet quiet;
  MemFs fs;
  put_wal(fs, {a_series(1), test::samples_record_2({{1, 4000, 2, 3500}, {1, 5000, 1, 4500}})});
  TsdbOptions options = options_for(fs);
  options.start_zeros = true;
  const auto db = open_db(options);
  CHECK(test::dump(*db) == "{__name__=\"a\"} 2@4000/3500 1@5000/4500\n");
  const auto appender = db->appender();
  const model::Labels labels{{"__name__", "a"}};
  CHECK(appender->append(0, &labels, 7000, 3, 6000).status == storage::AppendStatus::kOk);
  REQUIRE(appender->commit());
  CHECK(test::dump(*db) == "{__name__=\"a\"} 2@4000/3500 1@5000/4500 0@6000 3@7000/6000\n");
}

TEST_CASE("chunks of every encoding, with and without start timestamps") {
  const Quiet quiet;
  MemFs fs;
  put_wal(fs, {a_series(1), a_series(2, "b"), a_series(3, "c"), a_series(4, "d"),
               test::samples_record_2({{1, 4000, 2, 3500}, {2, 9000, 1, 8500}})});
  PromChunkFile chunks;
  // XOR2: 1@1000 with the start 600, 1@2000 with the same
  std::string data("\0\2\x80", 3);
  {
    chunkenc::BitWriter out(data);
    out.put_varint(1000);
    out.put(std::bit_cast<std::uint64_t>(1.0), 64);
    out.put_varint(400);
    out.put_uvarint(1000);
    out.put(0b0, 1);
    out.finish();
  }
  chunks.add(1, 1000, 2000, 4, data);
  storage::SampleColumns columns;
  const auto add_histograms = [&](std::uint64_t ref, bool integer) {
    columns.clear();
    for (const Timestamp t : {1000, 2000}) {
      auto h = *test::some_histogram(4);
      h.positive_buckets = {4, 12, 8};
      h.count = 44;
      h.integer = integer;
      columns.times.push_back(t);
      columns.values.push_back(0);
      columns.histograms.push_back(std::make_shared<model::FloatHistogram>(h));
    }
    std::vector<chunkenc::EncodedChunk> encoded;
    chunkenc::encode_chunks(columns, 0, 2, {}, encoded);
    REQUIRE(encoded.size() == 1);
    chunks.add(ref, 1000, 2000, static_cast<std::uint8_t>(encoded[0].encoding), encoded[0].data);
  };
  add_histograms(3, true);
  add_histograms(4, false);
  // Histograms with starts: one of no buckets, 7 observations of zero, start 900
  std::string with_start("\0\1\x81", 3);
  {
    chunkenc::BitWriter out(with_start);
    out.put(0, 8);  // zero threshold 0
    chunkenc::put_varbit_int(out, 1);
    chunkenc::put_varbit_uint(out, 0);
    chunkenc::put_varbit_uint(out, 0);
    chunkenc::put_varbit_int(out, 1000);
    chunkenc::put_varbit_uint(out, 7);
    chunkenc::put_varbit_uint(out, 7);
    out.put(std::bit_cast<std::uint64_t>(2.5), 64);
    out.put_varint(100);
    out.finish();
  }
  chunks.add(2, 1000, 1000, 5, with_start);
  put_chunks(fs, chunks);
  const auto db = open_db(fs);
  CHECK(db->messages().empty());
  const std::string histogram = "hist(counter,3,1e-128,4,44,50 +-2:4 +-1:12 +3:8 -0:16)";
  CHECK(test::dump(*db) ==
        "{__name__=\"a\"} 1@1000/600 1@2000/600 2@4000/3500\n"
        "{__name__=\"b\"} hist(counter,1,0,7,7,2.5)@1000/900 1@9000/8500\n"
        "{__name__=\"c\"} " +
            histogram + "@1000 " + histogram +
            "@2000\n"
            "{__name__=\"d\"} " +
            histogram + "@1000 " + histogram + "@2000\n");
}

}  // namespace
}  // namespace tocsin::tsdb
