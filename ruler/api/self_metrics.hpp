#pragma once
// A page of metrics as JSON, as protobuf's JSON mapping writes Prometheus' metric families.

#include <optional>
#include <string>
#include <string_view>

#include "api/json_writer.hpp"
#include "base/result.hpp"
#include "model/matcher.hpp"

namespace tocsin::api {

/// Anchored; "" takes all. Errors: kInvalid, `invalid metric_name_pattern: ...`.
Result<std::optional<model::AnchoredRegex>> compile_metric_pattern(const std::string& pattern);

/// An array of families: name, help, type, metric. The page is one that we render, its families not interleaved.
/// Source: prometheus/client_model io/prometheus/client/metrics.proto; protojson.
void write_metric_families(JsonWriter& json, std::string_view page, const std::optional<model::AnchoredRegex>& pattern);

}  // namespace tocsin::api
