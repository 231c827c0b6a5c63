// Block devices that cache others, from /sys/fs/bcache.
// Source of what the files mean: Documentation/admin-guide/bcache.rst of Linux; of the form of numbers: bch_hprint() of
// its drivers/md/bcache/util.c.

#include <algorithm>
#include <cmath>
#include <span>

#include "exporters/node/collectors.hpp"
#include "exporters/node/source_file.hpp"
#include "exporters/node/source_folder.hpp"

namespace tocsin::exporters::node {
namespace {

struct Attribute {
  std::string_view file, name, help;
  double factor = 1;
};
constexpr Attribute kOfSet[] = {
    {"average_key_size", "average_key_size_sectors", "Average data per key in the btree (sectors)."},
    {"btree_cache_size", "btree_cache_size_bytes", "Amount of memory currently used by the btree cache."},
    {"cache_available_percent", "cache_available_percent",
     "Percentage of cache device without dirty data, usable for writeback (may contain clean cached data)."},
    {"congested", "congested", "Congestion."},
    {"root_usage_percent", "root_usage_percent",
     "Percentage of the root btree node in use (tree depth increases if too high)."},
    {"tree_depth", "tree_depth", "Depth of the btree."},
    {"internal/active_journal_entries", "active_journal_entries",
     "Number of journal entries that are newer than the index."},
    {"internal/btree_nodes", "btree_nodes", "Total nodes in the btree."},
    // Nanoseconds, in spite of its name.
    {"internal/btree_read_average_duration_us", "btree_read_average_duration_seconds", "Average btree read duration.",
     1e-9},
    {"internal/cache_read_races", "cache_read_races_total",
     "Counts instances where while data was being read from the cache, the bucket was reused and invalidated - i.e. "
     "where the pointer was stale after the read completed."},
};
constexpr Attribute kOfBackingDevice[] = {
    {"dirty_data", "dirty_data_bytes", "Amount of dirty data for this backing device in the cache."},
    {"stats_total/bypassed", "bypassed_bytes_total",
     "Amount of IO (both reads and writes) that has bypassed the cache."},
    {"stats_total/cache_hits", "cache_hits_total", "Hits counted per individual IO as bcache sees them."},
    {"stats_total/cache_misses", "cache_misses_total", "Misses counted per individual IO as bcache sees them."},
    {"stats_total/cache_bypass_hits", "cache_bypass_hits_total", "Hits for IO intended to skip the cache."},
    {"stats_total/cache_bypass_misses", "cache_bypass_misses_total", "Misses for IO intended to skip the cache."},
    {"stats_total/cache_miss_collisions", "cache_miss_collisions_total",
     "Instances where data insertion from cache miss raced with write (data already present)."},
    {"stats_total/cache_readaheads", "cache_readaheads_total", "Count of times readahead occurred."},
};
constexpr Attribute kOfCache[] = {
    {"io_errors", "io_errors", "Number of errors that have occurred, decayed by io_error_halflife."},
    {"metadata_written", "metadata_written_bytes_total",
     "Sum of all non data writes (btree writes and all other metadata)."},
    {"written", "written_bytes_total", "Sum of all data that has been written to the cache."},
};
/// Lines of writeback_rate_debug: "target: 20.4G", "change: 321.5k/sec".
constexpr Attribute kWriteback[] = {
    {"target:", "dirty_target_bytes", "Current dirty data target threshold for this backing device in bytes."},
    {"rate:", "writeback_rate", "Current writeback rate for this backing device in bytes."},
    {"proportional:", "writeback_rate_proportional_term",
     "Current result of proportional controller, part of writeback rate"},
    {"integral:", "writeback_rate_integral_term", "Current result of integral controller, part of writeback rate"},
    {"change:", "writeback_change", "Last writeback rate change step for this backing device."},
};
/// Lines of priority_stats: "Unused: 99%".
constexpr Attribute kPriorities[] = {
    {"Unused:", "priority_stats_unused_percent", "The percentage of the cache that doesn't contain any data."},
    {"Metadata:", "priority_stats_metadata_percent", "Bcache's metadata overhead."},
};

/// "-427.5k": what stands behind the point is a number of 1024ths, divided by 100 and cut, so ".10" is more than ".9".
std::optional<double> to_human_number(std::string_view text) {
  constexpr std::string_view kUnits = "kMGTPEZY";
  const bool negative = text.starts_with('-');
  if (negative) text.remove_prefix(1);
  double unit = 1;
  if (const std::size_t at = text.empty() ? std::string_view::npos : kUnits.find(text.back());
      at != std::string_view::npos) {
    unit = std::pow(1024, at + 1);
    text.remove_suffix(1);
  }
  std::uint64_t whole = 0, fraction = 0;
  const std::size_t point = text.find('.');
  if (!to_number(text.substr(0, point), whole)) return std::nullopt;
  if (point != std::string_view::npos && !to_number(text.substr(point + 1), fraction)) return std::nullopt;
  const double value = std::trunc((static_cast<double>(whole) + static_cast<double>(fraction) / 10.24) * unit);
  return negative ? -value : value;
}

class Bcache final : public Collector {
 public:
  explicit Bcache(const NodeContext& context)
      : files_(context.fs),
        folder_(context.fs, context.sys("fs/bcache")),
        with_priorities_(context.options.bcache_priority_stats) {}
  std::string_view name() const override { return "bcache"; }

