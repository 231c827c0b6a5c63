// tocsin_make_block DIRECTORY [--samples N] [--instances N] [--segment-bytes N] [--no-tombstones]: writes the sample
// block there and prints its path.
// tocsin_make_block DIRECTORY --copy BLOCK: writes the samples of a block of whatever program into a block of ours.
#include <cstdio>
#include <cstdlib>
#include <string_view>

#include "support/sample_block.hpp"

using namespace tocsin;

namespace {

Result<std::string> make_sample(const std::string& folder, const test::SampleBlock& what) {
  TOCSIN_OK(posix_fs().create_directories(folder));
  return test::write_sample_block(posix_fs(), folder, what);
}

Result<std::string> copy_block(const std::string& folder, const std::string& from) {
  TOCSIN_TRY(const auto source, block::Block::open(posix_fs(), from));
  block::Meta meta = source->meta();
  ++meta.ulid.low;
  TOCSIN_TRY(const auto writer, block::Writer::create(posix_fs(), folder, meta, {}));
  std::vector<std::string_view> symbols;
  TOCSIN_OK(source->symbols([&](std::string_view symbol) { symbols.push_back(symbol); }));
  TOCSIN_OK(writer->symbols(symbols));
  const auto querier = block::make_block_querier(source, meta.min_time, meta.max_time, [](const std::string& damaged) {
    fmt::print(stderr, "{}\n", damaged);
    std::exit(1);
  });
  storage::SelectHints hints;
  hints.start = meta.min_time;
  hints.end = meta.max_time;
  const auto set = querier->select(hints, {});
  storage::SampleColumns samples;
  std::vector<chunkenc::EncodedChunk> chunks;
  while (set->next()) {
    TOCSIN_OK(set->read(meta.min_time, meta.max_time, samples));
    chunks.clear();
    chunkenc::encode_chunks(samples, 0, samples.size(), {}, chunks);
    if (!chunks.empty()) TOCSIN_OK(writer->add(set->labels(), chunks));
  }
  TOCSIN_OK(set->status());
  TOCSIN_OK(writer->finish());
  return folder + "/" + meta.ulid.text();
}

}  // namespace

int main(int argc, char** argv) {
  test::SampleBlock what;
  std::string folder, from;
  for (int i = 1; i < argc; ++i) {
    const std::string_view arg = argv[i];
    const auto text = [&] { return i + 1 < argc ? argv[++i] : ""; };
    const auto number = [&] { return std::strtoull(text(), nullptr, 10); };
    if (arg == "--samples") {
      what.samples = number();
    } else if (arg == "--instances") {
      what.instances = number();
    } else if (arg == "--segment-bytes") {
      what.segment_bytes = number();
    } else if (arg == "--no-tombstones") {
      what.tombstones = false;
    } else if (arg == "--copy") {
      from = text();
    } else {
      folder = arg;
    }
  }
  const auto path = from.empty() ? make_sample(folder, what) : copy_block(folder, from);
  if (!path) {
    fmt::print(stderr, "{}\n", path.error().message);
    return 1;
  }
  fmt::print("{}\n", *path);
  return 0;
}
