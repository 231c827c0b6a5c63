#include "ui/start_page.hpp"

#include "base/check.hpp"
#include "base/html.hpp"

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

void add_start_page(net::HttpRouter& router, std::string_view title) {
  static constexpr std::string_view kTitle = "<title>Tocsin</title>";
  std::string html(start_page_html());
  const std::size_t at = html.find(kTitle);
  check(at != std::string::npos, "BUG: the start page has no title");
  html.replace(at, kTitle.size(), "<title>" + html_escaped(title) + "</title>");
  auto page = std::make_shared<const std::string>(std::move(html));
  router.add("GET", "/", [page](net::HttpRequest, net::HttpRouter::Captures) { return serve(page); });
}

}  // namespace tocsin::ui
