#include "base/fault_point.hpp"

#include <algorithm>
#include <charconv>
#include <csignal>

#include <unistd.h>

namespace tocsin {
namespace {

/// Passings that are left; 0: not armed.
std::array<std::atomic<unsigned>, kFaultPointNames.size()> passings_left{};

Result<void> arm(std::string_view one) {
  const std::size_t colon = one.find(':');
  const std::string_view name = one.substr(0, colon);
  const auto found = std::ranges::find(kFaultPointNames, name);
  if (found == kFaultPointNames.end()) return fail(Errc::kInvalid, "there is no fault point {}", name);
  unsigned passings = 1;
  if (colon != std::string_view::npos) {
    const std::string_view text = one.substr(colon + 1);
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), passings);
    if (error != std::errc() || end != text.data() + text.size() || passings == 0) {
      return fail(Errc::kInvalid, "fault point {}: {} is no number of passings", name, text);
    }
  }
  passings_left[static_cast<std::size_t>(found - kFaultPointNames.begin())] = passings;
  return {};
}

}  // namespace

Result<void> arm_fault_points(std::string_view spec) {
  while (!spec.empty()) {
    const std::size_t comma = std::min(spec.find(','), spec.size());
    TOCSIN_OK(arm(spec.substr(0, comma)));
    spec.remove_prefix(std::min(comma + 1, spec.size()));
    fault::armed = true;
  }
  return {};
}

void fault::passed(FaultPoint point) {
  std::atomic<unsigned>& left = passings_left[static_cast<std::size_t>(point)];
  unsigned before = left.load();
  while (before > 0 && !left.compare_exchange_weak(before, before - 1)) {
  }
  if (before == 1) ::kill(::getpid(), SIGKILL);
}

}  // namespace tocsin
