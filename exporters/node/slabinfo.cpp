// The kernel's object caches, from /proc/slabinfo (format 2.1), which only root may read.

#include "exporters/node/collectors.hpp"
#include "exporters/node/source_file.hpp"

namespace tocsin::exporters::node {
namespace {

struct Metric {
  std::string_view name, help;
};
/// In order of the columns after the name.
constexpr Metric kMetrics[] = {
    {"active_objects", "The number of objects that are currently active (i.e., in use)."},
    {"objects", "The total number of allocated objects (i.e., objects that are both in use and not in use)."},
    {"object_size_bytes", "The size of objects in this slab, in bytes."},
    {"objects_per_slab", "The number of objects stored in each slab."},
    {"pages_per_slab", "The number of pages allocated for each slab."},
};

class Slabinfo final : public Collector {
 public:
  Slabinfo(const NodeContext& context, Filter slabs)
      : file_(context.fs, context.proc("slabinfo")), slabs_(std::move(slabs)) {}
  std::string_view name() const override { return "slabinfo"; }

  Result<void> collect(expo::Page& page) override {
    TOCSIN_TRY(std::string_view text, or_no_data(file_.read()));
    while (!text.empty()) {
      std::string_view line = take_line(text);
      if (line.starts_with("slabinfo -") || line.starts_with('#')) continue;
      const std::string_view slab = next_word(line);
      if (slab.empty() || !slabs_.shows(slab)) continue;
      for (const Metric& metric : kMetrics) {
        std::uint64_t value = 0;
        const std::string_view digits = next_word(line);
        if (!to_number(digits, value)) {
          return fail(Errc::kCorrupt, "{}: {} of {} no number: \"{}\"", file_.path(), metric.name, slab, digits);
        }
        page.family(fmt::format("node_slabinfo_{}", metric.name), metric.help, model::MetricType::kGauge)
            .put({{"slab", slab}}, static_cast<double>(value));
      }
    }
    return {};
  }

 private:
  SourceFile file_;
  Filter slabs_;
};

}  // namespace

MadeCollector make_slabinfo(const NodeContext& context) {
  const NodeOptions& options = context.options;
  TOCSIN_TRY(Filter slabs, Filter::make("--collector.slabinfo.slabs", options.slabinfo_slabs_include,
                                        options.slabinfo_slabs_exclude));
  return std::make_unique<Slabinfo>(context, std::move(slabs));
}

}  // namespace tocsin::exporters::node
