// What the kernel says of each weakness of processors, from /sys/devices/system/cpu/vulnerabilities.

#include "base/strings.hpp"
#include "exporters/node/collectors.hpp"
#include "exporters/node/source_file.hpp"

namespace tocsin::exporters::node {
namespace {

struct Vulnerability {
  std::string_view state;
  std::string mitigation;
};

/// "Mitigation: Retpolines; STIBP: disabled", "Vulnerable: no microcode", "Not affected". Another text is unknown, and
/// shown whole.
Vulnerability parse(std::string_view text) {
  const std::string lower = to_lower(text);
  if (lower.starts_with("not affected")) return {"not affected", {}};
  for (const std::string_view state : {"vulnerable", "mitigation", "unknown"}) {
    if (!lower.starts_with(state)) continue;
    Vulnerability found{state, {}};
    next_field(text);
    for (std::string_view word = next_field(text); !word.empty(); word = next_field(text)) {
      if (!found.mitigation.empty()) found.mitigation += ' ';
      found.mitigation += word;
    }
    return found;
  }
  return {"unknown", std::string(text)};
}

class CpuVulnerabilities final : public Collector {
 public:
  explicit CpuVulnerabilities(const NodeContext& context)
      : folder_(context.sys("devices/system/cpu/vulnerabilities")), fs_(context.fs), files_(context.fs) {}
  std::string_view name() const override { return "cpu_vulnerabilities"; }

  Result<void> collect(expo::Page& page) override {
    TOCSIN_TRY(const std::vector<std::string> names, or_no_data(fs_.list(folder_)));
    for (const std::string& name : names) {
      TOCSIN_TRY(const std::string_view text, files_.read(fmt::format("{}/{}", folder_, name)));
      const Vulnerability found = parse(trim(text));
      page.family("node_cpu_vulnerabilities_info",
                  "Details of each CPU vulnerability reported by sysfs. The value of the series is an int encoded "
                  "state of the vulnerability. The same state is stored as a string in the label",
                  model::MetricType::kGauge)
          .put({{"codename", name}, {"state", found.state}, {"mitigation", found.mitigation}}, 1);
    }
    return {};
  }

 private:
  std::string folder_;
  Fs& fs_;
  SourceFiles files_;
};

}  // namespace

MadeCollector make_cpu_vulnerabilities(const NodeContext& context) {
  return std::make_unique<CpuVulnerabilities>(context);
}

}  // namespace tocsin::exporters::node
