// The default templates: for every name that Alertmanager 0.34 defines for texts, a template whose output is the same.
// Users redefine and call these names. What every integration shows comes from __subject and the lists of alerts.

#include "template/alertmanager.hpp"

namespace tocsin::tmpl {

namespace {

constexpr std::string_view kShared = R"tmpl(
{{ define "__alertmanager" }}Alertmanager{{ end }}
{{ define "__alertmanagerURL" }}{{ print .ExternalURL "/#/alerts?receiver=" (urlquery .Receiver) }}{{ end }}
{{ define "__description" }}{{ end }}

{{ define "__subject" -}}
  [{{ toUpper .Status }}{{ if eq "firing" .Status }}:{{ len .Alerts.Firing }}{{ end }}]
  {{- printf " %s " (.GroupLabels.Values.Join " ") }}
  {{- if lt (len .GroupLabels) (len .CommonLabels) }}({{ (.CommonLabels.Remove .GroupLabels.Names).Values.Join " " }}){{ end }}
{{- end }}

{{ define "__text_alert_list" -}}
  {{ range . }}
    {{- "Labels:\n" }}
    {{- range .Labels.SortedPairs }}{{ printf " - %s = %s\n" .Name .Value }}{{ end }}
    {{- "Annotations:\n" }}
    {{- range .Annotations.SortedPairs }}{{ printf " - %s = %s\n" .Name .Value }}{{ end }}
    {{- printf "Source: %s\n" .GeneratorURL }}
  {{- end }}
{{- end }}

{{ define "__text_alert_list_markdown" -}}
  {{ range . }}
    {{- "\nLabels:\n" }}
    {{- range .Labels.SortedPairs }}{{ printf "  - %s = %s\n" .Name .Value }}{{ end }}
    {{- "\nAnnotations:\n" }}
    {{- range .Annotations.SortedPairs }}{{ printf "  - %s = %s\n" .Name .Value }}{{ end }}
    {{- printf "\nSource: %s\n" .GeneratorURL }}
  {{- end }}
  {{- "\n" }}
{{- end }}

{{ define "__annotations" }}{{ .CommonAnnotations.Values.Join " " }}{{ end }}

{{ define "__lists" -}}
  {{ with .Alerts.Firing }}{{ "Alerts Firing:\n" }}{{ template "__text_alert_list" . }}{{ end }}
  {{- "\n" }}
  {{- with .Alerts.Resolved }}{{ "Alerts Resolved:\n" }}{{ template "__text_alert_list" . }}{{ end }}
{{- end }}

{{ define "__spaced_lists" -}}
  {{ "\n" }}
  {{- with .Alerts.Firing }}{{ "\nAlerts Firing:\n" }}{{ template "__text_alert_list" . }}{{ "\n" }}{{ end }}
  {{- "\n" }}
  {{- with .Alerts.Resolved }}{{ "\nAlerts Resolved:\n" }}{{ template "__text_alert_list" . }}{{ "\n" }}{{ end }}
  {{- "\n" }}
{{- end }}

{{ define "__markdown_lists" -}}
  {{ "\n" }}
  {{- with .Alerts.Firing }}{{ "\n# Alerts Firing:\n" }}{{ template "__text_alert_list_markdown" . }}{{ "\n" }}{{ end }}
  {{- "\n" }}
  {{- with .Alerts.Resolved }}{{ "\n# Alerts Resolved:\n" }}{{ template "__text_alert_list_markdown" . }}{{ "\n" }}{{ end }}
  {{- "\n" }}
{{- end }}

{{ define "__attachment_color" }}{{ if eq .Status "firing" }}danger{{ else }}good{{ end }}{{ end }}
)tmpl";

constexpr std::string_view kPagers = R"tmpl(
{{ define "slack.default.username" }}{{ template "__alertmanager" . }}{{ end }}
{{ define "slack.default.color" }}{{ template "__attachment_color" . }}{{ end }}
{{ define "slack.default.title" }}{{ template "__subject" . }}{{ end }}
{{ define "slack.default.titlelink" }}{{ template "__alertmanagerURL" . }}{{ end }}
{{ define "slack.default.fallback" }}{{ template "slack.default.title" . }} | {{ template "slack.default.titlelink" . }}{{ end }}
{{ define "slack.default.callbackid" }}{{ end }}
{{ define "slack.default.pretext" }}{{ end }}
{{ define "slack.default.text" }}{{ end }}
{{ define "slack.default.footer" }}{{ end }}
{{ define "slack.default.iconemoji" }}{{ end }}
{{ define "slack.default.iconurl" }}{{ end }}

{{ define "pagerduty.default.client" }}{{ template "__alertmanager" . }}{{ end }}
{{ define "pagerduty.default.clientURL" }}{{ template "__alertmanagerURL" . }}{{ end }}
{{ define "pagerduty.default.description" }}{{ template "__subject" . }}{{ end }}
{{ define "pagerduty.default.instances" }}{{ template "__text_alert_list" . }}{{ end }}

{{ define "opsgenie.default.message" }}{{ template "__subject" . }}{{ end }}
{{ define "opsgenie.default.source" }}{{ template "__alertmanagerURL" . }}{{ end }}
{{ define "opsgenie.default.description" }}{{ template "__annotations" . }}{{ "\n" }}{{ template "__lists" . }}{{ end }}

{{ define "victorops.default.entity_display_name" }}{{ template "__subject" . }}{{ end }}
{{ define "victorops.default.monitoring_tool" }}{{ template "__alertmanager" . }}{{ end }}
{{ define "victorops.default.state_message" }}{{ template "__annotations" . }}{{ "\n" }}{{ template "__lists" . }}{{ end }}

{{ define "pushover.default.title" }}{{ template "__subject" . }}{{ end }}
{{ define "pushover.default.url" }}{{ template "__alertmanagerURL" . }}{{ end }}
{{ define "pushover.default.message" }}{{ template "__annotations" . }}{{ template "__spaced_lists" . }}{{ end }}
)tmpl";

