#include <cstdio>

#include "ctl/tsdb.hpp"
#include "ctl/tsdb_blocks.hpp"

namespace tocsin::ctl {

int tsdb_verify(const TsdbVerifyArgs& args) {
  auto names = args.blocks.empty() ? block_names(args.path) : args.blocks;
  if (!names) {
    fmt::print(stderr, "{}\n", names.error().message);
    return 1;
  }
  std::size_t defects = 0;
  const auto tell = [](const std::string& defect) { fmt::print(stderr, "{}\n", defect); };
  for (const std::string& name : *names) {
    const auto block = open_block(args.path, name);
    std::size_t found = 1;
    if (block) {
      found = (*block)->verify(tell);
    } else {
      tell(block.error().message);
    }
    defects += found;
    if (found > 0) {
      fmt::print("{}: FAILED: {} defect{}\n", name, found, found == 1 ? "" : "s");
      continue;
    }
    const block::Stats& stats = (*block)->meta().stats;
    fmt::print("{}: SUCCESS: {} series, {} chunks, {} samples\n", name, stats.series, stats.chunks, stats.samples);
  }
  return defects == 0 ? 0 : 1;
}

}  // namespace tocsin::ctl
