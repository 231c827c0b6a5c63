#include "api/params.hpp"

#include "api/envelope.hpp"
#include "promql/parser/parser.hpp"

namespace tocsin::api {

Params::Params(const net::HttpRequest& request) : pairs_(request.params()) {}

const std::string& Params::text(std::string_view name) const {
  static const std::string kNone;
  for (const auto& [key, value] : pairs_) {
    if (key == name) return value;
  }
  return kNone;
}

std::vector<std::string> Params::all(std::string_view name) const {
  std::vector<std::string> out;
  for (const auto& [key, value] : pairs_) {
    if (key == name) out.push_back(value);
  }
  return out;
}

Result<Timestamp> Params::time(std::string_view name, Timestamp otherwise) const {
  const std::string& value = text(name);
  if (value.empty()) return otherwise;
  auto t = parse_time(value);
  if (t) return *t;
  return fail(invalid_parameter(name, fmt::format("invalid time value for '{}': {}", name, t.error().message)));
}

Result<Duration> Params::duration(std::string_view name) const {
  const std::string& value = text(name);
  if (value.empty()) return Duration{0};
  auto duration = parse_duration_param(value);
  if (!duration) return fail(invalid_parameter(name, duration.error().message));
  return *duration;
}

Result<std::size_t> Params::limit() const {
  const std::string& value = text("limit");
  if (value.empty()) return std::size_t{0};
  const auto limit = parse_go_int("Atoi", value);
  if (!limit) return fail(invalid_parameter("limit", limit.error().message));
  if (*limit < 0) return fail(invalid_parameter("limit", "limit must be non-negative"));
  return static_cast<std::size_t>(*limit);
}

Result<MatcherSets> Params::matchers() const {
  return selectors(promql::parser::parse_metric_selector);
}

Result<MatcherSets> Params::any_matchers() const {
  return selectors(promql::parser::parse_any_metric_selector);
}

Result<MatcherSets> Params::selectors(Result<std::vector<model::Matcher>> (*parse)(std::string_view)) const {
  MatcherSets sets;
  for (const std::string& selector : all("match[]")) {
    TOCSIN_TRY(auto matchers, parse(selector));
    sets.push_back(std::move(matchers));
  }
  return sets;
}

}  // namespace tocsin::api
