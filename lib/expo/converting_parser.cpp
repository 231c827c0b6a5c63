#include "expo/converting_parser.hpp"

#include <algorithm>
#include <cmath>
#include <iterator>

#include "base/float_text.hpp"
#include "expo/number.hpp"

namespace tocsin::expo {
namespace {

/// Stands in no series of a text.
constexpr char kKeySeparator = '\xff';

std::string_view value_of(const std::vector<model::LabelView>& labels, std::string_view name) {
  for (const auto& label : labels) {
    if (label.name == name) return label.value;
  }
  return {};
}

bool cut_suffix(std::string_view& name, std::string_view suffix) {
  if (!name.ends_with(suffix)) return false;
  name.remove_suffix(suffix.size());
  return true;
}

}  // namespace

void ConvertingParser::classify() {
  suffix_ = Suffix::kNone;
  key_.clear();
  if (type_ != model::MetricType::kHistogram || inner_->labels(row_, labels_) != ParseErrc::kNone) return;
  std::string_view name = value_of(labels_, model::kMetricName);
  if (cut_suffix(name, "_bucket")) {
    suffix_ = Suffix::kBucket;
  } else if (cut_suffix(name, "_count")) {
    suffix_ = Suffix::kCount;
  } else if (cut_suffix(name, "_sum")) {
    suffix_ = Suffix::kSum;
  }
  key_ = name;
  for (const auto& label : labels_) {
    if (label.name == "le" || label.name == model::kMetricName) continue;
    (key_ += kKeySeparator) += label.name;
    (key_ += kKeySeparator) += label.value;
  }
  if (name != family_) suffix_ = Suffix::kNone;
  if (suffix_ != Suffix::kBucket) return;
  const std::string_view bound = value_of(labels_, "le");
  if (!parse_float(bound, bound_) || is_out_of_range(bound, bound_) || std::isnan(bound_)) suffix_ = Suffix::kNone;
}

void ConvertingParser::begin() {
  collecting_ = true;
  buckets_.clear();
  exemplars_.clear();
  start_ = row_.start;
  collected_key_ = key_;
  collected_labels_.clear();
  for (const auto& label : labels_) {
    if (label.name == "le") continue;
    collected_labels_.emplace_back(label.name,
                                   label.name == model::kMetricName ? std::string_view(family_) : label.value);
  }
}

bool ConvertingParser::collect() {
  if (suffix_ == Suffix::kNone) return false;
  if (!collecting_) begin();
  switch (suffix_) {
    case Suffix::kBucket:
      buckets_.set_bucket(bound_, row_.value);
      break;
    case Suffix::kCount:
      buckets_.set_count(row_.value);
      break;
    case Suffix::kSum:
      buckets_.set_sum(row_.value);
      break;
    case Suffix::kNone:
      break;
  }
  has_timestamp_ = row_.has_timestamp;
  timestamp_ = row_.timestamp;
  if (!row_.exemplar.labels.empty()) exemplars_.push_back(row_.exemplar);
  return !keep_classic_;
}

bool ConvertingParser::make() {
  if (!collecting_) return false;
  collecting_ = false;
  auto made = buckets_.convert();
  if (!made) return false;
  made_ = std::move(*made);
  made_key_ ^= 1U;
  made_keys_[made_key_] = collected_key_;
  return true;
}

void ConvertingParser::find() {
  if (found_) return;
  found_ = true;
  emitting_ = false;
  while (true) {
    if (!held_) {
      inner_->next(row_);
      if (row_.kind == RowKind::kType) {
        family_ = row_.name;
        type_ = row_.type;
      }
      const bool is_series = row_.kind == RowKind::kSeries;
      if (is_series) classify();
      const bool goes_on = is_series ? key_ == collected_key_ : row_.kind == RowKind::kError;
      if (collecting_ && !goes_on && make()) {
        held_ = emitting_ = true;
        return;
      }
    } else if (row_.kind == RowKind::kSeries) {
      // What labels() gave may have gone meanwhile.
      classify();
    }
    held_ = false;
    if (row_.kind != RowKind::kSeries || !collect()) return;
  }
}

void ConvertingParser::fill(Row& row) {
  found_ = false;
  if (!emitting_) {
    row = row_;
    return;
  }
  row.kind = RowKind::kHistogram;
  row.has_timestamp = has_timestamp_;
  row.timestamp = timestamp_;
  row.start = start_;
  row.series = made_keys_[made_key_];
  row.exemplar.labels = {};
}

RowKind ConvertingParser::next(Row& row) {
  find();
  fill(row);
  return row.kind;
}

bool ConvertingParser::next_known(std::string_view shared, std::string_view rest, Row& row) {
  if (!found_ && !held_ && !collecting_ && type_ != model::MetricType::kHistogram) {
    // Nothing to collect here: as if this parser were not.
    emitting_ = false;
    return inner_->next_known(shared, rest, row);
  }
  find();
  if (!emitting_ && row_.kind != RowKind::kSeries) return false;
  const std::string_view series = emitting_ ? std::string_view(made_keys_[made_key_]) : row_.series;
  if (series.size() != shared.size() + rest.size() || !series.starts_with(shared) || !series.ends_with(rest)) {
    return false;
  }
  fill(row);
  return true;
}

ParseErrc ConvertingParser::labels(const Row& row, std::vector<model::LabelView>& out) {
  if (row.kind != RowKind::kHistogram) return inner_->labels(row, out);
  out.clear();
  for (const auto& [name, value] : collected_labels_) out.push_back({name, value});
  return ParseErrc::kNone;
}

void ConvertingParser::exemplar_labels(const ExemplarText& exemplar, std::vector<model::LabelView>& out) {
  inner_->exemplar_labels(exemplar, out);
}

void ConvertingParser::histogram_exemplars(std::vector<ExemplarText>& out) {
  out.clear();
  std::copy_if(exemplars_.begin(), exemplars_.end(), std::back_inserter(out),
               [](const ExemplarText& exemplar) { return exemplar.has_timestamp; });
}

}  // namespace tocsin::expo
