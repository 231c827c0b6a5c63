// A walk over summaries reads the labels of a series only when somebody asks, and only as far as he must: what is
// damaged is never taken for another series.
#include "base/hash.hpp"
#include "block/block.hpp"
#include "block/index_reader.hpp"
#include "block/sidecar.hpp"
#include "chunkenc/chunk_summary.hpp"
#include "samples.hpp"

namespace tocsin::block {
namespace {

constexpr Timestamp kAll = 100'000'000;

/// Labels alike, so that a flipped bit makes one series of another.
SamplesOf alike() {
  SamplesOf store;
  for (const char* const value : {"a", "b", "c", "d", "e"}) {
    storage::SampleColumns samples;
    for (Timestamp i = 0; i < 35; ++i) {
      samples.times.push_back(kBlockStart + i * 1000);
      samples.values.push_back(static_cast<double>(i) * (value[0] - 'a' + 1));
    }
    store[{{"__name__", "x"}, {"host", value}}] = samples;
  }
  return store;
}

std::unique_ptr<storage::ChunkSummarySet> all_of(storage::Querier& querier) {
  return querier.select_summaries({.start = -kAll, .end = kAll}, {});
}

TEST_CASE("with any bit of the index flipped, no series has the labels of another") {
  const SamplesOf store = alike();
  MemFs good;
  write_block(good, encoded(store));
  const std::string path = path_of(some_meta()) + "/index";
  const std::string index = must(good.read_file(path));
  std::size_t answers = 0;
  std::size_t refused = 0;
  for (std::size_t bit = 0; bit < index.size() * 8; ++bit) {
    std::string damaged = index;
    damaged[bit / 8] = static_cast<char>(static_cast<unsigned char>(damaged[bit / 8]) ^ 1U << bit % 8);
    must(good.write_file_atomic(path, damaged));
    const auto block = Block::open(good, path_of(some_meta()));
    if (!block) continue;
    CAPTURE(bit);
    const auto querier = make_block_querier(*block, -kAll, kAll, {});
    const auto set = all_of(*querier);
    std::vector<storage::ChunkSummary> summaries;
    std::vector<storage::TimeRange> rest;
    while (set->next()) {
      REQUIRE(set->summaries(-kAll, kAll, summaries, rest));
      REQUIRE(summaries.size() == 1);
      // The last value tells whose samples they are.
      const auto number = static_cast<std::size_t>(summaries[0].last / 34) - 1;
      const model::Labels& own = std::next(store.begin(), static_cast<std::ptrdiff_t>(number))->first;
      for (const auto& [labels, samples] : store) {
        const bool said = set->has_labels(labels);
        CHECK((!said || labels == own));
        answers += said ? 1 : 0;
      }
      const model::Labels labels = set->labels();
      if (labels.empty()) {
        ++refused;
        REQUIRE_FALSE(set->status());
        CHECK(set->status().error().code == Errc::kCorrupt);
      } else {
        CHECK(labels == own);
      }
    }
  }
  CHECK(answers > 1000);
  CHECK(refused > 100);
}

TEST_CASE("labels that were not asked for are there when they are, before and after samples are read") {
  const SamplesOf store = alike();
  MemFs fs;
  write_block(fs, encoded(store));
  const auto block = must(Block::open(fs, path_of(some_meta())));
  const auto querier = make_block_querier(block, -kAll, kAll, {});
  const auto set = all_of(*querier);
  for (const auto& [labels, samples] : store) {
    REQUIRE(set->next());
    CHECK(set->has_labels(labels));
    CHECK_FALSE(set->has_labels({{"__name__", "x"}}));
    CHECK_FALSE(set->has_labels({{"__name__", "x"}, {"host", "a"}, {"other", "b"}}));
    storage::SampleColumns read;
    must(set->read(kBlockStart, kBlockStart + 5000, read));
    CHECK(read.size() == 6);
    CHECK(set->has_labels(labels));
    CHECK(set->labels() == labels);
    CHECK_FALSE(set->has_labels({}));
  }
  CHECK_FALSE(set->next());
  must(set->status());
}

/// Writes the sidecar of a block anew.
void rewrite(Fs& fs, const Block& block, const std::vector<SeriesToWrite>& series) {
  const auto refs = must(block.select({}));
  const std::string path = block.path() + "/" + kSidecarFile;
  must(fs.remove(path));
  SidecarWriter writer(fs, path);
  for (std::size_t i = 0; i < series.size(); ++i) must(writer.add(refs[i], series[i].labels, series[i].chunks));
  must(writer.finish(block.index().toc_crc()));
}

TEST_CASE("verify tells where a sidecar says other things than the samples") {
  const auto good = encoded(alike());
  const auto verify = [&](const std::vector<SeriesToWrite>& written) {
    MemFs fs;
    write_block(fs, good);
    rewrite(fs, *must(Block::open(fs, path_of(some_meta()))), written);
    std::vector<std::string> told;
    must(Block::open(fs, path_of(some_meta())))->verify([&](std::string one) { told.push_back(std::move(one)); });
    return told;
  };
  CHECK(verify(good).empty());

  auto bad = good;
  storage::ChunkSummary& wrong = bad[1].chunks[2].summary;
  wrong.sum += 1;
  wrong.mean = wrong.sum / wrong.count;
  auto told = verify(bad);
  REQUIRE(told.size() == 1);
  CHECK_THAT(told[0], Catch::Contains("{__name__=\"x\", host=\"b\"}: chunk ") &&
                          Catch::EndsWith("the summary in tocsin.summaries is not that of its samples"));

  bad = good;
  bad[1].chunks[2].summary = {};  // unknown is read
  CHECK(verify(bad).empty());

  bad = good;
  bad[2].labels = bad[1].labels;
  told = verify(bad);
  REQUIRE(told.size() == 1);
  CHECK_THAT(told[0], Catch::EndsWith("tocsin.summaries: the checksum of the labels is of others"));

  bad = good;
  bad[3].chunks.pop_back();
  told = verify(bad);
  REQUIRE(told.size() == 1);
  CHECK_THAT(told[0], Catch::EndsWith("tocsin.summaries says 3 chunks, the index 4"));

  bad = good;
  bad[0].chunks[1].starts = {1, 2, 3};
  told = verify(bad);
  REQUIRE(told.size() == 1);
  CHECK_THAT(told[0], Catch::Contains("tocsin.summaries has 3 start timestamps for "));

  bad = good;
  bad.pop_back();
  told = verify(bad);
  REQUIRE(told.size() == 1);
  CHECK_THAT(told[0], Catch::EndsWith("host=\"e\"}: tocsin.summaries has no record of it"));
}

}  // namespace
}  // namespace tocsin::block
