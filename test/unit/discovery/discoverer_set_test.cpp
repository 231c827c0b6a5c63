#include "discovery/discoverer_set.hpp"

#include <algorithm>

#include <catch2/catch.hpp>

#include "support/fake_http_client.hpp"
#include "support/test_loop.hpp"

using namespace std::chrono_literals;
using namespace tocsin;

namespace {

struct Fixture {
  test::TestLoop loop;
  test::FakeHttpClient client{loop};
  int changes = 0;
  discovery::DiscovererSet set{{loop, loop.work(), client, posix_fs(), "job"}, [this] { ++changes; }};

  void serve(const std::string& url, const std::string& address) {
    client.when("GET", url, net::HttpResponse(200, "application/json", R"([{"targets": [")" + address + R"("]}])"));
  }
  void fail_at(const std::string& url) { client.when("GET", url, fail(Errc::kIo, "connection refused")); }
  std::vector<std::string> addresses() const {
    std::vector<std::string> out;
    for (const auto& group : set.groups()) {
      for (const auto& target : group->targets) out.emplace_back(target.get("__address__"));
    }
    std::sort(out.begin(), out.end());
    return out;
  }
};

using Addresses = std::vector<std::string>;

config::HttpSdConfig http(const std::string& url) {
  return {.url = url};
}

}  // namespace

TEST_CASE("what all discoverers found is there together; static targets at once") {
  Fixture f;
  f.serve("http://a", "a:1");
  f.set.apply({.statics = {{{"s:1"}, {}}, {{"s:2"}, {}}}, .https = {http("http://a")}});
  CHECK(f.addresses() == Addresses{"s:1", "s:2"});
  CHECK(f.changes == 0);
  f.loop.advance(1s);
  CHECK(f.addresses() == Addresses{"a:1", "s:1", "s:2"});
  CHECK(f.changes == 1);
}

TEST_CASE("a discoverer whose configuration stays runs on, wherever it stands") {
  Fixture f;
  f.serve("http://a", "a:1");
  f.serve("http://b", "b:1");
  f.set.apply({.https = {http("http://a"), http("http://b")}});
  f.loop.advance(1s);
  CHECK(f.client.sent().size() == 2);
  f.fail_at("http://b");
  f.set.apply({.statics = {{{"s:1"}, {}}}, .https = {http("http://b")}});
  CHECK(f.addresses() == Addresses{"b:1", "s:1"});
  f.loop.advance(1s);
  CHECK(f.client.sent().size() == 2);
  CHECK(f.addresses() == Addresses{"b:1", "s:1"});
}

TEST_CASE("a new discoverer takes over what one of its kind had found, until it speaks") {
  Fixture f;
  f.serve("http://a", "a:1");
  f.set.apply({.https = {http("http://a")}});
  f.loop.advance(1s);
  f.fail_at("http://b");
  f.set.apply({.https = {http("http://b")}});
  f.loop.advance(60s);
  CHECK(f.addresses() == Addresses{"a:1"});
  SECTION("it speaks") {
    f.serve("http://b", "b:1");
    f.loop.advance(60s);
    CHECK(f.addresses() == Addresses{"b:1"});
  }
  SECTION("another one follows") {
    f.fail_at("http://c");
    f.set.apply({.https = {http("http://c")}});
    f.loop.advance(60s);
    CHECK(f.addresses() == Addresses{"a:1"});
  }
  SECTION("none follows") {
    f.set.apply({});
    CHECK(f.addresses().empty());
  }
}

TEST_CASE("one that goes without a follower of its kind takes its targets along") {
  Fixture f;
  f.serve("http://a", "a:1");
  f.serve("http://b", "b:1");
  f.set.apply({.https = {http("http://a"), http("http://b")}});
  f.loop.advance(1s);
  f.set.apply({.https = {http("http://a")}, .dns = {{.names = {}}}});
  CHECK(f.addresses() == Addresses{"a:1"});
}

TEST_CASE("equal configurations are as many discoverers") {
  Fixture f;
  f.serve("http://a", "a:1");
  f.set.apply({.https = {http("http://a"), http("http://a")}});
  f.loop.advance(1s);
  CHECK(f.addresses() == Addresses{"a:1", "a:1"});
  f.set.apply({.https = {http("http://a")}});
  CHECK(f.addresses() == Addresses{"a:1"});
}

TEST_CASE("a reload while a question is under way asks again and hears each once") {
  Fixture f;
  f.serve("http://a", "a:1");
  f.serve("http://b", "b:1");
  f.client.set_delay(5s);
  f.set.apply({.https = {http("http://a")}});
  f.loop.advance(1s);
  f.set.apply({.https = {http("http://b")}});
  f.loop.advance(10s);
  CHECK(f.addresses() == Addresses{"b:1"});
  CHECK(f.changes == 1);
}
