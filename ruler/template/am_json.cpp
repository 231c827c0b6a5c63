// Alertmanager's data as JSON, written from where it is: a webhook of one alert takes a tenth of what it takes through
// the values of templates, which to_json() of AmData's value is the slow twin of (am_json_test).

#include <algorithm>
#include <array>
#include <chrono>

#include "base/json_string.hpp"
#include "template/alertmanager.hpp"
#include "template/am_types.hpp"
#include "template/go_time.hpp"

namespace tocsin::tmpl {
namespace {

constexpr std::size_t kMaxBytes = 64U << 20U;
constexpr Timestamp kYear10000 = 253'402'300'800'000;

void append_text(std::string& out, std::string_view text) {
  append_json_string(out, text, JsonStyle::kGo);
}

/// A literal name with what stands around it.
void append_member(std::string& out, std::string_view before, std::string_view text) {
  out += before;
  append_text(out, text);
}

void append_labels(std::string& out, std::string_view before, const model::Labels& labels) {
  out += before;
  out += '{';
  bool first = true;
  for (const model::LabelView& label : labels) {
    if (!std::exchange(first, false)) out += ',';
    append_text(out, label.name);
    out += ':';
    append_text(out, label.value);
  }
  out += '}';
}

/// RFC 3339 in UTC, with as many decimals as there are.
void append_time(std::string& out, Timestamp t) {
  if (t < 0 || t >= kYear10000) {
    out += format_time(Time::from_ms(t), "2006-01-02T15:04:05.999999999Z07:00");
    return;
  }
  const std::chrono::sys_time<std::chrono::milliseconds> time{std::chrono::milliseconds(t)};
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date{day};
  const auto ms = static_cast<unsigned>((time - day).count());
  std::array<char, 24> text{};
  char* at = text.data();
  const auto put = [&at](unsigned value, unsigned digits, char after) {
    for (char* c = at + digits; c != at; value /= 10) *--c = static_cast<char>('0' + value % 10);
    at += digits;
    *at++ = after;
  };
  put(static_cast<unsigned>(static_cast<int>(date.year())), 4, '-');
  put(static_cast<unsigned>(date.month()), 2, '-');
  put(static_cast<unsigned>(date.day()), 2, 'T');
  put(ms / 3'600'000, 2, ':');
  put(ms / 60'000 % 60, 2, ':');
  put(ms / 1000 % 60, 2, '.');
  put(ms % 1000, 3, '.');
  --at;
  while (at[-1] == '0') --at;
  if (at[-1] == '.') --at;
  out.append(text.data(), at).push_back('Z');
}

void append_alert(std::string& out, const AmAlert& item) {
  const model::Alert& alert = *item.alert;
  out += item.resolved ? R"({"status":"resolved")" : R"({"status":"firing")";
  append_labels(out, R"(,"labels":)", alert.labels);
  append_labels(out, R"(,"annotations":)", alert.annotations);
  out += R"(,"startsAt":")";
  append_time(out, alert.starts_at);
  out += R"(","endsAt":")";
  if (item.resolved) {
    append_time(out, alert.ends_at);
  } else {
    out += "0001-01-01T00:00:00Z";
  }
  append_member(out, R"(","generatorURL":)", alert.generator_url);
  constexpr std::string_view kHex = "0123456789abcdef";
  out += R"(,"fingerprint":")";
  const std::uint64_t fingerprint = alert.labels.fingerprint();
  for (int shift = 60; shift >= 0; shift -= 4) out += kHex[fingerprint >> shift & 0xfU];
  out += "\"}";
}

/// About what comes out, if little needs escapes.
std::size_t size_hint(const AmInput& input) {
  constexpr std::size_t kOfEach = 384;
  std::size_t bytes = 512 + 2 * input.group_labels.bytes();
  for (const AmAlert& item : input.alerts) {
    bytes += kOfEach + item.alert->labels.bytes() + item.alert->annotations.bytes() + item.alert->generator_url.size();
  }
  if (!input.alerts.empty()) {
    bytes += input.alerts[0].alert->labels.bytes() + input.alerts[0].alert->annotations.bytes();
  }
  return std::min(bytes, kMaxBytes);
}

}  // namespace

Result<std::string> am_data_json(const AmInput& input) {
  std::string out;
  out.reserve(size_hint(input));
  append_member(out, R"({"receiver":)", quote_meta(input.receiver));
  bool firing = false;
  for (const AmAlert& alert : input.alerts) firing = firing || !alert.resolved;
  out += firing ? R"(,"status":"firing","alerts":[)" : R"(,"status":"resolved","alerts":[)";
  for (const AmAlert& alert : input.alerts) {
    if (&alert != input.alerts.data()) out += ',';
    append_alert(out, alert);
    if (out.size() > kMaxBytes) return fail(Errc::kLimit, "JSON is longer than the limit of {} bytes", kMaxBytes);
  }
  append_member(out, R"(],"notification_reason":)", input.reason);
  append_labels(out, R"(,"groupLabels":)", input.group_labels);
  append_labels(out, R"(,"commonLabels":)", common(input.alerts, &model::Alert::labels));
  append_labels(out, R"(,"commonAnnotations":)", common(input.alerts, &model::Alert::annotations));
  append_member(out, R"(,"routeLabels":{},"externalURL":)", input.external_url);
  out += '}';
  return out;
}

}  // namespace tocsin::tmpl
