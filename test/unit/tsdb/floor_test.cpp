#include "tsdb/floor.hpp"

#include <catch2/catch.hpp>

namespace tocsin::tsdb {
namespace {

TEST_CASE("a floor that a reader holds is the oldest one until the reader goes") {
  Floor floor;
  CHECK(floor.now() == kMinTimestamp);
  CHECK(floor.oldest_held() == kMinTimestamp);
  FloorHold first = floor.hold();
  floor.raise(100);
  const FloorHold second = floor.hold();
  floor.raise(200);
  floor.raise(150);  // it does not fall
  CHECK(floor.now() == 200);
  CHECK(floor.oldest_held() == kMinTimestamp);
  first = nullptr;
  CHECK(floor.oldest_held() == 100);
  CHECK(*second == 100);
  CHECK(*floor.hold() == 200);
}

}  // namespace
}  // namespace tocsin::tsdb
