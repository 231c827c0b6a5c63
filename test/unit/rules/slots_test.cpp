#include "rules/slots.hpp"

#include <catch2/catch.hpp>

#include "model/labels.hpp"

using namespace tocsin;
using namespace std::chrono_literals;

TEST_CASE("A group's slots are its interval's grid, shifted by the hash of its names") {
  const rules::Slots slots("file.yml", "name", 60s);
  const auto offset =
      static_cast<std::int64_t>(model::Labels{{"file", "file.yml"}, {"name", "name"}}.hash() % 60'000'000'000ULL);
  const std::int64_t now = 1'700'000'000'123'456'789;
  const std::int64_t slot = slots.at_or_before(now);
  CHECK(slot <= now);
  CHECK(now - slot < 60'000'000'000);
  CHECK((slot - offset) % 60'000'000'000 == 0);
  CHECK(slots.at_or_before(slot) == slot);
  CHECK(slots.at_or_before(slot - 1) == slot - 60'000'000'000);
  CHECK(rules::Slots("file.yml", "other", 60s).at_or_before(now) != slot);
  CHECK(rules::Slots("a", "b", 60s).at_or_before(-1) <= -1);
}

TEST_CASE("Slots that are over are missed, but for the last") {
  const rules::Slots slots("f", "g", 10s);
  const std::int64_t second = 1'000'000'000;
  const std::int64_t last = slots.at_or_before(1000 * second);
  struct Case {
    std::int64_t now_after_last, slot_after_last, missed;
  };
  for (const Case& c : {Case{0, 10, 0}, Case{5, 10, 0}, Case{10, 10, 0}, Case{19, 10, 0}, Case{20, 20, 1},
                        Case{25, 20, 1}, Case{35, 30, 2}}) {
    const auto next = slots.after(last, last + c.now_after_last * second);
    CAPTURE(c.now_after_last);
    CHECK(next.slot == last + c.slot_after_last * second);
    CHECK(next.missed == c.missed);
  }
}

TEST_CASE("A clock that went back gets the slot after its new time") {
  const rules::Slots slots("f", "g", 10s);
  const std::int64_t second = 1'000'000'000;
  const std::int64_t last = slots.at_or_before(1000 * second);
  const auto next = slots.after(last, last - 95 * second);
  CHECK(next.slot == last - 90 * second);
  CHECK(next.missed == 0);
}
