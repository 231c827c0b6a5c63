#pragma once
// What discovery found, turned into what is scraped.

#include <optional>
#include <string>

#include "base/result.hpp"
#include "base/time.hpp"
#include "config/prometheus_config.hpp"
#include "expo/parser.hpp"
#include "model/labels.hpp"

namespace tocsin::scrape {

/// One thing to scrape: labels and address, no state. A value.
struct TargetSpec {
  model::Labels discovered;  // with the configuration's defaults, before relabelling
  model::Labels labels;      // public ones: no name begins with "__"
  std::string url;
  std::string unix_socket;                  // connect there instead, if not ""
  std::string interval_text, timeout_text;  // as the labels say
  Duration interval{0}, timeout{0};
  expo::HistogramOptions histograms;

  /// Equal for two discoveries of the same target: labels and URL.
  std::string identity() const;
};

/// Labels of the target over those of its group, with job, scheme, path, interval, timeout and parameters of the
/// configuration where they are not set. Source: Prometheus scrape/target.go, PopulateDiscoveredLabels.
model::Labels discovered_labels(const config::ScrapeConfig& config, const model::Labels& target,
                                const model::Labels& group);

/// Relabels, checks, drops meta labels and names the instance. Source: Prometheus scrape/target.go, PopulateLabels.
/// @return nothing if relabelling dropped the target; kInvalid in Prometheus' words if it is none.
Result<std::optional<TargetSpec>> make_target(const config::ScrapeConfig& config, const model::Labels& target,
                                              const model::Labels& group);

/// scheme://address/path?parameters as Go's net/url writes it.
std::string target_url(const config::ScrapeConfig& config, const model::Labels& labels);

/// The URL as others may reach it: a loopback host becomes the host of `external_url`, and if the port is the one we
/// listen on, scheme and port too. Source: Prometheus web/api/v1/api.go, getGlobalURL.
std::string global_url(const std::string& url, const std::string& external_url, const std::string& listen_address);

}  // namespace tocsin::scrape
