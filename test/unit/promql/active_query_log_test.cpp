#include "promql/active_query_log.hpp"

#include <optional>

#include <catch2/catch.hpp>

#include "base/fault_fs.hpp"
#include "base/mem_fs.hpp"
#include "support/log_capture.hpp"

namespace tocsin::promql {
namespace {

using Entry = ActiveQueryLog::Entry;
constexpr Timestamp kNow = 1'700'000'000'999;
constexpr std::string_view kEnd = R"(","timestamp_sec":1700000000})";

std::string entry_of(std::string_view query) {
  return R"({"query":")" + std::string(query) + std::string(kEnd);
}

std::string slot_of(const std::string& entry) {
  return entry + std::string(kActiveQueryBytes - 1 - entry.size(), '\0') + ",";
}

class FixedClock final : public Clock {
 public:
  Timestamp now() const override { return t; }
  MonoTime mono() const override { return MonoTime{0}; }
  Timestamp t = kNow;
};

struct Bench {
  std::unique_ptr<ActiveQueryLog> open(std::size_t slots) {
    return ActiveQueryLog::open(fs, clock, "data", slots).value();
  }
  std::string file() { return fs.read_file("data/queries.active").value(); }
  std::string told() { return unfinished_queries(file()); }

  Bench() { REQUIRE(fs.create_directories("data")); }
  FixedClock clock;
  MemFs fs;
};

TEST_CASE("an entry is the JSON that Prometheus writes") {
  CHECK(active_query_entry("sum(rate(x[5m]))", kNow) == entry_of("sum(rate(x[5m]))"));
  CHECK(active_query_entry("a{b=\"\n\"} > 5 & \xff", kNow) == entry_of(R"(a{b=\"\n\"} \u003e 5 \u0026 \ufffd)"));
  CHECK(active_query_entry("", -1500) == R"({"query":"","timestamp_sec":-1})");
}

TEST_CASE("a query that is too long is cut between two characters, escapes counted") {
  const std::size_t room = kActiveQueryBytes - 1 - entry_of("").size();
  const std::string plain(2000, 'x');
  CHECK(active_query_entry(plain.substr(0, room), kNow) == entry_of(plain.substr(0, room)));
  CHECK(active_query_entry(plain, kNow) == entry_of(plain.substr(0, room)));
  CHECK(active_query_entry(plain.substr(0, room - 2) + "€€", kNow) == entry_of(plain.substr(0, room - 2)));
  CHECK(active_query_entry(plain.substr(0, room - 3) + "€€", kNow) == entry_of(plain.substr(0, room - 3) + "€"));
  std::string angles;
  for (std::size_t i = 0; i < room / 6; ++i) angles += R"(\u003c)";
  CHECK(active_query_entry(std::string(500, '<'), kNow) == entry_of(angles));
  CHECK(active_query_entry(std::string(1'000'000, '\x80'), kNow).size() < kActiveQueryBytes);
  for (std::size_t size = 0; size < 1200; ++size) {
    const std::string query = std::string(size, 'y') + "<\"€>\"" + plain;
    const std::string entry = active_query_entry(query, kNow);
    REQUIRE(entry.size() < kActiveQueryBytes);
    REQUIRE(unfinished_queries("[" + slot_of(entry)) == "[" + entry + "]");
  }
}

TEST_CASE("the file of a Prometheus 2.42 that was killed is read, and ours is the same") {
  std::string sum = "predict_linear(vector(time())[1d:1s], 3600)";
  const std::string queries[] = {
      R"(predict_linear(vector(time() % 7)[1d:1s], 0) > 1 or label_replace(vector(1), "b", "é€ <\"&>", "", ""))",
      [&sum] {
        std::string text = sum;
        for (int i = 1; i < 40; ++i) text += " + " + sum;
        return text;
      }()};
  const std::string file = posix_fs().read_file(TOCSIN_ACTIVE_QUERY_LOG).value();
  Bench bench;
  bench.clock.t = 1'796'068'047'000;
  const auto log = bench.open(3);
  const Entry first(log.get(), queries[0]), second(log.get(), queries[1]);
  CHECK(bench.file() == file);
  CHECK(unfinished_queries(file).size() > kActiveQueryBytes);
}

