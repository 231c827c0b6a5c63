#include "expo/text_families.hpp"

#include <charconv>
#include <cmath>
#include <limits>
#include <map>
#include <unordered_map>

#include <fmt/format.h>

#include "base/float_text.hpp"
#include "base/strings.hpp"
#include "base/utf8.hpp"
#include "expo/chars.hpp"
#include "expo/number.hpp"

namespace tocsin::expo {
namespace {

using model::MetricType;

bool is_blank(int c) {
  return c == ' ' || c == '\t';
}

/// Go's %q of a byte.
std::string quote_byte(int c) {
  if (c == '\'') return "'\\''";
  if (c == '"') return "'\"'";
  std::string text;
  append_utf8(text, static_cast<std::uint32_t>(c));
  text = go_quote(text);
  return "'" + text.substr(1, text.size() - 2) + "'";
}

std::string byte_text(int c) {
  std::string out;
  append_utf8(out, static_cast<std::uint32_t>(c));
  return out;
}

bool read_float(const std::string& text, double& value) {
  return read_number(text, value) == ParseErrc::kNone;
}

std::optional<MetricType> type_of(const std::string& word) {
  const std::string lower = to_lower(word);
  if (lower == "counter") return MetricType::kCounter;
  if (lower == "gauge") return MetricType::kGauge;
  if (lower == "summary") return MetricType::kSummary;
  if (lower == "untyped") return MetricType::kUnknown;
  if (lower == "histogram") return MetricType::kHistogram;
  if (lower == "gauge_histogram" || lower == "gaugehistogram") return MetricType::kGaugeHistogram;
  return std::nullopt;
}

/// Reads a page as the reference's state machine does: one function per state, one byte at hand. A function that
/// returns false has set the error, or the page has ended.
class FamilyReader {
 public:
  explicit FamilyReader(std::string_view page) : page_(page) {}

  std::expected<std::vector<TextFamily>, std::string> read() {
    while (read_line()) {
    }
    if (error_.empty() && !ended_well_) fail("unexpected end of input stream");
    if (!error_.empty()) return std::unexpected(error_);
    std::vector<TextFamily> out;
    for (auto& family : families_) {
      if (!family->metrics.empty()) out.push_back(std::move(*family));
    }
    return out;
  }

 private:
  bool fail(std::string_view message) {
    if (error_.empty()) error_ = fmt::format("text format parsing error in line {}: {}", line_, message);
    return false;
  }
  bool fail_escape() { return fail(fmt::format("invalid escape sequence '\\{}'", byte_text(byte_))); }

  /// The next byte; false at the end.
  bool next() {
    if (at_ >= page_.size()) {
      byte_ = -1;
      return false;
    }
    byte_ = static_cast<unsigned char>(page_[at_++]);
    return true;
  }
  bool skip_blanks() {
    while (next()) {
      if (!is_blank(byte_)) return true;
    }
    return false;
  }
  bool skip_blanks_at_hand() { return !is_blank(byte_) || skip_blanks(); }

  bool read_line() {
    ++line_;
    braced_ = named_in_braces_ = false;
    if (!skip_blanks()) {
      ended_well_ = true;
      return false;
    }
    if (byte_ == '#') return read_comment();
    if (byte_ == '\n') return true;
    if (byte_ == '{') {
      braced_ = true;
      return read_labels();
    }
    return read_metric();
  }

  bool read_comment() {
    if (!skip_blanks()) return false;
    if (byte_ == '\n') return true;
    if (!take_until_blank()) return false;
    if (byte_ == '\n') return true;
    const std::string keyword = token_;
    if (keyword != "HELP" && keyword != "TYPE") {
      while (byte_ != '\n') {
        if (!next()) return false;
      }
      return true;
    }
    if (!skip_blanks() || !take_name(true)) return false;
    if (byte_ == '\n') return true;
    if (!is_blank(byte_)) return fail("invalid metric name in comment");
    if (!find_family() || !skip_blanks()) return false;
    if (byte_ == '\n') return true;
    return keyword == "HELP" ? read_help() : read_type();
  }

  bool read_help() {
    if (family_->help) return fail(fmt::format("second HELP line for metric name {}", go_quote(family_->name)));
    if (!take_until_newline(true)) return false;
    family_->help = token_;
    return true;
  }

  bool read_type() {
    if (family_->type) {
      return fail(
          fmt::format("second TYPE line for metric name {}, or TYPE reported after samples", go_quote(family_->name)));
    }
    if (!take_until_newline(false)) return false;
    family_->type = type_of(token_);
    if (!family_->type) return fail(fmt::format("unknown metric type {}", go_quote(token_)));
    return true;
  }

  bool read_metric() {
    if (!take_name(true)) return false;
    if (token_.empty()) return fail("invalid metric name");
    return begin_metric() && skip_blanks_at_hand() && read_labels();
  }

  bool begin_metric() {
    if (!find_family()) return false;
    if (!family_->type) family_->type = MetricType::kUnknown;
    metric_ = std::make_shared<FamilyMetric>();
    return true;
  }

