#include "api/admin_api.hpp"

#include "api/envelope.hpp"

namespace tocsin::api {
namespace {

net::Task<net::HttpResponse> refuse(Error error) {
  co_return error_response(error);
}

net::Task<net::HttpResponse> refuse_plainly(std::string text) {
  co_return plain_error(404, text);
}

}  // namespace

void add_admin_api(net::HttpRouter& router, bool admin_enabled) {
  using Captures = net::HttpRouter::Captures;
  for (const std::string_view path : {"delete_series", "clean_tombstones", "snapshot"}) {
    const Error error = admin_enabled
                            ? Error{Errc::kUnsupported, fmt::format("admin/tsdb/{} is not supported yet", path)}
                            : Error{Errc::kUnavailable, "admin APIs disabled"};
    router.add("POST,PUT", fmt::format("/api/v1/admin/tsdb/{}", path),
               [error](net::HttpRequest, Captures) { return refuse(error); });
  }
  for (const std::string_view path : {"metric_names", "label_names", "label_values"}) {
    router.add("GET,POST", fmt::format("/api/v1/search/{}", path),
               [](net::HttpRequest, Captures) { return refuse(Error{Errc::kUnavailable, "search API disabled"}); });
  }
  router.add("POST", "/api/v1/otlp/v1/metrics", [](net::HttpRequest, Captures) {
    return refuse_plainly("otlp write receiver needs to be enabled with --web.enable-otlp-receiver");
  });
}

}  // namespace tocsin::api
