// Whether SELinux is there, what it is to do and what it does: /sys/fs/selinux and /etc/selinux/config.

#include "base/strings.hpp"
#include "exporters/node/collectors.hpp"
#include "exporters/node/source_file.hpp"

namespace tocsin::exporters::node {
namespace {

class Selinux final : public Collector {
 public:
  explicit Selinux(const NodeContext& context)
      : enforce_(context.fs, context.sys("fs/selinux/enforce")),
        config_(context.fs, context.options.rootfs + "/etc/selinux/config") {}
  std::string_view name() const override { return "selinux"; }

  Result<void> collect(expo::Page& page) override {
    const auto mode = enforce_.read_number();
    page.family("node_selinux_enabled", "SELinux is enabled, 1 is true, 0 is false", model::MetricType::kGauge)
        .put(mode ? 1 : 0);
    if (!mode) return {};
    page.family("node_selinux_config_mode", "Configured SELinux enforcement mode", model::MetricType::kGauge)
        .put(configured());
    page.family("node_selinux_current_mode", "Current SELinux enforcement mode", model::MetricType::kGauge).put(*mode);
    return {};
  }

 private:
  /// "SELINUX=enforcing" is 1, permissive 0, anything else -1.
  double configured() {
    double mode = -1;
    const auto text = config_.read();
    if (!text) return mode;
    for_each_line(*text, [&](std::string_view line) {
      line = trim(line);
      if (line == "SELINUX=enforcing") mode = 1;
      if (line == "SELINUX=permissive") mode = 0;
    });
    return mode;
  }

  SourceFile enforce_, config_;
};

}  // namespace

MadeCollector make_selinux(const NodeContext& context) {
  return std::make_unique<Selinux>(context);
}

}  // namespace tocsin::exporters::node
