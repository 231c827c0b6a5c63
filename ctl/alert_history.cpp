#include "ctl/alert_history.hpp"

#include <algorithm>

#include "base/clock.hpp"
#include "base/duration.hpp"
#include "base/strings.hpp"

namespace tocsin::ctl {
namespace {

namespace json = boost::json;

constexpr std::size_t kLongestText = 80;

const json::value* member(const json::value& event, std::string_view name) {
  return event.is_object() ? event.as_object().if_contains(name) : nullptr;
}

std::string number_text(const json::value& event, std::string_view name) {
  const json::value* const value = member(event, name);
  return value == nullptr ? std::string() : json::serialize(*value);
}

/// "" if it has none.
std::string duration_text(const json::value& event) {
  const json::value* const value = member(event, "durationSeconds");
  if (value == nullptr || !value->is_number()) return {};
  const auto ms = static_cast<std::int64_t>(value->to_number<double>() * 1000 + 0.5);
  return format_duration(std::chrono::milliseconds(ms));
}

/// `a="b" c="d"`, the alert's name first.
std::string labels_text(const json::value* labels) {
  if (labels == nullptr || !labels->is_object()) return {};
  std::vector<std::pair<std::string, std::string>> sorted;
  for (const auto& [key, value] : labels->as_object()) {
    if (value.is_string()) sorted.emplace_back(key, value.as_string());
  }
  std::ranges::sort(sorted, {}, [](const auto& pair) { return std::pair(pair.first != "alertname", pair.first); });
  std::string out;
  for (const auto& [key, value] : sorted) out += fmt::format("{}{}={}", out.empty() ? "" : " ", key, go_quote(value));
  return out;
}

/// Whom or what the event is about.
std::string subject_text(const json::value& event) {
  const std::string kind = text_of(event, "kind");
  if (kind.starts_with("notification_")) {
    return fmt::format("{}/{}[{}] {}", text_of(event, "receiver"), text_of(event, "integration"),
                       number_text(event, "index"), text_of(event, "groupKey"));
  }
  if (kind.starts_with("silence_")) return text_of(event, "silenceId") + " " + text_of(event, "matchers");
  return labels_text(member(event, "labels"));
}

std::string detail_text(const json::value& event) {
  const std::string kind = text_of(event, "kind");
  if (kind.starts_with("notification_")) {
    std::string out = fmt::format("{}: {} firing, {} resolved, attempts: {}, {}", text_of(event, "reason"),
                                  number_text(event, "firing"), number_text(event, "resolved"),
                                  number_text(event, "attempts"), duration_text(event));
    if (const std::string error = text_of(event, "error"); !error.empty()) out += ": " + error;
    return out;
  }
  if (kind.starts_with("silence_")) return text_of(event, "createdBy") + ": " + text_of(event, "comment");
  if (kind == "alert_resolved") return "after " + duration_text(event);
  if (const std::string by = text_of(event, "by"); !by.empty()) return text_of(event, "reason") + " " + by;
  const json::value* const annotations = member(event, "annotations");
  return annotations == nullptr ? std::string() : text_of(*annotations, "summary");
}

std::string one_line(std::string text, bool whole) {
  std::ranges::replace(text, '\n', ' ');
  if (whole || text.size() <= kLongestText) return text;
  std::size_t end = kLongestText;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) --end;
  return text.substr(0, end) + "…";
}

void print(const json::array& events, bool extended) {
  std::vector<std::vector<std::string>> rows = {{"Time", "Event", "About", "Details"}};
  for (const json::value& event : events) {
    rows.push_back({people_time(text_of(event, "time")), text_of(event, "kind"),
                    one_line(subject_text(event), extended), one_line(detail_text(event), extended)});
  }
  print_table(rows);
}

Result<std::string> query_of(const AlertHistoryArgs& args) {
  std::int64_t start = system_clock().now() - to_ms(args.since), end = 0;
  if (!args.start.empty() && !parse_rfc3339(args.start, start)) {
    return fail(Errc::kInvalid, "not an RFC 3339 time: {}", args.start);
  }
  std::string out = "start=" + query_escape(format_rfc3339(start));
  if (!args.end.empty()) {
    if (!parse_rfc3339(args.end, end)) return fail(Errc::kInvalid, "not an RFC 3339 time: {}", args.end);
    out += "&end=" + query_escape(format_rfc3339(end));
  }
  TOCSIN_TRY(const auto matchers, read_matchers(args.matchers));
  std::string selector;
  for (const model::Matcher& matcher : matchers) {
    selector += (selector.empty() ? "" : ",") + matchers_line({matcher});
  }
  if (!selector.empty()) out += "&match[]=" + query_escape("{" + selector + "}");
  for (const std::string& kind : args.kinds) out += "&kind=" + query_escape(kind);
  for (const std::string& outcome : args.outcomes) out += "&outcome=" + query_escape(outcome);
  if (!args.receiver.empty()) out += "&receiver=" + query_escape(args.receiver);
  if (!args.text.empty()) out += "&text=" + query_escape(args.text);
  return out;
}

Result<json::array> search(const AlertHistoryArgs& args) {
  TOCSIN_TRY(const std::string query, query_of(args));
  json::array events;
  std::string cursor;
  do {
    const std::size_t limit = args.limit - events.size();
    std::string path = fmt::format("/api/v1/tocsin/history?{}&limit={}", query, limit);
    if (!cursor.empty()) path += "&cursor=" + cursor;
    TOCSIN_TRY(const json::value answer, call_server(args.api, "GET", path));
    const json::value* const data = member(answer, "data");
    const json::value* const page = data == nullptr ? nullptr : member(*data, "events");
    if (page == nullptr || !page->is_array()) return fail(Errc::kInvalid, "{} has no history", args.api.url);
    events.insert(events.end(), page->as_array().begin(), page->as_array().end());
    cursor = text_of(*data, "nextCursor");
  } while (!cursor.empty() && events.size() < args.limit);
  return events;
}

}  // namespace

int alert_history(const AlertHistoryArgs& args) {
  const auto events = search(args);
  if (!events) return complain(events.error());
  if (args.api.output == "json") {
    fmt::print("{}\n", json::serialize(*events));
  } else {
    print(*events, args.api.output == "extended");
  }
  return 0;
}

}  // namespace tocsin::ctl
