// Memory of each NUMA node: /sys/devices/system/node/node*/meminfo and numastat.

#include "exporters/node/collectors.hpp"
#include "exporters/node/source_file.hpp"

namespace tocsin::exporters::node {
namespace {

/// `Active(anon)` becomes Active_anon.
std::string field_name(std::string_view key) {
  if (key.ends_with(':')) key.remove_suffix(1);
  std::string name;
  for (const char c : key) {
    if (c != ')') name += c == '(' ? '_' : c;
  }
  return name;
}

class MeminfoNuma final : public Collector {
 public:
  explicit MeminfoNuma(const NodeContext& context)
      : folder_(context.sys("devices/system/node")), fs_(context.fs), files_(context.fs) {}
  std::string_view name() const override { return "meminfo_numa"; }

  Result<void> collect(expo::Page& page) override {
    TOCSIN_TRY(const std::vector<std::string> names, or_no_data(fs_.list(folder_)));
    bool found = false;
    for (const std::string& name : names) {
      std::uint64_t number = 0;
      if (!name.starts_with("node") || !to_number(std::string_view(name).substr(4), number)) continue;
      const std::string_view node = std::string_view(name).substr(4);
      TOCSIN_OK(put_meminfo(page, fmt::format("{}/{}/meminfo", folder_, name), node));
      TOCSIN_OK(put_numastat(page, fmt::format("{}/{}/numastat", folder_, name), node));
      found = true;
    }
    if (!found) return fail(Errc::kUnavailable, "the kernel has no NUMA nodes");
    return {};
  }

 private:
  /// "Node 0 Active(anon):  707584 kB"
  Result<void> put_meminfo(expo::Page& page, const std::string& path, std::string_view node) {
    TOCSIN_TRY(std::string_view text, files_.read(path));
    while (!text.empty()) {
      std::string_view line = take_line(text);
      if (next_word(line).empty()) continue;
      next_word(line);
      const std::string_view key = next_word(line), digits = next_word(line), unit = next_word(line);
      std::uint64_t value = 0;
      if (!to_number(digits, value) || (!unit.empty() && unit != "kB")) {
        return fail(Errc::kCorrupt, "{}: {} no number: \"{}\"", path, key, digits);
      }
      put(page, field_name(key), model::MetricType::kGauge, node,
          static_cast<double>(unit.empty() ? value : value * 1024));
    }
    return {};
  }

  /// "numa_hit 193460335812"
  Result<void> put_numastat(expo::Page& page, const std::string& path, std::string_view node) {
    TOCSIN_TRY(std::string_view text, files_.read(path));
    while (!text.empty()) {
      std::string_view line = take_line(text);
      const std::string_view key = next_word(line), digits = next_word(line);
      if (key.empty()) continue;
      std::uint64_t value = 0;
      if (!to_number(digits, value)) return fail(Errc::kCorrupt, "{}: {} no number: \"{}\"", path, key, digits);
      put(page, fmt::format("{}_total", key), model::MetricType::kCounter, node, static_cast<double>(value));
    }
    return {};
  }

  static void put(expo::Page& page, const std::string& field, model::MetricType type, std::string_view node,
                  double value) {
    page.family("node_memory_numa_" + field, fmt::format("Memory information field {}.", field), type)
        .put({{"node", node}}, value);
  }

  std::string folder_;
  Fs& fs_;
  SourceFiles files_;
};

}  // namespace

MadeCollector make_meminfo_numa(const NodeContext& context) {
  return std::make_unique<MeminfoNuma>(context);
}

}  // namespace tocsin::exporters::node
