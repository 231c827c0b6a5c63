// Prometheus' own good and bad configurations, from the corpora: which load, which are refused, and with which words.

#include "config/prometheus_config.hpp"

#include <algorithm>
#include <cstdlib>
#include <map>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "base/fs.hpp"
#include "base/strings.hpp"

using namespace tocsin;

namespace {

/// Bad files that the table of the corpora does not name. Facts from Prometheus' config/config_test.go.
const std::pair<std::string, std::string> kOtherErrors[] = {
    {"config_with_deprecated_am_api_config.yml", "expected Alertmanager api version to be one of [v2] but got v1"},
    {"otlp_allow_utf8.bad.yml", "unsupported OTLP translation strategy \"Invalid\""},
    {"otlp_allow_utf8.incompatible.yml",
     "OTLP translation strategy \"NoUTF8EscapingWithSuffixes\" is not allowed when UTF8 is disabled"},
    {"otlp_no_translation.incompatible.yml",
     "OTLP translation strategy \"NoTranslation\" is not allowed when UTF8 is disabled"},
    {"otlp_ignore_resource_attributes_without_promote_all.bad.yml",
     "'ignore_resource_attributes' cannot be configured unless 'promote_all_resource_attributes' is true"},
    {"otlp_promote_all_resource_attributes.bad.yml",
     "'promote_all_resource_attributes' and 'promote_resource_attributes' cannot be configured simultaneously"},
    {"otlp_sanitize_ignore_resource_attributes.bad.yml", "invalid 'ignore_resource_attributes': "},
    {"otlp_sanitize_promote_resource_attributes.bad.yml", "invalid 'promote_resource_attributes': "},
    {"scrape_config_files.bad.yml",
     "scrape timeout greater than scrape interval for scrape config with job name \"prometheus\""},
    {"scrape_config_files_double_import.bad.yml", "found multiple scrape configs with job name \"prometheus\""},
    {"scrape_config_files_duplicate.bad.yml", "found multiple scrape configs with job name \"prometheus\""},
    {"scrape_config_files_global_duplicate.bad.yml", "found multiple scrape configs with job name \"prometheus\""},
    {"scrape_config_files_global.bad.yml",
     "scrape timeout greater than scrape interval for scrape config with job name \"prometheus\""},
    {"static_config.bad.yml", "field targets not found in type config.plain"},
};

/// Bad only within a discovery that this build has not: the rest of the file is good, and so is the file, with a
/// warning that names the kind.
const std::pair<std::string, std::string> kBadInUnbuiltDiscovery[] = {
    {"azure_", "azure_sd_configs"},       {"ec2_", "ec2_sd_configs"},           {"eureka_", "eureka_sd_configs"},
    {"hetzner_", "hetzner_sd_configs"},   {"ionos_", "ionos_sd_configs"},       {"lightsail_", "lightsail_sd_configs"},
    {"marathon_", "marathon_sd_configs"}, {"oci_", "oci_sd_configs"},           {"openstack_", "openstack_sd_configs"},
    {"outscale_", "outscale_sd_configs"}, {"ovhcloud_", "ovhcloud_sd_configs"}, {"puppetdb_", "puppetdb_sd_configs"},
    {"scaleway_", "scaleway_sd_configs"}, {"stackit_", "stackit_sd_configs"},   {"uyuni_", "uyuni_sd_configs"},
};

/// The folder of the configurations, or "" with a loud word.
std::string corpus() {
  const char* const corpora = std::getenv("TOCSIN_CORPORA");
  if (corpora != nullptr) return std::string(corpora) + "/prometheus-config";
  WARN("TOCSIN_CORPORA is not set: Prometheus' configurations were not tried");
  return "";
}

std::map<std::string, std::string> expected_errors(const std::string& folder) {
  std::map<std::string, std::string> expected(std::begin(kOtherErrors), std::end(kOtherErrors));
  const auto table = posix_fs().read_file(folder + "/expected-errors.tsv");
  REQUIRE(table);
  for (const std::string_view line : split(*table, '\n')) {
    const std::size_t tab = line.find('\t');
    if (tab == std::string_view::npos || line.starts_with('#')) continue;
    std::string words(trim(line.substr(tab + 1)));
    // Prometheus puts its own file name in front; ours is followed by a position. tocsinctl has both.
    if (words.starts_with("parsing YAML file")) words = words.substr(words.find(": ") + 2);
    if (words == "unmarshal errors") words = "cannot unmarshal";
    expected.emplace(line.substr(0, tab), words);
  }
  return expected;
}

std::string unbuilt_discovery(const std::string& name) {
  for (const auto& [prefix, kind] : kBadInUnbuiltDiscovery) {
    if (name.starts_with(prefix)) return kind;
  }
  return "";
}

auto load(const std::string& path) {
  return config::load_prometheus_config(posix_fs(), path, {[](const std::string&) { return "x"; }});
}

void must_load(const std::string& path) {
  const auto loaded = load(path);
  INFO((loaded ? "" : loaded.error().message));
  CHECK(loaded);
}

void must_be_refused(const std::string& path, const std::string& words) {
  const auto loaded = load(path);
  INFO("Prometheus: " << words);
  CHECK_FALSE(loaded);
  if (!loaded) CHECK_THAT(loaded.error().message, Catch::Contains(words));
}

/// Loads with a warning that names the kind; or is refused for what is wrong beside it.
void must_be_judged_by_the_rest(const std::string& path, const std::string& kind) {
  const auto loaded = load(path);
  const auto text = posix_fs().read_file(path);
  REQUIRE(text);
  if (!text->contains("job_name")) {
    REQUIRE_FALSE(loaded);
    CHECK_THAT(loaded.error().message, Catch::Contains("job_name is empty"));
    return;
  }
  INFO((loaded ? "" : loaded.error().message));
  REQUIRE(loaded);
  const std::vector<std::string>& warnings = (*loaded)->warnings;
  CHECK(std::any_of(warnings.begin(), warnings.end(), [&](const std::string& w) { return w.contains(kind); }));
}

}  // namespace

