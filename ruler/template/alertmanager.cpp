#include "template/alertmanager.hpp"

#include <algorithm>
#include <functional>

#include <fmt/format.h>

#include "base/log.hpp"
#include "template/am_types.hpp"
#include "template/email_template.hpp"

namespace tocsin::tmpl {

namespace {

/// Of at most 50 alerts: services have limits of size.
constexpr std::string_view kPlainText =
    "[{{ .Status | toUpper }}] {{ len .Alerts }} alert(s); plain text, because a template failed"
    "{{ range $i, $alert := .Alerts }}{{ if lt $i 50 }}\n- {{ .Status }}:"
    "{{ range .Labels.SortedPairs }} {{ .Name }}={{ .Value }}{{ end }}"
    "{{ range .Annotations.SortedPairs }}\n  {{ .Name }}: {{ .Value }}{{ end }}{{ end }}{{ end }}";

Value alert_value(const AmAlert& item) {
  const model::Alert& alert = *item.alert;
  return Value::object(
      {Value(item.resolved ? "resolved" : "firing"), kv_value(alert.labels), kv_value(alert.annotations),
       Value(Time::from_ms(alert.starts_at)), Value(item.resolved ? Time::from_ms(alert.ends_at) : Time{}),
       Value(alert.generator_url), Value(fmt::format("{:016x}", alert.labels.fingerprint()))},
      kAmAlertType);
}

Value data_value(const AmInput& input, bool firing, const std::string& reason, MapData route_labels) {
  ListData alerts;
  for (const AmAlert& alert : input.alerts) alerts.push_back(alert_value(alert));
  return Value::object(
      {Value(quote_meta(input.receiver)), Value(firing ? "firing" : "resolved"),
       Value::list(std::move(alerts), kAmAlertsType), Value(reason), kv_value(input.group_labels),
       kv_value(input.common_labels ? *input.common_labels : common(input.alerts, &model::Alert::labels)),
       kv_value(input.common_annotations ? *input.common_annotations
                                         : common(input.alerts, &model::Alert::annotations)),
       Value::map(std::move(route_labels), kKvType), Value(input.external_url)},
      kAmDataType);
}

using LabelFunction = std::function<Result<Value>(const std::string&)>;

FuncMap expansion_functions(Timestamp now, LabelFunction route_label) {
  FuncMap f;
  f["now"] = {{}, false, [now](Args) -> Result<Value> { return Value(Time::from_ms(now)); }};
  f["since"] = {{&kTimeType}, false, [now](Args a) -> Result<Value> {
                  return Value::duration(Time::from_ms(now).minus(a[0].as_time()));
                }};
  f["routeLabels"] = {
      {&kStringType}, false, [label = std::move(route_label)](Args a) { return label(a[0].as_string()); }};
  return f;
}

enum class Language { kText, kHtml };

Result<std::string> expand_with(const Template& set, std::string_view text, const Value& data, const FuncMap& functions,
                                Language language = Language::kText) {
  if (language == Language::kText && text.find("{{") == std::string_view::npos) return std::string(text);
  ExecOptions options;
  options.functions = &functions;
  Template copy = set;
  TOCSIN_OK(copy.add("", text, options));
  return language == Language::kHtml ? copy.execute_html("", data, options) : copy.execute("", data, options);
}

/// Renders route labels, which may refer to one another; each once.
class RouteLabels {
 public:
  RouteLabels(const Template& set, const AmInput& input, const Value& data, Timestamp now)
      : set_(set), input_(input), data_(data), now_(now) {}

  Result<std::string> render(const std::string& name) {
    if (auto it = done_.find(name); it != done_.end()) return it->second;
    auto raw = std::ranges::find(input_.route_labels, name, &std::pair<std::string, std::string>::first);
    if (raw == input_.route_labels.end()) return std::string();
    if (std::ranges::find(stack_, name) != stack_.end()) {
      return fail(Errc::kExecution, "route label cycle detected: {} -> {}", fmt::join(stack_, " -> "), name);
    }
    stack_.push_back(name);
    const FuncMap functions = expansion_functions(now_, [this](const std::string& other) -> Result<Value> {
      TOCSIN_TRY(std::string text, render(other));
      return Value(std::move(text));
    });
    auto text = expand_with(set_, raw->second, data_, functions);
    stack_.pop_back();
    if (text) done_.emplace(name, *text);
    return text;
  }

