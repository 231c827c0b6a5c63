#pragma once
// Query results as the JSON of Prometheus' HTTP API.

#include "api/json_writer.hpp"
#include "promql/value.hpp"

namespace tocsin::api {

/// {"resultType":...,"result":[...]} without the closing brace, so that the caller may add "stats".
void open_query_data(JsonWriter& json, const promql::Value& value);

/// {"count":"...","sum":"...","buckets":[[rule,"lower","upper","count"],...]}; rule: 0 open left, 1 open right, 2 open
/// both, 3 closed both. Empty buckets are left out. Source: Prometheus web/api/v1/json_codec.go, util/jsonutil.
void write_histogram(JsonWriter& json, const model::FloatHistogram& histogram);

}  // namespace tocsin::api