TEST_CASE("configurations load or are refused as in Prometheus") {
  const std::string folder = corpus();
  if (folder.empty()) return;
  const auto expected = expected_errors(folder);
  const auto files = glob(posix_fs(), folder + "/testdata/*.yml");
  REQUIRE(files);
  REQUIRE(files->size() > 100);
  std::vector<std::string> rest_only;
  for (const std::string& path : *files) {
    INFO(path);
    const std::string name = path.substr(path.rfind('/') + 1);
    const auto words = expected.find(name);
    const std::string kind = unbuilt_discovery(name);
    // What is wrong is in the file that it names; if the sample has not got it, nothing matches, which is no error.
    const bool lacks_its_file = name == "scrape_config_files_global.bad.yml" &&
                                !posix_fs().exists(folder + "/testdata/scrape_config_files.bad.yml");
    if (lacks_its_file) {
      must_load(path);
    } else if (!kind.empty() && name.contains(".bad.")) {
      must_be_judged_by_the_rest(path, kind);
      rest_only.push_back(name);
    } else if (words != expected.end()) {
      must_be_refused(path, words->second);
    } else {
      // Nothing bad is without its words.
      CHECK_FALSE(name.contains(".bad."));
      must_load(path);
    }
  }
  WARN(files->size() << " configurations; of these " << rest_only.size()
                     << " were judged by all but the discovery that this build has not:\n  "
                     << fmt::format("{}", fmt::join(rest_only, "\n  ")));
}

TEST_CASE("Prometheus' example configurations load") {
  const std::string folder = corpus();
  if (folder.empty()) return;
  const auto files = glob(posix_fs(), folder + "/examples/prometheus*.yml");
  REQUIRE(files);
  CHECK(files->size() >= 15);
  for (const std::string& path : *files) {
    INFO(path);
    must_load(path);
  }
}

TEST_CASE("names are checked and escaped as the nearest scheme says") {
  const std::string folder = corpus();
  if (folder.empty()) return;
  struct Case {
    const char* file;
    const char* validation;
    const char* escaping;
  };
  const Case c = GENERATE(values<Case>({
      {"scrape_config_default_validation_mode.yml", "utf8", "allow-utf-8"},
      {"scrape_config_global_validation_mode.yml", "legacy", "dots"},
      {"scrape_config_local_global_validation_mode.yml", "utf8", "dots"},
      {"scrape_config_local_infer_escaping.yml", "legacy", "underscores"},
  }));
  const auto loaded = load(folder + "/testdata/" + c.file);
  INFO(c.file);
  REQUIRE(loaded);
  REQUIRE_FALSE((*loaded)->scrape_configs.empty());
  CHECK((*loaded)->scrape_configs[0].metric_name_validation_scheme == c.validation);
  CHECK((*loaded)->scrape_configs[0].metric_name_escaping_scheme == c.escaping);
}
