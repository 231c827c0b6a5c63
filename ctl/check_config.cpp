#include "ctl/check_config.hpp"

#include <algorithm>
#include <filesystem>

#include "base/duration.hpp"
#include "base/fs.hpp"
#include "base/strings.hpp"
#include "config/prometheus_config.hpp"
#include "discovery/target_groups.hpp"
#include "rules/check.hpp"

// Source of options, words and exit codes: Prometheus cmd/promtool/main.go, CheckConfig.

namespace tocsin::ctl {
namespace {

constexpr int kFailed = 1;
constexpr int kLintFailed = 3;

/// What was found in one file or in all.
struct Findings {
  bool errors = false, lints = false;
};

void print_failure(std::string_view text) {
  fmt::print("  FAILED: {}\n", text);
}
void print_warning(std::string_view text) {
  fmt::print("  WARNING: {}\n", text);
}

/// An error with its place.
struct Placed {
  std::string_view file, line, column, text;
};

bool is_number(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

/// Takes "file:line:column: text" apart; no file if it has no place.
Placed take_apart(std::string_view error) {
  for (std::size_t end = error.find(": "); end != std::string_view::npos; end = error.find(": ", end + 1)) {
    const std::size_t column = error.rfind(':', end - 1);
    if (column == std::string_view::npos || column == 0) continue;
    const std::size_t line = error.rfind(':', column - 1);
    if (line == std::string_view::npos || line == 0) continue;
    Placed placed{error.substr(0, line), error.substr(line + 1, column - line - 1),
                  error.substr(column + 1, end - column - 1), error.substr(end + 2)};
    if (is_number(placed.line) && is_number(placed.column)) return placed;
  }
  return {{}, {}, {}, error};
}

/// Whether yaml.v2 says it, before any value is looked at.
bool is_type_error(std::string_view text) {
  if (text.starts_with("cannot unmarshal")) return true;
  return (text.starts_with("field ") &&
          (text.contains(" not found in type ") || text.contains(" already set in type "))) ||
         (text.starts_with("key ") && text.ends_with(" already set in map"));
}

/// What a file names and Prometheus looks for when it needs it.
void warn_of_missing(std::string_view what, const std::string& file) {
  if (file.empty() || posix_fs().exists(file)) return;
  print_warning(fmt::format("{} {} does not exist", what, go_quote(file)));
}

void warn_of_missing(const config::TlsConfig& tls) {
  warn_of_missing("CA file", tls.ca_file);
  warn_of_missing("client cert file", tls.cert_file);
  warn_of_missing("client key file", tls.key_file);
}

void warn_of_missing(const config::HttpClientConfig& http) {
  warn_of_missing("authorization credentials or bearer token file", http.authorization_credentials_file);
  warn_of_missing("basic auth username file", http.username_file);
  warn_of_missing("basic auth password file", http.password_file);
  if (http.oauth2) {
    warn_of_missing("OAuth2 client secret file", http.oauth2->client_secret_file);
    warn_of_missing(http.oauth2->tls);
  }
  warn_of_missing(http.tls);
}

/// Target groups in a file of file_sd.
Result<void> check_groups(const std::string& file) {
  TOCSIN_TRY(std::string text, posix_fs().read_file(file));
  const std::string extension = to_lower(std::filesystem::path(file).extension().string());
  Result<std::vector<discovery::TargetGroup>> groups;
  if (extension == ".json") {
    groups = discovery::parse_groups_json(text);
  } else if (extension == ".yml" || extension == ".yaml") {
    groups = discovery::parse_groups_yaml(std::move(text), file);
  } else {
    return fail(Errc::kInvalid, "invalid file extension: {}", go_quote(extension));
  }
  if (!groups) return fail(std::move(groups).error());
  return {};
}

/// @param where  "file_sd in scrape job "x""
Result<void> check_file_sd(const config::DiscoveryConfigs& discovery, const std::string& where) {
  for (const config::FileSdConfig& sd : discovery.files) {
    for (const std::string& pattern : sd.files) {
      TOCSIN_TRY(const std::vector<std::string> files, glob(posix_fs(), pattern));
      if (files.empty()) print_warning(fmt::format("file {} for {} does not exist", go_quote(pattern), where));
      for (const std::string& file : files) {
        if (auto checked = check_groups(file); !checked) {
          return fail(std::move(checked).error().wrap(fmt::format("checking SD file {}", go_quote(pattern))));
        }
      }
    }
  }
  return {};
}

Result<void> check_agent_mode(const config::PrometheusConfig& config) {
  if (!config.alertmanagers.empty() || !config.alert_relabel_configs.empty()) {
    return fail(Errc::kInvalid, "field alerting is not allowed in agent mode");
  }
  if (!config.rule_files.empty()) return fail(Errc::kInvalid, "field rule_files is not allowed in agent mode");
  if (config.has_remote_read) return fail(Errc::kInvalid, "field remote_read is not allowed in agent mode");
  return {};
}

/// What the configuration names: files of targets, of credentials, of scrape configurations.
Result<void> check_references(const config::PrometheusConfig& config) {
  for (const std::string& pattern : config.scrape_config_files) {
    if (!pattern.contains('*') && !posix_fs().exists(pattern)) {
      return fail(Errc::kInvalid, "{} does not point to an existing file", go_quote(pattern));
    }
  }
  for (const config::ScrapeConfig& scrape : config.scrape_configs) {
    warn_of_missing(scrape.http);
    TOCSIN_OK(check_file_sd(scrape.discovery, fmt::format("file_sd in scrape job {}", go_quote(scrape.job_name))));
  }
  for (const config::AlertmanagerTarget& target : config.alertmanagers) {
    warn_of_missing(target.http);
    TOCSIN_OK(check_file_sd(target.discovery, "file_sd in alertmanager config"));
  }
  return {};
}

/// The files that match, in order; a pattern without any is named.
Result<std::vector<std::string>> find_rule_files(const config::PrometheusConfig& config) {
  std::vector<std::string> files;
  for (const std::string& pattern : config.rule_files) {
    TOCSIN_TRY(std::vector<std::string> found, glob(posix_fs(), pattern));
    if (found.empty()) print_warning(fmt::format("{} does not point to an existing file", go_quote(pattern)));
    files.insert(files.end(), found.begin(), found.end());
  }
  return files;
}

class Checker {
 public:
  explicit Checker(const CheckConfigArgs& args) : args_(args) {}

  int run() {
    for (const std::string& file : args_.files) {
      if (auto checked = check_file(file); !checked) {
        print_failure(promtool_text(checked.error().message, file));
        found_.errors = true;
      }
      fmt::print("\n");
    }
    if (found_.errors) return kFailed;
    return found_.lints && args_.lint_fatal ? kLintFailed : 0;
  }

 private:
  Result<void> check_file(const std::string& file) {
    fmt::print("Checking {}\n", file);
    TOCSIN_TRY(const auto config, load(file));
    for (const std::string& warning : config->warnings) print_warning(warning);
    if (args_.agent) TOCSIN_OK(check_agent_mode(*config));
    std::vector<std::string> rule_files;
    if (!args_.syntax_only) {
      TOCSIN_OK(check_references(*config));
      TOCSIN_TRY(rule_files, find_rule_files(*config));
    }
    if (!rule_files.empty()) fmt::print("  SUCCESS: {} rule files found\n", rule_files.size());
    fmt::print(" SUCCESS: {} is valid prometheus config file syntax\n", file);
    if (args_.syntax_only) return {};
    if (is_linted("too-long-scrape-interval")) lint_intervals(*config);
    for (const std::string& rule_file : rule_files) check_rules(rule_file, config->legacy_names);
    return {};
  }

  Result<std::shared_ptr<const config::PrometheusConfig>> load(const std::string& file) const {
    config::LoadOptions options;
    options.expand_env = args_.expand_env;
    if (!args_.syntax_only) return config::load_prometheus_config(posix_fs(), file, options);
    TOCSIN_TRY(std::string text, posix_fs().read_file(file));
    return config::parse_prometheus_config(std::move(text), file, options);
  }

  bool is_linted(std::string_view what) const { return args_.lint == "all" || args_.lint == what; }

  void lint_intervals(const config::PrometheusConfig& config) {
    for (const config::ScrapeConfig& scrape : config.scrape_configs) {
      if (args_.lookback_delta == Duration{0} || scrape.scrape_interval < args_.lookback_delta) continue;
      print_failure(
          fmt::format("too long scrape interval found, data point will be marked as stale - job: {}, interval: {}",
                      scrape.job_name, format_duration(scrape.scrape_interval)));
      found_.lints = true;
    }
  }

  void check_rules(const std::string& file, bool legacy_names) {
    fmt::print("\nChecking {}\n", file);
    rules::RuleFileOptions options;
    options.legacy_names = legacy_names;
    options.ignore_unknown_fields = args_.ignore_unknown_fields;
    const rules::CheckReport report = rules::check_file(posix_fs(), file, options);
    for (const std::string& problem : report.errors) print_failure(problem);
    for (const std::string& warning : report.warnings) print_warning(warning);
    found_.errors |= !report.ok();
    if (!report.duplicates.empty() && is_linted("duplicate-rules")) {
      found_.lints = true;
      for (const rules::DuplicateRule& duplicate : report.duplicates) print_warning(duplicate.text());
    }
    if (report.ok()) fmt::print("  SUCCESS: {} rules found\n", report.rules);
  }

  const CheckConfigArgs& args_;
  Findings found_;
};

}  // namespace

std::string promtool_text(std::string_view error, std::string_view file) {
  const Placed placed = take_apart(error);
  if (placed.file.empty()) return std::string(error);
  const std::string place = fmt::format("\n    at {}:{}:{}", placed.file, placed.line, placed.column);
  const std::string text = is_type_error(placed.text)
                               ? fmt::format("yaml: unmarshal errors:\n  line {}: {}", placed.line, placed.text)
                               : std::string(placed.text);
  if (placed.file == file) return fmt::format("parsing YAML file {}: {}{}", file, text, place);
  return fmt::format("error loading scrape configs: {}: {}{}", go_quote(placed.file), text, place);
}

int check_config(const CheckConfigArgs& args) {
  return Checker(args).run();
}

}  // namespace tocsin::ctl
