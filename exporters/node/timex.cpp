// How the kernel's clock is kept right, from adjtimex(2).

#include <cerrno>
#include <system_error>

#include <sys/timex.h>

#include "exporters/node/collectors.hpp"
#include "exporters/node/field_families.hpp"

namespace tocsin::exporters::node {
namespace {

constexpr double kMicro = 1e6, kNano = 1e9;
constexpr double kPpm16 = 1000000.0 * 65536.0;  // parts per million with a fraction of 16 bits

class TimexCollector final : public Collector {
 public:
  std::string_view name() const override { return "timex"; }

  Result<void> collect(expo::Page& page) override {
    timex now{};
    const int state = ::adjtimex(&now);
    if (state < 0) {
      // Some containers may not even ask.
      return fail(errno == EPERM ? Errc::kUnavailable : Errc::kIo, "adjtimex: {}",
                  std::generic_category().message(errno));
    }
    const double divisor = (now.status & STA_NANO) != 0 ? kNano : kMicro;
    std::size_t place = 0;
    const auto put = [&](std::string_view name, std::string_view help, double value,
                         model::MetricType type = model::MetricType::kGauge) {
      const auto make = [&](std::string_view key) {
        return &page.family(fmt::format("node_timex_{}", key), help, type);
      };
      families_.at(place++, name, make)->put(value);
    };
    const auto number = [](auto value) { return static_cast<double>(value); };
    put("sync_status", "Is clock synchronized to a reliable server (1 = yes, 0 = no).", state == TIME_ERROR ? 0 : 1);
    put("offset_seconds", "Time offset in between local system and reference clock.", number(now.offset) / divisor);
    put("frequency_adjustment_ratio", "Local clock frequency adjustment.", 1 + number(now.freq) / kPpm16);
    put("maxerror_seconds", "Maximum error in seconds.", number(now.maxerror) / kMicro);
    put("estimated_error_seconds", "Estimated error in seconds.", number(now.esterror) / kMicro);
    put("status", "Value of the status array bits.", number(now.status));
    put("loop_time_constant", "Phase-locked loop time constant.", number(now.constant));
    put("tick_seconds", "Seconds between clock ticks.", number(now.tick) / kMicro);
    put("pps_frequency_hertz", "Pulse per second frequency.", number(now.ppsfreq) / kPpm16);
    put("pps_jitter_seconds", "Pulse per second jitter.", number(now.jitter) / divisor);
    put("pps_shift_seconds", "Pulse per second interval duration.", number(now.shift));
    put("pps_stability_hertz", "Pulse per second stability, average of recent frequency changes.",
        number(now.stabil) / kPpm16);
    put("pps_jitter_total", "Pulse per second count of jitter limit exceeded events.", number(now.jitcnt),
        model::MetricType::kCounter);
    put("pps_calibration_total", "Pulse per second count of calibration intervals.", number(now.calcnt),
        model::MetricType::kCounter);
    put("pps_error_total", "Pulse per second count of calibration errors.", number(now.errcnt),
        model::MetricType::kCounter);
    put("pps_stability_exceeded_total", "Pulse per second count of stability limit exceeded events.",
        number(now.stbcnt), model::MetricType::kCounter);
    put("tai_offset_seconds", "International Atomic Time (TAI) offset.", number(now.tai));
    return {};
  }

 private:
  FieldFamilies families_;
};

}  // namespace

MadeCollector make_timex(const NodeContext& /*context*/) {
  return std::make_unique<TimexCollector>();
}

}  // namespace tocsin::exporters::node
