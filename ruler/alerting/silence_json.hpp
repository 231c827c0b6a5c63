#pragma once
// Silences as JSON: API v2 and the store speak the same form. Source: Alertmanager api/v2/openapi.yaml.

#include <string>
#include <string_view>

#include "alerting/silences.hpp"
#include "base/result.hpp"

namespace tocsin::alerting {

/// API v2's date-time: always three decimals, "2026-01-02T03:04:05.600Z".
std::string api_time(Timestamp t);

/// gettableSilence, with `status` at `now`.
std::string silence_json(const Silence& silence, Timestamp now);

/// postableSilence or gettableSilence; members that belong to neither are ignored.
/// @return kInvalid naming what is missing or of the wrong type.
Result<Silence> parse_silence_json(std::string_view json);

}  // namespace tocsin::alerting
