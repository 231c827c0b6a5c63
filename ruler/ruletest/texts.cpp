#include "ruletest/texts.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/float_text.hpp"
#include "base/strings.hpp"

namespace tocsin::ruletest {
namespace {

std::string alert_text(const AlertTexts& alert) {
  return fmt::format("Labels:{}\nAnnotations:{}", ruletest::to_string(alert.labels),
                     ruletest::to_string(alert.annotations));
}

/// strconv's 'E'.
std::string value_text(double value) {
  std::string text = format_float_e(value);
  if (std::isfinite(value)) std::replace(text.begin(), text.end(), 'e', 'E');
  return text;
}

}  // namespace

LabelTexts to_texts(const model::Labels& labels) {
  LabelTexts out;
  for (const auto& label : labels) out.emplace(label.name, label.value);
  return out;
}

std::string to_string(const LabelTexts& labels) {
  std::string out = "{";
  for (const auto& [name, value] : labels) {
    if (out.size() > 1) out += ", ";
    out += model::is_legacy_label_name(name) ? name : go_quote(name);
    out += "=" + go_quote(value);
  }
  return out + "}";
}

std::string to_string(const std::vector<AlertTexts>& alerts) {
  if (alerts.empty()) return "[]";
  std::string out = "[";
  for (std::size_t i = 0; i < alerts.size(); ++i) {
    out += fmt::format("{}\n{}:{}", i == 0 ? "" : ",", i, indent_lines("\n" + alert_text(alerts[i]), "  "));
  }
  return out + "\n]";
}

std::string to_string(const std::vector<SampleTexts>& samples) {
  if (samples.empty()) return "nil";
  std::string out;
  for (const SampleTexts& sample : samples) {
    if (!out.empty()) out += ", ";
    out += to_string(sample.labels) + " " + (sample.histogram.empty() ? value_text(sample.value) : sample.histogram);
  }
  return out;
}

std::string indent_lines(std::string_view lines, std::string_view indent) {
  return replace_all(std::string(lines), "\n", "\n" + std::string(indent));
}

bool same_value(double a, double b, bool fuzzy) {
  if (a == b) return true;
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  return fuzzy && (std::nextafter(a, -kInfinity) == b || std::nextafter(a, kInfinity) == b);
}

}  // namespace tocsin::ruletest
