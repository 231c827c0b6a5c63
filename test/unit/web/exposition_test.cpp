#include "web/exposition.hpp"

#include <catch2/catch.hpp>

#include "expo/writer.hpp"

using namespace tocsin;

namespace {

std::shared_ptr<const expo::RenderedPage> page_of(std::string_view name) {
  expo::Page page;
  page.begin();
  page.family(name, "", model::MetricType::kCounter).put(1);
  page.end();
  auto rendered = std::make_shared<expo::RenderedPage>();
  page.render(*rendered);
  return rendered;
}

}  // namespace

TEST_CASE("one page of text is sent from where it is", "[web]") {
  const std::shared_ptr<const expo::RenderedPage> pages[] = {page_of("a_total")};
  expo::MergeOrder order;
  const net::HttpResponse response = web::expose("text/plain;version=0.0.4", pages, order);
  CHECK(response.status == 200);
  CHECK(response.headers.get("Content-Type") == "text/plain; version=0.0.4; charset=utf-8; escaping=underscores");
  CHECK(response.body.view().data() == pages[0]->text.data());
}

TEST_CASE("pages are merged, and written in the format that the scraper accepts", "[web]") {
  expo::MergeOrder order;
  for (const char* second : {"b.x", "z.x"}) {
    const std::shared_ptr<const expo::RenderedPage> pages[] = {page_of("m_total"), page_of(second)};
    const bool before = second[0] == 'b';
    const auto text = [&](std::string_view accept) {
      return std::string(web::expose(accept, pages, order).body.view());
    };
    const std::string m = "# TYPE m counter\nm_total 1\n", other = second[0] + std::string("_x");
    const std::string x = "# TYPE " + other + " unknown\n" + other + " 1\n";
    CHECK(text("application/openmetrics-text;version=1.0.0,text/plain;q=0.1") == (before ? x + m : m + x) + "# EOF\n");
    CHECK(text("").find(other + " 1\n") != std::string::npos);
    CHECK(text("text/plain;escaping=allow-utf-8").find(second) != std::string::npos);
    CHECK(text("application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited")[0] > 0);
  }
}
