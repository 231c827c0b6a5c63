#include "app/flags.hpp"

#include <algorithm>
#include <charconv>
#include <iostream>
#include <span>

#include <CLI/CLI.hpp>

#include "base/duration.hpp"
#include "base/float_text.hpp"
#include "base/strings.hpp"
#include "base/version.hpp"
#include "remote/write_content.hpp"
#include "yaml/byte_size.hpp"

namespace tocsin::app {
namespace {

constexpr const char* kAcceptedMessages = "--web.remote-write-receiver.accepted-protobuf-messages";

/// A flag that a peer has: accepted, and named in a warning when it is given.
struct IgnoredFlag {
  const char* name;
  bool takes_value;
  const char* instead;
};

constexpr IgnoredFlag kIgnoredOfPrometheus[] = {
    {"--auto-gomaxprocs", false, "there is no Go runtime"},
    {"--auto-gomemlimit", false, "there is no Go runtime"},
    {"--auto-gomemlimit.ratio", true, "there is no Go runtime"},
    {"--web.console.templates", true, "console templates are not served"},
    {"--web.console.libraries", true, "console templates are not served"},
    {"--web.enable-otlp-receiver", false, "not built yet"},
    {"--web.user-assets", true, "not served"},
    {"--storage.tsdb.wal-compression", false, "the log is compact by itself"},
    {"--storage.tsdb.no-lockfile", false, "the folder is always locked"},
    {"--storage.remote.flush-deadline", true, "not built yet"},
    {"--rules.max-concurrent-evals", true, "groups run side by side, the rules of one in order"},
    {"--scrape.discovery-reload-interval", true, "targets change at once"},
};

/// What serves where an Alertmanager gossips.
constexpr const char* kNoGossip =
    "there is no gossip: alerts, silences and the notification log survive a restart on disk; for several notifiers, "
    "name an Alertmanager cluster in alerting.alertmanagers of prometheus.yml";

constexpr IgnoredFlag kIgnoredOfAlertmanager[] = {
    {"--cluster.listen-address", true, kNoGossip},
    {"--cluster.advertise-address", true, kNoGossip},
    {"--cluster.peer-name", true, kNoGossip},
    {"--cluster.peer", true, kNoGossip},
    {"--cluster.peer-timeout", true, kNoGossip},
    {"--cluster.peers-resolve-timeout", true, kNoGossip},
    {"--cluster.gossip-interval", true, kNoGossip},
    {"--cluster.pushpull-interval", true, kNoGossip},
    {"--cluster.tcp-timeout", true, kNoGossip},
    {"--cluster.probe-timeout", true, kNoGossip},
    {"--cluster.probe-interval", true, kNoGossip},
    {"--cluster.settle-timeout", true, kNoGossip},
    {"--cluster.reconnect-interval", true, kNoGossip},
    {"--cluster.reconnect-timeout", true, kNoGossip},
    {"--cluster.tls-config", true, kNoGossip},
    {"--cluster.allow-insecure-public-advertise-address-discovery", false, kNoGossip},
    {"--cluster.label", true, kNoGossip},
    {"--web.get-concurrency", true, "large answers are made by the workers of queries, in turn"},
    {"--auto-gomemlimit.ratio", true, "there is no Go runtime"},
    {"--alerts.gc-interval", true, "resolved alerts go as soon as they are told"},
    {"--dispatch.maintenance-interval", true, "an empty group goes at once"},
    {"--dispatch.start-delay", true, "not needed: alerts survive a restart"},
    {"--data.maintenance-interval", true, "state is written at each change"},
};

void add_ignored(CLI::App& app, std::span<const IgnoredFlag> ignored, Flags& flags) {
  for (const IgnoredFlag& flag : ignored) {
    const auto warn = [&flags, flag] {
      flags.warnings.push_back(fmt::format("{} has no effect: {}", flag.name, flag.instead));
    };
    if (flag.takes_value) {
      app.add_option_function<std::vector<std::string>>(flag.name,
                                                        [warn](const std::vector<std::string>& values) {
                                                          // Empty: what the flag is for is switched off.
                                                          if (values != std::vector<std::string>{""}) warn();
                                                        })
          ->type_size(1)
          ->allow_extra_args(false)
          ->group("");
    } else {
      const std::string negated = std::string("--no-") + (flag.name + 2);
      app.add_flag_callback(flag.name, warn)->group("");
      app.add_flag_callback(negated, [] {})->group("");
    }
  }
}

CLI::Option* add_duration(CLI::App& app, const char* name, Duration& target, const std::string& help) {
  return app
      .add_option_function<std::string>(
          name,
          [&target, name](const std::string& text) {
            auto duration = parse_duration(text);
            if (!duration) duration = parse_go_duration(text);
            if (!duration) throw CLI::ValidationError(name, "not a valid duration: \"" + text + "\"");
            target = *duration;
          },
          help)
      ->type_name("DURATION")
      ->default_str(format_duration(target));
}

/// With a unit, as Prometheus wants it.
void add_size(CLI::App& app, const char* name, std::uint64_t& target, const std::string& help) {
  app.add_option_function<std::string>(
         name,
         [&target, name](const std::string& text) {
           const auto size = yaml::parse_byte_size(text);
           if (!size) throw CLI::ValidationError(name, size.error().message);
           target = *size;
         },
         help)
      ->type_name("SIZE")
      ->default_str("0B");
}

void add_listen(CLI::App& app, Flags& flags, const char* standard) {
  app.add_option("--web.listen-address", flags.listen_addresses,
                 fmt::format("Address to listen on for UI, API and metrics (repeatable; default {})", standard))
      ->type_size(1)
      ->allow_extra_args(false);
}

/// What Prometheus and Alertmanager have in common.
/// JOB=N; a job may have "=" in its name.
bool read_job_limit(const std::string& text, tsdb::SeriesLimits& limits) {
  const std::size_t at = text.rfind('=');
  if (at == std::string::npos || at == 0) return false;
  std::size_t limit = 0;
  const char* const end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data() + at + 1, end, limit);
  if (error != std::errc() || rest != end) return false;
  limits.jobs[text.substr(0, at)] = limit;
  return true;
}

std::string check_job_limit(const std::string& text) {
  tsdb::SeriesLimits limits;
  return read_job_limit(text, limits) ? "" : "not JOB=N: " + text;
}

void add_web(CLI::App& app, Flags& flags) {
  app.add_option("--web.config.file", flags.web_config_file, "TLS and users of the listener");
  app.add_flag("--web.systemd-socket,!--no-web.systemd-socket", flags.systemd_socket,
               "Listen on the sockets that systemd hands over, instead of --web.listen-address");
  app.add_option("--web.external-url", flags.external_url, "The URL under which people reach this, for links in pages");
  app.add_option("--web.route-prefix", flags.route_prefix,
                 "Prefix for the paths of the listener (default: the path of --web.external-url)");
  app.add_option("--web.access-log", flags.access_log, "File for one JSON line per request; reopened on SIGHUP");
}

struct LogFlags {
  std::string level = "info", format = "logfmt";
};

void add_log(CLI::App& app, LogFlags& flags) {
  app.add_option("--log.level", flags.level, "debug, info, warn or error")
      ->check(CLI::IsMember({"debug", "info", "warn", "error"}))
      ->capture_default_str();
  app.add_option("--log.format", flags.format, "logfmt or json")
      ->check(CLI::IsMember({"logfmt", "json"}))
      ->capture_default_str();
}

void add_expand_env(CLI::App& app, Flags& flags) {
  app.add_flag("--config.expand-env", flags.config_expand_env,
               "Replace ${NAME} and ${NAME:-default} in values of the configuration by variables of the environment");
}

/// A count as Prometheus takes it, "5e7" too.
void add_count(CLI::App& app, const char* name, std::size_t& target, const std::string& help) {
  app.add_option_function<std::string>(
         name,
         [&target, name](const std::string& text) {
           double value = 0;
           if (!parse_float(text, value) || !(value >= 0 && value <= 1e15)) {
             throw CLI::ValidationError(name, "not a count: \"" + text + "\"");
           }
           target = static_cast<std::size_t>(value);
         },
         help)
      ->type_name("COUNT")
      ->default_str(std::to_string(target));
}

void accept_messages(Flags& flags, const std::vector<std::string>& names) {
  flags.accept_remote_write_v1 = flags.accept_remote_write_v2 = false;
  for (const std::string& name : names) {
    const auto version = remote::write_version(name);
    if (!version) throw CLI::ValidationError(kAcceptedMessages, version.error().message);
    (*version == wire::WriteVersion::k1 ? flags.accept_remote_write_v1 : flags.accept_remote_write_v2) = true;
  }
}

void add_remote(CLI::App& app, Flags& flags) {
  app.add_flag("--web.enable-remote-write-receiver,!--no-web.enable-remote-write-receiver",
               flags.enable_remote_write_receiver, "Enable the endpoint that takes remote write requests");
  app.add_option_function<std::vector<std::string>>(
         kAcceptedMessages, [&flags](const std::vector<std::string>& names) { accept_messages(flags, names); },
         "Messages of remote write that are accepted (repeatable)")
      ->type_size(1)
      ->allow_extra_args(false)
      ->default_str(fmt::format("{},{}", remote::kWriteMessage1, remote::kWriteMessage2));
  add_count(app, "--storage.remote.read-sample-limit", flags.remote_read_sample_limit,
            "Samples that one query of remote read may return; 0: no limit. Not for streamed chunks");
  add_count(app, "--storage.remote.read-concurrent-limit", flags.remote_read_concurrent_limit,
            "Remote read requests that run at once; 0: no limit");
  add_count(app, "--storage.remote.read-max-bytes-in-frame", flags.remote_read_max_bytes_in_frame,
            "Bytes of a frame of streamed chunks, about");
}

void add_features(CLI::App& app, Flags& flags) {
  app.add_option_function<std::vector<std::string>>(
         "--enable-feature",
         [&flags](const std::vector<std::string>& values) {
           flags.features = config::parse_features(values, flags.feature_notes);
           if (flags.features.auto_reload_config) flags.config_auto_reload = true;
         },
         "Experimental features of Prometheus, with commas between them (repeatable): docs/configuration.md has the "
         "names")
      ->type_size(1)
      ->allow_extra_args(false);
}

/// What goes beyond an Alertmanager and is on by default.
struct Improvement {
  const char* name;
  bool Flags::* target;
  const char* help;
};

constexpr Improvement kImprovements[] = {
    {"alertmanager.persist-alerts", &Flags::alertmanager_persist_alerts, "Alerts survive a restart"},
    {"alertmanager.guaranteed-resolve", &Flags::alertmanager_guaranteed_resolve,
     "What was told as firing is told as resolved, even if it is muted then"},
    {"alertmanager.template-fallback", &Flags::alertmanager_template_fallback,
     "A notification whose templates fail is sent as a plain text with labels and annotations"},
    {"alertmanager.group-schedule", &Flags::alertmanager_group_schedule,
     "/api/v1/tocsin/groups says when each group notifies next, and what holds it back"},
    {"alertmanager.history", &Flags::alertmanager_history,
     "Alerts, notifications and silences of the past can be searched: /api/v1/tocsin/history"},
};

/// --alertmanager.compat turns all off but those whose own flag is given.
void add_improvements(CLI::App& app, Flags& flags) {
  app.add_flag_callback(
      "--alertmanager.compat",
      [&app, &flags] {
        for (const Improvement& one : kImprovements) {
          if (app.count(std::string("--") + one.name) == 0) flags.*one.target = false;
        }
      },
      "As Alertmanager does it: turns off all that goes beyond, but what a flag of its own turns on");
  for (const Improvement& one : kImprovements) {
    app.add_flag(fmt::format("--{},!--no-{}", one.name, one.name), flags.*one.target, one.help);
  }
  add_duration(app, "--alertmanager.history.retention", flags.history_retention, "How long the past can be searched");
  add_size(app, "--alertmanager.history.max-size", flags.history_max_bytes,
           "Size of the history beyond which its oldest events are removed, such as 500MB; 0: no limit");
}

/// Of the Alertmanagers that prometheus.yml names.
void add_sender(CLI::App& app, remote::SenderOptions& options) {
  app.add_option("--alertmanager.notification-queue-capacity", options.queue_capacity,
                 "Alerts that may wait for an Alertmanager of prometheus.yml; beyond it the oldest are dropped")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  app.add_option("--alertmanager.notification-batch-size", options.batch_size,
                 "Alerts in one request to an Alertmanager of prometheus.yml")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  app.add_flag(
      "--alertmanager.drain-notification-queue-on-shutdown,!--no-alertmanager.drain-notification-queue-on-shutdown",
      options.drain_on_stop, "Send what waits for the Alertmanagers of prometheus.yml before the end");
}

void add_ruler(CLI::App& app, Flags& flags) {
  app.add_option("--config.file", flags.config_file, "prometheus.yml")->capture_default_str();
  app.add_option("--alertmanager.config.file", flags.alertmanager_config_file,
                 "alertmanager.yml: where alerts go; without it they are only shown");
  app.add_option(
         "--alertmanager.listen-address", flags.alertmanager_listen_addresses,
         "Another address, with an Alertmanager's paths at its root (repeatable); below /alertmanager/ they are "
         "served in any case")
      ->type_size(1)
      ->allow_extra_args(false);
  add_improvements(app, flags);
  app.add_flag("--config.auto-reload,!--no-config.auto-reload", flags.config_auto_reload,
               "Reload when the configuration, or a file that it names, changes");
  add_duration(app, "--config.auto-reload-interval", flags.config_auto_reload_interval,
               "How often to look for changes, with --config.auto-reload");
  add_expand_env(app, flags);
  add_web(app, flags);
  add_count(app, "--web.max-connections", flags.max_connections, "Simultaneous connections at most, on all addresses");
  add_duration(app, "--web.read-timeout", flags.read_timeout, "Maximum duration before timing out read of the request");
  app.add_flag("--web.enable-lifecycle", flags.enable_lifecycle, "Enable reload and shutdown by HTTP");
  app.add_flag("--web.enable-admin-api", flags.enable_admin_api,
               "Enable API endpoints for admin control actions: delete_series, clean_tombstones, snapshot");
  add_remote(app, flags);
  add_count(app, "--web.max-notifications-subscribers", flags.max_notifications_subscribers,
            "Subscribers of the live notifications at most");
  app.add_option("--web.cors.origin", flags.cors_origin,
                 "Regex for CORS origin, fully anchored: 'https?://(domain1|domain2)\\.com'")
      ->capture_default_str();
  app.add_option("--web.page-title", flags.page_title, "Title of the pages")->capture_default_str();
  app.add_option("--storage.tsdb.path", flags.tsdb_path, "Folder of the samples")->capture_default_str();
  app.add_option("--storage.path", flags.storage_path,
                 "Folder of the alert state (default: state within --storage.tsdb.path)");
  add_duration(app, "--storage.tsdb.retention.time", flags.retention, "How long to retain samples");
  add_size(app, "--storage.tsdb.retention.size", flags.retention_bytes,
           "Bytes that the store may take, as 512MB; the oldest blocks go first. Without --storage.tsdb.retention.time "
           "there is no limit by time then");
  add_duration(app, "--storage.tsdb.min-block-duration", flags.min_block_duration,
               "Minimum duration of a data block before being persisted. For use in testing")
      ->group("");
  add_duration(app, "--storage.tsdb.max-block-duration", flags.max_block_duration,
               "Maximum duration compacted blocks may span. For use in testing. (Defaults to 10% of the retention)")
      ->group("");
  add_duration(app, "--storage.tsdb.block-reload-interval", flags.block_reload_interval,
               "Interval at which to check for new or removed blocks in storage")
      ->group("");
  add_duration(app, "--storage.tsdb.wal-fsync-interval", flags.wal_fsync_interval,
               "What a loss of power may cost at most");
  add_count(app, "--storage.tsdb.series-limit", flags.series_limits.total,
            "Series at most; new ones beyond it are shed; 0: no limit");
  add_count(app, "--storage.tsdb.series-limit-per-job", flags.series_limits.per_job,
            "Series of one job at most; new ones beyond it are shed; 0: no limit");
  app.add_option("--storage.tsdb.job-series-limit", flags.job_series_limits,
                 "JOB=N: series of this job at most, in place of the limit for each; 0: no limit. Repeatable")
      ->type_size(1)
      ->allow_extra_args(false)
      ->check(check_job_limit);
  app.add_flag("--scrape.adjust-timestamps,!--no-scrape.adjust-timestamps", flags.adjust_scrape_timestamps,
               "Give samples the time of their scrape's slot, if it was met");
  add_duration(app, "--scrape.timestamp-tolerance", flags.scrape_timestamp_tolerance,
               "By how much a slot may be missed and still be met");
  add_count(app, "--scrape.body-budget-bytes", flags.scrape_body_budget_bytes,
            "Memory for the pages of all scrapes under way, beyond the first MiB of each");
  add_duration(app, "--query.lookback-delta", flags.lookback_delta,
               "The maximum lookback duration for retrieving metrics during expression evaluations");
  add_duration(app, "--query.timeout", flags.query_timeout, "Maximum time a query may take before being aborted");
  add_count(app, "--query.max-concurrency", flags.query_max_concurrency, "Queries that run at once");
  add_count(app, "--query.max-samples", flags.query_max_samples, "Samples that one query may hold in memory");
  add_duration(app, "--rules.alert.for-outage-tolerance", flags.for_outage_tolerance,
               "Max time to tolerate outage for restoring \"for\" state of alert from samples");
  add_duration(app, "--rules.alert.for-grace-period", flags.for_grace_period,
               "Minimum duration between alert and restored \"for\" state");
  add_duration(app, "--rules.alert.resend-delay", flags.resend_delay, "Minimum time before an alert is sent again");
  app.add_option_function<std::string>(
         "--rules.evaluation", [&flags](const std::string& mode) { flags.evaluate_on_scrape = mode == "on_scrape"; },
         "When groups with alerts are evaluated whose file and `global` do not say it: interval or on_scrape")
      ->check(CLI::IsMember({"interval", "on_scrape"}))
      ->default_str("interval");
  add_sender(app, flags.sender);
  add_features(app, flags);
  add_listen(app, flags, "0.0.0.0:9090");
}

/// Negative numbers mean "no limit", as 0 does.
void add_limit(CLI::App& app, const char* name, std::size_t& target, const std::string& help) {
  app.add_option_function<std::int64_t>(
         name,
         [&target](const std::int64_t& limit) { target = static_cast<std::size_t>(std::max<std::int64_t>(limit, 0)); },
         help)
      ->default_str("0");
}

void take_alertmanager_feature(std::string_view name, Flags& flags) {
  static constexpr std::string_view kWithoutEffect[] = {"alert-names-in-metrics", "receiver-name-in-metrics",
                                                        "group-key-in-metrics", "auto-gomemlimit", "event-recorder"};
  if (name == "classic-mode") {
    flags.matcher_mode = config::MatcherMode::kClassic;
  } else if (name == "utf8-strict-mode") {
    flags.matcher_mode = config::MatcherMode::kUtf8;
  } else if (std::ranges::find(kWithoutEffect, name) != std::end(kWithoutEffect)) {
    flags.warnings.push_back(fmt::format("--enable-feature={} has no effect: not built yet", name));
  } else {
    throw CLI::ValidationError("--enable-feature", fmt::format("unknown option '{}' for --enable-feature", name));
  }
}

void add_alertmanager_features(CLI::App& app, Flags& flags) {
  app.add_option_function<std::string>(
      "--enable-feature",
      [&flags](const std::string& names) {
        for (const std::string_view name : split(names, ',')) {
          if (!name.empty()) take_alertmanager_feature(name, flags);
        }
      },
      "Of Alertmanager's features, with commas between them: classic-mode or utf8-strict-mode, the one grammar of "
      "matchers instead of both");
}

/// Alertmanager takes negative ones for "none", too.
void add_timeout(CLI::App& app, Flags& flags) {
  app.add_option_function<std::string>(
         "--web.timeout",
         [&flags](const std::string& text) {
           const auto timeout = parse_go_duration(text);
           if (!timeout) throw CLI::ValidationError("--web.timeout", "not a valid duration: \"" + text + "\"");
           flags.handler_timeout = std::max(*timeout, Duration::zero());
         },
         "Timeout for HTTP requests, then 503; 0: none")
      ->type_name("DURATION")
      ->default_str("0s");
}

void add_alertmanager(CLI::App& app, Flags& flags) {
  app.add_option("--config.file", flags.alertmanager_config_file, "alertmanager.yml")->default_str("alertmanager.yml");
  add_expand_env(app, flags);
  app.add_option("--storage.path", flags.storage_path, "Folder of the alert state")->default_str("data/");
  add_duration(app, "--data.retention", flags.alert_data_retention, "How long to keep the notification log");
  add_limit(app, "--silences.max-silences", flags.max_silences,
            "Silences at most, those that have ended included; 0: no limit");
  add_limit(app, "--silences.max-silence-size-bytes", flags.max_silence_bytes, "Bytes of a silence; 0: no limit");
  add_limit(app, "--alerts.per-alertname-limit", flags.max_alerts_per_name, "Alerts of one alertname; 0: no limit");
  app.add_flag("--log.silences,!--no-log.silences", flags.log_silences, "Log each change of a silence");
  add_alertmanager_features(app, flags);
  add_improvements(app, flags);
  add_web(app, flags);
  add_timeout(app, flags);
  add_listen(app, flags, "0.0.0.0:9093");
}

/// The words behind the program's name, last first as CLI11 wants them. `--flag=` (an empty value, as in
/// --cluster.listen-address=) becomes two words, because CLI11 takes it for a missing one.
std::vector<std::string> reversed_words(int argc, const char* const* argv) {
  std::vector<std::string> words;
  for (int i = 1; i < argc; ++i) {
    std::string word = argv[i];
    if (word.starts_with("--") && word.ends_with('=')) {
      words.push_back(word.substr(0, word.size() - 1));
      words.emplace_back();
    } else {
      words.push_back(std::move(word));
    }
  }
  std::reverse(words.begin(), words.end());
  return words;
}

void keep_values(const CLI::App& app, Flags& flags) {
  for (const CLI::Option* option : app.get_options()) {
    if (option->get_lnames().empty() || option->get_lnames()[0] == "help" || option->get_lnames()[0] == "version")
      continue;
    if (option->get_group().empty()) continue;
    const auto given = option->results();
    const std::string value = given.empty() ? (option->get_type_size() == 0 ? "false" : option->get_default_str())
                                            : fmt::format("{}", fmt::join(given, ","));
    flags.values.emplace_back(option->get_lnames()[0], value);
  }
}

}  // namespace

