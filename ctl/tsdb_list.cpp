#include <cstdio>

#include <fmt/format.h>

#include "ctl/tsdb.hpp"
#include "ctl/tsdb_blocks.hpp"

namespace tocsin::ctl {

int tsdb_list(const TsdbListArgs& args) {
  const auto blocks = open_blocks(args.path);
  if (!blocks) {
    fmt::print(stderr, "{}\n", blocks.error().message);
    return 1;
  }
  print_blocks(*blocks, args.human_readable);
  return 0;
}

}  // namespace tocsin::ctl
