// tocsin_exposition_page ACCEPT: a page with every kind of metric and all that a source can say of one, in the format
// that a scraper with this Accept header gets. The first line is its Content-Type.
#include <cstdio>
#include <limits>

#include "expo/exposition.hpp"
#include "expo/writer.hpp"

using namespace tocsin;
using model::MetricType;

namespace {

expo::Page full_page() {
  expo::Page page;
  page.begin();
  auto& requests =
      page.family("http_requests_total", "Requests, \"all\" of \\ them\nin two lines.", MetricType::kCounter);
  requests.put({{"code", "200"}, {"path", "a \"b\" \\ c\nd é"}}, 7);
  requests.set_created(1'700'000'000'500);
  requests.set_exemplar({{{"trace_id", "a\"b"}}, 1, 1'700'000'001'250});
  requests.put({{"code", "500"}, {"path", ""}}, 1e300);
  auto& times = page.family("http_request_duration_seconds", "Times.", MetricType::kHistogram);
  const expo::Bucket buckets[] = {{0.5, 3}, {1, 4}};
  const model::LabelView handler[] = {{"handler", "x"}};
  times.put_histogram(handler, buckets, 3.5, 5);
  times.set_created(1'700'000'000'000);
  times.set_exemplar(1, {{{"trace_id", "x"}}, 0.75, {}});
  auto& sizes = page.family("size_bytes", "Sizes.", MetricType::kSummary);
  const expo::Quantile quantiles[] = {{0.5, 10}, {1, 20}};
  sizes.put_summary({}, quantiles, 100, 9);
  sizes.set_created(1'700'000'000'000);
  page.family("temp_celsius", "", MetricType::kGauge).put({}, 21.5, Timestamp{1'700'000'000'250});
  auto& odd = page.family("odd", "Values that are no plain numbers.", MetricType::kGauge);
  odd.put({{"is", "nan"}}, std::numeric_limits<double>::quiet_NaN());
  odd.put({{"is", "+inf"}}, std::numeric_limits<double>::infinity());
  odd.put({{"is", "-inf"}}, -std::numeric_limits<double>::infinity());
  odd.put({{"is", "tiny"}}, 5e-324);
  odd.put({{"is", "digits"}}, 0.1 + 0.2);
  page.family("build_info", "Build.", MetricType::kInfo).put({{"version", "1"}}, 1);
  page.family("whatever", "", MetricType::kUnknown).put(-1);
  page.end();
  return page;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fputs("usage: tocsin_exposition_page ACCEPT\n", stderr);
    return 2;
  }
  expo::RenderedPage rendered;
  full_page().render(rendered);
  const expo::RenderedPage* pages[] = {&rendered};
  const expo::Exposition exposition = expo::negotiate(argv[1]);
  const std::string text = exposition.content_type + "\n" + expo::expose(pages, exposition);
  return std::fwrite(text.data(), 1, text.size(), stdout) == text.size() ? 0 : 1;
}
