#include <functional>
#include <limits>
#include <set>

#include <catch2/catch.hpp>
#include <fmt/format.h>

#include "base/rng.hpp"
#include "expo/exposition.hpp"
#include "expo/writer.hpp"

namespace tocsin::expo {

namespace {

std::uint64_t below(Rng& rng, std::uint64_t bound) {
  return rng.next() % bound;
}

/// All that a scraper may see of a page.
std::string seen(const RenderedPage& page) {
  const RenderedPage* const pages[] = {&page};
  std::string out = page.text;
  for (const PageFormat format : {PageFormat::kText, PageFormat::kOpenMetrics, PageFormat::kProtobuf}) {
    out += expose(pages, Exposition{.format = format, .escaping = EscapingScheme::kAllowUtf8, .content_type = {}});
  }
  return out;
}

std::string rendered_whole(const Page& page) {
  RenderedPage out;
  page.render(out);
  return seen(out);
}

void round_of(Page& page, const std::function<void()>& put) {
  page.begin();
  put();
  page.end();
}

CachedFamily& gauge(Page& page, std::string_view name) {
  return page.family(name, "Help.", model::MetricType::kGauge);
}

/// Puts a few of the series that there may be; few values, so that many stay as they are.
void put_some(Page& page, Rng& rng) {
  for (char name = 'a'; name <= 'h'; ++name) {
    if (below(rng, 8) == 0) continue;
    CachedFamily& family = page.family(fmt::format("family_{}_total", name), "Help.",
                                       name == 'h' ? model::MetricType::kHistogram : model::MetricType::kCounter);
    for (int series = 0; series < 4; ++series) {
      if (below(rng, 6) == 0) continue;
      const std::string id = fmt::format("{}", series);
      const model::LabelView labels[] = {{"id", id}};
      const double value = name < 'd' ? 1 : static_cast<double>(below(rng, 3));
      if (name == 'h') {
        const Bucket buckets[] = {{1, value}, {2, value + 1}};
        family.put_histogram(labels, buckets, value, value + 2);
      } else if (name == 'g' && below(rng, 2) == 0) {
        family.put(labels, value, static_cast<Timestamp>(1000 + below(rng, 2)));
      } else {
        family.put(labels, value);
      }
      if (name >= 'f' && below(rng, 3) == 0) family.set_created(static_cast<Timestamp>(5000 + below(rng, 2)));
      if (name >= 'f' && below(rng, 3) == 0) {
        family.set_exemplar({.labels = {{"trace", fmt::format("{}", below(rng, 2))}}, .value = 1, .timestamp = {}});
      }
    }
  }
}

}  // namespace

TEST_CASE("a page of which nothing changed is shared again", "[expo]") {
  Page page;
  double value = 1;
  const auto put = [&] {
    gauge(page, "b").put({{"x", "1"}}, value);
    gauge(page, "a").put(std::numeric_limits<double>::quiet_NaN());
  };
  round_of(page, put);
  const auto first = page.share();
  CHECK(first->text == "# HELP a Help.\n# TYPE a gauge\na NaN\n# HELP b Help.\n# TYPE b gauge\nb{x=\"1\"} 1\n");
  round_of(page, put);
  CHECK(page.share() == first);
  value = -0.0;
  round_of(page, put);
  const auto negative = page.share();
  CHECK(negative->text.ends_with("b{x=\"1\"} -0\n"));
  value = 0;
  round_of(page, put);
  CHECK(page.share()->text.ends_with("b{x=\"1\"} 0\n"));
  CHECK(first->text.ends_with("b{x=\"1\"} 1\n"));
  CHECK(negative->text.ends_with("b{x=\"1\"} -0\n"));
}

TEST_CASE("a shared page stays as it is while somebody has it, whatever follows", "[expo]") {
  Page page;
  std::vector<std::pair<std::shared_ptr<const RenderedPage>, std::string>> kept;
  for (int i = 0; i < 20; ++i) {
    round_of(page, [&] {
      gauge(page, "a").put(1);
      gauge(page, "b").put(i);
    });
    auto shared = page.share();
    const std::string text = shared->text;
    if (i % 3 != 0) kept.emplace_back(std::move(shared), text);
    for (const auto& [other, was] : kept) CHECK(other->text == was);
  }
}

TEST_CASE("a page that is shared now and then is as if it were rendered whole", "[expo]") {
  for (const std::size_t limit : {0, 12}) {
    Page page;
    Rng rng(17);
    page.limit_series(limit);
    std::set<std::string> different;
    for (int i = 0; i < 500; ++i) {
      round_of(page, [&] { put_some(page, rng); });
      if (i == 250) {
        page.set_constant_labels({{"zone", "1"}});
        round_of(page, [&] { put_some(page, rng); });
      }
      if (below(rng, 4) == 0) continue;
      const std::string whole = rendered_whole(page);
      CHECK(seen(*page.share()) == whole);
      different.insert(whole);
    }
    CHECK(different.size() > 100);
  }
}

TEST_CASE("a page that changes by nothing but its members is shared as it is then", "[expo]") {
  Page page;
  round_of(page, [&] {
    for (const std::string_view name : {"a", "b", "c"}) gauge(page, name).put({{"x", "1"}}, 1);
  });
  const auto all = page.share();
  round_of(page, [&] { gauge(page, "b").put({{"x", "1"}}, 1); });
  CHECK(page.share()->text == "# HELP b Help.\n# TYPE b gauge\nb{x=\"1\"} 1\n");
  round_of(page, [&] { gauge(page, "b").put({{"x", "2"}}, 1); });
  CHECK(page.share()->text == "# HELP b Help.\n# TYPE b gauge\nb{x=\"2\"} 1\n");
  round_of(page, [&] {
    for (const std::string_view name : {"a", "b", "c"}) gauge(page, name).put({{"x", "1"}}, 1);
  });
  CHECK(page.share()->text == all->text);
  round_of(page, [] {});
  CHECK(page.share()->text.empty());
  CHECK(page.share()->families.empty());
}

}  // namespace tocsin::expo
