#pragma once
// Labels: the identity of a series or an alert.

#include <cstdint>
#include <initializer_list>
#include <iterator>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tocsin::model {

inline constexpr std::string_view kMetricName = "__name__";
inline constexpr std::string_view kAlertName = "alertname";

struct LabelView {
  std::string_view name;
  std::string_view value;
  bool operator==(const LabelView&) const = default;
};

/// An immutable set of labels, sorted by name (bytes), names unique, empty values absent.
/// One string holds all: for each label its name, then its value, each behind its length (one byte, or 0xFF and three
/// bytes little-endian from 255 on). That is Prometheus' own encoding (model/labels/labels_stringlabels.go), so hash()
/// gives the same number as there.
/// Thread: any. Owns its bytes; views into it live as long as it does.
class Labels {
 public:
  Labels() = default;
  /// From pairs in any order; a repeated name keeps the last value; empty values are dropped.
  Labels(std::initializer_list<LabelView> labels);
  static Labels from(std::vector<LabelView> labels);
  /// From an encoding made by encoded(); trusted.
  static Labels from_encoded(std::string bytes);

  class Iterator {
   public:
    using value_type = LabelView;
    using difference_type = std::ptrdiff_t;
    using iterator_category = std::input_iterator_tag;
    Iterator() = default;
    explicit Iterator(const char* at, const char* end) : next_(at), end_(end) { read(); }
    const LabelView& operator*() const { return label_; }
    const LabelView* operator->() const { return &label_; }
    Iterator& operator++() {
      read();
      return *this;
    }
    Iterator operator++(int) {
      Iterator old = *this;
      read();
      return old;
    }
    bool operator==(const Iterator& other) const { return at_ == other.at_; }

   private:
    void read();
    const char* at_ = nullptr;  // nullptr at the end
    const char* next_ = nullptr;
    const char* end_ = nullptr;
    LabelView label_;
  };
  Iterator begin() const { return Iterator(bytes_.data(), bytes_.data() + bytes_.size()); }
  Iterator end() const { return {}; }

  bool empty() const { return bytes_.empty(); }
  std::size_t size() const;
  /// The value, or "" if the label is absent (which is the same thing).
  std::string_view get(std::string_view name) const;
  bool has(std::string_view name) const;
  std::string_view metric_name() const { return get(kMetricName); }

  /// XXH64 of the encoding: Prometheus' Labels.Hash() of its string labels.
  std::uint64_t hash() const;
  /// Alertmanager's and client_golang's LabelSet.Fingerprint(): FNV-1a of name 0xFF value 0xFF, sorted by name.
  std::uint64_t fingerprint() const;
  /// Hash of the labels named (by = true) or of all but those and __name__ (by = false). `names` sorted.
  std::uint64_t hash_of(const std::vector<std::string>& names, bool by) const;

  /// Copies with only, or without, the labels named. `names` in any order.
  Labels keep(const std::vector<std::string>& names) const;
  Labels without(const std::vector<std::string>& names) const;
  Labels without_name() const;

  /// `{a="b", c="d"}` with Go-quoted values, as Prometheus prints a label set; the metric name is a label like others.
  std::string to_string() const;
  /// `name{a="b"}`: the series notation of PromQL.
  std::string to_series() const;

  const std::string& encoded() const { return bytes_; }
  std::size_t bytes() const { return bytes_.size(); }
  bool operator==(const Labels&) const = default;
  /// Prometheus' order: label by label, name then value; a prefix sorts first.
  std::strong_ordering operator<=>(const Labels& other) const;

 private:
  friend class LabelsBuilder;
  std::string bytes_;
};

struct LabelsHash {
  std::size_t operator()(const Labels& labels) const { return labels.hash(); }
};

/// Makes labels from others by setting and removing. Thread: one. Copies what it is given.
class LabelsBuilder {
 public:
  LabelsBuilder() = default;
  explicit LabelsBuilder(const Labels& base);
  /// Empty value removes.
  LabelsBuilder& set(std::string_view name, std::string_view value);
  LabelsBuilder& remove(std::string_view name);
  std::string_view get(std::string_view name) const;
  Labels build() const;
  /// Name and value pairs now in it, sorted by name.
  const std::vector<std::pair<std::string, std::string>>& pairs() const { return pairs_; }

 private:
  std::vector<std::pair<std::string, std::string>> pairs_;  // sorted by name
};

/// [a-zA-Z_:][a-zA-Z0-9_:]* and [a-zA-Z_][a-zA-Z0-9_]*: names that need no quotes.
bool is_legacy_metric_name(std::string_view name);
bool is_legacy_label_name(std::string_view name);
/// Prometheus 3: any non-empty valid UTF-8.
bool is_valid_name(std::string_view name);

}  // namespace tocsin::model