TEST_CASE("the file has Prometheus' bytes, and slots are used again") {
  Bench bench;
  const auto log = bench.open(2);
  const std::string none = "[" + std::string(2 * kActiveQueryBytes, '\0');
  CHECK(bench.file() == none);
  {
    const Entry a(log.get(), "a");
    CHECK(bench.file() == "[" + slot_of(entry_of("a")) + std::string(kActiveQueryBytes, '\0'));
    std::optional<Entry> b(std::in_place, log.get(), "b"),
        more(std::in_place, log.get(), "more than there is room for");
    CHECK(bench.told() == "[" + entry_of("a") + "," + entry_of("b") + "]");
    more.reset();
    b.reset();
    const Entry c(log.get(), "c"), nowhere(nullptr, "d");
    CHECK(bench.file() == "[" + slot_of(entry_of("a")) + slot_of(entry_of("c")));
  }
  CHECK(bench.file() == none);
}

TEST_CASE("what the last process left unfinished is logged at the start, once") {
  Bench bench;
  const auto start = [&bench] {
    test::LogCapture logs;
    const auto log = bench.open(3);
    std::string text;
    for (const std::string& line : logs.lines()) text += line + "\n";
    return text;
  };
  CHECK(start().empty());
  const std::string first =
      "[" + slot_of(entry_of("up")) + std::string(kActiveQueryBytes, '\0') + slot_of(entry_of("b > 1"));
  REQUIRE(bench.fs.write_file_atomic("data/queries.active", first));
  const std::string text = start();
  CHECK_THAT(text, Catch::Contains("These queries didn't finish in prometheus' last run:"));
  CHECK_THAT(text, Catch::Contains("timestamp_sec") && Catch::Contains("up") && Catch::Contains("b > 1"));
  CHECK(start().empty());
  CHECK(bench.file() == "[" + std::string(3 * kActiveQueryBytes, '\0'));
}

TEST_CASE("of a damaged file what is whole is taken, of a foreign one nothing") {
  const std::string good = "[" + slot_of(entry_of("a")) + slot_of(entry_of("b"));
  for (std::size_t size = 0; size < good.size(); ++size) {
    const std::string wanted = size <= kActiveQueryBytes ? "" : "[" + entry_of("a") + "]";
    REQUIRE(unfinished_queries(std::string_view(good).substr(0, size)) == wanted);
  }
  for (std::size_t at = 0; at < good.size(); ++at) {
    std::string bad = good;
    bad[at] = static_cast<char>(bad[at] ^ 0x08);
    const std::string found = unfinished_queries(bad);
    if (at == 0) REQUIRE(found.empty());
    const bool first = at <= kActiveQueryBytes;
    if (at > 0) REQUIRE(found.find(first ? entry_of("b") : entry_of("a")) != std::string::npos);
  }
  std::string other = "[";
  other.resize(5000, 'x');
  for (const std::string& foreign : {std::string(), std::string("["), std::string(5000, '\0'), other,
                                     std::string("#!/bin/sh\n"), "[" + slot_of(R"({"query":"a","timestamp_sec":})"),
                                     "[" + slot_of(R"({"query":"a,"timestamp_sec":1})"), "[" + slot_of("{}")}) {
    CHECK(unfinished_queries(foreign).empty());
  }
}

TEST_CASE("a file that cannot be read or made is an error, not the end") {
  Bench bench;
  FaultFs fs(bench.fs);
  fs.arm({.call = FsCall::kOpen, .nth = 2});
  CHECK_FALSE(ActiveQueryLog::open(fs, bench.clock, "data", 1));
  fs.arm({.call = FsCall::kOpen});  // reading what the last process left
  CHECK(ActiveQueryLog::open(fs, bench.clock, "data/", 1));
  REQUIRE(bench.fs.create_directories("x/queries.active"));
  CHECK_FALSE(ActiveQueryLog::open(bench.fs, bench.clock, "x", 1));
}

}  // namespace
}  // namespace tocsin::promql
