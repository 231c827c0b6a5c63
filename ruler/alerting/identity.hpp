#pragma once
// The texts and hashes by which Alertmanager knows alerts and groups; byte-equal, so that the incidents that PagerDuty
// and others keep under them stay the same ones.

#include <cstdint>
#include <string>
#include <vector>

#include "alerting/notification.hpp"
#include "model/labels.hpp"

namespace tocsin::alerting {

/// XXH64 over name 0xFF value 0xFF of each label: the alert in the notification log.
/// Source: Alertmanager notify/notify.go (hashAlert).
std::uint64_t alert_hash(const model::Labels& labels);

/// Sixteen hexadecimal digits of the labels' fingerprint.
std::string fingerprint_text(std::uint64_t fingerprint);

/// `{l="v", m="w"}`, as model.LabelSet.String() prints it. Source: prometheus/common model/labelset_string.go.
std::string label_set_text(const model::Labels& labels);

/// Fewer labels first, then by the first name or value that differs. Source: prometheus/common model/labelset.go
/// (Before).
bool label_set_before(const model::Labels& a, const model::Labels& b);

/// The order of alerts in a notification: label job, then instance (without one: last), then label_set_before().
/// Source: Alertmanager alert/alert.go (AlertSlice).
bool alert_before(const model::Labels& a, const model::Labels& b);
/// Sorts by it.
void sort_alerts(std::vector<NotifiedAlert>& alerts);

}  // namespace tocsin::alerting
