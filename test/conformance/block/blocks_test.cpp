// Blocks of Prometheus' own test data: one with an index of version 1, one with the version mix-up of Prometheus 2.1.
#include <algorithm>
#include <cstdlib>

#include <catch2/catch.hpp>

#include "base/mem_fs.hpp"
#include "block/block.hpp"
#include "block/index_reader.hpp"
#include "block/repair.hpp"
#include "block/select.hpp"

namespace tocsin::block {
namespace {

std::string corpora() {
  const char* const path = std::getenv("TOCSIN_CORPORA");
  if (path == nullptr) WARN("TOCSIN_CORPORA is not set");
  return path == nullptr ? "" : std::string(path) + "/tsdb";
}

TEST_CASE("an index of version 1 is read whole") {
  const std::string folder = corpora();
  if (folder.empty()) return;
  const auto opened = Block::open(posix_fs(), folder + "/index_format_v1");
  INFO((opened ? std::string() : opened.error().message));
  REQUIRE(opened);
  const Block& block = **opened;
  CHECK(block.index_version() == 1);
  std::vector<std::string> defects;
  CHECK(block.verify([&](std::string defect) { defects.push_back(std::move(defect)); }) == 0);
  CHECK(defects == std::vector<std::string>());

  const auto refs = block.select({});
  REQUIRE(refs);
  CHECK(refs->size() == block.meta().stats.series);
  const auto names = block.label_names();
  REQUIRE(names);
  std::size_t pairs = 0;
  for (const std::string& name : *names) {
    const auto values = block.label_values(name);
    REQUIRE(values);
    CHECK(std::ranges::is_sorted(*values));
    for (const std::string& value : *values) {
      const auto found = block.select({{model::Matcher::equal(name, value)}});
      REQUIRE(found);
      CHECK_FALSE(found->empty());
      ++pairs;
    }
  }
  CHECK(pairs > 100);
  const auto querier = make_block_querier(*opened, block.meta().min_time, block.meta().max_time, {});
  storage::SelectHints hints;
  hints.end = block.meta().max_time;
  const auto set = querier->select(hints, {});
  std::uint64_t samples = 0;
  while (set->next()) {
    storage::SampleColumns columns;
    REQUIRE(set->read(block.meta().min_time, block.meta().max_time, columns));
    samples += columns.size();
  }
  CHECK(set->status());
  CHECK(samples == block.meta().stats.samples);
}

TEST_CASE("the index that Prometheus 2.1 numbered wrongly is repaired, and read whole") {
  const std::string folder = corpora();
  if (folder.empty()) return;
  const std::string name = "/01BZJ9WJQPWHGNC2W4J9TA62KC";
  MemFs fs;
  REQUIRE(fs.create_directories(name));
  for (const char* const file : {"/meta.json", "/index"}) {
    const auto bytes = posix_fs().read_file(folder + "/repair_index_version" + name + file);
    REQUIRE(bytes);
    REQUIRE((*fs.open_append(name + file))->append(*bytes));
  }
  const auto refused = Block::open(fs, name);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == Errc::kCorrupt);
  CHECK_THAT(refused.error().message, Catch::Contains("unexpected meta file version 2"));

  const auto repaired = repair_index_version(fs, name);
  INFO((repaired ? std::string() : repaired.error().message));
  REQUIRE(repaired);
  CHECK(*repaired);
  const auto meta = parse_meta(*fs.read_file(name + "/meta.json"));
  REQUIRE(meta);
  CHECK(meta->stats.chunks == 266093);
  const auto index = IndexReader::open(fs, name + "/index");
  REQUIRE(index);
  CHECK((*index)->version() == 2);
  // It is cut down to two series and one list.
  const auto all = select_series(**index, {{model::Matcher::equal("b", "1")}});
  REQUIRE(all);
  std::vector<std::string> labels;
  for (const std::uint32_t ref : *all) {
    model::Labels one;
    REQUIRE((*index)->series(ref, &one, nullptr));
    labels.push_back(one.to_string());
  }
  CHECK(labels == std::vector<std::string>{R"({a="1", b="1"})", R"({a="2", b="1"})"});
}

}  // namespace
}  // namespace tocsin::block
