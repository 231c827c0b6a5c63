// Interrupts, context switches, forks, processes and the time of the start, from /proc/stat.

#include <array>

#include "exporters/node/collectors.hpp"
#include "exporters/node/source_file.hpp"

namespace tocsin::exporters::node {
namespace {

struct Line {
  std::string_view key, metric, help;
  model::MetricType type;
};
constexpr Line kLines[] = {
    {"intr", "node_intr_total", "Total number of interrupts serviced.", model::MetricType::kCounter},
    {"ctxt", "node_context_switches_total", "Total number of context switches.", model::MetricType::kCounter},
    {"processes", "node_forks_total", "Total number of forks.", model::MetricType::kCounter},
    {"btime", "node_boot_time_seconds", "Node boot time, in unixtime.", model::MetricType::kGauge},
    {"procs_running", "node_procs_running", "Number of processes in runnable state.", model::MetricType::kGauge},
    {"procs_blocked", "node_procs_blocked", "Number of processes blocked waiting for I/O to complete.",
     model::MetricType::kGauge},
};

/// The columns of the line "softirq", after their sum.
constexpr std::string_view kVectors[] = {"hi",           "timer",   "net_tx", "net_rx",  "block",
                                         "block_iopoll", "tasklet", "sched",  "hrtimer", "rcu"};

class Stat final : public Collector {
 public:
  explicit Stat(const NodeContext& context)
      : file_(context.shared.get(context.proc("stat"))), softirq_(context.options.stat_softirq) {}
  std::string_view name() const override { return "stat"; }

  Result<void> collect(expo::Page& page) override {
    TOCSIN_TRY(const auto text, file_->read(asked_at()));
    Result<void> result;
    for_each_line(*text, [&](std::string_view line) {
      if (auto done = put(page, line); !done && result) result = std::move(done);
    });
    return result;
  }

 private:
  Result<void> put(expo::Page& page, std::string_view line) {
    const std::string_view key = next_word(line);
    if (key == "softirq") return softirq_ ? put_softirqs(page, line) : Result<void>{};
    for (const Line& known : kLines) {
      if (known.key != key) continue;
      TOCSIN_TRY(const double value, number(key, next_word(line)));
      page.family(known.metric, known.help, known.type).put(value);
    }
    return {};
  }

  Result<void> put_softirqs(expo::Page& page, std::string_view line) {
    next_word(line);
    auto& family = page.family("node_softirqs_total", "Number of softirq calls.", model::MetricType::kCounter);
    for (const std::string_view vector : kVectors) {
      TOCSIN_TRY(const double value, number(vector, next_word(line)));
      family.put({{"vector", vector}}, value);
    }
    return {};
  }

  Result<double> number(std::string_view key, std::string_view word) const {
    std::uint64_t value = 0;
    if (!to_number(word, value)) return fail(Errc::kCorrupt, "{}: {}: no number: \"{}\"", file_->path(), key, word);
    return static_cast<double>(value);
  }

  std::shared_ptr<SharedSourceFile> file_;
  bool softirq_;
};

}  // namespace

MadeCollector make_stat(const NodeContext& context) {
  return std::make_unique<Stat>(context);
}

}  // namespace tocsin::exporters::node
