#pragma once
// The envelope of /api/v1: {"status":"success","data":...} or {"status":"error","errorType":...,"error":...}.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "api/json_writer.hpp"
#include "base/result.hpp"
#include "net/http.hpp"

namespace tocsin::api {

/// Starts a success body: the caller writes the value of "data" with the writer, then calls finish_success().
class SuccessBody {
 public:
  SuccessBody() : json_(body_) { json_.begin_object().key("status").text("success").key("data"); }
  JsonWriter& json() { return json_; }
  /// At most 10 of each are shown, and a line says how many are not. Source: Prometheus util/annotations.
  net::HttpResponse finish(const std::vector<std::string>& warnings = {}, const std::vector<std::string>& infos = {});

 private:
  std::string body_;
  JsonWriter json_;
};

/// The rest of a success body behind the value of "data": warnings, infos and the closing brace, as SuccessBody writes
/// it.
void finish_success(JsonWriter& json, const std::vector<std::string>& warnings, const std::vector<std::string>& infos);

/// 204 without a body: what Prometheus answers where there is no data at all.
net::HttpResponse no_content();

/// A plain text, as Go's http.Error() writes it.
net::HttpResponse plain_error(int status, std::string_view text);

/// errorType and status by the code: kInvalid bad_data 400, kExecution and kLimit execution 422, kTimeout timeout 503,
/// kCanceled canceled 499, kNotFound not_found 404, kUnavailable unavailable 500, others internal 500.
net::HttpResponse error_response(const Error& error);
/// 400 bad_data: `invalid parameter "name": message`.
Error invalid_parameter(std::string_view name, std::string_view message);

// "minimum" and "maximum" time of Prometheus' API, which stand for "all of it".
inline constexpr Timestamp kAllStart = -9'000'000'000'000'000;
inline constexpr Timestamp kAllEnd = 9'000'000'000'000'000;

/// Float seconds or RFC 3339, or the texts of Prometheus' minimum and maximum time. Errors: kInvalid, `cannot parse "x"
/// to a valid timestamp`.
Result<Timestamp> parse_time(std::string_view text);
/// Float seconds or a Prometheus duration. Errors: kInvalid, `cannot parse "x" to a valid duration`.
Result<Duration> parse_duration_param(std::string_view text);
/// An integer as Go's strconv reads it, in `bits` bits; kInvalid: `strconv.Atoi: parsing "x": invalid syntax`.
Result<std::int64_t> parse_go_int(std::string_view function, std::string_view text, int bits = 64);
/// strconv.ParseBool: 1, t, true, 0, f, false and their capitals.
Result<bool> parse_go_bool(std::string_view text);

}  // namespace tocsin::api
