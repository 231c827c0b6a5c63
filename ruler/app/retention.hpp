#pragma once
// How long samples are kept: what prometheus.yml says, else what the flags say.

#include <string>

#include "app/flags.hpp"
#include "config/prometheus_config.hpp"

namespace tocsin::app {

struct RetentionLimits {
  Duration time{0};  // 0: no limit, as in the others
  std::uint64_t bytes = 0;
  double percentage = 0;  // of the file system; goes before `bytes`
};

RetentionLimits retention_of(const Flags& flags, const config::PrometheusConfig* config);

/// "15d or 512MiB or 80%", as /api/v1/status/runtimeinfo has it. Source: Prometheus web/web.go.
std::string retention_text(const RetentionLimits& limits);

/// The longest block of such a store: a tenth of the time, at most 31 days. Source: Prometheus cmd/prometheus/main.go.
Duration longest_block(const RetentionLimits& limits);

}  // namespace tocsin::app
