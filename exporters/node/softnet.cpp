// Packets processed and dropped by CPU, from /proc/net/softnet_stat: hexadecimal columns, more of them in newer
// kernels.

#include <array>

#include "exporters/node/collectors.hpp"
#include "exporters/node/field_families.hpp"
#include "exporters/node/source_file.hpp"

namespace tocsin::exporters::node {
namespace {

struct Metric {
  std::size_t column;
  std::string_view name, help;
  model::MetricType type = model::MetricType::kCounter;
};
/// Source: net/core/net-procfs.c of Linux, softnet_seq_show().
constexpr std::size_t kMinColumns = 9, kCpuColumn = 12, kMaxColumns = 13;
constexpr Metric kMetrics[] = {
    {0, "processed_total", "Number of processed packets"},
    {1, "dropped_total", "Number of dropped packets"},
    {2, "times_squeezed_total", "Number of times processing packets ran out of quota"},
    {8, "cpu_collision_total", "Number of collision occur while obtaining device lock while transmitting"},
    {9, "received_rps_total", "Number of times cpu woken up received_rps"},
    {10, "flow_limit_count_total", "Number of times flow limit has been reached"},
    {11, "backlog_len", "Softnet backlog status", model::MetricType::kGauge},
};

class Softnet final : public Collector {
 public:
  explicit Softnet(const NodeContext& context) : file_(context.fs, context.proc("net/softnet_stat")) {}
  std::string_view name() const override { return "softnet"; }

  Result<void> collect(expo::Page& page) override {
    TOCSIN_TRY(std::string_view text, file_.read());
    for (std::uint64_t number = 0; !text.empty(); ++number) TOCSIN_OK(put_line(page, take_line(text), number));
    return {};
  }

 private:
  /// The last column, if it is there, is the CPU; else lines count them.
  Result<void> put_line(expo::Page& page, std::string_view line, std::uint64_t number) {
    std::array<std::uint32_t, kMaxColumns> columns{};
    std::size_t count = 0;
    for (std::string_view word = next_word(line); !word.empty() && count < kMaxColumns; word = next_word(line)) {
      if (!to_hex_number(word, columns[count++])) {
        return fail(Errc::kCorrupt, "{}: no number: \"{}\"", file_.path(), word);
      }
    }
    if (count < kMinColumns) return fail(Errc::kCorrupt, "{}: {} columns", file_.path(), count);
    const std::string cpu = fmt::format("{}", count > kCpuColumn ? columns[kCpuColumn] : number);
    for (std::size_t i = 0; i < std::size(kMetrics); ++i) {
      const Metric& metric = kMetrics[i];
      const auto make = [&](std::string_view name) {
        return &page.family(fmt::format("node_softnet_{}", name), metric.help, metric.type);
      };
      families_.at(i, metric.name, make)->put({{"cpu", cpu}}, columns[metric.column]);
    }
    return {};
  }

  SourceFile file_;
  FieldFamilies families_;
};

}  // namespace

MadeCollector make_softnet(const NodeContext& context) {
  return std::make_unique<Softnet>(context);
}

}  // namespace tocsin::exporters::node
