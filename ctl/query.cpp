#include "ctl/query.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <limits>

#include <boost/json.hpp>

#include "base/clock.hpp"
#include "base/float_text.hpp"
#include "base/strings.hpp"
#include "ctl/remote.hpp"
#include "model/labels.hpp"

namespace tocsin::ctl {
namespace {

namespace json = boost::json;

std::string series_text(const json::value& metric) {
  model::LabelsBuilder labels;
  for (const auto& [name, value] : metric.as_object()) labels.set(name, std::string_view(value.as_string()));
  return labels.build().to_series();
}

/// A value is a string, a histogram an object.
std::string value_text(const json::value& value) {
  return value.is_string() ? std::string(value.as_string()) : json::serialize(value);
}

std::string time_text(const json::value& t) {
  return format_float_f(t.to_number<double>());
}

void print_point(const json::value& point) {
  fmt::print("{} @[{}]\n", value_text(point.at(1)), time_text(point.at(0)));
}

void print_vector(const json::array& result) {
  for (const json::value& sample : result) {
    const json::object& object = sample.as_object();
    const json::value* point = object.if_contains("value");
    if (point == nullptr) point = &object.at("histogram");
    fmt::print("{} => ", series_text(object.at("metric")));
    print_point(*point);
  }
}

void print_matrix(const json::array& result) {
  for (const json::value& series : result) {
    fmt::print("{} =>\n", series_text(series.at("metric")));
    for (const char* key : {"values", "histograms"}) {
      if (const json::value* points = series.as_object().if_contains(key)) {
        for (const json::value& point : points->as_array()) print_point(point);
      }
    }
  }
}

void print_annotations(const json::object& answer) {
  for (const char* key : {"warnings", "infos"}) {
    const json::value* texts = answer.if_contains(key);
    if (texts == nullptr) continue;
    for (const json::value& text : texts->as_array()) {
      fmt::print(stderr, "{}: {}\n", key, std::string_view(text.as_string()));
    }
  }
}

/// @return the error, "" if all was printed.
std::string print_answer(const json::object& answer) {
  if (answer.at("status").as_string() != "success") {
    return fmt::format("{}: {}", std::string_view(answer.at("errorType").as_string()),
                       std::string_view(answer.at("error").as_string()));
  }
  print_annotations(answer);
  const json::value& data = answer.at("data");
  const std::string_view type = data.at("resultType").as_string();
  const json::value& result = data.at("result");
  if (type == "vector") {
    print_vector(result.as_array());
  } else if (type == "matrix") {
    print_matrix(result.as_array());
  } else {
    fmt::print("{}: ", type);
    print_point(result);
  }
  return {};
}

int ask(const QueryArgs& args, std::string_view path, const std::string& form) {
  net::HttpRequest request("POST", join_url(args.server, path));
  request.headers.set("Content-Type", "application/x-www-form-urlencoded");
  request.body = form;
  const auto response = send_and_wait(std::move(request), args.timeout, args.http_config_file);
  if (!response) {
    fmt::print(stderr, "query error: {}\n", response.error().message);
    return 1;
  }
  if (args.json) {
    fmt::print("{}\n", response->body.view());
    return response->status == 200 ? 0 : 1;
  }
  std::string problem;
  try {
    problem = print_answer(json::parse(json::string_view(response->body.view())).as_object());
  } catch (const std::exception&) {
    problem = fmt::format("{} answered {} with no Prometheus answer: {}", args.server, response->status,
                          response->body.view().substr(0, 200));
  }
  if (problem.empty()) return 0;
  fmt::print(stderr, "query error: {}\n", problem);
  return 1;
}

/// Seconds from seconds or RFC 3339; NaN if it is neither.
double seconds_of(const std::string& text, double otherwise) {
  if (text.empty()) return otherwise;
  double seconds = 0;
  if (parse_float(text, seconds)) return seconds;
  std::int64_t ms = 0;
  return parse_rfc3339(text, ms) ? static_cast<double>(ms) / 1000 : std::numeric_limits<double>::quiet_NaN();
}

}  // namespace

int query_instant(const QueryArgs& args) {
  std::string form = "query=" + query_escape(args.expression);
  if (!args.time.empty()) form += "&time=" + query_escape(args.time);
  return ask(args, "/api/v1/query", form);
}

int query_range(const QueryArgs& args) {
  const double end = seconds_of(args.end, static_cast<double>(system_clock().now()) / 1000);
  const double start = seconds_of(args.start, end - 3600);
  if (!(start <= end)) {
    fmt::print(stderr, "query error: --start and --end must be times (seconds or RFC 3339), start before end\n");
    return 1;
  }
  const std::string step =
      args.step.empty() ? format_float_f(std::max(1.0, std::floor((end - start) / 250))) : args.step;
  return ask(args, "/api/v1/query_range",
             fmt::format("query={}&start={:.3f}&end={:.3f}&step={}", query_escape(args.expression), start, end,
                         query_escape(step)));
}

}  // namespace tocsin::ctl
