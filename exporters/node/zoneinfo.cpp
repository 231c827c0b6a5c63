// Memory zones: free pages, watermarks and counters, from /proc/zoneinfo.

#include <algorithm>

#include "base/float_text.hpp"
#include "exporters/node/collectors.hpp"
#include "exporters/node/source_file.hpp"

namespace tocsin::exporters::node {
namespace {

struct Metric {
  std::string_view key, name, help;
  model::MetricType type = model::MetricType::kGauge;
};
constexpr Metric kMetrics[] = {
    {"nr_free_pages", "nr_free_pages", "Total number of free pages in the zone"},
    {"min", "min_pages", "Zone watermark pages_min"},
    {"low", "low_pages", "Zone watermark pages_low"},
    {"high", "high_pages", "Zone watermark pages_high"},
    {"scanned", "scanned_pages", "Pages scanned since last reclaim"},
    {"spanned", "spanned_pages", "Total pages spanned by the zone, including holes"},
    {"present", "present_pages", "Physical pages existing within the zone"},
    {"managed", "managed_pages", "Present pages managed by the buddy system"},
    {"nr_active_anon", "nr_active_anon_pages", "Number of anonymous pages recently more used"},
    {"nr_inactive_anon", "nr_inactive_anon_pages", "Number of anonymous pages recently less used"},
    {"nr_isolated_anon", "nr_isolated_anon_pages", "Temporary isolated pages from anon lru"},
    {"nr_anon_pages", "nr_anon_pages", "Number of anonymous pages currently used by the system"},
    {"nr_anon_transparent_hugepages", "nr_anon_transparent_hugepages",
     "Number of anonymous transparent huge pages currently used by the system"},
    {"nr_active_file", "nr_active_file_pages", "Number of active pages with file-backing"},
    {"nr_inactive_file", "nr_inactive_file_pages", "Number of inactive pages with file-backing"},
    {"nr_isolated_file", "nr_isolated_file_pages", "Temporary isolated pages from file lru"},
    {"nr_file_pages", "nr_file_pages", "Number of file pages"},
    {"nr_slab_reclaimable", "nr_slab_reclaimable_pages", "Number of reclaimable slab pages"},
    {"nr_slab_unreclaimable", "nr_slab_unreclaimable_pages", "Number of unreclaimable slab pages"},
    {"nr_mlock_stack", "nr_mlock_stack_pages", "mlock()ed pages found and moved off LRU"},
    {"nr_kernel_stack", "nr_kernel_stacks", "Number of kernel stacks"},
    {"nr_mapped", "nr_mapped_pages", "Number of mapped pages"},
    {"nr_dirty", "nr_dirty_pages", "Number of dirty pages"},
    {"nr_writeback", "nr_writeback_pages", "Number of writeback pages"},
    {"nr_unevictable", "nr_unevictable_pages", "Number of unevictable pages"},
    {"nr_shmem", "nr_shmem_pages", "Number of shmem pages (included tmpfs/GEM pages)"},
    {"nr_dirtied", "nr_dirtied_total", "Page dirtyings since bootup", model::MetricType::kCounter},
    {"nr_written", "nr_written_total", "Page writings since bootup", model::MetricType::kCounter},
    {"numa_hit", "numa_hit_total", "Allocated in intended node", model::MetricType::kCounter},
    {"numa_miss", "numa_miss_total", "Allocated in non intended node", model::MetricType::kCounter},
    {"numa_foreign", "numa_foreign_total", "Was intended here, hit elsewhere", model::MetricType::kCounter},
    {"numa_interleave", "numa_interleave_total", "Interleaver preferred this zone", model::MetricType::kCounter},
    {"numa_local", "numa_local_total", "Allocation from local node", model::MetricType::kCounter},
    {"numa_other", "numa_other_total", "Allocation from other node", model::MetricType::kCounter},
};

class Zoneinfo final : public Collector {
 public:
  explicit Zoneinfo(const NodeContext& context) : file_(context.fs, context.proc("zoneinfo")) {}
  std::string_view name() const override { return "zoneinfo"; }

  /// A block per zone, "Node 0, zone DMA32" and then "key value"; what is of the whole node stands in its first zone.
  Result<void> collect(expo::Page& page) override {
    TOCSIN_TRY(std::string_view text, or_no_data(file_.read()));
    std::string_view node, zone;
    while (!text.empty()) {
      std::string_view line = take_line(text);
      const std::string_view key = next_word(line), value = next_word(line);
      if (key == "Node") {
        node = value.substr(0, value.find(','));
        next_word(line);
        zone = next_word(line);
        if (zone.empty()) return fail(Errc::kCorrupt, "{}: a node without a zone", file_.path());
      } else if (key == "protection:") {
        TOCSIN_OK(put_protection(page, value, line, node, zone));
      } else if (const Metric* const metric = find(key)) {
        double number = 0;
        if (zone.empty() || !parse_float(value, number)) {
          return fail(Errc::kCorrupt, "{}: {} no number of a zone: \"{}\"", file_.path(), key, value);
        }
        page.family(fmt::format("node_zoneinfo_{}", metric->name), metric->help, metric->type)
            .put({{"node", node}, {"zone", zone}}, number);
      }
    }
    return {};
  }

 private:
  static const Metric* find(std::string_view key) {
    const auto* const found = std::ranges::find(kMetrics, key, &Metric::key);
    return found == std::end(kMetrics) ? nullptr : found;
  }

  /// "(0, 2039, 31932)": the reserve against each higher zone.
  Result<void> put_protection(expo::Page& page, std::string_view word, std::string_view rest, std::string_view node,
                              std::string_view zone) {
    for (std::size_t place = 0; !word.empty(); ++place, word = next_word(rest)) {
      const std::size_t begin = std::min(word.find_first_not_of('('), word.size());
      const std::string_view digits = word.substr(begin, word.find_last_not_of(",)") + 1 - begin);
      std::uint64_t pages = 0;
      if (zone.empty() || !to_number(digits, pages)) {
        return fail(Errc::kCorrupt, "{}: protection is no number: \"{}\"", file_.path(), word);
      }
      page.family(fmt::format("node_zoneinfo_protection_{}", place), fmt::format("Protection array {}. field", place),
                  model::MetricType::kGauge)
          .put({{"node", node}, {"zone", zone}}, static_cast<double>(pages));
    }
    return {};
  }

  SourceFile file_;
};

}  // namespace

MadeCollector make_zoneinfo(const NodeContext& context) {
  return std::make_unique<Zoneinfo>(context);
}

}  // namespace tocsin::exporters::node
