#pragma once
// Who asks? Names and passwords of basic authentication against bcrypt hashes.
//
// A hash costs 45 ms of CPU at cost 10, so one is computed at a time, on the query lane, and outcomes are remembered by
// a keyed digest: passwords are not kept. Good and bad outcomes have caches of their own, so that guessing does not
// push out those who know their password. A name that does not exist costs as much as one that does. Source:
// prometheus/exporter-toolkit web/handler.go.

#include <array>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_set>

#include "net/slots.hpp"
#include "net/task.hpp"
#include "web/web_config.hpp"

namespace tocsin::web {

struct AuthStats {
  std::uint64_t refused = 0;  // wrong or no credentials
  std::uint64_t busy = 0;     // turned away because too many wait
  std::uint64_t hashes = 0;   // computed
  std::size_t waiting = 0;
};

/// Thread: the loop's. Must outlive the runtime's tasks.
class Authenticator {
 public:
  Authenticator(net::TaskLoop& loop, WorkPool& work);

  enum class Verdict { kWelcome, kUnknown, kBusy };
  /// @param authorization  the field's value, "" if there is none.
  /// @param peer           address without port: so many may wait for each.
  /// @param name           becomes the user's name when it is kWelcome.
  net::Task<Verdict> check(std::shared_ptr<const WebConfig> config, std::string authorization, std::string peer,
                           std::string* name);
  AuthStats stats() const;
  /// Destroys the tasks that wait. Call when the loop has ended, before the runtime goes.
  void close() { one_at_a_time_.drop_waiting(); }

 private:
  /// The last outcomes of one kind; the oldest goes first.
  struct Memory {
    std::unordered_set<std::string> digests;
    std::deque<std::string> order;
    void add(std::string digest);
  };
  net::Task<bool> compute(std::string hash, std::string password, std::string digest, bool exists);
  std::string digest_of(std::string_view user, std::string_view hash, std::string_view password) const;

  net::TaskLoop& loop_;
  WorkPool& work_;
  net::Slots one_at_a_time_{1};
  std::array<unsigned char, 32> secret_{};
  Memory good_, bad_;
  std::map<std::string, std::size_t> waiting_by_peer_;
  std::size_t waiting_ = 0;
  AuthStats stats_;
};

struct Credentials {
  std::string user, password;
};
/// "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="; nothing if it is anything else. As Go's Request.BasicAuth.
std::optional<Credentials> parse_basic_auth(std::string_view authorization);

}  // namespace tocsin::web
