// Any bytes as a body of API v2: no crash; what is taken can be shown again; the quick reader of alerts gives what the
// tree gives.

#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "alerting/silence_json.hpp"
#include "api/alertmanager_v2_json.hpp"
#include "api/posted_alerts.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view body(reinterpret_cast<const char*>(data), size);
  constexpr tocsin::Timestamp kNow = 1'700'000'000'000;
  if (const auto quick = tocsin::api::read_plain_alerts(body, kNow, std::chrono::minutes(5))) {
    const auto slow = tocsin::api::parse_posted_tree(body, kNow, std::chrono::minutes(5));
    if (!slow || !slow->invalid.empty() || slow->valid.size() != quick->valid.size()) std::abort();
    for (std::size_t i = 0; i < quick->valid.size(); ++i) {
      if (*slow->valid[i] != *quick->valid[i]) std::abort();
    }
  }
  if (const auto posted = tocsin::api::parse_posted_alerts(body, kNow)) {
    for (const auto& alert : posted->valid) {
      if (alert->labels.empty() || alert->starts_at == 0) std::abort();
      tocsin::alerting::AlertView view;
      view.alert = alert;
      std::string out;
      tocsin::api::append_alert(out, view);
      if (out.empty()) std::abort();
    }
  }
  if (const auto silence = tocsin::alerting::parse_silence_json(body)) {
    const auto again = tocsin::alerting::parse_silence_json(tocsin::alerting::silence_json(*silence, 0));
    if (!again || again->matchers != silence->matchers || again->comment != silence->comment) std::abort();
  }
  return 0;
}
