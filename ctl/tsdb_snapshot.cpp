#include <cstdio>

#include <boost/json.hpp>

#include "ctl/remote.hpp"
#include "ctl/tsdb.hpp"

namespace tocsin::ctl {
namespace {

namespace json = boost::json;

const json::value* member(const json::value* value, std::string_view name) {
  return value != nullptr && value->is_object() ? value->as_object().if_contains(name) : nullptr;
}

std::string text_of(const json::value* value) {
  return value != nullptr && value->is_string() ? std::string(value->as_string()) : std::string();
}

/// The name of the snapshot in the answer of a server, or what is wrong.
Result<std::string> snapshot_name(const net::HttpResponse& response) {
  json::error_code wrong;
  const json::value answer = json::parse(json::string_view(response.body.view()), wrong);
  if (!wrong && text_of(member(&answer, "status")) == "success") {
    std::string name = text_of(member(member(&answer, "data"), "name"));
    if (!name.empty()) return name;
  }
  const std::string error = wrong ? std::string() : text_of(member(&answer, "error"));
  if (!error.empty()) return fail(Errc::kUnavailable, "{}", error);
  return fail(Errc::kInvalid, "the server answered {} with no Prometheus answer: {}", response.status,
              response.body.view().substr(0, 200));
}

}  // namespace

int tsdb_snapshot(const TsdbSnapshotArgs& args) {
  net::HttpRequest request("POST", join_url(args.server, "/api/v1/admin/tsdb/snapshot"));
  request.headers.set("Content-Type", "application/x-www-form-urlencoded");
  request.body = fmt::format("skip_head={}", args.skip_head);
  const auto response = send_and_wait(std::move(request), args.timeout, args.http_config_file);
  const Result<std::string> name = response ? snapshot_name(*response) : fail(Error(response.error()));
  if (!name) {
    fmt::print(stderr, "no snapshot was made: {}\n", name.error().message);
    return 1;
  }
  fmt::print("snapshots/{}\n", *name);
  return 0;
}

}  // namespace tocsin::ctl
