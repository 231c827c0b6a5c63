#include "scrape/turnstile.hpp"

#include <optional>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "support/test_loop.hpp"

using namespace tocsin;
using namespace std::chrono_literals;
using scrape::Turnstile;

namespace {

struct Bench {
  test::TestLoop loop;
  std::shared_ptr<Turnstile> turnstile = std::make_shared<Turnstile>(loop);
  std::vector<std::string> seen;
};

net::Task<void> visit(Bench* bench, std::string name) {
  const Turnstile::Pass pass = co_await Turnstile::enter(bench->turnstile);
  bench->seen.push_back(name + " in");
  co_await net::sleep_for(bench->loop, 1s);
  bench->seen.push_back(name + " out");
}

}  // namespace

TEST_CASE("one task after the other is let through, in the order of their coming") {
  Bench bench;
  for (const char* name : {"a", "b", "c"}) bench.loop.spawn(name, visit(&bench, name));
  bench.loop.run_ready();
  CHECK(bench.seen == std::vector<std::string>{"a in"});
  CHECK(bench.turnstile->waiting() == 2);
  bench.loop.advance(1s);
  bench.loop.spawn("d", visit(&bench, "d"));
  bench.loop.advance(10s);
  CHECK(bench.seen == std::vector<std::string>{"a in", "a out", "b in", "b out", "c in", "c out", "d in", "d out"});
  bench.loop.spawn("e", visit(&bench, "e"));
  bench.loop.run_ready();
  CHECK(bench.seen.back() == "e in");
  CHECK(bench.loop.failures().empty());
}

TEST_CASE("those that wait may be ended") {
  Bench bench;
  for (const char* name : {"a", "b"}) bench.loop.spawn(name, visit(&bench, name));
  bench.loop.run_ready();
  bench.turnstile->close();
  bench.loop.advance(10s);
  CHECK(bench.seen == std::vector<std::string>{"a in", "a out"});
  CHECK(bench.turnstile.use_count() == 1);
}