  Result<void> collect(expo::Page& page) override {
    for (const std::string& uuid : folder_.names()) {
      if (!uuid.contains('-')) continue;  // "register", ...
      const std::string folder = fmt::format("{}/{}", folder_.path(), uuid);
      TOCSIN_OK(put_files(page, kOfSet, folder, {{"uuid", uuid}}));
      for (const std::string& name : files_.names(folder)) {
        const std::string path = fmt::format("{}/{}", folder, name);
        if (is_numbered(name, "bdev")) {
          const Labels labels = {{"uuid", uuid}, {"backing_device", name}};
          TOCSIN_OK(put_files(page, kOfBackingDevice, path, labels));
          TOCSIN_OK(put_lines(page, kWriteback, path + "/writeback_rate_debug", labels));
        } else if (is_numbered(name, "cache")) {
          const Labels labels = {{"uuid", uuid}, {"cache_device", name}};
          TOCSIN_OK(put_files(page, kOfCache, path, labels));
          // To make that text, the kernel looks at each bucket of the cache.
          if (with_priorities_) TOCSIN_OK(put_lines(page, kPriorities, path + "/priority_stats", labels));
        }
      }
    }
    return {};
  }

 private:
  using Labels = std::vector<model::LabelView>;

  static bool is_numbered(std::string_view name, std::string_view prefix) {
    return name.starts_with(prefix) && name.size() > prefix.size() && name[prefix.size()] >= '0' &&
           name[prefix.size()] <= '9';
  }

  static Result<void> put(expo::Page& page, const Attribute& attribute, const std::string& path, std::string_view text,
                          const Labels& labels) {
    const std::optional<double> value = to_human_number(text);
    if (!value) return fail(Errc::kCorrupt, "{}: no number: \"{}\"", path, text.substr(0, 100));
    if (attribute.file.ends_with("/cache_readaheads") && *value == 0) return {};  // not since Linux 5.14
    page.family(fmt::format("node_bcache_{}", attribute.name), attribute.help,
                attribute.name.ends_with("_total") ? model::MetricType::kCounter : model::MetricType::kGauge)
        .put(labels, *value * attribute.factor);
    return {};
  }

  Result<void> put_files(expo::Page& page, std::span<const Attribute> attributes, const std::string& folder,
                         const Labels& labels) {
    for (const Attribute& attribute : attributes) {
      const std::string path = fmt::format("{}/{}", folder, attribute.file);
      if (const auto text = files_.text(path)) TOCSIN_OK(put(page, attribute, path, *text, labels));
    }
    return {};
  }

  Result<void> put_lines(expo::Page& page, std::span<const Attribute> attributes, const std::string& path,
                         const Labels& labels) {
    std::string_view text = files_.text(path).value_or("");
    while (!text.empty()) {
      std::string_view line = take_line(text);
      const std::string_view key = next_word(line);
      std::string_view value = next_word(line);
      for (const std::string_view unit : {"/sec", "%"}) {
        if (value.ends_with(unit)) value.remove_suffix(unit.size());
      }
      const auto attribute = std::ranges::find(attributes, key, &Attribute::file);
      if (attribute != attributes.end()) TOCSIN_OK(put(page, *attribute, path, value, labels));
    }
    return {};
  }

  SourceFiles files_;
  SourceFolder folder_;
  bool with_priorities_;
};

}  // namespace

MadeCollector make_bcache(const NodeContext& context) {
  return std::make_unique<Bcache>(context);
}

}  // namespace tocsin::exporters::node
