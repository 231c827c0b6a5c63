#include "config/alertmanager_config.hpp"

#include <algorithm>

#include <catch2/catch.hpp>

namespace tocsin::config {
namespace {

std::shared_ptr<const AlertmanagerConfig> good(const std::string& text) {
  auto config = parse_alertmanager_config(text, "/etc/am/alertmanager.yml");
  if (!config) FAIL(config.error().message);
  return *config;
}

std::string error_of(const std::string& text) {
  const auto config = parse_alertmanager_config(text, "am.yml");
  if (config) return "no error";
  return config.error().message;
}

bool warned(const AlertmanagerConfig& config, const std::string& part) {
  return std::any_of(config.warnings.begin(), config.warnings.end(),
                     [&](const std::string& w) { return w.find(part) != std::string::npos; });
}

const std::string kReceiver = "receivers: [{name: r}]\n";

}  // namespace

TEST_CASE("A small configuration has Alertmanager's defaults") {
  const auto config = good(
      "route: {receiver: r}\nreceivers:\n- name: r\n  slack_configs:\n  - api_url: http://slack.example/x\n"
      "  pagerduty_configs:\n  - routing_key: abc\n  webhook_configs:\n  - url: http://hook.example/\n");
  CHECK(config->global.resolve_timeout == std::chrono::minutes(5));
  CHECK(config->warnings.empty());
  const ReceiverConfig* r = config->receiver("r");
  REQUIRE(r != nullptr);
  CHECK_FALSE(r->slack.at(0).send_resolved);
  CHECK(r->slack[0].title == R"({{ template "slack.default.title" . }})");
  CHECK(r->slack[0].api_url.reveal() == "http://slack.example/x");
  CHECK(r->pagerduty.at(0).send_resolved);
  CHECK(r->pagerduty[0].url == "https://events.pagerduty.com/v2/enqueue");
  CHECK(r->pagerduty[0].source == r->pagerduty[0].client);
  CHECK(r->pagerduty[0].details.size() == 4);
  CHECK(r->webhook.at(0).send_resolved);
  CHECK(r->webhook[0].max_alerts == 0);
}

TEST_CASE("Global values fill in what a receiver leaves out, and a local value suppresses the global pair") {
  const auto config = good(
      "global: {slack_api_url_file: url.txt, pagerduty_url: 'https://pd.example/x', resolve_timeout: 2m,\n"
      "         http_config: {follow_redirects: false}}\n"
      "route: {receiver: r}\n"
      "receivers:\n- name: r\n"
      "  slack_configs:\n  - {}\n  - {api_url: 'http://own.example/'}\n  - {app_token: tok, http_config: "
      "{follow_redirects: true}}\n"
      "  pagerduty_configs: [{service_key_file: key.txt, url: 'http://own.example/pd', details: {a: {b: [1, true, "
      "'x']}, firing: f}}]\n"
      "  webhook_configs: [{url_file: /abs/url, max_alerts: 3, timeout: 1m30s, payload: {n: '{{ 1 }}', k: 2}}]\n");
  const ReceiverConfig& r = *config->receiver("r");
  CHECK(r.slack.at(0).api_url_file == "/etc/am/url.txt");
  CHECK_FALSE(r.slack[0].http.follow_redirects);
  CHECK(r.slack.at(1).api_url_file.empty());
  CHECK(r.slack[1].api_url.reveal() == "http://own.example/");
  CHECK(r.slack.at(2).app_token.reveal() == "tok");
  CHECK(r.slack[2].api_url_file.empty());
  CHECK(r.slack[2].http.follow_redirects);
  CHECK(r.slack[2].app_url == "https://slack.com/api/chat.postMessage");
  const PagerdutyConfig& pd = r.pagerduty.at(0);
  CHECK(pd.url == "http://own.example/pd");
  CHECK(pd.service_key_file == "/etc/am/key.txt");
  REQUIRE(pd.details.size() == 5);
  CHECK(pd.details[0].first == "a");
  CHECK(pd.details[0].second.map.at(0).second.list.at(0).integer == 1);
  CHECK(pd.details[0].second.map[0].second.list.at(1).boolean);
  CHECK(pd.details[0].second.map[0].second.list.at(2).text == "x");
  CHECK(pd.details[1].first == "firing");
  CHECK(pd.details[1].second.text == "f");
  const WebhookConfig& hook = r.webhook.at(0);
  CHECK(hook.url_file == "/abs/url");
  CHECK(hook.max_alerts == 3);
  CHECK(hook.timeout == std::chrono::seconds(90));
  REQUIRE(hook.payload);
  CHECK(hook.payload->map.at(0).second.text == "{{ 1 }}");
  CHECK(hook.payload->map.at(1).second.integer == 2);
}

TEST_CASE("Routes are read with matchers of all three kinds, sorted") {
  const auto config = good(
      "route:\n  receiver: r\n  group_by: [b, a]\n  routes:\n"
      "  - match: {severity: critical}\n    match_re: {region: eu|us}\n    matchers: ['team=~\"a.*\"', "
      "'x!=\"y\",z=1']\n"
      "    group_by: []\n    continue: true\n    group_wait: 0s\n    group_interval: 1m\n    repeat_interval: 1d\n"
      "    labels: {owner: 'me {{ 1 }}'}\n"
      "  - {group_by: ['...'], mute_time_intervals: [never], active_time_intervals: [old]}\n" +
      kReceiver + "time_intervals: [{name: never, time_intervals: [{years: ['1990']}]}]\n" +
      "mute_time_intervals: [{name: old, time_intervals: []}]\ninhibit_rules:\n" +
      "- {name: n, source_match: {a: b}, target_matchers: ['c=d'], equal: [z, y, z]}\n");
  const RouteConfig& child = config->route.routes.at(0);
  CHECK(config->route.group_by == std::vector<std::string>{"a", "b"});
  CHECK(matchers_text(child.matchers) == R"({region=~"^(?:eu|us)$",severity="critical",team=~"a.*",x!="y",z="1"})");
  REQUIRE(child.group_by);
  CHECK(child.group_by->empty());
  CHECK(child.continue_matching);
  CHECK(child.group_wait == Duration::zero());
  CHECK(child.repeat_interval == std::chrono::hours(24));
  CHECK(child.labels.at(0).second == "me {{ 1 }}");
  CHECK(config->route.routes.at(1).group_by_all);
  CHECK_FALSE(config->route.routes[1].group_by);
  CHECK(config->inhibit_rules.at(0).equal == std::vector<std::string>{"y", "z"});
  CHECK(config->time_intervals.size() == 2);
}

TEST_CASE("A mistake is told with file, line, column and Alertmanager's words") {
  struct Case {
    std::string text, error;
  };
  const std::string route = "route: {receiver: r}\n";
  const Case cases[] = {
      {"", "am.yml:1:1: no route provided in config"},
      {kReceiver, "am.yml:1:1: no route provided in config"},
      {"route: {}\n" + kReceiver, "am.yml:1:8: root route must specify a default receiver"},
      {"route: {receiver: r, continue: true}\n" + kReceiver, "am.yml:1:32: cannot have continue in root route"},
      {"route: {receiver: r, matchers: [a=b]}\n" + kReceiver, "root route must not have any matchers"},
      {"route: {receiver: r, mute_time_intervals: [x]}\n" + kReceiver,
       "root route must not have any mute time intervals"},
      {"route: {receiver: r, active_time_intervals: [x]}\n" + kReceiver,
       "root route must not have any active time intervals"},
      {"route: {receiver: nobody}\n" + kReceiver, "undefined receiver \"nobody\" used in route"},
      {"route: {receiver: r, routes: [{mute_time_intervals: [x]}]}\n" + kReceiver,
       "undefined time interval \"x\" used in route"},
      {route + "receivers: [{name: r}, {name: r}]\n", "am.yml:2:24: notification config name \"r\" is not unique"},
      {route + "receivers: [{}]\n", "missing name in receiver"},
      {"route: {receiver: r, group_by: [a, a]}\n" + kReceiver, "duplicated label \"a\" in group_by"},
      {"route: {receiver: r, group_by: ['...', a]}\n" + kReceiver, "cannot have wildcard group_by (`...`)"},
      {"route: {receiver: r, group_interval: 0s}\n" + kReceiver, "am.yml:1:38: group_interval cannot be zero"},
      {"route: {receiver: r, repeat_interval: 0s}\n" + kReceiver, "repeat_interval cannot be zero"},
      {"route: {receiver: r, routes: [{match: {'a-b': c}}]}\n" + kReceiver, "invalid label name \"a-b\""},
      {"route: {receiver: r, routes: [{match_re: {a: '('}}]}\n" + kReceiver, "am.yml:1:46: "},
      {"route: {receiver: r, routes: [{match_re: {a: }}]}\n" + kReceiver, "invalid regexp value for \"a\""},
      {"route: {receiver: r, routes: [{matchers: ['a']}]}\n" + kReceiver, "bad matcher format: a"},
      {"route: {receiver: r, nonsense: 1}\n" + kReceiver, "field nonsense not found"},
      {"nonsense: 1\n" + route + kReceiver, "am.yml:1:1: "},
      {"global: {slack_api_url: 'http://a/', slack_api_url_file: f}\n" + route + kReceiver,
       "at most one of slack_api_url & slack_api_url_file must be configured"},
      {"global: {opsgenie_api_key: a, opsgenie_api_key_file: f}\n" + route + kReceiver,
       "at most one of opsgenie_api_key & opsgenie_api_key_file must be configured"},
      {"global: {slack_app_token: a, slack_api_url: 'http://a/'}\n" + route + kReceiver,
       "at most one of slack_app_token/slack_app_token_file"},
      {"global: {slack_api_url: 'ftp://a/'}\n" + route + kReceiver, "unsupported scheme \"ftp\" for URL"},
      {"global: {slack_api_url: 'http://'}\n" + route + kReceiver, "missing host for URL"},
      {route + "receivers: [{name: r, slack_configs: [{}]}]\n", "no Slack API URL nor App token set"},
      {route + "receivers: [{name: r, slack_configs: [{api_url: 'http://a/', update_message: true}]}]\n",
       "update_message can only be used with bot tokens"},
      {route + "receivers: [{name: r, slack_configs: [{api_url: 'http://a/', actions: [{type: button, text: x}]}]}]\n",
       "missing name or url in Slack action configuration"},
      {route + "receivers: [{name: r, pagerduty_configs: [{}]}]\n",
       "missing service or routing key in PagerDuty config"},
      {route + "receivers: [{name: r, webhook_configs: [{}]}]\n", "one of url or url_file must be configured"},
      {route + "receivers: [{name: r, webhook_configs: [~]}]\n", "missing webhook config"},
      {route + "receivers: [{name: r, webhook_configs: [{url: 'http://a/', url_file: b}]}]\n",
       "at most one of url & url_file must be configured"},
      {route + "receivers: [{name: r, webhook_configs: [{url: 'http://a/', timeout: 5}]}]\n", "am.yml:2:69: "},
      {route + "receivers: [{name: r, email_configs: [{to: a}]}]\n", "no global SMTP smarthost set"},
      {route + "receivers: [{name: r, labels: {name: other}}]\n", "receiver label \"name\" must match receiver name"},
      {route + kReceiver + "time_intervals: [{name: a}, {name: a}]\n", "time interval \"a\" is not unique"},
      {route + kReceiver + "mute_time_intervals: [{name: a}]\ntime_intervals: [{name: a}]\n",
       "time interval \"a\" is not unique"},
      {route + kReceiver + "inhibit_rules: [{equal: ['']}]\n", "invalid label name \"\" in equal list"},
      {"route: {receiver: r}\nroute: {receiver: r}\n" + kReceiver, "am.yml:2:1: "},
      {"a: [", "am.yml:"},
  };
  for (const Case& c : cases) {
    INFO(c.text);
    const std::string error = error_of(c.text);
    INFO(error);
    CHECK(error.starts_with("am.yml:"));
    CHECK(error.find(c.error) != std::string::npos);
  }
}

TEST_CASE("Mistakes in integrations have Alertmanager's words") {
  const std::pair<const char*, const char*> rows[] = {
      {"opsgenie_configs: [{}]", "no global OpsGenie API Key set either inline or in a file"},
      {"opsgenie_configs: [{api_key: a, api_key_file: b}]", "at most one of api_key & api_key_file must be configured"},
      {"opsgenie_configs: [{api_key: a, responders: [{type: team}]}]",
       "opsGenieConfig responder {   team} has to have at least one of id, username or name specified"},
      {"opsgenie_configs: [{api_key: a, responders: [{name: n, type: boss}]}]",
       "type does not match valid options ^(team|teams|user|escalation|schedule)$"},
      {"victorops_configs: [{api_key: a}]", "missing Routing key in VictorOps config"},
      {"victorops_configs: [{routing_key: r}]", "no global VictorOps API Key set"},
      {"victorops_configs: [{api_key: a, routing_key: r, custom_fields: {entity_id: x}}]",
       "victorOps config contains custom field entity_id which cannot be used"},
      {"pushover_configs: [{token: t}]", "one of user_key or user_key_file must be configured"},
      {"pushover_configs: [{user_key: u, token: t, html: true, monospace: true}]",
       "at most one of monospace & html must be configured"},
      {"telegram_configs: [{bot_token: t}]", "missing chat_id or chat_id_file on telegram_config"},
      {"telegram_configs: [{chat_id: 1}]", "missing bot_token or bot_token_file on telegram_config"},
      {"telegram_configs: [{chat_id: 1, bot_token: t, parse_mode: BB}]", "unknown parse_mode on telegram_config"},
      {"discord_configs: [{}]", "one of webhook_url or webhook_url_file must be configured"},
      {"msteams_configs: [{}]", "one of webhook_url or webhook_url_file must be configured"},
      {"msteamsv2_configs: [{webhook_url: 'http://a/', webhook_url_file: b}]", "at most one of webhook_url &"},
      {"webex_configs: [{room_id: r}]", "missing webex_configs.http_config.authorization"},
      {"webex_configs: [{}]", "missing room_id on webex_config"},
      {"wechat_configs: [{api_secret: s}]", "no global Wechat CorpID set"},
      {"wechat_configs: [{api_secret: s, corp_id: c, message_type: x}]", "weChat message type \"x\" does not match"},
      {"sns_configs: [{}]", "must provide either a Target ARN, Topic ARN, or Phone Number for SNS config"},
      {"sns_configs: [{topic_arn: a, phone_number: b}]", "must provide either a Target ARN"},
      {"sns_configs: [{topic_arn: a, sigv4: {access_key: k}}]", "must provide a AWS SigV4 Access key and Secret Key"},
      {"jira_configs: [{project: p, issue_type: i}]", "no global Jira Cloud URL set"},
      {"jira_configs: [{project: p, issue_type: i, api_url: 'http://j/', api_type: x}]",
       "unknown api_type on jira_config"},
      {"rocketchat_configs: [{token: t}]", "no global Rocketchat TokenID set either inline or in a file"},
      {"mattermost_configs: [{}]", "missing webhook_url or webhook_url_file on mattermost_config"},
      {"mattermost_configs: [{webhook_url: 'http://a/', fields: [{title: t}]}]", "missing value in Mattermost field"},
      {"incidentio_configs: [{}]", "one of url or url_file must be configured"},
      {"incidentio_configs: [{url: 'http://a/', http_config: {follow_redirects: true}}]",
       "at least one of alert_source_token, alert_source_token_file or http_config.authorization must be configured"},
      {"incidentio_configs: [{url: 'http://a/', nonsense: 1}]",
       "field nonsense not found in type config.IncidentioConfig"},
      {"sms_configs: [{to: ['+1']}]", "one of twilio & gateway must be configured in sms config"},
      {"sms_configs: [{twilio: {account_sid: a, auth_token: t, from: f}}]", "missing to in sms config"},
      {"sms_configs: [{to: [a], twilio: {account_sid: a, from: f}}]", "one of auth_token or auth_token_file must be"},
      {"github_configs: [{repository: x, token: t}]", "repository of a github config must be owner/name, not \"x\""},
      {"github_configs: [{repository: a/b}]",
       "one of token, token_file & http_config.authorization must be configured"},
      {"fallback: r", "a receiver cannot be its own fallback"},
      {"fallback: nobody", "undefined receiver \"nobody\" used as fallback"},
  };
  for (const auto& [text, error] : rows) {
    INFO(text);
    const std::string message = error_of("route: {receiver: r}\nreceivers:\n- name: r\n  " + std::string(text) + "\n");
    INFO(message);
    CHECK(message.starts_with("am.yml:"));
    CHECK(message.find(error) != std::string::npos);
  }
}

TEST_CASE("Integrations take their URLs and keys from global, unless they have their own") {
  const auto config = good(
      "global: {opsgenie_api_key_file: og.key, victorops_api_key: vo, wechat_api_secret: wx, wechat_api_corp_id: "
      "corp,\n"
      "         telegram_bot_token: bot, rocketchat_token: t, rocketchat_token_id: i, mattermost_webhook_url: "
      "'http://mm/',\n"
      "         jira_api_url: 'http://jira/', http_config: {proxy_url: 'http://proxy/'}}\n"
      "route: {receiver: r}\nreceivers:\n- name: r\n  fallback: {receiver: other, after: 2m}\n"
      "  opsgenie_configs: [{}, {api_key: own, api_url: 'http://og/x?a=b'}]\n"
      "  victorops_configs: [{routing_key: k}]\n  wechat_configs: [{}]\n  telegram_configs: [{chat_id_file: chat}]\n"
      "  rocketchat_configs: [{}]\n  mattermost_configs: [{}]\n"
      "  jira_configs: [{project: p, issue_type: i, summary: s, description: {template: d, enable_update: false}}]\n"
      "  msteamsv2_configs: [{webhook_url: 'http://t/', http_config: {follow_redirects: false}}]\n- name: other\n");
  CHECK(config->warnings.empty());
  const ReceiverConfig& r = *config->receiver("r");
  CHECK(r.opsgenie.at(0).api_key_file == "/etc/am/og.key");
  CHECK(r.opsgenie[0].api_url == "https://api.opsgenie.com/");
  CHECK(r.opsgenie.at(1).api_key_file.empty());
  CHECK(r.opsgenie[1].api_url == "http://og/x/?a=b");
  CHECK(r.victorops.at(0).api_key.reveal() == "vo");
  CHECK(r.wechat.at(0).corp_id == "corp");
  CHECK_FALSE(r.wechat[0].send_resolved);
  CHECK(r.telegram.at(0).bot_token.reveal() == "bot");
  CHECK(r.telegram[0].chat_id_file == "/etc/am/chat");
  CHECK(r.rocketchat.at(0).token_id.reveal() == "i");
  CHECK(r.mattermost.at(0).webhook_url.reveal() == "http://mm/");
  CHECK(r.jira.at(0).api_url == "http://jira/");
  CHECK(r.jira[0].summary.text == "s");
  CHECK(r.jira[0].summary.updates());
  CHECK_FALSE(r.jira[0].description.updates());
  CHECK(r.msteamsv2.at(0).http.proxy.proxy_url.reveal() == "http://proxy/");
  CHECK_FALSE(r.msteamsv2[0].http.follow_redirects);
  REQUIRE(r.fallback);
  CHECK(r.fallback->receiver == "other");
  CHECK(r.fallback->after == std::chrono::minutes(2));
}

TEST_CASE("What Alertmanager knows and this build does not do loads with a warning that names it and its place") {
  const auto config = good(
      "route: {receiver: r}\nreceivers:\n- name: r\n  webhook_configs: [{url: 'http://a/'}]\n"
      "tracing: {endpoint: x}\n");
  CHECK(warned(*config, "/etc/am/alertmanager.yml:5:"));
  CHECK(warned(*config, "tracing"));
}

TEST_CASE("E-mail takes what it lacks from global, and knows its header fields by any spelling") {
  const auto config = good(
      "global: {smtp_smarthost: 'mail:587', smtp_from: a@b, smtp_auth_username: u, smtp_auth_password: p, "
      "smtp_require_tls: false, smtp_tls_config: {server_name: x}}\nroute: {receiver: r}\nreceivers:\n- name: r\n"
      "  email_configs:\n  - {to: x@y, headers: {subject: S, message-id: M}, threading: {enabled: true, "
      "thread_by_date: daily}}\n  - {to: x@y, smarthost: '[::1]:465', from: c@d, require_tls: true, "
      "auth_password_file: pw, text: T, html: '', send_resolved: true}\n");
  const auto& email = config->receiver("r")->email;
  REQUIRE(email.size() == 2);
  CHECK(email[0].smarthost == "mail:587");
  CHECK(email[0].from == "a@b");
  CHECK(email[0].hello == "localhost");
  CHECK(email[0].auth_password.reveal() == "p");
  CHECK(email[0].require_tls == false);
  CHECK(email[0].tls->server_name == "x");
  CHECK_FALSE(email[0].send_resolved);
  CHECK(email[0].headers == config::TextMap{{"From", "a@b"}, {"Message-Id", "M"}, {"Subject", "S"}, {"To", "x@y"}});
  CHECK(email[1].auth_password.empty());
  CHECK(email[1].auth_password_file == "/etc/am/pw");
  CHECK(email[1].html.empty());
  CHECK(email[1].require_tls == true);
}

TEST_CASE("E-mail is judged as Alertmanager judges it") {
  const std::string head = "route: {receiver: r}\nreceivers:\n- name: r\n  email_configs: ";
  const std::pair<std::string, std::string> cases[] = {
      {"[{}]", "missing to address in email config"},
      {"[{to: a@b}]", "no global SMTP smarthost set"},
      {"[{to: a@b, smarthost: 'h:25'}]", "no global SMTP from set"},
      {"[{to: a@b, smarthost: h, from: a@b}]", "address h: missing port in address"},
      {"[{to: a@b, smarthost: 'h:', from: a@b}]", "address \"h:\": port cannot be empty"},
      {"[{to: a@b, smarthost: 'a:b:1', from: a@b}]", "address a:b:1: too many colons in address"},
      {"[{to: a@b, smarthost: 'h:25', from: a@b, headers: {subject: x, Subject: y}}]",
       "duplicate header \"Subject\" in email config"},
      {"[{to: a@b, smarthost: 'h:25', from: a@b, threading: {enabled: true}}]",
       "threading.thread_by_date must be either 'none' or 'daily'"},
      {"[{to: a@b, smarthost: 'h:25', from: a@b, headers: {references: x}, threading: {enabled: true, thread_by_date: "
       "none}}]",
       "conflicting configuration: threading.enabled conflicts with custom References header"},
      {"[null]", "missing email config"},
      {"[{to: a@b, frm: x}]", "field frm not found in type config.EmailConfig"},
  };
  for (const auto& [text, message] : cases) {
    INFO(text);
    const auto config = parse_alertmanager_config(head + text + "\n", "/etc/am/alertmanager.yml");
    REQUIRE_FALSE(config.has_value());
    CHECK(config.error().message.find(message) != std::string::npos);
    INFO(config.error().message);
  }
}

TEST_CASE("The configuration that API v2 shows has no secret in it and reads as a configuration") {
  const std::string text =
      "global: {slack_api_url: 'https://hooks.example/SECRET1', http_config: {basic_auth: {username: u, password: "
      "SECRET2}}}\n"
      "route:\n  receiver: r\n  group_by: ['...']\n  routes: [{matchers: ['a=\"b\"', 'c=~\"d|e\"'], continue: true, "
      "group_wait: 1s}]\n"
      "receivers:\n- name: r\n"
      "  slack_configs: [{channel: '#x', title: \"line\\nbreak \\\"q\\\"\"}]\n"
      "  pagerduty_configs: [{routing_key: SECRET3, url: 'https://user:SECRET4@pd.example/v2'}]\n"
      "  webhook_configs: [{url: 'https://u:SECRET5@hook.example/SECRET6?x=SECRET7'}, {url: '{{ \"SECRET8\" }}'}]\n"
      "  victorops_configs: [{api_key: SECRET9, routing_key: shown}]\n"
      "  telegram_configs: [{bot_token: SECRET16, chat_id: 1}]\n  discord_configs: [{webhook_url: "
      "'http://d/SECRET17'}]\n"
      "  sns_configs: [{topic_arn: t, sigv4: {access_key: a, secret_key: SECRET18}}]\n"
      "  sms_configs: [{to: [a], gateway: {url: 'http://g/SECRET19', headers: {X: SECRET20}}}]\n"
      "- name: s\n"
      "  webhook_configs:\n"
      "  - url: http://a/\n"
      "    http_config:\n"
      "      proxy_url: http://u:SECRET10@proxy\n"
      "      proxy_connect_header: {X-A: [SECRET11, SECRET12]}\n"
      "      http_headers: {X-B: {secrets: [SECRET13], values: [shown]}}\n"
      "      tls_config: {cert: c, key: SECRET14}\n"
      "      oauth2: {client_id: i, client_secret: SECRET15, token_url: 'http://t'}\n"
      "templates: ['*.tmpl']\ninhibit_rules: []\n";
  const auto config = good(text);
  INFO(config->original);
  CHECK(config->original.find("SECRET") == std::string::npos);
  CHECK(config->original.starts_with(
      "global:\n  resolve_timeout: 5m\n  http_config:\n    basic_auth:\n      username: u\n      password: <secret>\n"
      "    follow_redirects: true\n    enable_http2: true\n  smtp_hello: localhost\n"));
  CHECK(config->original.find("routing_key: shown") != std::string::npos);
  CHECK(config->original.find("https://hook.example/<secret>") != std::string::npos);
  const auto node = yaml::parse(config->original, "again");
  if (!node) FAIL(node.error().message);
  CHECK((*node)["route"]["routes"].at(0)["matchers"].at(1).text() == "c=~\"d|e\"");
  CHECK((*node)["receivers"].at(0)["slack_configs"].at(0)["title"].text() == "line\nbreak \"q\"");
}

TEST_CASE("The configuration that API v2 shows is in Alertmanager's order, with its defaults and its YAML") {
  const auto config = good(
      "receivers:\n- webhook_configs: [{max_alerts: 2, url: 'http://h/x'}]\n  name: \"1\"\n"
      "  slack_configs: [{channel: '#c', api_url: 'http://s/x', fields: [{value: b, title: a, short: true}]}]\n"
      "route: {routes: [{group_wait: 90s, matchers: ['{a=\"b\",c!~d}'], match: {z: y, b: '5'}, continue: true}], "
      "receiver: "
      "'1'}\n"
      "time_intervals: [{name: on, time_intervals: [{months: ['may:june'], weekdays: [Monday], times: [{start_time: "
      "'09:00', "
      "end_time: '24:00'}]}]}]\n");
  const std::string& shown = config->original;
  const std::string routes =
      "route:\n  receiver: \"1\"\n  continue: false\n  routes:\n  - match:\n      b: \"5\"\n      z: \"y\"\n    "
      "matchers:\n"
      "    - a=\"b\"\n    - c!~\"d\"\n    continue: true\n    group_wait: 1m30s\n";
  const std::string receivers =
      "receivers:\n- name: \"1\"\n  slack_configs:\n  - send_resolved: false\n    http_config:\n      "
      "follow_redirects: true\n"
      "      enable_http2: true\n    api_url: <secret>\n    channel: '#c'\n"
      "    username: '{{ template \"slack.default.username\" . }}'\n";
  const std::string end =
      "    link_names: false\n  webhook_configs:\n  - send_resolved: true\n    http_config:\n      follow_redirects: "
      "true\n"
      "      enable_http2: true\n    url: http://h/<secret>\n    max_alerts: 2\ntemplates: []\ntime_intervals:\n"
      "- name: \"on\"\n  time_intervals:\n  - times:\n    - start_time: \"09:00\"\n      end_time: \"24:00\"\n"
      "    weekdays: [monday]\n    months: [\"5:6\"]\n";
  INFO(shown);
  CHECK(shown.contains(routes + receivers));
  CHECK(shown.contains("    fields:\n    - title: a\n      value: b\n      short: true\n    short_fields: false\n"));
  CHECK(shown.ends_with(end));
}

TEST_CASE("Variables are expanded when asked for, but for matchers and templates, and are not shown") {
  AlertmanagerParseOptions options;
  options.load.expand_env = true;
  options.load.environment = [](const std::string& name) { return name == "TOKEN" ? "t0k" : ""; };
  const std::string text =
      "route:\n  receiver: r\n  group_wait: ${WAIT:-7s}\n"
      "  routes: [{matchers: ['a=~\"${TOKEN}$$\"']}]\n"
      "receivers:\n- name: r\n  slack_configs:\n"
      "  - {api_url: 'http://hook.example/${TOKEN}', title: '{{ .Status }} ${TOKEN}', text: 'a$$b'}\n";
  const auto config = parse_alertmanager_config(text, "am.yml", options);
  if (!config) FAIL(config.error().message);
  CHECK((*config)->route.group_wait == std::chrono::seconds(7));
  CHECK((*config)->route.routes.at(0).matchers.at(0).value() == "${TOKEN}$$");
  const SlackConfig& slack = (*config)->receivers.at(0).slack.at(0);
  CHECK(slack.api_url.reveal() == "http://hook.example/t0k");
  CHECK(slack.title == "{{ .Status }} ${TOKEN}");
  CHECK(slack.text == "a$b");
  CHECK((*config)->original.find("t0k") == std::string::npos);
  CHECK(parse_alertmanager_config("route: {receiver: '${NONE}'}\n", "am.yml", options).error().message ==
        "am.yml:1:19: environment variable NONE is empty or not set; ${NONE:-...} gives it a default");
}

TEST_CASE("Rendered text is read as a value tree with its types") {
  CHECK(parse_value_tree("3")->kind == ValueTree::Kind::kInt);
  CHECK(parse_value_tree("1.5")->number == 1.5);
  CHECK(parse_value_tree("true")->boolean);
  CHECK(parse_value_tree("'3'")->text == "3");
  CHECK(parse_value_tree("plain text")->text == "plain text");
  CHECK(parse_value_tree("{a: [1, null]}")->map.at(0).second.list.at(1).kind == ValueTree::Kind::kNull);
  CHECK_FALSE(parse_value_tree("{a: "));
}

}  // namespace tocsin::config
