#pragma once
// A Redis server that answers by a table, and what a target needs to ask it.

#include <map>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/mem_fs.hpp"
#include "exporters/redis/source.hpp"
#include "net/runtime.hpp"
#include "support/talk_imposter.hpp"
#include "support/test_loop.hpp"

namespace tocsin::exporters::redis {

// RESP2, written by hand.
inline std::string bulk(std::string_view text) {
  return "$" + std::to_string(text.size()) + "\r\n" + std::string(text) + "\r\n";
}
inline std::string array(const std::vector<std::string>& elements) {
  std::string out = "*" + std::to_string(elements.size()) + "\r\n";
  for (const std::string& element : elements) out += element;
  return out;
}
inline std::string texts(const std::vector<std::string>& elements) {
  std::vector<std::string> bulks;
  for (const std::string& element : elements) bulks.push_back(bulk(element));
  return array(bulks);
}
inline std::string number(long value) {
  return ":" + std::to_string(value) + "\r\n";
}

/// "hang" answers nothing from then on, "close" ends the connection.
class FakeRedis {
 public:
  explicit FakeRedis(std::map<std::string, std::string> answers) : answers_(std::move(answers)) {}

  std::uint16_t port() const { return imposter_.port(); }
  std::string address() const { return "127.0.0.1:" + std::to_string(port()); }
  test::TalkImposter& imposter() { return imposter_; }
  std::vector<std::string> commands() {
    const std::lock_guard lock(mutex_);
    return commands_;
  }
  bool was_asked(const std::string& command) {
    for (const std::string& one : commands()) {
      if (one == command) return true;
    }
    return false;
  }
  void answer(const std::string& command, std::string reply) {
    const std::lock_guard lock(mutex_);
    answers_[command] = std::move(reply);
  }

 private:
  test::TalkImposter::Reaction react(std::string& received) {
    const std::lock_guard lock(mutex_);
    test::TalkImposter::Reaction reaction;
    for (std::string command; take_command(received, command);) {
      commands_.push_back(command);
      const auto found = answers_.find(command);
      const std::string reply = found == answers_.end() ? "-ERR unknown command '" + command + "'\r\n" : found->second;
      if (reply == "hang") return reaction;
      if (reply == "close") {
        reaction.close = true;
        return reaction;
      }
      reaction.send += reply;
    }
    return reaction;
  }
  static bool take_command(std::string& received, std::string& command) {
    std::size_t at = 0;
    const auto line = [&](std::string& out) {
      const std::size_t end = received.find("\r\n", at);
      if (end == std::string::npos) return false;
      out = received.substr(at, end - at);
      at = end + 2;
      return true;
    };
    std::string head;
    if (!line(head)) return false;
    command.clear();
    for (int words = std::stoi(head.substr(1)); words > 0; --words) {
      std::string size;
      if (!line(size)) return false;
      const auto bytes = static_cast<std::size_t>(std::stoi(size.substr(1)));
      if (received.size() < at + bytes + 2) return false;
      if (!command.empty()) command += ' ';
      command += received.substr(at, bytes);
      at += bytes + 2;
    }
    received.erase(0, at);
    return true;
  }

  std::mutex mutex_;
  std::map<std::string, std::string> answers_;
  std::vector<std::string> commands_;
  test::TalkImposter imposter_{[this](std::string& received) { return react(received); }};
};

/// A source of a section of agent.yml, its targets, and their pages.
struct Asker {
  MemFs fs;
  test::TestLoop loop;
  std::unique_ptr<net::HttpClient> http = net::make_http_client(loop, {});
  std::shared_ptr<net::Resolver> resolver = net::make_system_resolver(loop);
  std::map<std::string, std::string> environment;
  Services services{.loop = loop,
                    .work = loop.work(),
                    .http = *http,
                    .resolver = resolver,
                    .fs = fs,
                    .environment =
                        [this](const std::string& name) {
                          const auto found = environment.find(name);
                          return found == environment.end() ? std::string() : found->second;
                        },
                    .anchor = std::make_shared<LoopAnchor>(loop)};
  std::unique_ptr<Source> source;
  std::shared_ptr<expo::Page> page = std::make_shared<expo::Page>();
  Result<void> result;

  Result<void> configure(const std::string& text) {
    TOCSIN_TRY(const auto section, yaml::parse(text, "agent.yml"));
    TOCSIN_TRY(source, source_info().make(section, services));
    return {};
  }
  net::Task<Result<void>> task(std::shared_ptr<Target> target) {
    return target->collect(page, loop.clock().mono() + std::chrono::seconds(5));
  }
  /// The page after one question to the first target; `result` has what collect() said.
  std::string collect(std::shared_ptr<Target> target = nullptr) {
    if (!target) target = source->targets().at(0).target;
    page->begin();
    result = loop.pump(task(target));
    page->end();
    return page->render();
  }
};

/// The page has this line.
inline bool has_line(const std::string& page, const std::string& line) {
  return ("\n" + page).contains("\n" + line + "\n");
}

}  // namespace tocsin::exporters::redis
