#include "ctl/alert_query.hpp"

#include <algorithm>
#include <cstdio>

#include "base/strings.hpp"

namespace tocsin::ctl {
namespace {

namespace json = boost::json;

std::string member(const json::value& alert, std::string_view map, std::string_view key) {
  const json::value* inner = alert.is_object() ? alert.as_object().if_contains(map) : nullptr;
  return inner == nullptr ? std::string() : text_of(*inner, key);
}

/// `a="b" c="d"`, the alert's name first.
std::string pairs(const json::value& alert, std::string_view map) {
  const json::value* inner = alert.is_object() ? alert.as_object().if_contains(map) : nullptr;
  if (inner == nullptr || !inner->is_object()) return {};
  std::vector<std::pair<std::string, std::string>> sorted;
  for (const auto& [key, value] : inner->as_object()) {
    if (value.is_string()) sorted.emplace_back(key, value.as_string());
  }
  std::ranges::sort(sorted, {}, [](const auto& pair) { return std::pair(pair.first != "alertname", pair.first); });
  std::string out;
  for (const auto& [key, value] : sorted) out += fmt::format("{}{}={}", out.empty() ? "" : " ", key, go_quote(value));
  return out;
}

void print(const json::array& alerts, bool extended) {
  std::vector<std::vector<std::string>> rows;
  rows.push_back(
      extended ? std::vector<std::string>{"Labels", "Annotations", "Starts At", "Ends At", "Generator URL", "State"}
               : std::vector<std::string>{"Alertname", "Starts At", "Summary", "State"});
  for (const json::value& alert : alerts) {
    const std::string starts = people_time(text_of(alert, "startsAt"));
    const std::string state = member(alert, "status", "state");
    if (extended) {
      rows.push_back({pairs(alert, "labels"), pairs(alert, "annotations"), starts,
                      people_time(text_of(alert, "endsAt")), text_of(alert, "generatorURL"), state});
    } else {
      rows.push_back({member(alert, "labels", "alertname"), starts, member(alert, "annotations", "summary"), state});
    }
  }
  print_table(rows);
}

/// NAME=VALUE arguments as an object.
Result<json::object> read_pairs(const std::vector<std::string>& args, bool first_may_be_name) {
  json::object out;
  for (std::size_t i = 0; i < args.size(); ++i) {
    std::size_t equal = args[i].find('=');
    if (equal == std::string::npos && i == 0 && first_may_be_name) {
      out["alertname"] = args[i];
      continue;
    }
    if (equal == std::string::npos || equal == 0) return fail(Errc::kInvalid, "not NAME=VALUE: {}", args[i]);
    std::string_view value = std::string_view(args[i]).substr(equal + 1);
    if (value.size() >= 2 && value.front() == '"' && value.back() == '"') value = value.substr(1, value.size() - 2);
    out[args[i].substr(0, equal)] = value;
  }
  return out;
}

Result<void> add_time(json::object& alert, const char* key, const std::string& text) {
  if (text.empty()) return {};
  std::int64_t t = 0;
  if (!parse_rfc3339(text, t)) return fail(Errc::kInvalid, "not an RFC 3339 time: {}", text);
  alert[key] = format_rfc3339(t);
  return {};
}

Result<void> add(const AlertAddArgs& args) {
  TOCSIN_TRY(json::object labels, read_pairs(args.labels, true));
  if (labels.empty()) return fail(Errc::kInvalid, "an alert has labels");
  TOCSIN_TRY(json::object annotations, read_pairs(args.annotations, false));
  json::object alert{{"labels", std::move(labels)}, {"annotations", std::move(annotations)}};
  if (!args.generator_url.empty()) alert["generatorURL"] = args.generator_url;
  TOCSIN_OK(add_time(alert, "startsAt", args.start));
  TOCSIN_OK(add_time(alert, "endsAt", args.end));
  TOCSIN_TRY(const auto ignored, call_api(args.api, "POST", "/alerts", json::serialize(json::array{std::move(alert)})));
  (void)ignored;
  return {};
}

Result<json::array> query(const AlertQueryArgs& args) {
  TOCSIN_TRY(const auto matchers, read_matchers(args.matchers));
  const bool none = !args.silenced && !args.inhibited && !args.active && !args.unprocessed;
  std::string path = fmt::format("/alerts?active={}&silenced={}&inhibited={}&unprocessed={}", args.active || none,
                                 args.silenced, args.inhibited, args.unprocessed);
  if (!args.receiver.empty()) path += "&receiver=" + query_escape(args.receiver);
  if (!matchers.empty()) path += "&" + filter_query(matchers);
  TOCSIN_TRY(json::value answer, call_api(args.api, "GET", path));
  if (!answer.is_array()) return fail(Errc::kInvalid, "{} does not answer with a list of alerts", args.api.url);
  std::vector<json::value> alerts(answer.as_array().begin(), answer.as_array().end());
  std::ranges::sort(alerts, {}, [](const json::value& alert) {
    return std::pair(text_of(alert, "startsAt"), text_of(alert, "fingerprint"));
  });
  return json::array(alerts.begin(), alerts.end());
}

}  // namespace

int alert_query(const AlertQueryArgs& args) {
  const auto alerts = query(args);
  if (!alerts) return complain(alerts.error());
  if (args.api.output == "json") {
    fmt::print("{}\n", json::serialize(*alerts));
  } else {
    print(*alerts, args.api.output == "extended");
  }
  return 0;
}

int alert_add(const AlertAddArgs& args) {
  const auto added = add(args);
  return added ? 0 : complain(added.error());
}

}  // namespace tocsin::ctl