constexpr std::string_view kChats = R"tmpl(
{{ define "sns.default.subject" }}{{ template "__subject" . }}{{ end }}
{{ define "sns.default.message" }}{{ template "__annotations" . }}{{ template "__spaced_lists" . }}{{ end }}

{{ define "telegram.default.message" }}{{ template "__spaced_lists" . }}{{ end }}

{{ define "discord.default.content" }}{{ end }}
{{ define "discord.default.title" }}{{ template "__subject" . }}{{ end }}
{{ define "discord.default.message" }}{{ template "__spaced_lists" . }}{{ end }}

{{ define "webex.default.message" }}{{ template "__annotations" . }}{{ template "__spaced_lists" . }}{{ end }}

{{ define "wechat.default.to_user" }}{{ end }}
{{ define "wechat.default.to_party" }}{{ end }}
{{ define "wechat.default.to_tag" }}{{ end }}
{{ define "wechat.default.agent_id" }}{{ end }}
{{ define "wechat.default.message" -}}
  {{ template "__subject" . }}{{ "\n" }}{{ template "__annotations" . }}{{ "\n" }}{{ template "__lists" . }}
  {{- "\nAlertmanagerUrl:\n" }}{{ template "__alertmanagerURL" . }}
{{- end }}

{{ define "msteams.default.summary" }}{{ template "__subject" . }}{{ end }}
{{ define "msteams.default.title" }}{{ template "__subject" . }}{{ end }}
{{ define "msteams.default.text" }}{{ template "__markdown_lists" . }}{{ end }}
{{ define "msteamsv2.default.title" }}{{ template "__subject" . }}{{ end }}
{{ define "msteamsv2.default.text" }}{{ template "__markdown_lists" . }}{{ end }}

{{ define "rocketchat.default.alias" }}{{ template "__alertmanager" . }}{{ end }}
{{ define "rocketchat.default.title" }}{{ template "__subject" . }}{{ end }}
{{ define "rocketchat.default.titlelink" }}{{ template "__alertmanagerURL" . }}{{ end }}
{{ define "rocketchat.default.text" }}{{ end }}
{{ define "rocketchat.default.emoji" }}{{ end }}
{{ define "rocketchat.default.iconurl" }}{{ end }}

{{ define "mattermost.default.color" }}{{ template "__attachment_color" . }}{{ end }}
{{ define "mattermost.default.username" }}{{ template "__alertmanager" . }}{{ end }}
{{ define "mattermost.default.title" }}{{ template "__subject" . }}{{ end }}
{{ define "mattermost.default.titlelink" }}{{ template "__alertmanagerURL" . }}{{ end }}
{{ define "mattermost.default.fallback" }}{{ template "mattermost.default.title" . }} | {{ template "mattermost.default.titlelink" . }}{{ end }}
{{ define "mattermost.default.text" }}{{ template "__markdown_lists" . }}{{ end }}

{{ define "sms.default.message" }}{{ template "__subject" . }}{{ with .CommonAnnotations.summary }} {{ . }}{{ end }}{{ end }}

{{ define "github.default.title" }}{{ template "__subject" . }}{{ end }}
{{ define "github.default.body" }}{{ template "__markdown_lists" . }}{{ template "__alertmanagerURL" . }}{{ end }}

{{ define "jira.default.summary" }}{{ template "__subject" . }}{{ end }}
{{ define "jira.default.description" }}{{ template "__markdown_lists" . }}{{ end }}
{{ define "jira.default.priority" -}}
  {{ $found := "" }}
  {{- range $alerts := list .Alerts.Firing .Alerts.Resolved }}
    {{- if $found }}{{ break }}{{ end }}
    {{- range $name := stringSlice "info" "warning" "critical" }}
      {{- range $alerts }}{{ if eq $name (index .Labels "severity") }}{{ $found = $name }}{{ end }}{{ end }}
    {{- end }}
  {{- end }}
  {{- index (dict "" "" "info" "Low" "warning" "Medium" "critical" "High") $found }}
{{- end }}
)tmpl";

}  // namespace

std::string_view default_templates() {
  static const std::string text = std::string(kShared) + std::string(kPagers) + std::string(kChats);
  return text;
}

}  // namespace tocsin::tmpl
