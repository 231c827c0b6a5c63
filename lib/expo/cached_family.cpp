#include "expo/cached_family.hpp"

#include <algorithm>
#include <bit>
#include <cmath>

#include "expo/key.hpp"
#include "expo/lines.hpp"
#include "expo/page_rules.hpp"

namespace tocsin::expo {
namespace {

/// The values of labels in order of their names: client_golang's sort key.
std::vector<std::string_view> sort_key(std::span<const model::LabelView> labels) {
  std::vector<model::LabelView> sorted(labels.begin(), labels.end());
  std::sort(sorted.begin(), sorted.end(), label_name_less);
  std::vector<std::string_view> values;
  values.reserve(sorted.size());
  for (const auto& label : sorted) values.push_back(label.value);
  return values;
}

/// Of UTF-8.
bool begins_character(char byte) {
  return (static_cast<unsigned char>(byte) & 0xc0U) != 0x80U;
}

}  // namespace

CachedFamily::CachedFamily(std::string name, std::string help, model::MetricType type, PageRules* rules)
    : info_(make_family_info(std::move(name), std::move(help), type)),
      rules_(rules),
      adds_up_(adds_up(info_->name, type)),
      quoted_(!model::is_legacy_metric_name(info_->name)) {}

void CachedFamily::begin() {
  ++round_;
  cursor_ = 0;
  stored_lines_ = 0;
  barred_ = closed_;
  last_ = nullptr;
  other_.folded_lines = 0;
  other_.any = false;
  other_.sum = 0;
  other_.newest.reset();
  next_order_.clear();
  in_order_ = true;
}

void CachedFamily::start_key(Kind kind, std::span<const model::LabelView> labels) {
  key_.clear();
  append_key_start(key_, static_cast<std::uint8_t>(kind), labels);
}

/// An empty key stands for the one that is expected here.
CachedFamily::Metric* CachedFamily::seen(Kind kind, double first_value, std::size_t lines) {
  Metric* metric = nullptr;
  if (key_.empty() || (cursor_ < put_order_.size() && put_order_[cursor_]->key == key_)) {
    metric = put_order_[cursor_];
  } else if (const auto found = metrics_.find(key_); found != metrics_.end()) {
    metric = found->second.get();
  } else {
    if (std::isnan(first_value)) first_value = -std::numeric_limits<double>::infinity();
    if (rules_ != nullptr) rules_->make_room();
    if (barred_ && first_value <= bar_) {
      other_.folded_lines += lines;
      last_ = nullptr;
      return nullptr;
    }
    metric = make(kind, first_value, lines);
  }
  if (metric->born != round_) cursor_ = metric->place + 1;
  if (metric->round != round_) {
    in_order_ = in_order_ && metric->born != round_ && metric->place == next_order_.size();
    metric->round = round_;
    stored_lines_ += lines;
    next_order_.push_back(metric);
  }
  last_ = metric;
  return metric;
}

CachedFamily::Metric* CachedFamily::make(Kind kind, double first_value, std::size_t lines) {
  auto made = std::make_unique<Metric>();
  made->key = key_;
  made->kind = kind;
  made->born = round_;
  made->rank = first_value;
  made->arrival = arrivals_++;
  if (rules_ != nullptr) rules_->new_lines += lines;
  Metric* metric = made.get();
  metrics_.emplace(metric->key, std::move(made));
  return metric;
}

void CachedFamily::add_line(Metric& metric, std::string_view suffix, std::span<const model::LabelView> labels,
                            model::LabelView extra) const {
  append_head(metric.heads, info_->name, suffix, labels, extra);
  metric.head_ends.push_back(static_cast<std::uint32_t>(metric.heads.size()));
}

void CachedFamily::make_heads(Metric& metric) {
  std::string_view key = metric.key;
  const std::vector<model::LabelView> own = take_key_labels(key);
  std::vector<model::LabelView> scratch;
  std::span<const model::LabelView> labels = own;
  if (rules_ != nullptr) labels = rules_->complete(own, scratch);
  for (const auto& label : labels) quoted_ = quoted_ || !model::is_legacy_label_name(label.name);
  if (metric.kind == Kind::kValue) return add_line(metric, {}, labels);
  const bool buckets = metric.kind == Kind::kHistogram;
  for (const double bound : take_key_numbers(key)) {
    add_line(metric, buckets ? "_bucket" : "", labels, {buckets ? kLe : kQuantile, number_text(bound)});
  }
  add_line(metric, "_sum", labels);
  add_line(metric, "_count", labels);
}

void CachedFamily::put(std::span<const model::LabelView> labels, double value, std::optional<Timestamp> timestamp) {
  // The labels are as at this place of the last round, most of the time: then no key is needed.
  const bool expected =
      cursor_ < put_order_.size() && is_key(put_order_[cursor_]->key, static_cast<std::uint8_t>(Kind::kValue), labels);
  key_.clear();
  if (!expected) start_key(Kind::kValue, labels);
  Metric* metric = seen(Kind::kValue, value, 1);
  if (metric == nullptr) return fold(labels, value, timestamp);
  const bool same = metric->values.size() == 1 && !metric->notes && metric->timestamp == timestamp &&
                    std::bit_cast<std::uint64_t>(metric->values.front()) == std::bit_cast<std::uint64_t>(value);
  if (same) return;
  changed_ = true;
  if (metric->notes) metric->notes.reset();
  metric->values.assign(1, value);
  metric->timestamp = timestamp;
}

void CachedFamily::set(Metric& metric, double sum, double count, std::optional<Timestamp> timestamp) {
  changed_ = true;
  metric.values.push_back(sum);
  metric.values.push_back(count);
  metric.timestamp = timestamp;
}

void CachedFamily::put_histogram(std::span<const model::LabelView> labels, std::span<const Bucket> buckets, double sum,
                                 double count, std::optional<Timestamp> timestamp) {
  start_key(Kind::kHistogram, labels);
  for (const Bucket& bucket : buckets) append_key_number(key_, bucket.upper_bound);
  const bool add_infinity = !ends_with_infinity(buckets);
  if (add_infinity) append_key_number(key_, std::numeric_limits<double>::infinity());
  Metric* metric = seen(Kind::kHistogram, count, buckets.size() + (add_infinity ? 3 : 2));
  if (metric == nullptr) return;
  metric->notes.reset();
  metric->values.clear();
  for (const Bucket& bucket : buckets) metric->values.push_back(bucket.cumulative_count);
  if (add_infinity) metric->values.push_back(count);
  set(*metric, sum, count, timestamp);
}

void CachedFamily::put_summary(std::span<const model::LabelView> labels, std::span<const Quantile> quantiles,
                               double sum, double count, std::optional<Timestamp> timestamp) {
  start_key(Kind::kSummary, labels);
  for (const Quantile& quantile : quantiles) append_key_number(key_, quantile.quantile);
  Metric* metric = seen(Kind::kSummary, count, quantiles.size() + 2);
  if (metric == nullptr) return;
  metric->notes.reset();
  metric->values.clear();
  for (const Quantile& quantile : quantiles) metric->values.push_back(quantile.value);
  set(*metric, sum, count, timestamp);
}

void CachedFamily::end() {
  if (other_.any || other_.total) put_other();
  bool changed = next_order_.size() != metrics_.size();
  if (in_order_ && !changed) return;  // the same, in the same order
  if (changed) {
    std::erase_if(metrics_, [this](const auto& entry) { return entry.second->round != round_ || entry.second->cut; });
  }
  put_order_.swap(next_order_);
  for (std::size_t i = 0; i < put_order_.size(); ++i) {
    Metric& metric = *put_order_[i];
    metric.place = i;
    if (metric.born != round_) continue;
    make_heads(metric);
    changed = true;
  }
  if (!changed) return;
  sort_lines();
  changed_ = true;
}

void CachedFamily::close() {
  closed_ = barred_ = true;
  bar_ = std::numeric_limits<double>::infinity();
}

void CachedFamily::forget() {
  metrics_.clear();
  put_order_.clear();
  next_order_.clear();
  line_order_.clear();
  lines_ = 0;
  other_.total.reset();
  changed_ = true;
}

void CachedFamily::sort_lines() {
  std::vector<std::pair<std::vector<std::string_view>, Metric*>> keyed;
  keyed.reserve(put_order_.size());
  lines_ = 0;
  for (Metric* metric : put_order_) {
    std::string_view key = metric->key;
    const std::vector<model::LabelView> own = take_key_labels(key);
    std::vector<model::LabelView> scratch;
    std::span<const model::LabelView> labels = own;
    if (rules_ != nullptr) labels = rules_->complete(own, scratch);
    keyed.emplace_back(sort_key(labels), metric);
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

void CachedFamily::set_created(Timestamp created) {
  if (last_ == nullptr) return;
  if (!last_->notes) last_->notes = std::make_unique<Notes>();
  last_->notes->created = created;
  changed_ = true;
}

void CachedFamily::set_exemplar(std::size_t bucket, Exemplar exemplar) {
  constexpr std::ptrdiff_t kMaxCharacters = 128;
  if (last_ == nullptr || bucket >= last_->values.size()) return;
  std::ptrdiff_t size = 0;
  for (const auto& [name, value] : exemplar.labels) {
    if (!model::is_legacy_label_name(name)) return;
    size += static_cast<std::ptrdiff_t>(name.size()) + std::ranges::count_if(value, begins_character);
  }
  if (size > kMaxCharacters) return;
  if (!last_->notes) last_->notes = std::make_unique<Notes>();
  last_->notes->exemplars.emplace_back(bucket, std::make_shared<const Exemplar>(std::move(exemplar)));
  changed_ = true;
}

void CachedFamily::render(std::string& out) const {
  if (line_order_.empty()) return;
  out += info_->header;
  render_lines(out);
}

void CachedFamily::render_lines(std::string& out) const {
  for (const Metric* metric : line_order_) append_lines(out, *metric, nullptr);
}

void CachedFamily::append_lines(std::string& out, const Metric& metric, std::vector<RenderedPage::Note>* notes) {
  std::size_t begin = 0;
  for (std::size_t i = 0; i < metric.values.size(); ++i) {
    out.append(metric.heads, begin, metric.head_ends[i] - begin);
    append_number_line(out, metric.values[i], metric.timestamp);
    begin = metric.head_ends[i];
    if (notes == nullptr) continue;
    for (const auto& [line, exemplar] : metric.notes->exemplars) {
      if (line == i) notes->push_back({out.size() - 1, exemplar, {}});
    }
  }
  if (notes != nullptr && metric.notes->created) notes->push_back({out.size() - 1, nullptr, metric.notes->created});
}

void CachedFamily::render(RenderedPage& out) const {
  if (!line_order_.empty()) render(out.text, out.families.emplace_back());
}

void CachedFamily::render(std::string& text, RenderedPage::Family& family) const {
  if (family.info != info_) family.info = info_;
  family.quoted = quoted_;
  family.has_timestamps = false;
  family.notes.clear();
  family.begin = text.size();
  text += info_->header;
  family.lines_begin = text.size();
  for (const Metric* metric : line_order_) {
    append_lines(text, *metric, metric->notes ? &family.notes : nullptr);
    family.has_timestamps = family.has_timestamps || metric->timestamp.has_value();
  }
  family.end = text.size();
}

}  // namespace tocsin::expo
