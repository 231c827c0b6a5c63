#include "ctl/alertmanager_commands.hpp"

#include "base/duration.hpp"
#include "ctl/alert_history.hpp"
#include "ctl/alert_query.hpp"
#include "ctl/notify_test.hpp"
#include "ctl/routes.hpp"
#include "ctl/silence.hpp"
#include "ctl/template_render.hpp"

namespace tocsin::ctl {
namespace {

using Action = std::function<int()>;

void add_api(CLI::App& command, ApiArgs& api, bool with_output = true) {
  command.add_option("--alertmanager.url,--url", api.url, "Ruler or Alertmanager to talk to")->capture_default_str();
  if (with_output) {
    command.add_option("-o,--output", api.output, "Output formatter")
        ->check(CLI::IsMember({"simple", "extended", "json"}))
        ->capture_default_str();
  }
  command.add_option_function<std::string>(
      "--timeout",
      [&api](const std::string& text) {
        const auto duration = parse_duration(text);
        if (!duration) throw CLI::ValidationError("--timeout", duration.error().message);
        api.timeout = *duration;
      },
      "For the answer (30s)");
  command.add_option("--http.config.file", api.http_config_file,
                     "HTTP client configuration (http_config) to reach the server with");
}

/// As with amtool: a group without a command of its own shows what there is.
template <typename Args>
void show_by_default(CLI::App& group, Action& action, const std::shared_ptr<Args>& args, int (*run)(const Args&)) {
  group.require_subcommand(0, 1);
  add_api(group, args->api);
  group.final_callback([&action, args, run] {
    if (!action) action = [args, run] { return run(*args); };
  });
}

void add_times(CLI::App& command, std::string& start, std::string& end) {
  command.add_option("--start", start, "When it begins, RFC 3339");
  command.add_option("--end", end, "When it ends, RFC 3339");
}

void add_alert_history(CLI::App& alert, Action& action) {
  auto args = std::make_shared<AlertHistoryArgs>();
  CLI::App* command = alert.add_subcommand("history", "What happened to alerts, notifications and silences");
  add_api(*command, args->api);
  command->add_option("matchers", args->matchers, "Matchers; a first word alone is an alertname");
  command->add_option_function<std::string>(
      "--since",
      [args](const std::string& text) {
        const auto duration = parse_duration(text);
        if (!duration) throw CLI::ValidationError("--since", duration.error().message);
        args->since = *duration;
      },
      "How far to look back (24h)");
  add_times(*command, args->start, args->end);
  const auto add_list = [&](const char* flag, std::vector<std::string>& target, const char* help) {
    command->add_option(flag, target, help)->type_size(1)->allow_extra_args(false);
  };
  add_list("--kind", args->kinds,
           "Kind of event, or its first word: alert, notification, silence, alert_firing, ... (repeatable)");
  add_list("--outcome", args->outcomes, "Of a notification: delivered, failed, attempted (repeatable)");
  command->add_option("-r,--receiver", args->receiver, "Name of a receiver");
  command->add_option("--text", args->text, "Text in annotations, errors or comments");
  command->add_option("--limit", args->limit, "Events at most")->check(CLI::PositiveNumber)->capture_default_str();
  command->callback([&action, args] { action = [args] { return alert_history(*args); }; });
}

}  // namespace

void add_alert_commands(CLI::App& alert, Action& action) {
  add_alert_history(alert, action);
  auto query = std::make_shared<AlertQueryArgs>();
  CLI::App* command = alert.add_subcommand("query", "Show alerts: active ones, or those of the flags");
  add_api(*command, query->api);
  command->add_option("matchers", query->matchers, "Matchers; a first word alone is an alertname");
  command->add_flag("-s,--silenced", query->silenced, "Silenced alerts");
  command->add_flag("-i,--inhibited", query->inhibited, "Inhibited alerts");
  command->add_flag("-a,--active", query->active, "Active alerts");
  command->add_flag("-u,--unprocessed", query->unprocessed, "Unprocessed alerts");
  command->add_option("-r,--receiver", query->receiver, "Regular expression of receivers");
  command->callback([&action, query] { action = [query] { return alert_query(*query); }; });
  show_by_default(alert, action, query, alert_query);

  auto add = std::make_shared<AlertAddArgs>();
  command = alert.add_subcommand("add", "Post an alert");
  add_api(*command, add->api, false);
  command->add_option("labels", add->labels, "Labels NAME=VALUE; a first word alone is the alertname")->required();
  command->add_option("--annotation", add->annotations, "Annotation NAME=VALUE (repeatable)")
      ->type_size(1)
      ->allow_extra_args(false);
  command->add_option("--generator-url", add->generator_url, "Where the alert comes from");
  add_times(*command, add->start, add->end);
  command->callback([&action, add] { action = [add] { return alert_add(*add); }; });
}

void add_silence(CLI::App& app, Action& action) {
  CLI::App* silence = app.add_subcommand("silence", "Silences of a ruler or an Alertmanager");
  const auto make = [&](const char* name, const char* help, int (*run)(const SilenceArgs&)) {
    auto args = std::make_shared<SilenceArgs>();
    CLI::App* command = silence->add_subcommand(name, help);
    add_api(*command, args->api);
    command->callback([&action, args, run] { action = [args, run] { return run(*args); }; });
    return std::pair(command, args);
  };
  constexpr const char* kMatchers = "Matchers; a first word alone is an alertname";
  {
    const auto [command, args] = make("add", "Add a silence, print its id", silence_add);
    command->add_option("matchers", args->arguments, kMatchers)->required();
    command->add_option("-a,--author", args->author, "Who makes it (the user's name)");
    command->add_option("-c,--comment", args->comment, "Why");
    command->add_option("-d,--duration", args->duration, "How long (1h)");
    add_times(*command, args->start, args->end);
  }
  {
    const auto [command, args] = make("query", "Show silences", silence_query);
    command->add_option("matchers", args->arguments, kMatchers);
    command->add_flag("--expired", args->expired, "Expired silences instead of active ones");
    command->add_flag("-q,--quiet", args->quiet, "Ids only");
    command->add_option("--created-by", args->created_by, "Of this author");
    command->add_option("--id", args->id, "The one with this id");
    command->add_option("--within", args->within, "That end, or with --expired ended, within a duration");
    show_by_default(*silence, action, args, silence_query);
  }
  {
    const auto [command, args] = make("expire", "End silences now", silence_expire);
    command->add_option("ids", args->arguments, "Ids")->required();
  }
  {
    const auto [command, args] = make("update", "Change silences", silence_update);
    command->add_option("ids", args->arguments, "Ids")->required();
    command->add_flag("-q,--quiet", args->quiet, "Ids only");
    command->add_option("-c,--comment", args->comment, "The new comment");
    command->add_option("-d,--duration", args->duration, "How long, from its begin");
    add_times(*command, args->start, args->end);
  }
  {
    const auto [command, args] = make("import", "Post the silences of a file", silence_import);
    command->add_option("file", args->arguments, "JSON as query -o json prints it; none: standard input")
        ->expected(0, 1);
    command->add_flag("-f,--force", args->force, "Make those anew whose id the server does not know");
  }
  make("export", "Print all silences that are not expired, for import", silence_export);
}

void add_routes(CLI::App& app, Action& action) {
  CLI::App* routes = app.add_subcommand("routes", "Where alerts go");
  routes->require_subcommand(1);
  const auto make = [&](const char* name, const char* help, int (*run)(const RoutesArgs&)) {
    auto args = std::make_shared<RoutesArgs>();
    CLI::App* command = routes->add_subcommand(name, help);
    add_api(*command, args->api, false);
    command->add_option("--config.file", args->config_file, "alertmanager.yml; without it the server's configuration");
    command->callback([&action, args, run] { action = [args, run] { return run(*args); }; });
    return std::pair(command, args);
  };
  make("show", "Print the routing tree", routes_show);
  const auto [command, args] = make("test", "Print the receivers of an alert", routes_test);
  command->add_option("labels", args->labels, "Labels NAME=VALUE");
  command->add_option("--verify.receivers", args->verify_receivers, "Fail unless these are the receivers, with commas");
  command->add_flag("--tree", args->tree, "Print the routes that take it as a tree");
}

void add_template(CLI::App& app, Action& action) {
  CLI::App* group = app.add_subcommand("template", "Templates of notifications");
  group->require_subcommand(1);
  auto args = std::make_shared<TemplateRenderArgs>();
  CLI::App* render = group->add_subcommand("render", "Print what a template makes of alerts");
  render->add_option("--template.glob", args->globs, "Files of templates (repeatable)")
      ->type_size(1)
      ->allow_extra_args(false);
  render->add_option("--template.text", args->text, "The template to render")->required();
  render->add_option("--template.data", args->data_file, "JSON as a webhook gets it; default: an alert of our own");
  render
      ->add_option_function<std::string>(
          "--template.type", [args](const std::string& type) { args->html = type == "html"; }, "text or html")
      ->check(CLI::IsMember({"text", "html"}));
  render->callback([&action, args] { action = [args] { return template_render(*args); }; });
}

void add_notify(CLI::App& app, Action& action) {
  CLI::App* notify = app.add_subcommand("notify", "Receivers of alertmanager.yml");
  notify->require_subcommand(1);
  auto args = std::make_shared<NotifyTestArgs>();
  CLI::App* test =
      notify->add_subcommand("test", "Send a marked message to a receiver, say what its services answered");
  test->add_option("--config.file", args->config_file, "alertmanager.yml")->capture_default_str();
  test->add_option("--receiver", args->receiver, "Its name")->required();
  test->add_option("--summary", args->summary, "Text of the message")->capture_default_str();
  test->add_option("--web.external-url", args->external_url, "Of links in the message")->capture_default_str();
  test->add_flag("--resolve", args->resolve, "Send the end of the alert too");
  test->add_flag("--expand-env", args->expand_env, "Replace ${NAME} as --config.expand-env of tocsin-ruler does");
  test->callback([&action, args] { action = [args] { return notify_test(*args); }; });
}

}  // namespace tocsin::ctl
