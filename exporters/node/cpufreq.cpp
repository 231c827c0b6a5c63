// Frequencies of the CPUs and their governors, from /sys/devices/system/cpu/cpu*/cpufreq.

#include "base/strings.hpp"
#include "exporters/node/collectors.hpp"
#include "exporters/node/source_file.hpp"

namespace tocsin::exporters::node {
namespace {

struct Metric {
  std::string_view file, name, help;
};
/// In kHz.
constexpr Metric kMetrics[] = {
    {"cpuinfo_cur_freq", "node_cpu_frequency_hertz", "Current CPU thread frequency in hertz."},
    {"cpuinfo_avg_freq", "node_cpu_frequency_avg_hertz", "Average CPU thread frequency in hertz."},
    {"cpuinfo_min_freq", "node_cpu_frequency_min_hertz", "Minimum CPU thread frequency in hertz."},
    {"cpuinfo_max_freq", "node_cpu_frequency_max_hertz", "Maximum CPU thread frequency in hertz."},
    {"scaling_cur_freq", "node_cpu_scaling_frequency_hertz", "Current scaled CPU thread frequency in hertz."},
    {"scaling_min_freq", "node_cpu_scaling_frequency_min_hertz", "Minimum scaled CPU thread frequency in hertz."},
    {"scaling_max_freq", "node_cpu_scaling_frequency_max_hertz", "Maximum scaled CPU thread frequency in hertz."},
};

class Cpufreq final : public Collector {
 public:
  explicit Cpufreq(const NodeContext& context)
      : folder_(context.sys("devices/system/cpu")), fs_(context.fs), files_(context.fs) {}
  std::string_view name() const override { return "cpufreq"; }

  Result<void> collect(expo::Page& page) override {
    find_cpus();
    for (const std::string& name : cpus_) put_cpu(page, name);
    return {};
  }

 private:
  /// Folders of CPUs come and go with those that the kernel says are present.
  void find_cpus() {
    const auto present = files_.text(folder_ + "/present");
    if (present && *present == present_) return;
    present_ = present.value_or("");
    cpus_ = files_.names(folder_);
    std::erase_if(cpus_, [](const std::string& name) {
      std::uint64_t number = 0;
      return !name.starts_with("cpu") || !to_number(std::string_view(name).substr(3), number);
    });
  }

  void put_cpu(expo::Page& page, const std::string& name) {
    const std::string folder = fmt::format("{}/{}/cpufreq/", folder_, name);
    if (!fs_.exists(folder)) return;  // as in most virtual machines
    const std::string_view cpu = std::string_view(name).substr(3);
    for (const Metric& metric : kMetrics) {
      const auto kilohertz = files_.number(folder + std::string(metric.file));
      if (!kilohertz) continue;  // which files there are depends on the driver
      page.family(metric.name, metric.help, model::MetricType::kGauge).put({{"cpu", cpu}}, *kilohertz * 1000.0);
    }
    const std::string governor(files_.text(folder + "scaling_governor").value_or(""));
    if (governor.empty()) return;
    const auto available = files_.text(folder + "scaling_available_governors");
    std::string_view words = available.value_or("");
    for (std::string_view word = next_word(words); !word.empty(); word = next_word(words)) {
      page.family("node_cpu_scaling_governor", "Current enabled CPU frequency governor.", model::MetricType::kGauge)
          .put({{"cpu", cpu}, {"governor", word}}, word == governor ? 1 : 0);
    }
  }

  std::string folder_;
  Fs& fs_;
  SourceFiles files_;
  std::string present_;            // when cpus_ was made
  std::vector<std::string> cpus_;  // their folders
};

}  // namespace

MadeCollector make_cpufreq(const NodeContext& context) {
  return std::make_unique<Cpufreq>(context);
}

}  // namespace tocsin::exporters::node
