#pragma once
// A configured client over a scripted one, with files in memory and virtual time.

#include <map>
#include <string>

#include "base/mem_fs.hpp"
#include "client/client.hpp"
#include "support/fake_http_client.hpp"
#include "support/test_loop.hpp"

namespace tocsin::client {

using namespace std::chrono_literals;

struct Fixture {
  Fixture() { fake.when("", "*", net::HttpResponse(200, "ok")); }

  Services services() {
    return {loop, loop.work(), fake, fs, [this](const std::string& name) { return environment[name]; }};
  }
  void write(const std::string& path, std::string_view text) { REQUIRE(fs.write_file_atomic(path, text)); }
  void configure(config::HttpClientConfig config) { client = make_client(std::move(config), services()); }
  Result<net::HttpResponse> send(std::string url = "http://target/metrics", net::HttpRequest request = {}) {
    request.target = std::move(url);
    return loop.run(client->send(std::move(request), {}));
  }
  /// The error, or the status.
  std::string outcome(std::string url = "http://target/metrics") {
    const auto response = send(std::move(url));
    return response ? std::to_string(response->status) : response.error().message;
  }
  /// A field of the last request.
  std::string field(std::string_view name) const { return std::string(last().request.headers.get(name)); }
  const test::FakeHttpClient::Sent& last() const { return fake.sent().back(); }

  test::TestLoop loop;
  MemFs fs{loop.clock()};
  test::FakeHttpClient fake{loop};
  std::map<std::string, std::string> environment;
  std::shared_ptr<net::HttpClient> client;
};

}  // namespace tocsin::client