  MetricType type() const {
    // Without a family the reference sees the first of its types.
    return family_ == nullptr ? MetricType::kCounter : family_->type.value_or(MetricType::kCounter);
  }
  bool is_histogram() const { return type() == MetricType::kHistogram || type() == MetricType::kGaugeHistogram; }
  std::string family_name() const { return go_quote(family_ == nullptr ? "" : family_->name); }

  /// At the first byte of the labels or of the value.
  bool read_labels() {
    if (type() == MetricType::kSummary || is_histogram()) {
      identity_.clear();
      quantile_ = bucket_ = std::numeric_limits<double>::quiet_NaN();
    }
    if (byte_ != '{') return read_value();
    while (true) {
      bool closed = false;
      if (!read_label(closed)) return false;
      if (closed) return end_labels();
    }
  }

  bool end_labels() {
    if (family_ == nullptr || metric_ == nullptr) return fail("invalid metric name");
    metric_->labels.insert(metric_->labels.end(), labels_.begin(), labels_.end());
    labels_.clear();
    return skip_blanks() && read_value();
  }

  /// A label and what follows it, or the metric's name within braces.
  bool read_label(bool& closed) {
    if (!skip_blanks()) return false;
    closed = byte_ == '}';
    if (closed) return true;
    if (!take_name(false)) return false;
    if (token_.empty()) return fail(fmt::format("invalid label name for metric {}", family_name()));
    if (!skip_blanks_at_hand()) return false;
    if (byte_ != '=') return read_braced_name(closed);
    const std::string name = token_;
    if (name == "__name__") return fail("label name \"__name__\" is reserved");
    if (!is_valid_utf8(name)) return fail(fmt::format("invalid label name {}", go_quote(name)));
    const bool is_quantile = type() == MetricType::kSummary && name == "quantile";
    const bool is_bucket = is_histogram() && name == "le";
    if (!is_quantile && !is_bucket) {
      for (const auto& [other, value] : labels_) {
        if (other == name) return fail(fmt::format("duplicate label names for metric {}", family_name()));
      }
      labels_.emplace_back(name, "");
    }
    if (!read_label_value()) return false;
    if (is_quantile || is_bucket) {
      if (!read_float(token_, is_quantile ? quantile_ : bucket_)) {
        return fail(fmt::format("expected float as value for '{}' label, got {}", name, go_quote(token_)));
      }
    } else {
      labels_.back().second = token_;
      identity_[name] = token_;
    }
    if (!skip_blanks()) return false;
    closed = byte_ == '}';
    return closed || byte_ == ',' || fail(fmt::format("unexpected end of label value {}", go_quote(token_)));
  }

  bool read_braced_name(bool& closed) {
    if (!braced_) return fail(fmt::format("expected '=' after label name, found {}", quote_byte(byte_)));
    if (named_in_braces_) return fail(fmt::format("multiple metric names for metric {}", family_name()));
    if (byte_ != ',' && byte_ != '}') return fail(fmt::format("unexpected end of metric name {}", quote_byte(byte_)));
    closed = byte_ == '}';
    named_in_braces_ = !closed;
    return begin_metric();
  }

  bool read_label_value() {
    if (!skip_blanks()) return false;
    if (byte_ != '"') return fail(fmt::format("expected '\"' at start of label value, found {}", quote_byte(byte_)));
    token_.clear();
    while (next()) {
      if (byte_ == '"') {
        if (!is_valid_utf8(token_)) return fail(fmt::format("invalid label value {}", go_quote(token_)));
        return true;
      }
      if (byte_ == '\n') return fail(fmt::format("label value {} contains unescaped new-line", go_quote(token_)));
      if (byte_ != '\\') {
        token_ += static_cast<char>(byte_);
      } else if (!next() || !take_escape()) {
        return false;
      }
    }
    return false;
  }

  bool read_value() {
    place_metric();
    if (!take_until_blank()) return false;
    double value = 0;
    if (!read_float(token_, value)) return fail(fmt::format("expected float as value, got {}", go_quote(token_)));
    if (is_histogram() && value < 0) {
      if (is_count_) return fail(fmt::format("negative count for histogram {}", family_name()));
      if (!is_sum_ && !std::isnan(bucket_)) {
        return fail(fmt::format("negative bucket population for histogram {}", family_name()));
      }
    }
    return byte_ == '\n' || read_timestamp();
  }

  /// The rows of a summary or histogram are one metric; any other row is one of its own.
  void place_metric() {
    if (type() == MetricType::kSummary || is_histogram()) {
      identity_["__name__"] = family_->name;
      auto& known = (is_histogram() ? histograms_ : summaries_)[identity_];
      if (known != nullptr) {
        metric_ = known;
        return;
      }
      known = metric_;
    }
    family_->metrics.push_back(metric_);
  }

