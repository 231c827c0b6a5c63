#pragma once
// A whole agent on a free port, with fake servers and without collectors of the node.

#include <memory>
#include <string>

#include "agent/agent.hpp"
#include "base/check.hpp"
#include "base/mem_fs.hpp"
#include "fake_source.hpp"
#include "support/runtime_thread.hpp"

namespace tocsin::test {

struct AgentFixture {
  MemFs fs;
  RuntimeThread thread;
  std::unique_ptr<net::HttpClient> client = net::make_http_client(thread.loop(), {});
  agent::Flags flags;
  std::unique_ptr<agent::Agent> agent;

  /// @param config  agent.yml, `node: {enabled: false}` in front of it.
  explicit AgentFixture(const std::string& config) {
    fake_counts() = {};
    write(config);
    flags.config_file = "/agent.yml";
    flags.listen_addresses = {"127.0.0.1:0"};
  }
  ~AgentFixture() {
    thread.call([this] {
      if (agent) agent->close();
      client.reset();
    });
    thread.stop();
  }

  void write(const std::string& config) {
    check(fs.write_file_atomic("/agent.yml", "node: {enabled: false}\n" + config).has_value(), "BUG: cannot write");
  }
  /// "" or the error.
  std::string start() {
    return thread.call([this]() -> std::string {
      auto started =
          agent::Agent::start(thread.runtime(), flags, fs, {FakeSource::info("fake"), FakeSource::info("other")});
      if (!started) return started.error().message;
      agent = std::move(*started);
      return "";
    });
  }
  net::HttpResponse get(const std::string& path, std::uint16_t port = 0, net::HttpRequest request = {}) {
    if (port == 0) port = agent->ports().at(0);
    request.target = fmt::format("http://127.0.0.1:{}{}", port, path);
    auto answer = thread.run<Result<net::HttpResponse>>([&] { return client->send(request, {}); });
    check(answer.has_value(), answer ? "" : answer.error().message);
    return std::move(*answer);
  }
  std::string page(const std::string& path, std::uint16_t port = 0) {
    const net::HttpResponse answer = get(path, port);
    return fmt::format("{} {}", answer.status, answer.body.view());
  }
};

}  // namespace tocsin::test
