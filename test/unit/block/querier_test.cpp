// A block as a store, compared with the samples that were written.
#include "base/fault_fs.hpp"
#include "block/chunk_reader.hpp"
#include "block/index_writer.hpp"
#include "samples.hpp"
#include "storage/merge_part.hpp"

namespace tocsin::block {
namespace {

using model::Labels;
using model::Matcher;
using model::MatchOp;

constexpr Timestamp kAllTime = Timestamp{1} << 60;

std::unique_ptr<storage::Querier> querier_of(std::shared_ptr<const Block> block, Timestamp start, Timestamp end,
                                             std::vector<std::string>* told = nullptr) {
  return make_block_querier(std::move(block), start, end, [told](std::string what) {
    INFO(what);
    REQUIRE(told != nullptr);
    told->push_back(std::move(what));
  });
}

/// Without series that have nothing to read in the time: a set may have them or not, as chunks fall.
std::string text_of(const std::vector<test::ReadSeries>& all) {
  std::string text;
  for (const test::ReadSeries& one : all) {
    if (!one.samples.times.empty()) text += plain_text(one) + "\n";
  }
  return text;
}

std::string expected_text(const SamplesOf& store, Timestamp start, Timestamp end,
                          const std::vector<Matcher>& matchers) {
  std::vector<test::ReadSeries> all;
  for (const auto& [labels, samples] : store) {
    if (match_all(matchers, labels)) all.push_back({labels, 0, within(samples, start, end)});
  }
  return text_of(all);
}

TEST_CASE("a block gives the samples that were written, whatever is asked") {
  Rng rng(1);
  for (int round = 0; round < 10; ++round) {
    const SamplesOf store = random_store(rng, 40);
    MemFs fs;
    const auto block = write_block(fs, encoded(store), {.segment_bytes = 3000});
    CHECK(text_of(test::read_all(*querier_of(block, -kAllTime, kAllTime), -kAllTime, kAllTime, {})) ==
          expected_text(store, -kAllTime, kAllTime, {}));
    for (int query = 0; query < 30; ++query) {
      const auto start = kBlockStart + static_cast<Timestamp>(rng.next() % 1'000'000);
      const auto end = start + static_cast<Timestamp>(rng.next() % 1'000'000);
      const std::vector<Matcher> matchers = {*Matcher::make(static_cast<MatchOp>(rng.next() % 4),
                                                            rng.next() % 2 == 0 ? "job" : "__name__",
                                                            rng.next() % 2 == 0 ? "m1|api|m3" : "db")};
      CAPTURE(start, end, matchers[0].to_string());
      const std::string expected = expected_text(store, start, end, matchers);
      // The time of the querier, of the hints, and of what is read: the narrowest counts.
      CHECK(text_of(test::read_all(*querier_of(block, start, end), -kAllTime, kAllTime, matchers)) == expected);
      CHECK(text_of(test::read_all(*querier_of(block, -kAllTime, kAllTime), start, end, matchers)) == expected);
    }
  }
}

std::string text_of(const storage::SampleColumns& samples) {
  return plain_text(test::ReadSeries{{}, 0, samples});
}

TEST_CASE("samples are appended to others if they are later, and else the others stay as they are") {
  Rng rng(5);
  const SamplesOf store = random_store(rng, 60);
  MemFs fs;
  const auto block = write_block(fs, encoded(store), {.segment_bytes = 3000});
  const auto querier = querier_of(block, -kAllTime, kAllTime);
  const auto set = querier->select({.start = -kAllTime, .end = kAllTime}, {});
  auto* const part = dynamic_cast<storage::MergePart*>(set.get());
  REQUIRE(part != nullptr);
  int appended = 0;
  int refused = 0;
  while (set->next()) {
    for (int i = 0; i < 10; ++i) {
      const auto middle = kBlockStart + static_cast<Timestamp>(rng.next() % 1'000'000);
      storage::SampleColumns all;
      storage::SampleColumns early;
      storage::SampleColumns late;
      REQUIRE(set->read(-kAllTime, kAllTime, all));
      REQUIRE(set->read(-kAllTime, middle, early));
      REQUIRE(set->read(middle + 1, kAllTime, late));
      const std::string before = text_of(early);
      if (*part->read_more(middle + 1, kAllTime, early)) {
        CHECK(text_of(early) == text_of(all));
        ++appended;
      } else {
        CHECK_FALSE(all.histograms.empty());
        CHECK(text_of(early) == before);
        ++refused;
      }
      if (late.size() == 0 || late.size() == all.size()) continue;
      const std::string text = text_of(late);
      CHECK_FALSE(*part->read_more(-kAllTime, middle, late));
      CHECK(text_of(late) == text);
    }
  }
  CHECK(appended > 50);
  CHECK(refused > 10);
}

TEST_CASE("a set tells whether it stands at labels, before and after it was asked for them") {
  std::vector<SeriesToWrite> series;
  for (int i = 0; i < 300; ++i) {
    // More symbols than a walk remembers; names and values that others have too.
    const std::string number = std::to_string(i);
    series.push_back({Labels{{"__name__", "m"}, {"a" + std::to_string(i % 7), "m"}, {"i", number}, {"m", "a1"}},
                      {opaque_chunk(kBlockStart, kBlockStart + 1, "x")}});
  }
  std::ranges::sort(series, {}, &SeriesToWrite::labels);
  MemFs fs;
  const auto querier = querier_of(write_block(fs, series), -kAllTime, kAllTime);
  const auto set = querier->select({.start = -kAllTime, .end = kAllTime}, {});
  std::size_t at = 0;
  for (; set->next(); ++at) {
    const auto agrees = [&] {
      for (std::size_t i = 0; i < series.size(); ++i) {
        if (set->has_labels(series[i].labels) != (i == at)) return false;
      }
      return !set->has_labels({}) && !set->has_labels(series[at].labels.without({"m"})) &&
             !set->has_labels(model::LabelsBuilder(series[at].labels).set("z", "1").build());
    };
    CHECK(agrees());
    CHECK(set->labels() == series[at].labels);
    CHECK(agrees());
  }
  CHECK(at == series.size());
}

TEST_CASE("series of a block come in order of labels, at most as many as are wanted, with their ref as id") {
  Rng rng(2);
  const SamplesOf store = random_store(rng, 30);
  MemFs fs;
  const auto block = write_block(fs, encoded(store));
  const auto querier = querier_of(block, -kAllTime, kAllTime);
  storage::SelectHints hints;
  hints.start = -kAllTime;
  hints.end = kAllTime;
  hints.limit = 7;
  const auto set = querier->select(hints, {});
  auto expected = store.begin();
  std::size_t count = 0;
  std::uint64_t last = 0;
  for (; set->next(); ++expected, ++count) {
    CHECK(set->labels() == expected->first);
    CHECK(set->id() > last);
    last = set->id();
  }
  CHECK(set->status());
  CHECK(count == 7);
}

TEST_CASE("names and values are those of series with a chunk in the time of the querier") {
  storage::SampleColumns early;
  early.times = {kBlockStart, kBlockStart + 10};
  early.values = {1, 2};
  storage::SampleColumns late;
  late.times = {kBlockStart + 1000, kBlockStart + 2000};
  late.values = {1, 2};
  const SamplesOf store = {{{{"a", "1"}, {"early", "x"}}, early}, {{{"a", "2"}, {"late", "y"}}, late}};
  MemFs fs;
  const auto block = write_block(fs, encoded(store));
  using Texts = std::vector<std::string>;
  const std::vector<Matcher> matchers = {*Matcher::make(MatchOp::kRegex, "a", ".+")};
  for (const auto& by : {std::vector<Matcher>(), matchers}) {
    CAPTURE(by.size());
    const auto all = querier_of(block, -kAllTime, kAllTime);
    CHECK(must(all->label_names(by, 0)) == Texts{"a", "early", "late"});
    CHECK(must(all->label_names(by, 2)) == Texts{"a", "early"});
    CHECK(must(all->label_values("a", by, 0)) == Texts{"1", "2"});
    CHECK(must(all->label_values("a", by, 1)) == Texts{"1"});
    CHECK(must(all->label_values("b", by, 0)).empty());
    const auto first = querier_of(block, kBlockStart, kBlockStart + 999);
    CHECK(must(first->label_names(by, 0)) == Texts{"a", "early"});
    CHECK(must(first->label_values("a", by, 0)) == Texts{"1"});
    const auto none = querier_of(block, 0, 1);
    CHECK(must(none->label_names(by, 0)).empty());
    CHECK(must(none->label_values("a", by, 0)).empty());
  }
}

TEST_CASE("deleted samples are not read, also after the block is opened anew") {
  Rng rng(3);
  SamplesOf store = random_store(rng, 30);
  MemFs fs;
  auto block = write_block(fs, encoded(store));
  const auto refs = must(block->select({}));
  for (int round = 0; round < 5; ++round) {
    Tombstones more;
    auto one = store.begin();
    for (const SeriesRef ref : refs) {
      const Timestamp start = kBlockStart + static_cast<Timestamp>(rng.next() % 600'000);
      const Interval interval{start, round == 4 ? kBlockEnd : start + static_cast<Timestamp>(rng.next() % 100'000)};
      if (rng.next() % 2 == 0) {
        more[ref] = {interval};
        remove_deleted(more[ref], one->second);
      }
      ++one;
    }
    must(block->remove(more));
    const std::string expected = expected_text(store, -kAllTime, kAllTime, {});
    CHECK(text_of(test::read_all(*querier_of(block, -kAllTime, kAllTime), -kAllTime, kAllTime, {})) == expected);
    fs.drop_unsynced();
    block = must(Block::open(fs, block->path()));
    CHECK(text_of(test::read_all(*querier_of(block, -kAllTime, kAllTime), -kAllTime, kAllTime, {})) == expected);
    CHECK(block->meta().stats.tombstones == count_intervals(*block->tombstones()));
  }
}

TEST_CASE("start timestamps come back from the sidecar, sample by sample") {
  storage::SampleColumns with, without;
  for (int i = 0; i < 45; ++i) {
    for (storage::SampleColumns* const samples : {&with, &without}) {
      samples->times.push_back(kBlockStart + i * 1000);
      samples->values.push_back(i);
    }
    with.starts.push_back(i < 15 ? 0 : kBlockStart - 500 + i / 20 * 10'000);  // the first chunk has none
  }
  MemFs fs;
  const auto block = write_block(fs, encoded({{{{"a", "1"}}, with}, {{{"a", "2"}}, without}}));
  const auto read = [&](Timestamp start, Timestamp end) {
    return test::read_all(*querier_of(block, start, end), start, end, {});
  };
  auto all = read(-kAllTime, kAllTime);
  REQUIRE(all.size() == 2);
  CHECK(all[0].samples.starts == with.starts);
  CHECK(all[1].samples.starts.empty());
  all = read(kBlockStart + 13'000, kBlockStart + 33'500);
  CHECK(all[0].samples.starts == std::vector<Timestamp>(with.starts.begin() + 13, with.starts.begin() + 34));
  const Interval deleted{kBlockStart + 20'000, kBlockStart + 29'999};
  must(block->remove({{must(block->select({}))[0], {deleted}}}));
  std::vector<Timestamp> left = with.starts;
  left.erase(left.begin() + 20, left.begin() + 30);
  CHECK(read(-kAllTime, kAllTime)[0].samples.starts == left);
  // Without the file, the samples are there all the same.
  must(fs.remove(block->path() + "/tocsin.summaries"));
  const auto bare = must(Block::open(fs, block->path()));
  all = test::read_all(*querier_of(bare, -kAllTime, kAllTime), -kAllTime, kAllTime, {});
  CHECK(all[0].samples.starts.empty());
  CHECK(all[0].samples.size() == 35);
}

TEST_CASE("a deletion that cannot be written changes nothing, and can be tried again") {
  Rng rng(4);
  const SamplesOf store = random_store(rng, 5);
  MemFs inner;
  write_block(inner, encoded(store));
  FaultFs fs(inner);
  const auto block = must(Block::open(fs, path_of(some_meta())));
  const Tombstones all = {{must(block->select({}))[0], {{kBlockStart, kBlockEnd}}}};
  for (const FsCall call : {FsCall::kOpen, FsCall::kAppend, FsCall::kSync, FsCall::kRename}) {
    CAPTURE(static_cast<int>(call));
    fs.arm({.call = call});
    const auto removed = block->remove(all);
    fs.heal();
    REQUIRE_FALSE(removed);
    CHECK(removed.error().code == Errc::kIo);
    CHECK(block->tombstones()->empty());
    CHECK(must(Block::open(inner, block->path()))->tombstones()->empty());
  }
  must(block->remove(all));
  CHECK(must(Block::open(inner, block->path()))->meta().stats.tombstones == 1);
}

TEST_CASE("what a deletion says and what is seen agree whichever call fails") {
  struct Case {
    FsCall call;
    std::uint64_t nth;
    bool stays;
    bool done;     // it says so
    bool deleted;  // the samples are
  };
  const Case cases[] = {
      {FsCall::kRename, 1, false, false, false},
      {FsCall::kSyncDirectory, 1, false, true, true},  // the file was there already, and is made durable again
      {FsCall::kSyncDirectory, 1, true, false, true},
      // The count in meta.json is for others to read.
      {FsCall::kOpen, 2, false, true, true},
      {FsCall::kAppend, 2, false, true, true},
      {FsCall::kSync, 2, false, true, true},
      {FsCall::kRename, 2, true, true, true},
      {FsCall::kSyncDirectory, 2, false, true, true},
  };
  for (const Case& one : cases) {
    CAPTURE(static_cast<int>(one.call), one.nth, one.stays);
    Rng rng(4);
    MemFs inner;
    write_block(inner, encoded(random_store(rng, 5)));
    FaultFs fs(inner);
    const auto block = must(Block::open(fs, path_of(some_meta())));
    const Tombstones all = {{must(block->select({}))[0], {{kBlockStart, kBlockEnd}}}};
    fs.arm({.call = one.call, .nth = one.nth, .stays = one.stays});
    const auto removed = block->remove(all);
    fs.heal();
    CHECK(removed.has_value() == one.done);
    if (!removed && one.deleted) {
      CHECK(removed.error().message.starts_with("the samples are deleted, but a power cut may undo it: "));
    }
    const Tombstones expected = one.deleted ? all : Tombstones();
    CHECK(*block->tombstones() == expected);
    if (one.done) {
      inner.drop_unsynced();
    } else {
      inner.drop_handles();
    }
    CHECK(*must(Block::open(inner, block->path()))->tombstones() == expected);
  }
}

TEST_CASE("a series whose chunks are deleted as a whole is not there") {
  storage::SampleColumns samples;
  samples.times = {kBlockStart, kBlockStart + 10};
  samples.values = {1, 2};
  MemFs fs;
  const auto block = write_block(fs, encoded({{{{"a", "1"}}, samples}, {{{"a", "2"}}, samples}}));
  must(block->remove({{must(block->select({}))[0], {{kBlockStart, kBlockStart + 10}}}}));
  const auto left = test::read_all(*querier_of(block, -kAllTime, kAllTime), -kAllTime, kAllTime, {});
  REQUIRE(left.size() == 1);
  CHECK(left[0].labels == Labels{{"a", "2"}});
}

TEST_CASE("a damaged chunk is left out, counted and told once; an unknown encoding too") {
  storage::SampleColumns samples;
  for (int i = 0; i < 30; ++i) {
    samples.times.push_back(kBlockStart + i);
    samples.values.push_back(i);
  }
  MemFs fs;
  auto series = encoded(Labels{{"a", "1"}}, samples);
  REQUIRE(series.chunks.size() == 3);
  series.chunks[0].encoding = static_cast<chunkenc::Encoding>(77);
  auto block = write_block(fs, {series});
  const std::string segment = block->chunks().segments()[0].path;
  std::vector<ChunkMeta> chunks;
  must(block->series(must(block->select({}))[0], nullptr, &chunks));
  fs.corrupt(segment, chunks[1].ref + 5, "\xff");
  block = must(Block::open(fs, block->path()));
  std::vector<std::string> told;
  const auto querier = querier_of(block, -kAllTime, kAllTime, &told);
  for (int round = 0; round < 2; ++round) {
    const auto read = test::read_all(*querier, -kAllTime, kAllTime, {});
    REQUIRE(read.size() == 1);
    CHECK(read[0].samples.times.front() == chunks[2].min_time);
    CHECK(read[0].samples.size() == 10);
    REQUIRE(told.size() == 2);
    CHECK_THAT(told[0], Catch::Contains("series {a=\"1\"}") && Catch::Contains("unknown encoding 77"));
    CHECK_THAT(told[1], Catch::Contains(segment) && Catch::Contains("checksum of a chunk did not match"));
  }
  CHECK(block->damaged_chunks() == 2);
}

TEST_CASE("chunks that overlap, as some tools wrote them, are read in order of time") {
  const auto columns = [](std::vector<Timestamp> times, double value) {
    storage::SampleColumns samples;
    for (Timestamp& t : times) t += kBlockStart;
    samples.values.assign(times.size(), value);
    samples.times = std::move(times);
    return samples;
  };
  const SeriesToWrite first = encoded(Labels{{"a", "1"}}, columns({10, 20, 30}, 1));
  const SeriesToWrite second = encoded(Labels{{"a", "2"}}, columns({5, 20, 25}, 2));
  MemFs fs;
  const auto written = write_block(fs, {first, second});
  std::vector<ChunkMeta> chunks, more;
  const auto refs = must(written->select({}));
  must(written->series(refs[0], nullptr, &chunks));
  must(written->series(refs[1], nullptr, &more));
  chunks.push_back(more[0]);
  // Another index over the same chunks: one series has both.
  const std::string index = written->path() + "/index";
  must(fs.remove(index));
  auto writer = must(IndexWriter::create(fs, index));
  const std::vector<std::string_view> symbols = {"1", "a"};
  must(writer.symbols(symbols));
  must(writer.add({{"a", "1"}}, chunks));
  must(writer.finish());
  const auto read =
      test::read_all(*querier_of(must(Block::open(fs, written->path())), -kAllTime, kAllTime), -kAllTime, kAllTime, {});
  REQUIRE(read.size() == 1);
  std::vector<Timestamp> times = read[0].samples.times;
  for (Timestamp& t : times) t -= kBlockStart;
  CHECK(times == std::vector<Timestamp>{5, 10, 20, 25, 30});
  CHECK(read[0].samples.values == std::vector<double>{2, 1, 1, 2, 1});
}

}  // namespace
}  // namespace tocsin::block
