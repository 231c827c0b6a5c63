#include "ctl/tsdb_blocks.hpp"

#include <algorithm>
#include <map>

namespace tocsin::ctl {
namespace {

std::string path_of(const std::string& path, const std::string& name) {
  return path.ends_with('/') ? path + name : path + "/" + name;
}

}  // namespace

Result<std::vector<std::string>> block_names(const std::string& path) {
  TOCSIN_TRY(auto names, posix_fs().list(path));
  std::erase_if(names, [](const std::string& name) { return !block::Ulid::parse(name); });
  return names;
}

Result<std::vector<std::shared_ptr<block::Block>>> open_blocks(const std::string& path) {
  TOCSIN_TRY(const auto names, block_names(path));
  std::vector<std::shared_ptr<block::Block>> blocks;
  std::map<block::Ulid, std::string> damaged;
  for (const std::string& name : names) {
    const std::string folder = path_of(path, name);
    auto opened = block::Block::open(posix_fs(), folder);
    if (opened) {
      blocks.push_back(std::move(*opened));
    } else if (posix_fs().exists(folder)) {
      damaged[*block::Ulid::parse(name)] = fmt::format("corrupted block {}: {}", name, opened.error().message);
    }
  }
  for (const auto& block : blocks) {
    for (const auto& parent : block->meta().compaction.parents) damaged.erase(parent.ulid);
  }
  if (!damaged.empty()) {
    std::string text;
    for (const auto& [ulid, what] : damaged) text += (text.empty() ? "" : "\n") + what;
    return fail(Errc::kCorrupt, "{}", text);
  }
  std::ranges::sort(blocks, {},
                    [](const auto& block) { return std::pair(block->meta().min_time, block->meta().ulid); });
  return blocks;
}

Result<std::shared_ptr<block::Block>> open_block(const std::string& path, const std::string& name) {
  std::string wanted = name;
  if (wanted.empty()) {
    TOCSIN_TRY(const auto names, block_names(path));
    if (names.empty()) return fail(Errc::kNotFound, "no blocks found");
    wanted = *std::ranges::max_element(names, {}, [](const auto& one) { return block::Ulid::parse(one)->time(); });
  }
  const std::string folder = path_of(path, wanted);
  if (!posix_fs().exists(folder)) return fail(Errc::kNotFound, "invalid block ID {}", wanted);
  return block::Block::open(posix_fs(), folder);
}

}  // namespace tocsin::ctl
