#pragma once
// How Alertmanager's API reads JSON: Go's decoder with its words, times in every layout of go-openapi.
// Errors are kCorrupt where Alertmanager answers 400 (no JSON, a wrong type) and kInvalid where it answers 422 (the
// schema).

#include <string>
#include <string_view>

#include <boost/json.hpp>

#include "base/result.hpp"
#include "base/time.hpp"

namespace tocsin::alerting {

/// The first JSON value of a body; what stands behind it is not looked at. Blank: "NAME in body is required".
/// @param name    of the body, for the words of an error.
/// @param memory  must outlive the value.
Result<boost::json::value> parse_api_body(std::string_view body, std::string_view name,
                                          boost::json::storage_ptr memory = {});

/// "parsing NAME body from "" failed, because ...".
std::unexpected<Error> unreadable(std::string_view name, std::string_view why);
/// The value has another type than what it is for. @param target  Go's: "struct field Alert.labels of type string".
std::unexpected<Error> not_readable(std::string_view name, const boost::json::value& value, std::string_view target);

/// RFC 3339, also with a blank for T, without a colon in the zone, without a zone (UTC), seconds, or the time of day.
/// Source: go-openapi strfmt/time.go.
bool parse_api_time(std::string_view text, Timestamp& out);

}  // namespace tocsin::alerting
