#pragma once
// A POST of alerts as senders write it, read without a tree of JSON values: at bursts nine tenths of what reading takes
// went into the tree.

#include <optional>
#include <string_view>

#include "api/alertmanager_v2_json.hpp"

namespace tocsin::api {

/// Longer names and values are nobody's labels, and model::Labels' encoding ends at 16 MiB.
inline constexpr std::size_t kMaxPostedText = std::size_t{1} << 20U;

/// The alerts, if all of them are right and the JSON is what Prometheus and its kin write: known members, each once,
/// texts and nothing but texts. None where anything else is met: parse_posted_tree() then says what is wrong, if
/// anything. Where there is a result, it is what parse_posted_tree() gives (posted_alerts_test, and fuzzed).
std::optional<PostedAlerts> read_plain_alerts(std::string_view body, Timestamp now, Duration resolve_timeout);

/// "" and Go's zero time, which clients send for "not set", leave 0. False if it is no time.
bool read_posted_time(std::string_view text, Timestamp& out);
/// Sets the times that were not given: updated_at, starts_at, and ends_at by the timeout (0: it stays 0). False, and
/// unfinished, if the alert ends before it starts.
bool complete(model::Alert& alert, Timestamp now, Duration resolve_timeout);

}  // namespace tocsin::api
