#include <algorithm>
#include <cstring>
#include <utility>

#include "expo/lines.hpp"
#include "expo/writer.hpp"

namespace tocsin::expo {
namespace {

void append_key_text(std::string& key, std::string_view text) {
  const auto size = static_cast<std::uint32_t>(text.size());
  key.append(reinterpret_cast<const char*>(&size), sizeof size);
  key += text;
}

void append_key_number(std::string& key, double value) {
  key.append(reinterpret_cast<const char*>(&value), sizeof value);
}

std::string_view take_key_text(std::string_view& key) {
  std::uint32_t size = 0;
  std::memcpy(&size, key.data(), sizeof size);
  const std::string_view text = key.substr(sizeof size, size);
  key.remove_prefix(sizeof size + size);
  return text;
}

/// The values of a key's labels in order of their names, and how many labels there are: client_golang's sort key.
std::vector<std::string_view> sort_key(std::string_view key) {
  std::vector<model::LabelView> labels;
  std::uint32_t count = 0;
  std::memcpy(&count, key.data(), sizeof count);
  key.remove_prefix(sizeof count);
  for (; count > 0; --count) {
    const std::string_view name = take_key_text(key);
    labels.push_back({name, take_key_text(key)});
  }
  std::sort(labels.begin(), labels.end(), label_name_less);
  std::vector<std::string_view> values;
  values.reserve(labels.size());
  for (const auto& label : labels) values.push_back(label.value);
  return values;
}

}  // namespace

CachedFamily::CachedFamily(std::string name, std::string help, model::MetricType type)
    : name_(std::move(name)), help_(std::move(help)), type_(type) {
  append_family_header(header_, name_, help_, type_);
}

void CachedFamily::begin() {
  ++round_;
  cursor_ = 0;
  changed_ = false;
  next_order_.clear();
}

void CachedFamily::start_key(std::span<const model::LabelView> labels) {
  key_.clear();
  const auto count = static_cast<std::uint32_t>(labels.size());
  key_.append(reinterpret_cast<const char*>(&count), sizeof count);
  for (const auto& label : labels) {
    append_key_text(key_, label.name);
    append_key_text(key_, label.value);
  }
}

CachedFamily::Metric& CachedFamily::seen() {
  Metric* metric = nullptr;
  if (cursor_ < put_order_.size() && put_order_[cursor_]->key == key_) {
    metric = put_order_[cursor_];
  } else if (const auto found = metrics_.find(key_); found != metrics_.end()) {
    metric = found->second.get();
  } else {
    auto made = std::make_unique<Metric>();
    made->key = key_;
    made->place = cursor_;
    metric = made.get();
    metrics_.emplace(metric->key, std::move(made));
    changed_ = true;
  }
  if (!metric->heads.empty()) cursor_ = metric->place + 1;
  if (metric->round != round_) {
    metric->round = round_;
    next_order_.push_back(metric);
  }
  return *metric;
}

void CachedFamily::add_line(Metric& metric, std::string_view suffix, std::span<const model::LabelView> labels,
                            model::LabelView extra) {
  append_head(metric.heads, name_, suffix, labels, extra);
  metric.head_ends.push_back(static_cast<std::uint32_t>(metric.heads.size()));
}

void CachedFamily::put(std::span<const model::LabelView> labels, double value, std::optional<Timestamp> timestamp) {
  start_key(labels);
  Metric& metric = seen();
  if (metric.heads.empty()) add_line(metric, {}, labels);
  metric.values.assign(1, value);
  metric.timestamp = timestamp;
}

void CachedFamily::set(Metric& metric, double sum, double count, std::optional<Timestamp> timestamp) {
  metric.values.push_back(sum);
  metric.values.push_back(count);
  metric.timestamp = timestamp;
}

void CachedFamily::put_histogram(std::span<const model::LabelView> labels, std::span<const Bucket> buckets, double sum,
                                 double count, std::optional<Timestamp> timestamp) {
  start_key(labels);
  for (const Bucket& bucket : buckets) append_key_number(key_, bucket.upper_bound);
  Metric& metric = seen();
  const bool add_infinity = !ends_with_infinity(buckets);
  if (metric.heads.empty()) {
    for (const Bucket& bucket : buckets) {
      add_line(metric, "_bucket", labels, {kLe, number_text(bucket.upper_bound)});
    }
    if (add_infinity) add_line(metric, "_bucket", labels, {kLe, "+Inf"});
    add_line(metric, "_sum", labels);
    add_line(metric, "_count", labels);
  }
  metric.values.clear();
  for (const Bucket& bucket : buckets) metric.values.push_back(bucket.cumulative_count);
  if (add_infinity) metric.values.push_back(count);
  set(metric, sum, count, timestamp);
}

void CachedFamily::put_summary(std::span<const model::LabelView> labels, std::span<const Quantile> quantiles,
                               double sum, double count, std::optional<Timestamp> timestamp) {
  start_key(labels);
  for (const Quantile& quantile : quantiles) append_key_number(key_, quantile.quantile);
  Metric& metric = seen();
  if (metric.heads.empty()) {
    for (const Quantile& quantile : quantiles) {
      add_line(metric, {}, labels, {kQuantile, number_text(quantile.quantile)});
    }
    add_line(metric, "_sum", labels);
    add_line(metric, "_count", labels);
  }
  metric.values.clear();
  for (const Quantile& quantile : quantiles) metric.values.push_back(quantile.value);
  set(metric, sum, count, timestamp);
}

void CachedFamily::end() {
  if (next_order_.size() != metrics_.size()) {
    std::erase_if(metrics_, [this](const auto& entry) { return entry.second->round != round_; });
    changed_ = true;
  }
  put_order_.swap(next_order_);
  for (std::size_t i = 0; i < put_order_.size(); ++i) put_order_[i]->place = i;
  if (changed_) sort_lines();
}

void CachedFamily::sort_lines() {
  std::vector<std::pair<std::vector<std::string_view>, Metric*>> keyed;
  keyed.reserve(put_order_.size());
  lines_ = 0;
  for (Metric* metric : put_order_) {
    keyed.emplace_back(sort_key(metric->key), metric);
    lines_ += metric->head_ends.size();
  }
  std::sort(keyed.begin(), keyed.end(), [](const auto& a, const auto& b) {
    if (a.first.size() != b.first.size()) return a.first.size() < b.first.size();
    if (a.first != b.first) return a.first < b.first;
    return a.second->place < b.second->place;
  });
  line_order_.clear();
  for (const auto& [key, metric] : keyed) line_order_.push_back(metric);
}

void CachedFamily::render(std::string& out) const {
  if (line_order_.empty()) return;
  out += header_;
  render_lines(out);
}

void CachedFamily::render_lines(std::string& out) const {
  for (const Metric* metric : line_order_) {
    std::size_t begin = 0;
    for (std::size_t i = 0; i < metric->values.size(); ++i) {
      out.append(metric->heads, begin, metric->head_ends[i] - begin);
      append_number_line(out, metric->values[i], metric->timestamp);
      begin = metric->head_ends[i];
    }
  }
}

}  // namespace tocsin::expo
