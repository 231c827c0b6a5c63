#include "ctl/app.hpp"

#include <functional>
#include <iostream>

#include <CLI/CLI.hpp>

#include "base/duration.hpp"
#include "base/log.hpp"
#include "base/version.hpp"
#include "ctl/alert.hpp"
#include "ctl/alertmanager_commands.hpp"
#include "ctl/check.hpp"
#include "ctl/check_config.hpp"
#include "ctl/check_metrics.hpp"
#include "ctl/check_rules.hpp"
#include "ctl/promql.hpp"
#include "ctl/query.hpp"
#include "ctl/test_rules.hpp"
#include "ctl/tsdb.hpp"

namespace tocsin::ctl {
namespace {

using Action = std::function<int()>;

constexpr const char* kHttpConfigHelp = "HTTP client configuration (http_config) to reach the server with";

Duration read_duration(const std::string& text) {
  if (auto duration = parse_duration(text)) return *duration;
  throw CLI::ValidationError("duration", "not a valid duration: \"" + text + "\"");
}

void add_check_metrics(CLI::App& check, Action& action) {
  auto args = std::make_shared<CheckMetricsArgs>();
  CLI::App* command =
      check.add_subcommand("metrics", "Pages of metrics: do scrapers take them, are the names good ones");
  command->add_option("files", args->files, "Pages to check; - or none is standard input");
  command->add_option("--format", args->format, "Default: OpenMetrics if the page ends with # EOF")
      ->check(CLI::IsMember({"text", "openmetrics"}));
  command->add_flag("--strict", args->strict, "The OpenMetrics specification's verdict");
  command->callback([&action, args] { action = [args] { return check_metrics(*args); }; });
}

void add_check_config(CLI::App& check, Action& action) {
  auto args = std::make_shared<CheckConfigArgs>();
  CLI::App* command = check.add_subcommand("config", "prometheus.yml, and the files that it names");
  command->add_option("files", args->files, "Files to check")->required();
  command->add_flag("--syntax-only", args->syntax_only, "Check these files alone, not what they name");
  command->add_flag("--agent", args->agent, "Check for Prometheus in agent mode");
  command->add_flag("--expand-env", args->expand_env, "Replace ${NAME} as --config.expand-env of tocsin-ruler does");
  command->add_flag("--ignore-unknown-fields", args->ignore_unknown_fields, "Ignore unknown fields of rule groups");
  command->add_option("--lint", args->lint, "Linting checks to apply")
      ->check(CLI::IsMember({"all", "duplicate-rules", "none", "too-long-scrape-interval"}))
      ->capture_default_str();
  command->add_flag("--lint-fatal", args->lint_fatal, "Make lint errors exit with 3");
  command->add_option_function<std::string>(
      "--query.lookback-delta", [args](const std::string& text) { args->lookback_delta = read_duration(text); },
      "The server's lookback, for too-long-scrape-interval (5m)");
  command->callback([&action, args] { action = [args] { return check_config(*args); }; });
}

void add_features(CLI::App& command, std::vector<std::string>& features) {
  command.add_option("--enable-feature", features, "Features of PromQL, with commas (repeatable)")
      ->type_size(1)
      ->allow_extra_args(false);
}

void add_check_rules(CLI::App& check, Action& action) {
  auto args = std::make_shared<CheckRulesArgs>();
  CLI::App* command = check.add_subcommand("rules", "Rule files");
  command->add_option("files", args->files, "Files to check; none: standard input");
  command->add_option("--lint", args->lint, "Linting checks to apply")
      ->check(CLI::IsMember({"all", "duplicate-rules", "none"}))
      ->capture_default_str();
  command->add_flag("--lint-fatal", args->lint_fatal, "Make lint errors exit with 3");
  command->add_flag("--ignore-unknown-fields", args->ignore_unknown_fields, "Ignore unknown fields of rule groups");
  add_features(*command, args->features);
  command->callback([&action, args] { action = [args] { return check_rules(*args); }; });
}

void add_check(CLI::App& app, Action& action) {
  CLI::App* check = app.add_subcommand("check", "Check files before they are deployed");
  check->require_subcommand(1);
  const auto add = [&](const char* name, const char* help, int (*run)(const std::vector<std::string>&)) {
    auto files = std::make_shared<std::vector<std::string>>();
    CLI::App* command = check->add_subcommand(name, help);
    command->add_option("files", *files, "Files to check")->required();
    command->callback([&action, files, run] { action = [files, run] { return run(*files); }; });
  };
  add_check_config(*check, action);
  add_check_rules(*check, action);
  add("alertmanager", "alertmanager.yml", check_alertmanager);
  add("agent", "agent.yml: what the agent is to ask", check_agent);
  add("web-config", "files for --web.config.file, and the certificates that they name", check_web_config);
  add_check_metrics(*check, action);
}

void add_query(CLI::App& app, Action& action) {
  CLI::App* query = app.add_subcommand("query", "Ask a server PromQL");
  query->require_subcommand(1);
  const auto add = [&](const char* name, const char* help, int (*run)(const QueryArgs&), bool range) {
    auto args = std::make_shared<QueryArgs>();
    CLI::App* command = query->add_subcommand(name, help);
    command->add_option("server", args->server, "URL, such as http://127.0.0.1:9090")->required();
    command->add_option("expression", args->expression, "PromQL")->required();
    if (range) {
      command->add_option("--start", args->start, "Seconds or RFC 3339; default: an hour before the end");
      command->add_option("--end", args->end, "Seconds or RFC 3339; default: now");
      command->add_option("--step", args->step, "Seconds or duration");
    } else {
      command->add_option("--time", args->time, "Seconds or RFC 3339; default: now");
    }
    command->add_flag("--json", args->json, "Print the answer as it came");
    command->add_option("--http.config.file", args->http_config_file, kHttpConfigHelp);
    command->callback([&action, args, run] { action = [args, run] { return run(*args); }; });
  };
  add("instant", "The value at a time", query_instant, false);
  add("range", "The values over a range of time", query_range, true);
}

void add_alert(CLI::App& app, Action& action) {
  CLI::App* alert = app.add_subcommand("alert", "Alerts of a server; fire a test alert; receive pages");
  alert->require_subcommand(1);
  add_alert_commands(*alert, action);

  auto args = std::make_shared<AlertTestArgs>();
  auto labels = std::make_shared<std::vector<std::string>>();
  args->server = "http://127.0.0.1:9090";
  args->summary = "A test alert by tocsinctl; it resolves itself.";
  CLI::App* test = alert->add_subcommand("test", "Fire a marked alert (test=\"true\") through the whole routing");
  test->add_option("--alertmanager.url,--url", args->server, "Where to")->capture_default_str();
  test->add_option("--label", *labels, "Label NAME=VALUE to add or replace (repeatable)")
      ->type_size(1)
      ->allow_extra_args(false);
  test->add_option("--summary", args->summary, "Text of the page")->capture_default_str();
  test->add_option_function<std::string>(
      "--for", [args](const std::string& text) { args->lasts = read_duration(text); }, "How long it fires (1m)");
  test->add_flag("--resolve", args->resolve, "Resolve it now");
  test->add_option("--http.config.file", args->http_config_file, kHttpConfigHelp);
  test->callback([&action, args, labels] {
    for (const std::string& label : *labels) {
      const std::size_t equal = label.find('=');
      if (equal == 0 || equal == std::string::npos) throw CLI::ValidationError("--label", "not NAME=VALUE: " + label);
      args->labels[label.substr(0, equal)] = label.substr(equal + 1);
    }
    action = [args] { return alert_test(*args); };
  });

  auto listen = std::make_shared<std::string>("127.0.0.1:9094"), output = std::make_shared<std::string>("-");
  CLI::App* receive = alert->add_subcommand("receive", "Be a webhook receiver that writes pages down");
  receive->add_option("--listen", *listen, "HOST:PORT")->capture_default_str();
  receive->add_option("--output", *output, "File to append to; - is standard output")->capture_default_str();
  receive->callback(
      [&action, listen, output] { action = [listen, output] { return alert_receive(*listen, *output); }; });
}

void add_promql(CLI::App& app, Action& action) {
  CLI::App* promql = app.add_subcommand("promql", "PromQL text");
  promql->require_subcommand(1);
  auto expression = std::make_shared<std::string>();
  CLI::App* format = promql->add_subcommand("format", "Print an expression in its canonical form");
  format->add_option("expression", *expression, "PromQL")->required();
  format->callback([&action, expression] { action = [expression] { return promql_format(*expression); }; });
}

void add_test_rules(CLI::App& test, Action& action) {
  auto args = std::make_shared<TestRulesArgs>();
  test.add_option("--junit", args->junit_file, "File to write the results of test rules to, as JUnit XML");
  CLI::App* command = test.add_subcommand("rules", "promtool's unit tests of rules: series in, alerts and samples out");
  command->fallthrough();
  command->add_option("files", args->files, "Test files")->required();
  command->add_option("--run", args->options.run, "Run tests whose name matches the regular expression (repeatable)")
      ->type_size(1)
      ->allow_extra_args(false);
  command->add_flag("--diff", args->options.diff, "Print expected and found alerts as one text, in colours");
  command->add_flag("--debug", args->debug, "Print what was in the store, and how long tests took");
  command->add_flag("--ignore-unknown-fields", args->options.ignore_unknown_fields,
                    "Ignore unknown fields of rule groups");
  add_features(*command, args->features);
  command->callback([&action, args] { action = [args] { return test_rules(*args); }; });
}

void add_test(CLI::App& app, Action& action) {
  CLI::App* test = app.add_subcommand("test", "Run tests that are files");
  test->require_subcommand(1);
  auto files = std::make_shared<std::vector<std::string>>();
  CLI::App* promql = test->add_subcommand("promql", "promqltest scripts: load, eval instant, eval range");
  promql->add_option("files", *files, "Scripts to run")->required();
  promql->callback([&action, files] { action = [files] { return test_promql(*files); }; });
  add_test_rules(*test, action);
}

void add_tsdb_list(CLI::App& tsdb, Action& action) {
  auto args = std::make_shared<TsdbListArgs>();
  CLI::App* command = tsdb.add_subcommand("list", "List the blocks");
  command->add_option("path", args->path, "Data directory")->capture_default_str();
  command->add_flag("-r,--human-readable", args->human_readable, "Print times and sizes for people");
  command->callback([&action, args] { action = [args] { return tsdb_list(*args); }; });
}

void add_tsdb_analyze(CLI::App& tsdb, Action& action) {
  auto args = std::make_shared<TsdbAnalyzeArgs>();
  CLI::App* command = tsdb.add_subcommand("analyze", "Churn, cardinality of labels, and how full chunks are");
  command->add_option("path", args->path, "Data directory")->capture_default_str();
  command->add_option("block", args->block, "ULID of the block; default: the newest");
  command->add_option("--limit", args->limit, "How many items to show in each list")->capture_default_str();
  command->add_flag("--extended", args->extended, "Statistics of chunks too");
  command->add_option("--match", args->match, "Selector of the series to analyze");
  command->callback([&action, args] { action = [args] { return tsdb_analyze(*args); }; });
}

void add_tsdb_dump(CLI::App& tsdb, Action& action, const char* name, const char* help, TsdbDumpFormat format) {
  auto args = std::make_shared<TsdbDumpArgs>();
  auto sandbox = std::make_shared<std::string>();
  args->format = format;
  CLI::App* command = tsdb.add_subcommand(name, help);
  command->add_option("path", args->path, "Data directory")->capture_default_str();
  command->add_option("--min-time", args->min_time, "First time, in milliseconds since the epoch");
  command->add_option("--max-time", args->max_time, "Last time, in milliseconds since the epoch");
  command->add_option("--match", args->match, "Selector of series (repeatable); default: all")
      ->type_size(1)
      ->allow_extra_args(false);
  command->add_option("--sandbox-dir-root", *sandbox, "promtool's; nothing is written, so it is not used");
  if (format == TsdbDumpFormat::kPrometheus) {
    command
        ->add_option_function<std::string>(
            "--format",
            [args](const std::string& text) {
              if (text == "seriesjson") args->format = TsdbDumpFormat::kSeriesJson;
            },
            "prom: samples; seriesjson: labels alone")
        ->check(CLI::IsMember({"prom", "seriesjson"}));
  }
  command->callback([&action, args, sandbox] { action = [args] { return tsdb_dump(*args); }; });
}

void add_tsdb_verify(CLI::App& tsdb, Action& action) {
  auto args = std::make_shared<TsdbVerifyArgs>();
  CLI::App* command = tsdb.add_subcommand("verify", "Read all of the blocks and name every defect");
  command->add_option("path", args->path, "Data directory")->capture_default_str();
  command->add_option("blocks", args->blocks, "ULIDs of blocks; default: all");
  command->callback([&action, args] { action = [args] { return tsdb_verify(*args); }; });
}

void add_tsdb_snapshot(CLI::App& tsdb, Action& action) {
  auto args = std::make_shared<TsdbSnapshotArgs>();
  args->server = "http://127.0.0.1:9090";
  CLI::App* command = tsdb.add_subcommand(
      "snapshot",
      "Have a server with --web.enable-admin-api copy its blocks and its head, as a block, into snapshots/");
  command->add_option("--url", args->server, "URL of the server")->capture_default_str();
  command->add_flag("--skip-head", args->skip_head, "Blocks alone: without what is in the head");
  command->add_option("--http.config.file", args->http_config_file, kHttpConfigHelp);
  command->callback([&action, args] { action = [args] { return tsdb_snapshot(*args); }; });
}

void add_tsdb_import(CLI::App& tsdb, Action& action) {
  auto args = std::make_shared<TsdbImportArgs>();
  CLI::App* from = tsdb.add_subcommand("create-blocks-from", "Make blocks of other data");
  from->require_subcommand(1);
  from->add_flag("-r,--human-readable", args->human_readable, "Print times and sizes for people");
  from->add_flag("-q,--quiet", args->quiet, "Do not print the blocks");
  from->add_option_function<std::string>(
      "--max-block-duration", [args](const std::string& text) { args->max_block_duration = read_duration(text); },
      "How long blocks may be; they are of 2h, 6h, 18h and so on");
  CLI::App* command = from->add_subcommand("openmetrics", "An OpenMetrics file with timestamps, in any order");
  command->fallthrough();
  command->add_option("--label", args->labels, "name=value: a label for all series (repeatable)")
      ->type_size(1)
      ->allow_extra_args(false);
  command->add_option("input", args->input, "File to read")->required();
  command->add_option("path", args->path, "Folder for the blocks")->capture_default_str();
  command->callback([&action, args] { action = [args] { return tsdb_import_openmetrics(*args); }; });
}

void add_tsdb(CLI::App& app, Action& action) {
  CLI::App* tsdb = app.add_subcommand("tsdb", "Blocks of a data directory, Prometheus' or ours");
  tsdb->require_subcommand(1);
  add_tsdb_list(*tsdb, action);
  add_tsdb_analyze(*tsdb, action);
  add_tsdb_dump(*tsdb, action, "dump", "Print the samples", TsdbDumpFormat::kPrometheus);
  add_tsdb_dump(*tsdb, action, "dump-openmetrics", "Print the float samples as OpenMetrics",
                TsdbDumpFormat::kOpenMetrics);
  add_tsdb_verify(*tsdb, action);
  add_tsdb_snapshot(*tsdb, action);
  add_tsdb_import(*tsdb, action);
}

}  // namespace

int run(int argc, const char* const* argv) {
  CLI::App app("tocsinctl: check, query and test agent and ruler", "tocsinctl");
  app.set_version_flag("--version", version_text("tocsinctl"));
  app.require_subcommand(1);
  Action action;
  add_check(app, action);
  add_query(app, action);
  add_alert(app, action);
  add_silence(app, action);
  add_routes(app, action);
  add_template(app, action);
  add_notify(app, action);
  add_promql(app, action);
  add_test(app, action);
  add_tsdb(app, action);
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& done) {
    return app.exit(done);
  } catch (const CLI::ParseError& wrong) {
    app.exit(wrong, std::cerr, std::cerr);
    return 2;
  }
  return action();
}

}  // namespace tocsin::ctl
