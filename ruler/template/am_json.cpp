// Alertmanager's data as JSON, written from where it is: a webhook of one alert takes a tenth of what it takes through
// the values of templates, which to_json() of AmData's value is the slow twin of (am_json_test).

#include <algorithm>
#include <array>
#include <chrono>

#include "base/json_scan.hpp"
#include "base/json_string.hpp"
#include "template/alertmanager.hpp"
#include "template/am_types.hpp"
#include "template/go_time.hpp"

namespace tocsin::tmpl {
namespace {

constexpr std::size_t kMaxBytes = 64U << 20U;
constexpr Timestamp kYear10000 = 253'402'300'800'000;

/// A text that grows at its end. What is written must fit in what room() made.
class Out {
 public:
  explicit Out(std::size_t bytes) { grow(bytes); }

  void room(std::size_t bytes) {
    if (static_cast<std::size_t>(end_ - at_) < bytes) grow(bytes);
  }
  void raw(std::string_view text) { at_ = std::copy(text.begin(), text.end(), at_); }
  void raw(char c) { *at_++ = c; }
  std::size_t size() const { return static_cast<std::size_t>(at_ - bytes_.data()); }
  std::string take() {
    bytes_.resize(size());
    return std::move(bytes_);
  }

  /// A literal, then a JSON string.
  void member(std::string_view before, std::string_view text) {
    const char* const end = text.data() + text.size();
    if (json_plain_end<JsonPlain::kHtml>(text.data(), end) != end) {
      std::string escaped;
      append_json_string(escaped, text, JsonStyle::kGo);
      put(before, escaped);
      return;
    }
    room(before.size() + text.size() + 2);
    raw(before);
    raw('"');
    raw(text);
    raw('"');
  }
  void put(std::string_view text, std::string_view more = {}) {
    room(text.size() + more.size());
    raw(text);
    raw(more);
  }
  /// What was written there, once more.
  void again(std::size_t begin, std::size_t end) {
    room(end - begin);
    raw(std::string_view(bytes_).substr(begin, end - begin));
  }

 private:
  void grow(std::size_t bytes) {
    const std::size_t used = at_ == nullptr ? 0 : size();
    bytes_.resize(std::max(used + bytes, 2 * bytes_.size()));
    at_ = bytes_.data() + used;
    end_ = bytes_.data() + bytes_.size();
  }

  std::string bytes_;
  char* at_ = nullptr;
  char* end_ = nullptr;
};

/// Label sets that were written, and where: the groups of one alert have each of them again.
class LabelSets {
 public:
  explicit LabelSets(Out& out) : out_(out) {}

  /// @param labels  must live as long as this if `keep` is set: then it is known the next time.
  void append(std::string_view before, const model::Labels& labels, bool keep = false) {
    for (std::size_t i = 0; i < known_; ++i) {
      if (*sets_[i].labels != labels) continue;
      out_.put(before);
      return out_.again(sets_[i].begin, sets_[i].end);
    }
    out_.put(before, "{");
    const std::size_t begin = out_.size() - 1;
    std::string_view comma;
    for (const model::LabelView& label : labels) {
      out_.member(std::exchange(comma, ","), label.name);
      out_.member(":", label.value);
    }
    out_.put("}");
    if (keep) sets_[known_++] = {&labels, begin, out_.size()};
  }

 private:
  struct Written {
    const model::Labels* labels = nullptr;
    std::size_t begin = 0, end = 0;
  };
  Out& out_;
  std::array<Written, 2> sets_;
  std::size_t known_ = 0;
};

/// RFC 3339 in UTC, with as many decimals as there are.
void append_time(Out& out, Timestamp t) {
  if (t < 0 || t >= kYear10000) {
    out.put(format_time(Time::from_ms(t), "2006-01-02T15:04:05.999999999Z07:00"));
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
  out.put({text.data(), at}, "Z");
}

void append_alert(Out& out, LabelSets& sets, const AmAlert& item, bool only) {
  const model::Alert& alert = *item.alert;
  out.put(item.resolved ? R"({"status":"resolved")" : R"({"status":"firing")");
  sets.append(R"(,"labels":)", alert.labels, only);
  sets.append(R"(,"annotations":)", alert.annotations, only);
  out.put(R"(,"startsAt":")");
  append_time(out, alert.starts_at);
  out.put(R"(","endsAt":")");
  if (item.resolved) {
    append_time(out, alert.ends_at);
  } else {
    out.put("0001-01-01T00:00:00Z");
  }
  out.member(R"(","generatorURL":)", alert.generator_url);
  constexpr std::string_view kHex = "0123456789abcdef";
  std::array<char, 16> digits{};
  std::uint64_t fingerprint = alert.labels.fingerprint();
  for (auto digit = digits.rbegin(); digit != digits.rend(); ++digit, fingerprint >>= 4U)
    *digit = kHex[fingerprint & 0xfU];
  out.put(R"(,"fingerprint":")", {digits.data(), digits.size()});
  out.put("\"}");
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
  Out out(size_hint(input));
  out.member(R"({"receiver":)", quote_meta(input.receiver));
  LabelSets sets(out);
  bool firing = false;
  for (const AmAlert& alert : input.alerts) firing = firing || !alert.resolved;
  out.put(firing ? R"(,"status":"firing","alerts":[)" : R"(,"status":"resolved","alerts":[)");
  for (const AmAlert& alert : input.alerts) {
    if (&alert != input.alerts.data()) out.put(",");
    append_alert(out, sets, alert, input.alerts.size() == 1);
    if (out.size() > kMaxBytes) return fail(Errc::kLimit, "JSON is longer than the limit of {} bytes", kMaxBytes);
  }
  out.member(R"(],"notification_reason":)", input.reason);
  sets.append(R"(,"groupLabels":)", input.group_labels);
  sets.append(R"(,"commonLabels":)", common(input.alerts, &model::Alert::labels));
  sets.append(R"(,"commonAnnotations":)", common(input.alerts, &model::Alert::annotations));
  out.member(R"(,"routeLabels":{},"externalURL":)", input.external_url);
  out.put("}");
  return out.take();
}

}  // namespace tocsin::tmpl
