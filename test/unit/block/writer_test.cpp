// What the writer puts down, the index reader and the chunk reader find.
#include "block/writer.hpp"

#include "base/fault_fs.hpp"
#include "base/rng.hpp"
#include "block/chunk_reader.hpp"
#include "block/index_reader.hpp"
#include "blocks.hpp"

namespace tocsin::block {
namespace {

using model::Labels;
using model::Matcher;
using model::MatchOp;

/// Series with few names and values, so that they meet in many lists.
std::vector<SeriesToWrite> random_series(Rng& rng, std::size_t count) {
  std::set<Labels> all;
  while (all.size() < count) {
    model::LabelsBuilder builder;
    builder.set("__name__", "m" + std::to_string(rng.next() % 5));
    builder.set("instance", "host-" + std::to_string(rng.next() % 90));
    if (rng.next() % 2 == 0) builder.set("job", rng.next() % 2 == 0 ? "api" : "db");
    if (rng.next() % 3 == 0) builder.set("ζ", "Ω-" + std::to_string(rng.next() % 9));
    all.insert(builder.build());
  }
  std::vector<SeriesToWrite> series;
  for (const Labels& labels : all) {
    SeriesToWrite& one = series.emplace_back();
    one.labels = labels;
    Timestamp t = kBlockStart;
    for (std::uint64_t i = rng.next() % 4 + 1; i > 0; --i) {
      const Timestamp last = t + static_cast<Timestamp>(rng.next() % 100'000);
      one.chunks.push_back(opaque_chunk(t, last, std::string(rng.next() % 300, static_cast<char>(rng.next()))));
      t = last + 1 + static_cast<Timestamp>(rng.next() % 100'000);
    }
  }
  return series;
}

TEST_CASE("series are read as they were written, in one segment or in many") {
  Rng rng(1);
  const auto series = random_series(rng, 300);
  for (const std::uint64_t segment_bytes : {std::uint64_t{512} << 20U, std::uint64_t{1000}, std::uint64_t{1}}) {
    CAPTURE(segment_bytes);
    MemFs fs;
    const auto block = write_block(fs, series, {.segment_bytes = segment_bytes, .sidecar = false});
    std::size_t chunks = 0;
    for (const SeriesToWrite& one : series) chunks += one.chunks.size();
    CHECK(block->meta().stats.series == series.size());
    CHECK(block->meta().stats.chunks == chunks);
    CHECK(block->meta().stats.samples == chunks * 2);
    CHECK(block->index_version() == 2);
    const std::size_t segments = block->chunks().segments().size();
    CHECK(segments == (segment_bytes > 1'000'000 ? 1 : segment_bytes == 1 ? chunks : segments));
    CHECK((segments > 10 || segment_bytes > 1'000'000));

    const auto refs = must(block->select({}));
    REQUIRE(refs.size() == series.size());
    for (std::size_t i = 0; i < refs.size(); ++i) {
      Labels labels;
      std::vector<ChunkMeta> metas;
      must(block->series(refs[i], &labels, &metas));
      REQUIRE(labels == series[i].labels);
      REQUIRE(metas.size() == series[i].chunks.size());
      for (std::size_t c = 0; c < metas.size(); ++c) {
        const auto& written = series[i].chunks[c];
        REQUIRE(metas[c].min_time == written.first_time);
        REQUIRE(metas[c].max_time == written.last_time);
        const ChunkData read = must(block->chunk(metas[c].ref));
        REQUIRE(read.encoding == written.encoding);
        REQUIRE(read.data == written.data);
      }
    }
  }
}

TEST_CASE("names, values and symbols of a block are sorted and whole") {
  Rng rng(2);
  const auto series = random_series(rng, 300);
  std::set<std::string> symbols;
  std::map<std::string, std::set<std::string>> values;
  for (const SeriesToWrite& one : series) {
    for (const model::LabelView& label : one.labels) {
      symbols.emplace(label.name);
      symbols.emplace(label.value);
      values[std::string(label.name)].emplace(label.value);
    }
  }
  MemFs fs;
  const auto block = write_block(fs, series);
  std::vector<std::string> names;
  for (const auto& [name, of_name] : values) {
    names.push_back(name);
    CHECK(must(block->label_values(name)) == std::vector<std::string>(of_name.begin(), of_name.end()));
  }
  CHECK(must(block->label_names()) == names);
  CHECK(must(block->label_values("nobody")).empty());
  CHECK(must(block->label_values("")).empty());
  std::vector<std::string> read;
  must(block->symbols([&](std::string_view text) { read.emplace_back(text); }));
  CHECK(read == std::vector<std::string>(symbols.begin(), symbols.end()));
}

TEST_CASE("a selection in a block is what the matchers say of each series") {
  Rng rng(3);
  const auto series = random_series(rng, 500);
  MemFs fs;
  const auto block = write_block(fs, series);
  const auto refs = must(block->select({}));
  const char* const names[] = {"__name__", "instance", "job", "ζ", "nobody", ""};
  const char* const values[] = {"",         "m1",      "api",    "host-7", "Ω-3",    "m1|m2|m9",   "host-.*",
                                "host-8.+", ".*",      ".+",     "api|",   ".*-.*",  "m[0-3]",     "host-(1|2)?[0-9]",
                                "Ω-.*",     "(?i)API", "nobody", "host-9", "db|api", "host-1|zzz", "()"};
  for (int round = 0; round < 3000; ++round) {
    std::vector<Matcher> matchers;
    for (std::uint64_t i = rng.next() % 3 + 1; i > 0; --i) {
      matchers.push_back(*Matcher::make(static_cast<MatchOp>(rng.next() % 4), names[rng.next() % std::size(names)],
                                        values[rng.next() % std::size(values)]));
    }
    std::string text;
    for (const Matcher& matcher : matchers) text += matcher.to_string() + ",";
    CAPTURE(text);
    std::vector<SeriesRef> expected;
    for (std::size_t i = 0; i < series.size(); ++i) {
      if (match_all(matchers, series[i].labels)) expected.push_back(refs[i]);
    }
    REQUIRE(must(block->select(matchers)) == expected);
  }
}

TEST_CASE("what breaks the order of a block is refused, and nothing stays") {
  const chunkenc::EncodedChunk chunk = opaque_chunk(kBlockStart, kBlockStart + 10, "x");
  const SeriesToWrite a{{{"a", "1"}}, {chunk}};
  const SeriesToWrite b{{{"b", "1"}}, {chunk}};
  struct Case {
    const char* what;
    std::vector<SeriesToWrite> series;
    const char* reason;
  };
  const std::vector<Case> cases = {
      {"order of labels", {b, a}, "out-of-order series added with label set {a=\"1\"}"},
      {"twice", {a, a}, "out-of-order series"},
      {"no chunks", {{{{"a", "1"}}, {}}}, "no chunks"},
      {"no labels", {{{}, {chunk}}}, "out-of-order series"},
      {"order of chunks", {{{{"a", "1"}}, {chunk, chunk}}}, "is not after the one before it"},
      {"ends before it begins", {{{{"a", "1"}}, {opaque_chunk(kBlockStart + 1, kBlockStart, "x")}}}, "is not after"},
      {"too old", {{{{"a", "1"}}, {opaque_chunk(kBlockStart - 1, kBlockStart, "x")}}}, "is not within the block's"},
      {"too new", {{{{"a", "1"}}, {opaque_chunk(kBlockStart, kBlockEnd, "x")}}}, "is not within the block's"},
  };
  for (const Case& one : cases) {
    CAPTURE(one.what);
    MemFs fs;
    const auto written = try_write_block(fs, one.series, {});
    REQUIRE_FALSE(written);
    CHECK(written.error().code == Errc::kInvalid);
    CHECK_THAT(written.error().message, Catch::Contains(one.reason));
    CHECK(must(fs.list(kFolder)).empty());
  }
  MemFs fs;
  must(fs.create_directories(kFolder));
  const auto writer = must(Writer::create(fs, kFolder, some_meta(), {}));
  const std::vector<std::string_view> unsorted = {"b", "a"};
  CHECK_FALSE(writer->symbols(unsorted));
  const std::vector<std::string_view> too_few = {"a"};
  must(writer->symbols(too_few));
  const auto added = writer->add({{"a", "1"}}, {{chunk}});
  REQUIRE_FALSE(added);
  CHECK_THAT(added.error().message, Catch::Contains("symbol entry for \"1\" does not exist"));
}

TEST_CASE("a block without series is not made") {
  MemFs fs;
  CHECK(must(try_write_block(fs, {}, {})).stats.series == 0);
  CHECK(must(fs.list(kFolder)).empty());
}

TEST_CASE("a block that is there is not written over") {
  MemFs fs;
  const SeriesToWrite a{{{"a", "1"}}, {opaque_chunk(kBlockStart, kBlockStart, "x")}};
  must(try_write_block(fs, {a}, {}));
  const auto again = try_write_block(fs, {a}, {});
  REQUIRE_FALSE(again);
  CHECK(again.error().code == Errc::kExists);
  CHECK(must(Block::open(fs, path_of(some_meta())))->meta().stats.series == 1);
}

TEST_CASE("whatever call fails, there is the whole block or none") {
  Rng rng(4);
  const auto series = random_series(rng, 20);
  MemFs counted_inner;
  FaultFs counted(counted_inner);
  must(try_write_block(counted, series, {.segment_bytes = 2000}));
  for (const FsCall call : {FsCall::kOpen, FsCall::kAppend, FsCall::kSync, FsCall::kRename, FsCall::kCreateDirectories,
                            FsCall::kSyncDirectory}) {
    for (std::uint64_t nth = 1; nth <= counted.count(call); ++nth) {
      CAPTURE(static_cast<int>(call), nth);
      MemFs inner;
      must(inner.create_directories(kFolder));
      FaultFs fs(inner);
      Fault fault;
      fault.call = call;
      fault.nth = nth;
      fault.written = 1;
      fs.arm(fault);
      const auto written = try_write_block(fs, series, {.segment_bytes = 2000});
      REQUIRE_FALSE(written);
      CHECK(written.error().code == Errc::kIo);
      const auto names = must(inner.list(kFolder));
      // Only the last sync of the folder comes after the block has its name.
      if (names.empty()) continue;
      REQUIRE(names.size() == 1);
      CHECK(must(Block::open(inner, std::string(kFolder) + "/" + names[0]))->meta().stats.series == series.size());
    }
  }
}

TEST_CASE("a finished block survives the loss of power") {
  Rng rng(5);
  const auto series = random_series(rng, 20);
  MemFs fs;
  must(try_write_block(fs, series, {.segment_bytes = 2000}));
  fs.drop_unsynced();
  const auto block = must(Block::open(fs, path_of(some_meta())));
  CHECK(must(block->select({})).size() == series.size());
}

}  // namespace
}  // namespace tocsin::block
