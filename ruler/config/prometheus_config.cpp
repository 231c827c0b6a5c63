#include "config/prometheus_config.hpp"

#include <algorithm>
#include <set>

#include "base/strings.hpp"
#include "config/other_sections.hpp"
#include "config/scrape_config.hpp"
#include "yaml/write.hpp"

// Source of rules and words: Prometheus config/config.go, Config.

namespace tocsin::config {

const std::vector<std::string_view> kOwnDollars = {"external_labels", "regex", "replacement", "separator",
                                                   "target_label"};

namespace {

using yaml::Fields;
using yaml::Node;

constexpr std::size_t kMaxConfigBytes = 32U << 20U;

ScrapeDefaults defaults_of(const LoadOptions& options) {
  ScrapeDefaults defaults;
  if (options.prefer_protobuf) defaults.scrape_protocols = protobuf_first_protocols();
  defaults.extra_scrape_metrics = options.extra_scrape_metrics;
  return defaults;
}

/// Reads one file. Owns nothing but the result while it lives.
class Reader {
 public:
  Reader(PrometheusConfig& config, const LoadOptions& options)
      : config_(config), environment_(options.environment), defaults_(defaults_of(options)) {}

  Result<void> read(const Node& root) {
    Fields fields(root, "config.plain");
    // First, whatever the order in the file: the others take their defaults from here.
    fields.child("global", [&](const Node& n) { return read_global(n, environment_, defaults_, config_); });
    fields.child("runtime", check_runtime);
    fields.child("alerting", [&](const Node& n) { return read_alerting(n); });
    fields.child("rule_files", [&](const Node& n) { return read_patterns(n, "rule", config_.rule_files); });
    fields.child("scrape_config_files",
                 [&](const Node& n) { return read_patterns(n, "scrape config", config_.scrape_config_files); });
    fields.each("scrape_configs", [&](const Node& n) { return read_scrape_config(n); });
    fields.child("storage", [&](const Node& n) { return read_storage(n, config_.storage, config_.warnings); });
    fields.child("tracing", check_tracing);
    fields.child("remote_write", [&](const Node& n) { return check_remote_writes(n, defaults_.legacy_names); });
    fields.child("remote_read", check_remote_reads);
    fields.child("otlp", [&](const Node& n) { return check_otlp(n, defaults_.legacy_names); });
    fields.unsupported({"runtime", "tracing", "remote_write", "remote_read", "otlp"}, config_.warnings);
    TOCSIN_OK(fields.finish());
    config_.legacy_names = defaults_.legacy_names;
    config_.has_remote_read = root["remote_read"].size() > 0;
    return yaml::check_repeated(root);
  }

  const ScrapeDefaults& defaults() const { return defaults_; }

 private:
  Result<void> read_alerting(const Node& node) {
    Fields fields(node, "config.plain");
    read_relabel_configs(fields, "alert_relabel_configs", "empty or null alert relabeling rule",
                         config_.alert_relabel_configs);
    fields.each("alertmanagers", [&](const Node& n) -> Result<void> {
      TOCSIN_TRY(AlertmanagerTarget target, parse_alertmanager_target(n, defaults_.legacy_names, config_.warnings));
      config_.alertmanagers.push_back(std::move(target));
      return {};
    });
    TOCSIN_OK(fields.finish());
    if (!defaults_.legacy_names) return {};
    return use_legacy_names(node, "alert_relabel_configs", config_.alert_relabel_configs);
  }

  /// Names of files with one star at most, and that in the last element. @param kind  "rule", "scrape config"
  static Result<void> read_patterns(const Node& node, std::string_view kind, std::vector<std::string>& out) {
    TOCSIN_TRY(const std::vector<std::string> patterns, node.as_strings());
    for (std::size_t i = 0; i < patterns.size(); ++i) {
      const std::size_t star = patterns[i].find('*');
      if (star != std::string::npos && patterns[i].find_first_of("*/", star + 1) != std::string::npos) {
        return node.at(i).error("invalid {} file path {}", kind, go_quote(patterns[i]));
      }
      out.push_back(node.beside(patterns[i]));
    }
    return {};
  }

  Result<void> read_scrape_config(const Node& node) {
    TOCSIN_TRY(ScrapeConfig config, parse_scrape_config(node, defaults_, config_.warnings));
    if (!job_names_.insert(config.job_name).second) {
      return node["job_name"].error("found multiple scrape configs with job name {}", go_quote(config.job_name));
    }
    config_.scrape_configs.push_back(std::move(config));
    return {};
  }

  PrometheusConfig& config_;
  const Environment& environment_;
  ScrapeDefaults defaults_;
  std::set<std::string> job_names_;
};

/// Keys whose values nobody should read, in any section, also those that are not built.
bool is_secret_key(std::string_view key) {
  for (const std::string_view end : {"_file", "_files", "_ref", "_url", "_id", "_name", "_type"}) {
    if (key.ends_with(end)) return false;
  }
  for (const std::string_view part : {"password", "secret", "token", "credentials", "private_key", "account_key"}) {
    if (key.contains(part)) return true;
  }
  for (const std::string_view name :
       {"key", "api_key", "consumer_key", "access_key", "client_certificate_key", "proxy_connect_header"}) {
    if (key == name) return true;
  }
  return false;
}

/// @param fs  nullptr: scrape_config_files are not read
Result<std::shared_ptr<const PrometheusConfig>> read(std::string text, const std::string& path,
                                                     const LoadOptions& options, Fs* fs) {
  TOCSIN_TRY(const Node written, yaml::parse(std::move(text), path, yaml::RepeatedKeys::kLeft));
  TOCSIN_TRY(const Node root, expand_variables(written, kOwnDollars, options));
  auto config = std::make_shared<PrometheusConfig>();
  config->file = path;
  Reader reader(*config, options);
  TOCSIN_OK(reader.read(root));
  if (fs != nullptr) TOCSIN_OK(read_scrape_config_files(*fs, reader.defaults(), options, *config));
  config->text = yaml::write(written, is_secret_key);  // what a variable holds is not shown
  return config;
}

}  // namespace

Result<std::shared_ptr<const PrometheusConfig>> parse_prometheus_config(std::string text, const std::string& path,
                                                                        const LoadOptions& options) {
  return read(std::move(text), path, options, nullptr);
}

Result<std::shared_ptr<const PrometheusConfig>> load_prometheus_config(Fs& fs, const std::string& path,
                                                                       const LoadOptions& options) {
  TOCSIN_TRY(std::string text, fs.read_file(path, kMaxConfigBytes));
  return read(std::move(text), path, options, &fs);
}

}  // namespace tocsin::config
