// Quantiles of classic histograms: of many steps at once as of one.

#include "promql/histogram_quantile.hpp"

#include <algorithm>
#include <bit>
#include <cstdint>
#include <limits>
#include <vector>

#include <catch2/catch.hpp>

#include "base/rng.hpp"

namespace tocsin::promql {
namespace {

constexpr double kInf = std::numeric_limits<double>::infinity();
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

using Rows = std::vector<std::vector<double>>;

/// What bucket_quantiles() says; empty if it refuses.
std::vector<double> together(const std::vector<double>& q, const std::vector<double>& upper, const Rows& rows) {
  std::vector<const double*> row;
  for (const std::vector<double>& counts : rows) row.push_back(counts.data());
  std::vector<double> out(q.size(), -1);
  if (!bucket_quantiles(q, {upper, row, q.size()}, out)) out.clear();
  return out;
}

/// What bucket_quantile() says of each step, and whether it changed a count.
std::vector<double> one_by_one(const std::vector<double>& q, const std::vector<double>& upper, const Rows& rows,
                               bool& changed) {
  std::vector<double> out;
  changed = false;
  for (std::size_t i = 0; i < q.size(); ++i) {
    std::vector<double> counts;
    for (const std::vector<double>& row : rows) counts.push_back(row[i]);
    const std::vector<double> before = counts;
    MonotonicityFix fix;
    out.push_back(bucket_quantile(q[i], {upper, counts}, fix));
    changed = changed || !std::ranges::equal(counts, before, [](double a, double b) {
                return std::bit_cast<std::uint64_t>(a) == std::bit_cast<std::uint64_t>(b);
              });
  }
  return out;
}

bool same(const std::vector<double>& a, const std::vector<double>& b) {
  return std::ranges::equal(a, b, [](double x, double y) {
    return (x != x && y != y) || std::bit_cast<std::uint64_t>(x) == std::bit_cast<std::uint64_t>(y);
  });
}

TEST_CASE("quantiles of many steps at once are those of each step, to the bit") {
  Rng rng(3);
  int done = 0, refused = 0;
  for (int round = 0; round < 3000; ++round) {
    const std::size_t steps = 1 + rng.next() % BucketRows::kMostSteps;
    std::vector<double> upper;
    double bound = rng.next() % 4 == 0 ? -2 : 0;
    for (std::size_t b = 1 + rng.next() % 12; b > 0; --b) upper.push_back(bound += rng.uniform());
    upper.push_back(kInf);
    std::vector<double> q(steps, rng.uniform());
    if (round % 3 == 0) std::ranges::generate(q, [&] { return rng.uniform(); });
    if (round % 5 == 0) q.front() = 0;
    if (round % 7 == 0) q.back() = 1;
    Rows rows(upper.size(), std::vector<double>(steps));
    for (std::size_t i = 0; i < steps; ++i) {
      double count = 0;
      for (std::vector<double>& row : rows) {
        const std::uint64_t kind = rng.next() % 8;
        if (kind > 2) count += rng.uniform() * 10;  // else nobody was in the bucket
        row[i] = count;
      }
      if (rng.next() % 16 == 0) {
        for (std::vector<double>& row : rows) row[i] = 0;
      }
    }
    if (round % 10 == 0) {
      const double odd[] = {kNan, kInf, -1, rows.back().front() * (1 + 1e-15), 1e308, 5e-324};
      rows[rng.next() % rows.size()][rng.next() % steps] = odd[rng.next() % std::size(odd)];
    }
    const std::vector<double> found = together(q, upper, rows);
    bool changed = false;
    const std::vector<double> expected = one_by_one(q, upper, rows, changed);
    if (found.empty()) {
      ++refused;
      CHECK(round % 10 == 0);  // only what is odd is refused
      continue;
    }
    ++done;
    CHECK_FALSE(changed);
    CHECK(same(found, expected));
  }
  CHECK(done > 2700);
  CHECK(refused > 100);
}

TEST_CASE("what is not the usual case is refused") {
  const std::vector<double> upper = {0.1, 1, kInf};
  const Rows rows = {{1, 1}, {3, 3}, {4, 4}};
  CHECK(same(together({0.5, 1}, upper, rows), {0.55, 1}));
  CHECK(together({0.5, 1.1}, upper, rows).empty());
  CHECK(together({-0.1, 0.5}, upper, rows).empty());
  CHECK(together({kNan, 0.5}, upper, rows).empty());
  CHECK(together({0.5, 0.5}, {0.1, 1, 2}, rows).empty());                  // no +Inf
  CHECK(together({0.5, 0.5}, {kInf}, {{4, 4}}).empty());                   // one bucket
  CHECK(together({0.5, 0.5}, upper, {{1, 1}, {3, 0.5}, {4, 4}}).empty());  // falls
  CHECK(together({0.5, 0.5}, upper, {{1, 1}, {1, 1 + 1e-14}, {4, 4}}).empty());
  CHECK(same(together({0.5, 0.5}, upper, {{0, 1}, {0, 1}, {0, 1}}), {kNan, 0.05}));
}

}  // namespace
}  // namespace tocsin::promql
