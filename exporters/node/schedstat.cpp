// Time that processes ran and waited, by CPU, from /proc/schedstat.

#include <array>

#include "exporters/node/collectors.hpp"
#include "exporters/node/source_file.hpp"

namespace tocsin::exporters::node {
namespace {

/// Columns after the name of the CPU. Source: Documentation/scheduler/sched-stats.rst of Linux.
constexpr std::size_t kRunning = 6, kWaiting = 7, kTimeslices = 8, kColumns = 9;

class Schedstat final : public Collector {
 public:
  explicit Schedstat(const NodeContext& context) : file_(context.fs, context.proc("schedstat")) {}
  std::string_view name() const override { return "schedstat"; }

  Result<void> collect(expo::Page& page) override {
    TOCSIN_TRY(const std::string_view text, or_no_data(file_.read()));
    Result<void> result;
    for_each_line(text, [&](std::string_view line) {
      if (!line.starts_with("cpu")) return;
      if (auto done = put_cpu(page, line); !done && result) result = std::move(done);
    });
    return result;
  }

 private:
  Result<void> put_cpu(expo::Page& page, std::string_view line) {
    const std::string_view cpu = next_word(line).substr(3);
    std::array<std::uint64_t, kColumns> columns{};
    for (std::uint64_t& column : columns) {
      const std::string_view word = next_word(line);
      if (!to_number(word, column))
        return fail(Errc::kCorrupt, "{}: cpu{}: no number: \"{}\"", file_.path(), cpu, word);
    }
    const auto put = [&](std::string_view name, std::string_view help, double value) {
      page.family(name, help, model::MetricType::kCounter).put({{"cpu", cpu}}, value);
    };
    put("node_schedstat_running_seconds_total", "Number of seconds CPU spent running a process.",
        static_cast<double>(columns[kRunning]) / 1e9);
    put("node_schedstat_waiting_seconds_total", "Number of seconds spent by processing waiting for this CPU.",
        static_cast<double>(columns[kWaiting]) / 1e9);
    put("node_schedstat_timeslices_total", "Number of timeslices executed by CPU.",
        static_cast<double>(columns[kTimeslices]));
    return {};
  }

  SourceFile file_;
};

}  // namespace

MadeCollector make_schedstat(const NodeContext& context) {
  return std::make_unique<Schedstat>(context);
}

}  // namespace tocsin::exporters::node
