#include "exporters/node/rpc_stats.hpp"

namespace tocsin::exporters::node {
namespace {

// Source: the kernel's nfsd procedure numbers (RFC 1094, RFC 1813), spelled as node_exporter does.
constexpr std::string_view kVersion2[] = {"Null", "GetAttr", "SetAttr", "Root",   "Lookup",  "ReadLink",
                                          "Read", "WrCache", "Write",   "Create", "Remove",  "Rename",
                                          "Link", "SymLink", "MkDir",   "RmDir",  "ReadDir", "FsStat"};
constexpr std::string_view kVersion3[] = {"Null",   "GetAttr", "SetAttr",  "Lookup", "Access",  "ReadLink",
                                          "Read",   "Write",   "Create",   "MkDir",  "SymLink", "MkNod",
                                          "Remove", "RmDir",   "Rename",   "Link",   "ReadDir", "ReadDirPlus",
                                          "FsStat", "FsInfo",  "PathConf", "Commit"};

}  // namespace

Result<void> RpcStats::read(std::string_view text) {
  lines_.clear();
  while (!text.empty()) {
    std::string_view line = take_line(text);
    const std::string_view name = next_word(line);
    if (name.empty()) continue;
    std::vector<double>& values = lines_[std::string(name)];
    for (std::string_view word = next_word(line); !word.empty(); word = next_word(line)) {
      std::uint64_t value = 0;
      if (!to_number(word, value)) {
        if (name == "th") break;
        return fail(Errc::kCorrupt, "{}: {} no number: \"{}\"", path_, name, word);
      }
      values.push_back(static_cast<double>(value));
    }
    if (values.empty()) return fail(Errc::kCorrupt, "{}: {} has no numbers", path_, name);
    if (name.starts_with("proc") && values[0] != static_cast<double>(values.size() - 1)) {
      return fail(Errc::kCorrupt, "{}: {} has {} numbers, not {}", path_, name, values.size() - 1, values[0]);
    }
  }
  return {};
}

double RpcStats::at(std::string_view line, std::size_t place) const {
  const auto found = lines_.find(line);
  return found != lines_.end() && place < found->second.size() ? found->second[place] : 0;
}

void RpcStats::put_methods(expo::CachedFamily& family, std::string_view proto, std::string_view line,
                           std::span<const std::string_view> methods, std::size_t first) const {
  for (std::size_t i = first; i < methods.size(); ++i) {
    if (!methods[i].empty()) family.put({{"proto", proto}, {"method", methods[i]}}, at(line, i + 1));
  }
}

std::span<const std::string_view> nfs2_methods() {
  return kVersion2;
}

std::span<const std::string_view> nfs3_methods() {
  return kVersion3;
}

}  // namespace tocsin::exporters::node
