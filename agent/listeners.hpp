#pragma once
// The addresses that sources have of their own (`listen:`).

#include <memory>
#include <string>
#include <vector>

#include "agent/originals.hpp"
#include "web/server.hpp"

namespace tocsin::agent {

/// Thread: the loop's. close() when the loop has ended, before the runtime goes; outlives the runtime's tasks.
class Listeners {
  struct Listener;

 public:
  /// Who listens where, bound and not in force yet.
  struct Plan {
    struct Entry {
      std::shared_ptr<Listener> listener;
      std::string kind;
    };
    std::vector<Entry> entries;
  };

  Listeners(net::Runtime& runtime, Fs& fs, EndpointOptions options, Originals& originals)
      : runtime_(runtime), fs_(fs), options_(std::move(options)), originals_(originals) {}

  /// Binds what the sources ask for and is not bound yet. An error names the section, and nothing is changed.
  Result<Plan> prepare(const std::vector<RunningSource>& sources);
  /// Addresses that are not in the plan are closed when their answers under way have gone.
  void commit(Plan plan);
  /// The ports of a kind's address, in the order of the sources; for tests.
  std::vector<std::uint16_t> ports(std::string_view kind) const;
  /// No new connections; ends when those under way are answered, at the latest after `limit`.
  net::Task<void> drain(Duration limit);
  void close();

 private:
  Result<std::shared_ptr<Listener>> open(const std::string& address, const std::string& web_config_file);
  static net::Task<net::HttpResponse> answer(Originals* originals, std::shared_ptr<Listener> listener,
                                             net::HttpRequest request);
  static net::Task<void> retire(Loop* loop, std::shared_ptr<Listener> listener);

  net::Runtime& runtime_;
  Fs& fs_;
  EndpointOptions options_;
  Originals& originals_;
  std::vector<std::shared_ptr<Listener>> open_;
  std::vector<std::weak_ptr<Listener>> retiring_;
};

}  // namespace tocsin::agent
