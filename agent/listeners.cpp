#include "agent/listeners.hpp"

#include <algorithm>

namespace tocsin::agent {
namespace {

constexpr Duration kDrainTime = std::chrono::seconds(5);
constexpr std::size_t kMaxConnections = 64;

}  // namespace

struct Listeners::Listener {
  Listener(Fs& fs, const EndpointOptions& options) : endpoint(fs, options) {}
  std::string address, web_config_file;
  std::string kind;  // whose page it shows
  ScrapeEndpoint endpoint;
  std::unique_ptr<web::Server> server;
  std::size_t requests = 0;  // under way
};

net::Task<net::HttpResponse> Listeners::answer(Originals* originals, std::shared_ptr<Listener> listener,
                                               net::HttpRequest request) {
  struct Counted {
    explicit Counted(std::size_t& n) : count(n) { ++count; }
    ~Counted() { --count; }
    std::size_t& count;
  };
  const Counted counted(listener->requests);
  const std::string path = request.path();
  if (request.method != "GET" && request.method != "HEAD") {
    net::HttpResponse refused = plain_text(405, "Method Not Allowed\n");
    refused.headers.set("Allow", "GET, HEAD");
    co_return refused;
  }
  if (path == "/-/healthy" || path == "/-/ready") co_return plain_text(200, "tocsin-agent is well.\n");
  co_return co_await originals->serve(listener->kind, path, &listener->endpoint, std::move(request));
}

Result<std::shared_ptr<Listeners::Listener>> Listeners::open(const std::string& address,
                                                             const std::string& web_config_file) {
  auto listener = std::make_shared<Listener>(fs_, options_);
  listener->address = address;
  listener->web_config_file = web_config_file;
  web::ServerOptions options;
  options.listen_addresses = {address};
  options.config_file = web_config_file;
  options.max_connections = kMaxConnections;
  options.max_body_bytes = 64U << 10U;
  const std::weak_ptr<Listener> weak = listener;
  TOCSIN_TRY(listener->server, web::Server::start(runtime_.loop(), runtime_.work(), fs_, std::move(options),
                                                  [weak, originals = &originals_](net::HttpRequest request) {
                                                    return answer(originals, weak.lock(), std::move(request));
                                                  }));
  return listener;
}

Result<Listeners::Plan> Listeners::prepare(const std::vector<RunningSource>& sources) {
  Plan plan;
  std::vector<std::shared_ptr<Listener>> opened;
  for (const RunningSource& source : sources) {
    const exporters::SectionOptions& wanted = source.source->options();
    if (wanted.listen.empty()) continue;
    const std::string web_config =
        wanted.web_config_file.empty() ? "" : source.section.node.beside(wanted.web_config_file);
    const auto same = std::find_if(open_.begin(), open_.end(), [&](const auto& listener) {
      return listener->address == wanted.listen && listener->web_config_file == web_config;
    });
    const bool taken = std::any_of(plan.entries.begin(), plan.entries.end(), [&](const Plan::Entry& entry) {
      return same != open_.end() && entry.listener == *same;
    });
    if (same != open_.end() && !taken) {
      plan.entries.push_back({*same, std::string(source.section.info.kind)});
      continue;
    }
    auto listener = open(wanted.listen, web_config);
    if (!listener) {
      for (const auto& other : opened) other->server->close();
      return source.section.node.error("{}: {}", source.section.info.kind, listener.error().message);
    }
    opened.push_back(*listener);
    plan.entries.push_back({std::move(*listener), std::string(source.section.info.kind)});
  }
  return plan;
}

void Listeners::commit(Plan plan) {
  const std::vector<std::shared_ptr<Listener>> before = std::exchange(open_, {});
  for (auto& [listener, kind] : plan.entries) {
    listener->kind = std::move(kind);
    open_.push_back(std::move(listener));
  }
  std::erase_if(retiring_, [](const auto& listener) { return listener.expired(); });
  for (const auto& listener : before) {
    if (std::find(open_.begin(), open_.end(), listener) != open_.end()) continue;
    retiring_.push_back(listener);
    runtime_.loop().spawn("close an address", retire(&runtime_.loop(), listener));
  }
}

/// The server's own tasks look at it: it goes when none is left.
net::Task<void> Listeners::retire(Loop* loop, std::shared_ptr<Listener> listener) {
  co_await listener->server->drain(kDrainTime);
  listener->server->close();
  do {
    co_await net::sleep_for(*loop, std::chrono::seconds(1));
  } while (listener->requests > 0);
}

std::vector<std::uint16_t> Listeners::ports(std::string_view kind) const {
  std::vector<std::uint16_t> ports;
  for (const auto& listener : open_) {
    if (listener->kind == kind) ports.push_back(listener->server->ports().at(0));
  }
  return ports;
}

net::Task<void> Listeners::drain(Duration limit) {
  const MonoTime end = runtime_.loop().clock().mono() + limit;
  for (const auto& listener : std::vector(open_)) {
    co_await listener->server->drain(std::max(end - runtime_.loop().clock().mono(), Duration::zero()));
  }
}

void Listeners::close() {
  for (const auto& listener : open_) listener->server->close();
  for (const auto& weak : retiring_) {
    if (const auto listener = weak.lock()) listener->server->close();
  }
}

}  // namespace tocsin::agent
