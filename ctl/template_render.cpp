#include "ctl/template_render.hpp"

#include <cstdio>

#include "base/clock.hpp"
#include "base/fs.hpp"
#include "base/strings.hpp"
#include "ctl/alertmanager_api.hpp"
#include "model/annotations.hpp"
#include "template/alertmanager.hpp"

namespace tocsin::ctl {
namespace {

namespace json = boost::json;

Result<tmpl::AmTemplates> load_templates(const std::vector<std::string>& globs) {
  std::vector<std::pair<std::string, std::string>> files;
  for (const std::string& pattern : globs) {
    TOCSIN_TRY(const auto names, glob(posix_fs(), pattern));
    if (names.empty()) return fail(Errc::kNotFound, "no file matches {}", pattern);
    for (const std::string& name : names) {
      TOCSIN_TRY(std::string text, posix_fs().read_file(name));
      files.emplace_back(name.substr(name.rfind('/') + 1), std::move(text));  // as Go names it
    }
  }
  return tmpl::AmTemplates::load(files);
}

model::Labels labels_of(const json::value& object, std::string_view key) {
  const json::value* map = object.is_object() ? object.as_object().if_contains(key) : nullptr;
  model::LabelsBuilder labels;
  if (map == nullptr || !map->is_object()) return labels.build();
  for (const auto& [name, value] : map->as_object()) {
    if (value.is_string()) labels.set(std::string_view(name.data(), name.size()), std::string(value.as_string()));
  }
  return labels.build();
}

model::Labels annotations_of(const json::value& object) {
  const json::value* map = object.is_object() ? object.as_object().if_contains("annotations") : nullptr;
  std::vector<model::LabelView> texts;
  if (map == nullptr || !map->is_object()) return {};
  for (const auto& [name, value] : map->as_object()) {
    if (value.is_string()) texts.push_back({name, value.as_string()});
  }
  return model::make_annotations(texts);
}

tmpl::AmAlert read_alert(const json::value& value, Timestamp now) {
  auto alert = std::make_shared<model::Alert>();
  alert->labels = labels_of(value, "labels");
  alert->annotations = annotations_of(value);
  alert->starts_at = now;
  std::int64_t t = 0;
  if (parse_rfc3339(text_of(value, "startsAt"), t)) alert->starts_at = t;
  if (parse_rfc3339(text_of(value, "endsAt"), t)) alert->ends_at = t;
  alert->generator_url = text_of(value, "generatorURL");
  return {std::move(alert), text_of(value, "status") == "resolved"};
}

tmpl::AmInput example(Timestamp now) {
  auto alert = std::make_shared<model::Alert>();
  alert->labels = {{"alertname", "TocsinTest"}, {"instance", "localhost:9100"}, {"severity", "info"}};
  alert->annotations = {{"summary", "an alert to render templates with"}};
  alert->starts_at = now;
  alert->generator_url = "http://127.0.0.1:9090";
  tmpl::AmInput out;
  out.receiver = "receiver";
  out.group_labels = {{"alertname", "TocsinTest"}};
  out.alerts.push_back({std::move(alert), false});
  out.external_url = "http://127.0.0.1:9090";
  return out;
}

Result<tmpl::AmInput> read_data(const std::string& file, Timestamp now) {
  if (file.empty()) return example(now);
  TOCSIN_TRY(const std::string text, posix_fs().read_file(file));
  json::error_code wrong;
  const json::value data = json::parse(text, wrong);
  if (wrong || !data.is_object()) return fail(Errc::kInvalid, "{}: not a JSON object", file);
  const json::value* alerts = data.as_object().if_contains("alerts");
  if (alerts == nullptr || !alerts->is_array()) return fail(Errc::kInvalid, "{}: there are no alerts", file);
  tmpl::AmInput out;
  out.receiver = text_of(data, "receiver");
  out.group_labels = labels_of(data, "groupLabels");
  out.external_url = text_of(data, "externalURL");
  out.reason = text_of(data, "notification_reason");
  for (const auto& label : labels_of(data, "routeLabels")) out.route_labels.emplace_back(label.name, label.value);
  if (data.as_object().contains("commonLabels")) out.common_labels = labels_of(data, "commonLabels");
  if (data.as_object().contains("commonAnnotations")) out.common_annotations = labels_of(data, "commonAnnotations");
  for (const json::value& alert : alerts->as_array()) out.alerts.push_back(read_alert(alert, now));
  return out;
}

Result<std::string> render(const TemplateRenderArgs& args) {
  const Timestamp now = system_clock().now();
  TOCSIN_TRY(const tmpl::AmTemplates templates, load_templates(args.globs));
  TOCSIN_TRY(const tmpl::AmInput input, read_data(args.data_file, now));
  const tmpl::AmData data = templates.data(input, now);
  return args.html ? templates.expand_html(args.text, data, now) : templates.expand(args.text, data, now);
}

}  // namespace

int template_render(const TemplateRenderArgs& args) {
  const auto text = render(args);
  if (!text) return complain(text.error());
  fmt::print("{}", *text);  // as it is: it may be a file's content
  return 0;
}

}  // namespace tocsin::ctl
