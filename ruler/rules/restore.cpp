#include "rules/restore.hpp"

#include <map>
#include <utility>
#include <vector>

namespace tocsin::rules {
namespace {

/// Matches all series of the rule. Labels with templates differ from alert to alert and are left out.
std::vector<model::Matcher> for_state_matchers(const AlertingRule& rule) {
  std::vector<model::Matcher> matchers{model::Matcher::equal(std::string(model::kMetricName), "ALERTS_FOR_STATE"),
                                       model::Matcher::equal(std::string(model::kAlertName), rule.name())};
  for (const auto& label : rule.labels()) {
    const bool is_template = label.value.find("{{") != std::string_view::npos;
    if (is_template || label.name == model::kAlertName || label.name == model::kMetricName) continue;
    matchers.push_back(model::Matcher::equal(std::string(label.name), std::string(label.value)));
  }
  return matchers;
}

/// The last sample of each series that has not ended, by labels without the metric's name.
Result<std::map<model::Labels, model::Sample>> read_last_samples(storage::Queryable& store, const AlertingRule& rule,
                                                                 Timestamp start, Timestamp end) {
  std::map<model::Labels, model::Sample> last;
  TOCSIN_TRY(const auto querier, store.querier(start, end));
  const auto matchers = for_state_matchers(rule);
  storage::SelectHints hints;
  hints.start = start;
  hints.end = end;
  const auto set = querier->select(hints, matchers);
  storage::SampleColumns samples;
  while (set->next()) {
    TOCSIN_OK(set->read(start, end, samples));
    if (samples.size() == 0 || model::is_stale(samples.values.back())) continue;
    last.insert_or_assign(set->labels().without_name(), model::Sample{samples.times.back(), samples.values.back()});
  }
  TOCSIN_OK(set->status());
  return last;
}

constexpr Timestamp kSecond = 1000;

}  // namespace

Result<void> restore_for_state(storage::Queryable& store, AlertingRule& rule, Timestamp now,
                               const RestoreOptions& options) {
  const std::int64_t hold = to_ms(rule.hold());
  const std::int64_t grace = to_ms(options.for_grace_period);
  TOCSIN_TRY(const auto last, read_last_samples(store, rule, now - to_ms(options.outage_tolerance), now));
  rule.restore_active_at([&](const model::Labels& labels) -> Timestamp {
    const auto found = last.find(labels);
    if (found == last.end()) return 0;
    const Timestamp down_at = found->second.t / kSecond * kSecond;
    const Timestamp active_at = static_cast<Timestamp>(found->second.v) * kSecond;
    const std::int64_t remaining = hold - (down_at - active_at);
    if (remaining <= 0) return active_at;
    if (remaining < grace) return now + grace - hold;
    return active_at + (now - down_at);
  });
  return {};
}

}  // namespace tocsin::rules
