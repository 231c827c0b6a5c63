// Watchdog timers, from /sys/class/watchdog.

#include "exporters/node/collectors.hpp"
#include "exporters/node/source_file.hpp"
#include "exporters/node/source_folder.hpp"

namespace tocsin::exporters::node {
namespace {

struct Attribute {
  std::string_view file, name;
};
constexpr Attribute kAttributes[] = {
    {"bootstatus", "bootstatus"},     {"fw_version", "fw_version"},   {"nowayout", "nowayout"},
    {"timeleft", "timeleft_seconds"}, {"timeout", "timeout_seconds"}, {"pretimeout", "pretimeout_seconds"},
    {"access_cs0", "access_cs0"},
};

class Watchdog final : public Collector {
 public:
  explicit Watchdog(const NodeContext& context)
      : files_(context.fs), folder_(context.fs, context.sys("class/watchdog")) {}
  std::string_view name() const override { return "watchdog"; }

  Result<void> collect(expo::Page& page) override {
    TOCSIN_TRY(const std::vector<std::string> watchdogs, or_no_data(folder_.list()));
    for (const std::string& watchdog : watchdogs) {
      const auto text = [&](std::string_view file) {
        return std::string(files_.text(fmt::format("{}/{}/{}", folder_.path(), watchdog, file)).value_or(""));
      };
      page.family("node_watchdog_info", "Info of /sys/class/watchdog/<watchdog>", model::MetricType::kGauge)
          .put({{"name", watchdog},
                {"options", text("options")},
                {"identity", text("identity")},
                {"state", text("state")},
                {"status", text("status")},
                {"pretimeout_governor", text("pretimeout_governor")}},
               1);
      for (const Attribute& attribute : kAttributes) {
        TOCSIN_TRY(const std::optional<double> value,
                   files_.whole(fmt::format("{}/{}/{}", folder_.path(), watchdog, attribute.file)));
        if (!value) continue;
        page.family(fmt::format("node_watchdog_{}", attribute.name),
                    fmt::format("Value of /sys/class/watchdog/<watchdog>/{}", attribute.file),
                    model::MetricType::kGauge)
            .put({{"name", watchdog}}, *value);
      }
    }
    return {};
  }

 private:
  SourceFiles files_;
  SourceFolder folder_;
};

}  // namespace

MadeCollector make_watchdog(const NodeContext& context) {
  return std::make_unique<Watchdog>(context);
}

}  // namespace tocsin::exporters::node
