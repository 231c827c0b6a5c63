#include <ctime>

#include "exporters/node/collectors.hpp"
#include "exporters/node/source_file.hpp"
#include "exporters/node/source_folder.hpp"

namespace tocsin::exporters::node {
namespace {

class TimeCollector final : public Collector {
 public:
  TimeCollector(const NodeOptions& options, Fs& fs, Clock& clock)
      : files_(fs), clock_(clock), clocksources_(fs, options.sysfs + "/devices/system/clocksource") {}
  std::string_view name() const override { return "time"; }

  Result<void> collect(expo::Page& page) override {
    const Timestamp now = clock_.now();
    page.family("node_time_seconds", "System time in seconds since epoch (1970).", model::MetricType::kGauge)
        .put(static_cast<double>(now) / 1000);
    const std::time_t seconds = now / 1000;
    std::tm local{};
    if (::localtime_r(&seconds, &local) != nullptr) {
      page.family("node_time_zone_offset_seconds", "System time zone offset in seconds.", model::MetricType::kGauge)
          .put({{"time_zone", local.tm_zone}}, static_cast<double>(local.tm_gmtoff));
    }
    put_clocksources(page);
    return {};
  }

 private:
  void put_clocksources(expo::Page& page) {
    for (const std::string& name : clocksources_.names()) {
      if (!name.starts_with("clocksource")) continue;
      const std::string_view device = std::string_view(name).substr(11);
      const std::string folder = clocksources_.path() + "/" + name;
      if (const auto text = files_.text(folder + "/available_clocksource")) {
        std::string_view words = *text;
        for (std::string_view word = next_word(words); !word.empty(); word = next_word(words)) {
          page.family("node_time_clocksource_available_info",
                      "Available clocksources read from '/sys/devices/system/clocksource'.", model::MetricType::kGauge)
              .put({{"device", device}, {"clocksource", word}}, 1);
        }
      }
      if (const auto text = files_.text(folder + "/current_clocksource")) {
        page.family("node_time_clocksource_current_info",
                    "Current clocksource read from '/sys/devices/system/clocksource'.", model::MetricType::kGauge)
            .put({{"device", device}, {"clocksource", *text}}, 1);
      }
    }
  }

  SourceFiles files_;
  Clock& clock_;
  SourceFolder clocksources_;
};

}  // namespace

MadeCollector make_time(const NodeContext& context) {
  return std::make_unique<TimeCollector>(context.options, context.fs, context.clock);
}

}  // namespace tocsin::exporters::node
