#include "expo/lint.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <tuple>

#include <fmt/format.h>

#include "base/strings.hpp"

namespace tocsin::expo {
namespace {

using model::MetricType;
using Texts = std::vector<std::string>;

struct Unit {
  std::string_view name, base;
};
constexpr std::array kUnits = std::to_array<Unit>({
    {"amperes", "amperes"}, {"bytes", "bytes"},     {"celsius", "celsius"}, {"grams", "grams"},
    {"joules", "joules"},   {"kelvin", "kelvin"},   {"meters", "meters"},   {"metres", "metres"},
    {"seconds", "seconds"}, {"volts", "volts"},     {"minutes", "seconds"}, {"hours", "seconds"},
    {"days", "seconds"},    {"weeks", "seconds"},   {"kelvins", "kelvin"},  {"fahrenheit", "celsius"},
    {"rankine", "celsius"}, {"inches", "meters"},   {"yards", "meters"},    {"miles", "meters"},
    {"bits", "bytes"},      {"calories", "joules"}, {"pounds", "grams"},    {"ounces", "grams"},
});
constexpr std::array<std::string_view, 18> kPrefixes = {"pico", "nano",  "micro", "milli", "centi", "deci",
                                                        "deca", "hecto", "kilo",  "kibi",  "mega",  "mibi",
                                                        "giga", "gibi",  "tera",  "tebi",  "peta",  "pebi"};
constexpr std::array<std::string_view, 14> kAbbreviations = {"s",  "ms", "us", "ns", "sec", "b", "kb",
                                                             "mb", "gb", "tb", "pb", "m",   "h", "d"};

std::optional<std::string_view> base_unit(std::string_view word) {
  const auto found = std::find_if(kUnits.begin(), kUnits.end(), [word](const Unit& unit) { return unit.name == word; });
  return found == kUnits.end() ? std::nullopt : std::optional(found->base);
}

void lint_units(const TextFamily& family, Texts& out) {
  for (const std::string_view word : split(family.name, '_')) {
    std::optional<std::string_view> base = base_unit(word);
    for (const std::string_view prefix : kPrefixes) {
      if (!base && word.starts_with(prefix)) base = base_unit(word.substr(prefix.size()));
    }
    if (!base) continue;
    // The first unit of the name is the one that counts.
    if (word != *base) out.push_back(fmt::format("use base unit \"{}\" instead of \"{}\"", *base, word));
    return;
  }
}

void lint_counter(const TextFamily& family, MetricType type, Texts& out) {
  const bool total = family.name.ends_with("_total");
  if (type == MetricType::kCounter && !total) {
    out.emplace_back("counter metrics should have \"_total\" suffix");
  } else if (type != MetricType::kUnknown && type != MetricType::kCounter && total) {
    out.emplace_back("non-counter metrics should not have \"_total\" suffix");
  }
}

void lint_reserved(const TextFamily& family, MetricType type, Texts& out) {
  if (type == MetricType::kUnknown) return;
  const bool histogram = type == MetricType::kHistogram;
  const bool summary = type == MetricType::kSummary;
  if (!histogram && family.name.ends_with("_bucket")) {
    out.emplace_back("non-histogram metrics should not have \"_bucket\" suffix");
  }
  for (const std::string_view suffix : {"_count", "_sum"}) {
    if (histogram || summary || !family.name.ends_with(suffix)) continue;
    out.push_back(fmt::format("non-histogram and non-summary metrics should not have \"{}\" suffix", suffix));
  }
  for (const auto& metric : family.metrics) {
    for (const auto& [name, value] : metric->labels) {
      if (!histogram && name == "le") out.emplace_back("non-histogram metrics should not have \"le\" label");
      if (!summary && name == "quantile") out.emplace_back("non-summary metrics should not have \"quantile\" label");
    }
  }
}

bool has_word(const std::string& lower, std::string_view word) {
  return lower.find(fmt::format("_{}_", word)) != std::string::npos || lower.ends_with(fmt::format("_{}", word));
}

std::string_view type_name(MetricType type) {
  return type == MetricType::kGaugeHistogram ? "gauge_histogram" : model::metric_type_text(type);
}

bool is_camel_case(std::string_view text) {
  const auto steps_up = [](char a, char b) { return a >= 'a' && a <= 'z' && b >= 'A' && b <= 'Z'; };
  return std::adjacent_find(text.begin(), text.end(), steps_up) != text.end();
}

void lint_name(const TextFamily& family, MetricType type, Texts& out) {
  const std::string lower = to_lower(family.name);
  if (type != MetricType::kUnknown && has_word(lower, type_name(type))) {
    out.push_back(fmt::format("metric name should not include type '{}'", type_name(type)));
  }
  if (family.name.find(':') != std::string::npos) out.emplace_back("metric names should not contain ':'");
  if (is_camel_case(family.name)) {
    out.emplace_back("metric names should be written in 'snake_case' not 'camelCase'");
  }
  for (const auto& metric : family.metrics) {
    for (const auto& [name, value] : metric->labels) {
      if (is_camel_case(name)) out.emplace_back("label names should be written in 'snake_case' not 'camelCase'");
    }
  }
  for (const std::string_view abbreviation : kAbbreviations) {
    if (has_word(lower, abbreviation)) out.emplace_back("metric names should not contain abbreviated units");
  }
}

void lint_duplicates(const TextFamily& family, Texts& out) {
  std::map<std::vector<std::pair<std::string, std::string>>, std::size_t> counts;
  for (const auto& metric : family.metrics) {
    if (counts[metric->labels]++ > 0) out.emplace_back("metric not unique");
  }
}

}  // namespace

std::vector<LintProblem> lint(const std::vector<TextFamily>& families) {
  std::vector<LintProblem> out;
  for (const TextFamily& family : families) {
    const MetricType type = family.type.value_or(MetricType::kUnknown);
    Texts texts;
    if (!family.help) texts.emplace_back("no help text");
    lint_units(family, texts);
    lint_counter(family, type, texts);
    lint_reserved(family, type, texts);
    lint_name(family, type, texts);
    lint_duplicates(family, texts);
    for (auto& text : texts) out.push_back({family.name, std::move(text)});
  }
  std::sort(out.begin(), out.end(), [](const LintProblem& a, const LintProblem& b) {
    return std::tie(a.metric, a.text) < std::tie(b.metric, b.text);
  });
  return out;
}

}  // namespace tocsin::expo
