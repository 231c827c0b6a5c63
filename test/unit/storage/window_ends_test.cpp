#include "storage/window_ends.hpp"

#include <catch2/catch.hpp>

#include "model/sample.hpp"

namespace tocsin::storage {
namespace {

TEST_CASE("of windows stay the first and the last sample, their number, and what a counter lost") {
  const std::vector<TimeRange> windows = {{0, 9}, {10, 19}, {25, 30}, {40, 50}};
  WindowEnds ends;
  WindowEndsBuilder builder(windows, ends);
  const std::vector<Timestamp> times = {-1, 0, 5, 9, 10, 12, 14, 22, 30, 31, 60};
  const std::vector<double> values = {9, 1, 2, 1, 7, 3, 4, 5, 6, 7, 8};
  builder.add(std::span(times).first(5), std::span(values).first(5));
  builder.add(std::span(times).subspan(5), std::span(values).subspan(5));
  REQUIRE(ends.windows.size() == 4);
  CHECK(ends.windows[0].count == 3);
  CHECK(ends.windows[0].first_time == 0);
  CHECK(ends.windows[0].first == 1);
  CHECK(ends.windows[0].last_time == 9);
  CHECK(ends.windows[0].last == 1);
  CHECK(ends.windows[1].count == 3);
  CHECK(ends.windows[1].first == 7);
  CHECK(ends.windows[1].last == 4);
  CHECK(ends.windows[2].count == 1);
  CHECK(ends.windows[2].first_time == 30);
  CHECK(ends.windows[3].count == 0);
  REQUIRE(ends.resets.size() == 2);
  CHECK(ends.resets[0].time == 9);
  CHECK(ends.resets[0].before == 2);
  CHECK(ends.resets[1].time == 12);  // between two parts, in one window
  CHECK(ends.resets[1].before == 7);
  CHECK(ends.decoded == 11);
}

TEST_CASE("staleness markers are no samples of a window") {
  const std::vector<TimeRange> windows = {{0, 9}};
  WindowEnds ends;
  WindowEndsBuilder builder(windows, ends);
  builder.add(std::vector<Timestamp>{1, 2, 3, 4}, std::vector<double>{model::stale_nan(), 5, model::stale_nan(), 4});
  CHECK(ends.windows[0].count == 2);
  CHECK(ends.windows[0].first_time == 2);
  CHECK(ends.windows[0].last == 4);
  REQUIRE(ends.resets.size() == 1);
  CHECK(ends.resets[0].before == 5);
}

}  // namespace
}  // namespace tocsin::storage
