#include <algorithm>
#include <cstdio>
#include <thread>

#include "backfill/import.hpp"
#include "base/clock.hpp"
#include "base/fs.hpp"
#include "base/rng.hpp"
#include "base/strings.hpp"
#include "ctl/tsdb.hpp"
#include "ctl/tsdb_blocks.hpp"

namespace tocsin::ctl {
namespace {

Result<model::Labels> read_labels(const std::vector<std::string>& pairs) {
  model::LabelsBuilder labels;
  for (const std::string& pair : pairs) {
    const std::size_t equal = pair.find('=');
    if (equal == std::string::npos) return fail(Errc::kInvalid, "expected KEY=VALUE got {}", go_quote(pair));
    const std::string_view name = std::string_view(pair).substr(0, equal);
    const std::string_view value = std::string_view(pair).substr(equal + 1);
    if (!model::is_valid_name(name) || !is_valid_utf8(value)) {
      return fail(Errc::kInvalid, "invalid label {}", go_quote(pair));
    }
    labels.set(name, value);
  }
  return labels.build();
}

Result<void> import_file(const TsdbImportArgs& args) {
  backfill::ImportOptions options;
  TOCSIN_TRY(options.labels, read_labels(args.labels));
  options.max_block_duration = args.max_block_duration;
  options.threads = std::max(std::thread::hardware_concurrency(), 1U);
  std::vector<std::string> made;
  TOCSIN_OK(backfill::import_openmetrics(posix_fs(), args.input, args.path, options, system_clock().now(),
                                         Rng::from_system(),
                                         [&made](const block::Meta& meta) { made.push_back(meta.ulid.text()); }));
  if (args.quiet || made.empty()) return {};
  std::vector<std::shared_ptr<block::Block>> blocks;
  for (const std::string& name : made) {
    TOCSIN_TRY(blocks.emplace_back(), open_block(args.path, name));
  }
  print_blocks(blocks, args.human_readable);
  return {};
}

}  // namespace

int tsdb_import_openmetrics(const TsdbImportArgs& args) {
  const auto done = import_file(args);
  if (done) return 0;
  fmt::print(stderr, "{}\n", done.error().message);
  return 1;
}

}  // namespace tocsin::ctl
