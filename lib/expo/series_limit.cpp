// What a family does with series beyond its page's limit; the rules stand in page_rules.hpp.

#include <algorithm>
#include <cmath>

#include "expo/key.hpp"
#include "expo/page_rules.hpp"

namespace tocsin::expo {

constexpr std::string_view kOther = "other";

/// Which of two metrics is kept rather than the other.
bool CachedFamily::before(const Metric& a, const Metric& b) {
  if (a.born != b.born) return a.born < b.born;
  if (a.rank != b.rank) return a.rank > b.rank;
  return a.arrival < b.arrival;
}

/// Keeps the first metrics whose lines fit and folds the others.
void CachedFamily::cut_to(std::size_t room) {
  if (adds_up_ && room > 0) --room;  // for the sum
  if (stored_lines_ <= room) return;
  changed_ = true;
  in_order_ = false;
  std::vector<Metric*> ranked = next_order_;
  std::sort(ranked.begin(), ranked.end(), [](const Metric* a, const Metric* b) { return before(*a, *b); });
  std::size_t lines = 0, kept = 0;
  while (kept < ranked.size() && lines + ranked[kept]->values.size() <= room) lines += ranked[kept++]->values.size();
  // Newcomers that come behind the first one cut would be cut as well.
  barred_ = true;
  bar_ = ranked[kept]->born == round_ ? ranked[kept]->rank : std::numeric_limits<double>::infinity();
  for (std::size_t i = kept; i < ranked.size(); ++i) ranked[i]->cut = true;
  std::erase_if(next_order_, [](const Metric* metric) { return metric->cut; });
  stored_lines_ = lines;
  last_ = nullptr;  // it may be among them
  for (std::size_t i = kept; i < ranked.size(); ++i) {
    const Metric& metric = *ranked[i];
    other_.folded_lines += metric.values.size();
    std::string_view key = metric.key;
    if (metric.kind == Kind::kValue) fold(take_key_labels(key), metric.values.front(), metric.timestamp);
    if (metric.born != round_) continue;  // put_order_ still has it
    rules_->new_lines -= metric.values.size();
    metrics_.erase(metrics_.find(metric.key));
  }
}

/// Adds a series that is not kept to the sum, if there is one.
void CachedFamily::fold(std::span<const model::LabelView> labels, double value, std::optional<Timestamp> timestamp) {
  if (!adds_up_ || std::isnan(value)) return;
  if (!other_.total && !other_.any) {
    other_.labels.clear();
    for (const auto& label : labels) other_.labels.emplace_back(label.name, label.value);
  }
  merge_other_labels(labels);
  other_.any = true;
  other_.sum += value;
  if (timestamp) other_.newest = std::max(*timestamp, other_.newest.value_or(*timestamp));
}

void CachedFamily::merge_other_labels(std::span<const model::LabelView> labels) {
  auto& known = other_.labels;
  const auto same_name = [](const auto& a, const model::LabelView& b) { return a.first == b.name; };
  if (known.size() == labels.size() && std::equal(known.begin(), known.end(), labels.begin(), same_name)) {
    for (std::size_t i = 0; i < known.size(); ++i) {
      if (known[i].second != kOther && known[i].second != labels[i].value) known[i].second = kOther;
    }
    return;
  }
  for (auto& [name, value] : known) {
    const auto found = std::ranges::find(labels, name, &model::LabelView::name);
    if (found == labels.end() || found->value != value) value = kOther;
  }
  for (const auto& label : labels) {
    const auto is_it = [&](const auto& pair) { return same_name(pair, label); };
    if (std::ranges::find_if(known, is_it) == known.end()) known.emplace_back(label.name, kOther);
  }
}

/// Puts the sum of what was folded, at the end of a round.
void CachedFamily::put_other() {
  if (!other_.any) {
    other_.total.reset();
    return;
  }
  for (const Metric* metric : next_order_) {
    std::string_view key = metric->key;
    if (metric->kind == Kind::kValue) merge_other_labels(take_key_labels(key));
  }
  if (info_->type == model::MetricType::kCounter && other_.total) {
    other_.total = *other_.total + std::max(0.0, other_.sum - other_.last_sum);
  } else {
    other_.total = other_.sum;
  }
  other_.last_sum = other_.sum;
  std::vector<model::LabelView> labels;
  for (const auto& [name, value] : other_.labels) labels.push_back({name, value});
  changed_ = true;
  in_order_ = false;
  start_key(Kind::kValue, labels);
  const auto found = metrics_.find(key_);
  Metric& metric = found != metrics_.end() ? *found->second : *make(Kind::kValue, 0, 1);
  if (metric.round == round_ && !metric.cut) {  // a series is called so
    metric.values.front() += *other_.total;
    return;
  }
  metric.cut = false;
  metric.round = round_;
  metric.values.assign(1, *other_.total);
  metric.timestamp = other_.newest;
  next_order_.push_back(&metric);
}

}  // namespace tocsin::expo
