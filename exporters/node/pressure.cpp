// Pressure stall information: /proc/pressure/{cpu,io,memory,irq}. "some" is time in which at least one process waited,
// "full" time in which none could run.

#include "exporters/node/collectors.hpp"
#include "exporters/node/source_file.hpp"

namespace tocsin::exporters::node {
namespace {

struct Metric {
  std::string_view resource, line, name, help;
};
constexpr Metric kMetrics[] = {
    {"cpu", "some", "cpu_waiting", "Total time in seconds that processes have waited for CPU time"},
    {"io", "some", "io_waiting", "Total time in seconds that processes have waited due to IO congestion"},
    {"io", "full", "io_stalled", "Total time in seconds no process could make progress due to IO congestion"},
    {"memory", "some", "memory_waiting", "Total time in seconds that processes have waited for memory"},
    {"memory", "full", "memory_stalled",
     "Total time in seconds no process could make progress due to memory congestion"},
    {"irq", "full", "irq_stalled", "Total time in seconds no process could make progress due to IRQ congestion"},
};

/// The microseconds of "some avg10=0.00 avg60=0.00 avg300=0.00 total=14036781" of that line; nothing if there is none.
std::optional<double> total_of(std::string_view text, std::string_view kind) {
  while (!text.empty()) {
    std::string_view line = take_line(text);
    if (next_word(line) != kind) continue;
    for (std::string_view word = next_word(line); !word.empty(); word = next_word(line)) {
      std::uint64_t total = 0;
      if (word.starts_with("total=") && to_number(word.substr(6), total)) return static_cast<double>(total);
    }
  }
  return std::nullopt;
}

class Pressure final : public Collector {
 public:
  explicit Pressure(const NodeContext& context) {
    for (const std::string_view resource : {"cpu", "io", "memory", "irq"}) {
      files_.emplace_back(resource,
                          SourceFile(context.fs, context.proc(fmt::format("pressure/{}", resource)), Pieces::kOne));
    }
  }
  std::string_view name() const override { return "pressure"; }

  Result<void> collect(expo::Page& page) override {
    std::size_t found = 0;
    for (auto& [resource, file] : files_) {
      auto text = file.read();
      if (!text) {
        // No PSI in this kernel, or no irq (before Linux 6.1), or it is switched off.
        if (text.error().code == Errc::kNotFound || text.error().code == Errc::kUnavailable) continue;
        return fail(std::move(text).error());
      }
      for (const Metric& metric : kMetrics) {
        if (metric.resource != resource) continue;
        const std::optional<double> total = total_of(*text, metric.line);
        if (!total) return fail(Errc::kCorrupt, "{}: no total of \"{}\"", file.path(), metric.line);
        page.family(fmt::format("node_pressure_{}_seconds_total", metric.name), metric.help,
                    model::MetricType::kCounter)
            .put(*total / 1000.0 / 1000.0);
      }
      ++found;
    }
    if (found == 0) return fail(Errc::kUnavailable, "the kernel has no pressure stall information");
    return {};
  }

 private:
  std::vector<std::pair<std::string_view, SourceFile>> files_;
};

}  // namespace

MadeCollector make_pressure(const NodeContext& context) {
  return std::make_unique<Pressure>(context);
}

}  // namespace tocsin::exporters::node
