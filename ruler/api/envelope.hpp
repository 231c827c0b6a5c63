#pragma once
// The envelope of /api/v1: {"status":"success","data":...} or {"status":"error","errorType":...,"error":...}.

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

/// errorType and status by the code: kInvalid bad_data 400, kExecution and kLimit execution 422, kTimeout timeout 503,
/// kCanceled canceled 499, kNotFound not_found 404, kUnavailable unavailable 500, others internal 500; kUnsupported is
/// execution 422 with the name of what is missing.
net::HttpResponse error_response(const Error& error);
/// 400 bad_data: `invalid parameter "name": message`.
Error invalid_parameter(std::string_view name, std::string_view message);

/// Float seconds or RFC 3339. Errors: kInvalid, `cannot parse "x" to a valid timestamp`.
Result<Timestamp> parse_time(std::string_view text);
/// Float seconds or a Prometheus duration. Errors: kInvalid, `cannot parse "x" to a valid duration`.
Result<Duration> parse_duration_param(std::string_view text);
/// The parameter as a time, or `otherwise` if it is absent; errors name the parameter.
Result<Timestamp> time_param(const net::HttpRequest& request, std::string_view name, Timestamp otherwise);
/// A count of at least 0; 0 if absent.
Result<std::size_t> limit_param(const net::HttpRequest& request);

}  // namespace tocsin::api