 private:
  const Template& set_;
  const AmInput& input_;
  const Value& data_;
  Timestamp now_;
  std::map<std::string, std::string> done_;
  std::vector<std::string> stack_;
};

Result<Value> rendered_label(const Value& data, const std::string& name) {
  const MapData& labels = data.field("RouteLabels")->as_map();
  auto it = labels.find(name);
  return it == labels.end() ? Value("") : it->second;
}

FuncMap functions_for(const AmData& data, Timestamp now) {
  return expansion_functions(now, [&data](const std::string& name) { return rendered_label(data.value(), name); });
}

}  // namespace

Result<AmTemplates> AmTemplates::load(const std::vector<std::pair<std::string, std::string>>& files) {
  Template set(alertmanager_functions());
  if (auto added = set.add("default.tmpl", default_templates()); !added) {
    return fail(std::move(added).error().wrap("BUG: default templates"));
  }
  if (auto added = set.add("email.tmpl", email_templates()); !added) {
    return fail(std::move(added).error().wrap("BUG: default templates"));
  }
  for (const auto& [name, text] : files) {
    if (auto added = set.add(name, text); !added) return fail(std::move(added).error());
  }
  AmTemplates out;
  out.set_ = std::make_shared<const Template>(std::move(set));
  return out;
}

std::vector<std::pair<std::string, std::string>> AmData::route_labels() const {
  std::vector<std::pair<std::string, std::string>> out;
  for (const auto& [name, value] : value_.field("RouteLabels")->as_map()) out.emplace_back(name, value.as_string());
  return out;
}

AmData AmTemplates::data(const AmInput& input, Timestamp now, std::vector<std::string>* failures) const {
  AmData out;
  out.firing_ = std::ranges::any_of(input.alerts, [](const AmAlert& a) { return !a.resolved; });
  MapData raw, rendered;
  for (const auto& [name, text] : input.route_labels) raw.insert_or_assign(name, Value(text));
  if (!raw.empty()) {
    // The reason is not known to route labels, as in Alertmanager.
    const Value unrendered = data_value(input, out.firing_, "unknown", raw);
    RouteLabels labels(*set_, input, unrendered, now);
    for (const auto& [name, value] : raw) {
      auto text = labels.render(name);
      if (text) {
        rendered.insert_or_assign(name, Value(std::move(*text)));
      } else if (failures != nullptr) {
        failures->push_back(fmt::format("route label {}: {}", name, text.error().message));
      }
    }
  }
  out.value_ = data_value(input, out.firing_, input.reason, std::move(rendered));
  return out;
}

Result<std::string> AmTemplates::expand(std::string_view text, const AmData& data, Timestamp now) const {
  if (text.find("{{") == std::string_view::npos) return std::string(text);
  return or_plain(expand_with(*set_, text, data.value(), functions_for(data, now)), data, false);
}

Result<std::string> AmTemplates::expand_html(std::string_view text, const AmData& data, Timestamp now) const {
  if (text.empty()) return std::string();
  return or_plain(expand_with(*set_, text, data.value(), functions_for(data, now), Language::kHtml), data, true);
}

Result<std::string> AmTemplates::or_plain(Result<std::string> expanded, const AmData& data, bool html) const {
  if (expanded || !plain_) return expanded;
  ++plain_->count;
  bool fresh = false;
  {
    const MutexLock lock(plain_->mutex);
    fresh = std::exchange(plain_->last_error, expanded.error().message) != expanded.error().message;
  }
  if (fresh) {
    log::error("template",
               "a template failed while a notification was made: labels and annotations are sent in its place",
               {{"err", expanded.error().message}});
  }
  // Nothing of the user's is in it, and nothing that depends on the alerts can fail.
  const Template set(alertmanager_functions());
  return html ? expand_with(set, fmt::format("<pre>{}</pre>", kPlainText), data.value(), *alertmanager_functions(),
                            Language::kHtml)
              : expand_with(set, kPlainText, data.value(), *alertmanager_functions());
}

Result<void> AmTemplates::check(std::string_view text) const {
  if (text.find("{{") == std::string_view::npos) return {};
  Template copy = *set_;
  return copy.add("", text);
}

Result<void> AmTemplates::check_html(std::string_view text) const {
  if (text.empty()) return {};
  Template copy = *set_;
  TOCSIN_OK(copy.add("", text));
  return copy.check_html("");
}

}  // namespace tocsin::tmpl