promql::parser::ParserOptions parser_options(const config::Features& features) {
  promql::parser::ParserOptions options;
  options.experimental_functions = features.promql_experimental_functions;
  options.binop_fill_modifiers = features.promql_binop_fill_modifiers;
  options.extended_range_selectors = features.promql_extended_range_selectors;
  return options;
}

std::expected<Flags, int> parse_flags(int argc, const char* const* argv) {
  Flags flags;
  LogFlags log_flags;
  CLI::App app("tocsin-ruler: scrapes, evaluates rules, pages", "tocsin-ruler");
  app.set_version_flag("--version", version_text("tocsin-ruler"));
  add_ruler(app, flags);
  add_log(app, log_flags);
  add_ignored(app, kIgnoredOfPrometheus, flags);
  CLI::App* alertmanager = app.add_subcommand("alertmanager", "Only route and notify: takes Alertmanager's flags");
  add_alertmanager(*alertmanager, flags);
  add_log(*alertmanager, log_flags);
  add_ignored(*alertmanager, kIgnoredOfAlertmanager, flags);
  try {
    app.parse(reversed_words(argc, argv));
  } catch (const CLI::Success& done) {
    return std::unexpected(app.exit(done));
  } catch (const CLI::ParseError& wrong) {
    app.exit(wrong, std::cerr, std::cerr);
    return std::unexpected(1);
  }
  if (app.count("--storage.tsdb.retention.size") > 0 && app.count("--storage.tsdb.retention.time") == 0) {
    flags.retention = {};
  }
  flags.alertmanager_only = alertmanager->parsed();
  if (flags.alertmanager_only) {
    if (flags.alertmanager_config_file.empty()) flags.alertmanager_config_file = "alertmanager.yml";
    if (flags.storage_path.empty()) flags.storage_path = "data/";
  }
  if (flags.storage_path.empty())
    flags.storage_path = flags.tsdb_path + (flags.tsdb_path.ends_with('/') ? "state" : "/state");
  for (const std::string& text : flags.job_series_limits) read_job_limit(text, flags.series_limits);
  if (flags.listen_addresses.empty())
    flags.listen_addresses = {flags.alertmanager_only ? "0.0.0.0:9093" : "0.0.0.0:9090"};
  log::parse_level(log_flags.level, flags.log_level);
  flags.log_format = log_flags.format == "json" ? log::Format::kJson : log::Format::kLogfmt;
  keep_values(flags.alertmanager_only ? *alertmanager : app, flags);
  return flags;
}

}  // namespace tocsin::app
