// The block in test/data/block was written by this code; docs/format/blocks.md describes its bytes. Who changes what is
// written sees it here. To write it anew: tocsin_make_block DIRECTORY --samples 30 --instances 1
#include "blocks.hpp"
#include "support/sample_block.hpp"

namespace tocsin::block {
namespace {

test::SampleBlock golden() {
  test::SampleBlock what;
  what.samples = 30;
  what.instances = 1;
  return what;
}

TEST_CASE("the golden block is written byte for byte, and read whole") {
  MemFs fs;
  must(fs.create_directories(kFolder));
  const std::string written = must(test::write_sample_block(fs, kFolder, golden()));
  const std::string stored = std::string(TOCSIN_TEST_DATA) + written.substr(std::string(kFolder).size());
  for (const char* const file : {"/meta.json", "/index", "/chunks/000001", "/tombstones"}) {
    CAPTURE(file);
    CHECK(must(posix_fs().read_file(stored + file)) == must(fs.read_file(written + file)));
  }
  const auto block = must(Block::open(posix_fs(), stored));
  std::vector<std::string> defects;
  CHECK(block->verify([&](std::string one) { defects.push_back(std::move(one)); }) == 0);
  CHECK(defects == std::vector<std::string>());
  CHECK(block->meta().stats.samples == 150);
  CHECK(count_intervals(*block->tombstones()) == 3);
}

}  // namespace
}  // namespace tocsin::block
