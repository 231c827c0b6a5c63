#include "ui/start_page.hpp"

namespace tocsin::ui {
namespace {

net::Task<net::HttpResponse> serve(std::shared_ptr<const std::string> page) {
  net::HttpResponse response(200, "text/html; charset=utf-8", net::Body(std::move(page)));
  response.headers.set("Content-Security-Policy",
                       "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; connect-src 'self'; "
                       "base-uri 'none'; form-action 'self'; frame-ancestors 'none'");
  response.headers.set("X-Content-Type-Options", "nosniff");
  response.headers.set("Cache-Control", "no-cache");
  co_return response;
}

}  // namespace

void add_start_page(net::HttpRouter& router) {
  auto page = std::make_shared<const std::string>(start_page_html());
  router.add("GET", "/", [page](net::HttpRequest, net::HttpRouter::Captures) { return serve(page); });
}

}  // namespace tocsin::ui