  bool read_timestamp() {
    if (!skip_blanks() || !take_until_blank()) return false;
    std::string_view digits = token_;
    if (digits.starts_with('+')) digits.remove_prefix(1);
    std::int64_t timestamp = 0;
    const auto [end, code] = std::from_chars(digits.data(), digits.data() + digits.size(), timestamp);
    const bool signed_twice = digits.size() != token_.size() && digits.starts_with('-');
    if (code != std::errc() || end != digits.data() + digits.size() || signed_twice) {
      return fail(fmt::format("expected integer as timestamp, got {}", go_quote(token_)));
    }
    if (!take_until_newline(false)) return false;
    return token_.empty() || fail(fmt::format("spurious string after timestamp: {}", go_quote(token_)));
  }

  bool take_until_blank() {
    token_.clear();
    while (!is_blank(byte_) && byte_ != '\n') {
      token_ += static_cast<char>(byte_);
      if (!next()) return false;
    }
    return true;
  }

  bool take_until_newline(bool escapes) {
    token_.clear();
    while (byte_ != '\n') {
      if (byte_ != '\\') {
        token_ += static_cast<char>(byte_);
      } else if (escapes && (!next() || !take_escape())) {
        return false;
      }
      if (!next()) return false;
    }
    return true;
  }

  /// The byte behind a backslash.
  bool take_escape() {
    if (byte_ != '\\' && byte_ != 'n' && byte_ != '"') return fail_escape();
    token_ += byte_ == 'n' ? '\n' : static_cast<char>(byte_);
    return true;
  }

  static bool is_name_byte(int c, bool metric) {
    return c == '"' || (c >= 0 && is_in(static_cast<char>(c), metric ? kMetricChar : kLabelChar));
  }

  /// A name, quoted or not, from the byte at hand on; "" if none begins here.
  bool take_name(bool metric) {
    token_.clear();
    if (!is_name_byte(byte_, metric) || is_in(static_cast<char>(byte_), kDigit)) return true;
    bool quoted = false;
    while (true) {
      if (byte_ == '"') {
        quoted = !quoted;
        if (!quoted) return next();
      } else if (byte_ == '\n') {
        return fail(
            fmt::format("{} name {} contains unescaped new-line", metric ? "metric" : "label", go_quote(token_)));
      } else if (byte_ == '\\') {
        if (!next() || !take_escape()) return false;
      } else {
        token_ += static_cast<char>(byte_);
      }
      if (!next()) return false;
      if (!quoted && !is_name_byte(byte_, metric)) return true;
    }
  }

  TextFamily* known_family(const std::string& name) const {
    const auto found = by_name_.find(name);
    return found == by_name_.end() ? nullptr : found->second;
  }

  /// The family of the name in token_: its own, that of the summary or histogram whose part it is, or a new one.
  bool find_family() {
    const std::string& name = token_;
    is_count_ = is_sum_ = false;
    if (name.empty() || !is_valid_utf8(name)) return fail(fmt::format("invalid metric name {}", go_quote(name)));
    if (family_ = known_family(name); family_ != nullptr) return true;
    const bool count = name.size() > 6 && name.ends_with("_count");
    const bool sum = name.size() > 4 && name.ends_with("_sum");
    const bool bucket = name.size() > 7 && name.ends_with("_bucket");
    const std::string stem = name.substr(0, name.size() - (count ? 6U : sum ? 4U : bucket ? 7U : 0U));
    TextFamily* whole = stem == name ? nullptr : known_family(stem);
    if (whole != nullptr) {
      const auto of = whole->type.value_or(MetricType::kCounter);
      const bool fits = of == MetricType::kHistogram || of == MetricType::kGaugeHistogram;
      if (fits || (of == MetricType::kSummary && !bucket)) {
        family_ = whole;
        is_count_ = count;
        is_sum_ = sum;
        return true;
      }
    }
    families_.push_back(std::make_unique<TextFamily>());
    family_ = families_.back().get();
    family_->name = name;
    by_name_[name] = family_;
    return true;
  }

  using Identity = std::map<std::string, std::string>;

  std::string_view page_;
  std::size_t at_ = 0;
  std::size_t line_ = 0;
  int byte_ = -1;  // at hand; -1 at the end
  std::string token_, error_;
  bool ended_well_ = false;

  std::vector<std::unique_ptr<TextFamily>> families_;
  std::unordered_map<std::string, TextFamily*> by_name_;
  TextFamily* family_ = nullptr;  // of the line, or of the line before while the name is not known
  std::shared_ptr<FamilyMetric> metric_;
  std::vector<std::pair<std::string, std::string>> labels_;
  Identity identity_;  // labels of a row of a summary or histogram, without quantile and le
  std::map<Identity, std::shared_ptr<FamilyMetric>> summaries_, histograms_;
  double quantile_ = 0, bucket_ = 0;
  bool is_count_ = false, is_sum_ = false;
  bool braced_ = false, named_in_braces_ = false;
};

}  // namespace

std::expected<std::vector<TextFamily>, std::string> read_text_families(std::string_view page) {
  return FamilyReader(page).read();
}

}  // namespace tocsin::expo
