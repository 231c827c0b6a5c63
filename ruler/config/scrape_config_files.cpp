#include <map>

#include "base/strings.hpp"
#include "config/scrape_config.hpp"

// Source of rules and words: Prometheus config/config.go, GetScrapeConfigs.

namespace tocsin::config {
namespace {

using yaml::Fields;
using yaml::Node;

constexpr std::size_t kMaxFileBytes = 32U << 20U;
/// A pattern such as "/**" is not meant to read a disk.
constexpr std::size_t kMaxFiles = 10'000;

/// Where each job name was seen first.
using JobNames = std::map<std::string, std::string>;

Result<void> read_file(Fs& fs, const std::string& file, const ScrapeDefaults& defaults, const LoadOptions& options,
                       JobNames& seen, PrometheusConfig& config) {
  auto text = fs.read_file(file, kMaxFileBytes);
  if (!text) return fail(std::move(text).error());
  TOCSIN_TRY(const Node written, yaml::parse(std::move(*text), file, yaml::RepeatedKeys::kLeft));
  TOCSIN_TRY(const Node root, expand_variables(written, kOwnDollars, options));
  Fields fields(root, "config.ScrapeConfigs");
  fields.each("scrape_configs", [&](const Node& node) -> Result<void> {
    TOCSIN_TRY(ScrapeConfig scrape, parse_scrape_config(node, defaults, config.warnings));
    const auto [first, is_new] = seen.emplace(scrape.job_name, go_quote(file));
    if (!is_new) {
      return node["job_name"].error("found multiple scrape configs with job name {}, first found in {}",
                                    go_quote(scrape.job_name), first->second);
    }
    config.scrape_configs.push_back(std::move(scrape));
    return {};
  });
  TOCSIN_OK(fields.finish());
  return yaml::check_repeated(root);
}

}  // namespace

Result<void> read_scrape_config_files(Fs& fs, const ScrapeDefaults& defaults, const LoadOptions& options,
                                      PrometheusConfig& config) {
  JobNames seen;
  for (const ScrapeConfig& scrape : config.scrape_configs) seen.emplace(scrape.job_name, "main config file");
  std::size_t count = 0;
  for (const std::string& pattern : config.scrape_config_files) {
    auto files = glob(fs, pattern);
    if (!files) {
      return fail(Errc::kInvalid, "error retrieving scrape config files for {}: {}", go_quote(pattern),
                  files.error().message);
    }
    for (const std::string& file : *files) {
      if (++count > kMaxFiles) return fail(Errc::kLimit, "scrape_config_files match more than {} files", kMaxFiles);
      TOCSIN_OK(read_file(fs, file, defaults, options, seen, config));
    }
  }
  return {};
}

}  // namespace tocsin::config
