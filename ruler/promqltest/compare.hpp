#pragma once
// Does an answer equal what a script expects?

#include <string>

#include "promql/engine.hpp"
#include "promql/value.hpp"
#include "promqltest/script.hpp"

namespace tocsin::promqltest {

/// Equal to a relative 1e-6, as Prometheus' tests compare; NaN equals NaN, stale only stale.
bool almost_equal(double a, double b);
bool almost_equal(const model::FloatHistogram& expected, const model::FloatHistogram& actual, bool compare_hint);

/// Each returns "" or what differs.
std::string compare_instant(const EvalCommand& eval, const promql::Value& value);
std::string compare_range(const EvalCommand& eval, const promql::Value& value);
std::string compare_annotations(const Expectation& expected, const promql::QueryResult& result);
/// Of a failed query.
std::string compare_failure(const Pattern& pattern, const std::string& error);
/// The points of a range query at time t, against what an instant query is expected to give.
std::string compare_points_at(const EvalCommand& eval, const promql::Value& value, Timestamp t);

}  // namespace tocsin::promqltest
