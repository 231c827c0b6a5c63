#include "scrape/scrape_body.hpp"

#include <catch2/catch.hpp>

using namespace tocsin;
using scrape::BodyBudget;
using scrape::ByteQueue;
using scrape::ScrapeBody;

namespace {

std::shared_ptr<BodyBudget> plenty() {
  return std::make_shared<BodyBudget>(1U << 30U);
}

/// The page, or why there is none; `step` bytes at a time.
std::string page_of(ScrapeBody& body, std::size_t step = 1U << 20U) {
  for (int steps = 0; !body.unpack(step); ++steps) REQUIRE(steps < 1'000'000);
  return body.failure().empty() ? body.page() : "error: " + body.failure();
}

}  // namespace

TEST_CASE("bytes that come in any pieces are joined as they came") {
  for (const std::size_t piece : {1U, 1000U, 100'000U}) {
    for (const std::size_t expected : {0U, 50'000U, 400'000U}) {
      ByteQueue queue(expected);
      std::string all;
      for (int i = 0; all.size() < 300'000; ++i) {
        const std::string bytes(piece, static_cast<char>('a' + i % 26));
        queue.append(bytes);
        all += bytes;
        REQUIRE(queue.size() == all.size());
      }
      REQUIRE(queue.join() == all);
      REQUIRE(queue.size() == 0);
    }
  }
}

TEST_CASE("a body becomes the page, as it is or unpacked") {
  ScrapeBody plain(plenty(), 0, 0);
  CHECK_FALSE(plain.got_some());
  CHECK(plain.take("ab"));
  CHECK(plain.take("c"));
  CHECK(plain.got_some());
  CHECK(page_of(plain) == "abc");

  std::string text;
  for (int i = 0; i < 100'000; ++i) text += std::to_string(i * 7919);
  for (const std::size_t step : {1000U, 1U << 20U}) {
    ScrapeBody packed(plenty(), 0, 10);
    CHECK(packed.take(net::gzip(text).substr(0, 1000)));
    CHECK(packed.take(net::gzip(text).substr(1000)));
    packed.expect_gzip();
    CHECK(page_of(packed, step) == text);
  }
}

TEST_CASE("a page of the limit is too large, whatever it is packed in") {
  const std::string text(1000, 'x');
  const auto verdict = [&](std::uint64_t limit, bool gzip) {
    ScrapeBody body(plenty(), limit, 0);
    body.take(gzip ? net::gzip(text) : text);
    if (gzip) body.expect_gzip();
    return page_of(body, 100).substr(0, 40);
  };
  for (const bool gzip : {false, true}) {
    CHECK(verdict(1001, gzip) == text.substr(0, 40));
    CHECK(verdict(1000, gzip) == "error: body size limit exceeded");
    CHECK(verdict(999, gzip) == "error: body size limit exceeded");
    CHECK(verdict(1, gzip) == "error: body size limit exceeded");
  }
  ScrapeBody endless(plenty(), 10'000, 0);
  std::size_t taken = 0;
  while (endless.take(text)) taken += text.size();
  CHECK(taken <= 11'000);
  CHECK(page_of(endless) == "error: body size limit exceeded");
  // What packing adds to a page that cannot be packed does not count.
  std::string noise;
  for (std::uint32_t i = 1, bits = 1; i <= 500; ++i)
    noise += static_cast<char>((bits = bits * 1664525U + 1013904223U) >> 24U);
  ScrapeBody tight(plenty(), noise.size() + 1, 0);
  CHECK(tight.take(net::gzip(noise)));
  tight.expect_gzip();
  CHECK(page_of(tight) == noise);
}

TEST_CASE("a bomb costs no more than the limit") {
  const auto budget = plenty();
  const std::string bomb = net::gzip(std::string(64U << 20U, '\0'));
  ScrapeBody body(budget, 2U << 20U, 0);
  REQUIRE(body.take(bomb));
  body.expect_gzip();
  std::size_t most = 0;
  while (!body.unpack(1U << 16U)) most = std::max(most, budget->used());
  CHECK(body.failure() == "body size limit exceeded");
  CHECK(most <= 2U << 20U);
  CHECK(budget->used() == 0);
}

TEST_CASE("empty members without end are steps too") {
  std::string members;
  const std::string member = net::gzip("");
  for (int i = 0; i < 20'000; ++i) members += member;
  ScrapeBody body(plenty(), 0, 0);
  REQUIRE(body.take(members));
  body.expect_gzip();
  CHECK_FALSE(body.unpack(1000));
  CHECK(page_of(body, 100'000).empty());
}

TEST_CASE("what is no gzip, or torn, or not there fails in Go's words") {
  const auto verdict = [](std::string bytes) {
    ScrapeBody body(plenty(), 0, 0);
    body.take(bytes);
    body.expect_gzip();
    return page_of(body);
  };
  CHECK(verdict("some_metric 1\n") == "error: gzip: invalid header");
  CHECK(verdict("a 1\n") == "error: unexpected EOF");  // Go reads ten bytes first
  CHECK(verdict(net::gzip("metric 1\n").substr(0, 20)) == "error: unexpected EOF");
  CHECK(verdict("") == "error: EOF");
}

TEST_CASE("the first MiB of a body is free, the rest comes from the budget and goes back") {
  const auto budget = std::make_shared<BodyBudget>(3U << 20U);
  const std::string mib(1U << 20U, 'x');
  {
    ScrapeBody one(budget, 0, 0);
    CHECK(one.take(mib));
    CHECK(budget->used() == 0);
    CHECK(one.take(mib));
    CHECK(one.take(mib));
    CHECK(budget->used() == 2U << 20U);
    ScrapeBody other(budget, 0, 0);
    CHECK(other.take(mib));
    CHECK(other.take(mib));
    CHECK(budget->used() == 3U << 20U);
    CHECK_FALSE(other.take("x"));
    CHECK(other.failure() == "the memory for the bodies of all scrapes is used up");
    CHECK(budget->used() == 2U << 20U);  // it gave back at once
    ScrapeBody small(budget, 0, 0);
    CHECK(small.take("still served"));
    CHECK(page_of(one).size() == 3 * mib.size());
    one.release();
    CHECK(budget->used() == 0);
  }
  CHECK(budget->used() == 0);
}
