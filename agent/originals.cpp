#include "agent/originals.hpp"

#include "base/html.hpp"
#include "base/version.hpp"

namespace tocsin::agent {
namespace {

/// @param prefix  of the links: "" on an address of its own.
net::HttpResponse landing_page(const RunningSource& source, const std::string& prefix) {
  const std::string_view probe = source.source->probe_path();
  std::string page = fmt::format(
      "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>{0}</title><h1>{0}</h1><p>{1}</p><ul>"
      "<li><a href=\"{2}/metrics\">Metrics</a></li>",
      html_escaped(source.section.info.kind), html_escaped(version_text("tocsin-agent")), prefix);
  if (!probe.empty()) page += fmt::format("<li>Probes: <code>{}{}?target=...</code></li>", prefix, probe);
  page += "</ul></html>\n";
  return net::HttpResponse(200, "text/html; charset=utf-8", std::move(page));
}

}  // namespace

net::Task<Result<Pages>> Originals::pages(std::string kind, net::HttpRequest request) {
  Gathered gathered = co_await gatherer_.gather({{kind}, {}}, scrape_limit(request, kNoLimit));
  gathered.pages.push_back(gatherer_.about(gathered, true));
  co_return std::move(gathered.pages);
}

net::Task<net::HttpResponse> Originals::serve(std::string kind, std::string path, ScrapeEndpoint* endpoint,
                                              net::HttpRequest request) {
  const RunningSource* found = sources_.find(kind);
  if (found == nullptr) co_return plain_text(404, "404 page not found\n");
  if (path == "/metrics") {
    std::string accept(request.headers.get("Accept"));
    co_return co_await endpoint->serve(std::move(accept), pages(std::move(kind), std::move(request)));
  }
  if (path == "/") co_return landing_page(*found, request.path() == "/" ? "" : "/" + kind);
  if (path == found->source->probe_path()) co_return co_await prober_.probe(found->source, std::move(request));
  co_return plain_text(404, "404 page not found\n");
}

}  // namespace tocsin::agent
