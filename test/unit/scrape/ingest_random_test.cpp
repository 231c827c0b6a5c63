// Random pages of one target, some of them wrong, against what should be stored by the plainest reading of the rules.

#include <algorithm>
#include <map>

#include <catch2/catch.hpp>

#include "base/rng.hpp"
#include "base/virtual_loop.hpp"
#include "scrape/target_ingest.hpp"
#include "stored.hpp"

using namespace tocsin;
using namespace std::chrono_literals;

namespace {

constexpr Timestamp kStart = 1'700'000'000'000;
constexpr std::size_t kSeries = 40;

/// One of two spellings of a series: the order of its labels.
std::string spelled(std::size_t series, bool other) {
  return other ? fmt::format("m{}{{b=\"{}\",a=\"x\"}}", series % 3, series)
               : fmt::format("m{}{{a=\"x\",b=\"{}\"}}", series % 3, series);
}

struct Model {
  std::map<std::size_t, std::string> lines;  // series -> " value@time ..."
  std::map<std::size_t, double> live;

  void good(const std::vector<std::pair<std::size_t, double>>& rows, Timestamp t) {
    std::map<std::size_t, double> now;
    for (const auto& [series, value] : rows) now.try_emplace(series, value);
    for (const auto& [series, value] : live) {
      if (!now.contains(series)) lines[series] += fmt::format(" stale@{}", t - kStart);
    }
    for (const auto& [series, value] : now) lines[series] += fmt::format(" {}@{}", value, t - kStart);
    live = std::move(now);
  }
  void bad(Timestamp t) {
    for (const auto& [series, value] : live) lines[series] += fmt::format(" stale@{}", t - kStart);
    live.clear();
  }
  std::vector<std::string> text() const {
    std::vector<std::string> out;
    for (const auto& [series, line] : lines) {
      out.push_back(fmt::format("m{}{{a=\"x\", b=\"{}\"}}{}", series % 3, series, line));
    }
    std::sort(out.begin(), out.end());
    return out;
  }
};

}  // namespace

TEST_CASE("whatever a target's pages do, what is stored is what the rules say") {
  for (std::uint64_t seed = 0; seed < 150; ++seed) {
    Rng rng(seed);
    VirtualLoop loop(kStart);
    test::MapStore store;
    scrape::TargetIngest ingest;
    Model model;
    const auto config = std::make_shared<const config::ScrapeConfig>();
    const auto rules = std::make_shared<const scrape::IngestRules>(scrape::IngestRules{config, {}});
    std::vector<std::size_t> order;
    for (std::size_t i = 0; i < kSeries; ++i) order.push_back(i);

    for (int step = 0; step < 25; ++step) {
      loop.advance(1s);
      // The page changes a little, or is turned over.
      const auto change = rng.next() % 8;
      if (change == 0) {
        for (std::size_t i = order.size(); i > 1; --i) std::swap(order[i - 1], order[rng.next() % i]);
      } else if (change == 1 && order.size() > 1) {
        order.erase(order.begin() + static_cast<std::ptrdiff_t>(rng.next() % order.size()));
      } else if (change == 2) {
        order.insert(order.begin() + static_cast<std::ptrdiff_t>(rng.next() % (order.size() + 1)),
                     rng.next() % kSeries);  // new, back again, or there twice
      } else if (change == 3) {
        order.resize(rng.next() % (order.size() + 1));
      }
      const bool other = rng.next() % 10 == 0;
      std::string page;
      std::vector<std::pair<std::size_t, double>> rows;
      for (const std::size_t series : order) {
        rows.emplace_back(series, static_cast<double>(rng.next() % 1000));
        page += fmt::format("{} {}\n", spelled(series, other), rows.back().second);
      }
      scrape::ScrapeInput input{.rules = rules, .t = loop.now(), .started = loop.mono()};
      const auto fate = rng.next() % 10;
      if (fate == 0) {
        input.error = "refused";
      } else if (fate == 1) {
        page.insert(page.find('\n', rng.next() % (page.size() + 1)) + 1, "not a sample\n");
      }
      input.page = page;
      const auto out = ingest.scrape(input, store, loop);
      REQUIRE(out.error.empty() == (fate > 1));
      if (out.error.empty()) {
        model.good(rows, loop.now());
      } else {
        model.bad(loop.now());
      }
    }
    auto got = test::stored(store, kStart, "m.");
    std::sort(got.begin(), got.end());
    INFO("seed " << seed);
    REQUIRE(got == model.text());
  }
}
