// Services of a Consul agent: one watch on the catalog finds names, one watch on each service its instances.
// Source: Prometheus discovery/consul/consul.go (3.14).

#include "discovery/consul_discoverer.hpp"

#include <algorithm>
#include <map>
#include <set>

#include "base/log.hpp"
#include "discovery/consul_api.hpp"
#include "discovery/consul_parse.hpp"
#include "discovery/group_ledger.hpp"

namespace tocsin::discovery {
namespace consul {
namespace {

constexpr Duration kRetry = std::chrono::seconds(15);
constexpr Duration kCoalesce = std::chrono::milliseconds(150);
constexpr std::size_t kLoopBytes = 32U << 10U;  // more JSON than this is a lane's work
constexpr std::size_t kMaxServices = 10'000;    // each is a request that waits

using Catalog = std::vector<std::pair<std::string, std::vector<std::string>>>;

/// The jobs of a lane: they own what they read.
struct ReadServices {
  net::Body body;
  Result<Catalog> operator()() const { return parse_services(body.view()); }
};

struct ReadService {
  ServiceLabels labels;
  net::Body body;
  Result<TargetGroup> operator()() const { return parse_service(labels, body.view()); }
};

/// A place to go on from. An index that goes back is one of another server: begin anew.
void advance(std::uint64_t& index, std::uint64_t to) {
  index = to < index ? 0 : to;
}

/// The discoverer, shared with its tasks. Thread: the loop's.
class ConsulSource : public std::enable_shared_from_this<ConsulSource> {
 public:
  ConsulSource(config::ConsulSdConfig config, const Services& services, const config::Environment& environment)
      : config_(std::move(config)), services_(services), environment_(environment) {}

  void start(GroupsListener listener) {
    listener_ = std::make_shared<const GroupsListener>(std::move(listener));
    auto api = Api::make(config_, services_, environment_);
    if (!api) {
      note("Cannot create service discovery", api.error());
      return;
    }
    api_ = std::move(*api);
    services_.loop.spawn("discovery", run(shared_from_this()));
  }

  void close() {
    listener_ = nullptr;
    services_.loop.cancel(timer_);
  }

 private:
  using Self = std::shared_ptr<ConsulSource>;
  /// A service that is watched; its task ends when it is not any more.
  struct Service {
    std::string name;
    bool is_wanted = true;
  };

  static net::Task<void> run(Self self);
  static net::Task<bool> find_datacenter(Self self);
  static net::Task<void> watch_catalog(Self self);
  static net::Task<void> watch_service(Self self, std::shared_ptr<Service> service);
  static net::Task<void> pace(Self self, MonoTime begun);

  void take_services(const Catalog& found);
  void begin_service(const std::string& name);
  bool is_watched(const std::string& name, const std::vector<std::string>& tags) const;
  void take_group(TargetGroup group);
  void answered(const std::string& service);
  void wake();
  void tell();
  void note(const std::string& message, const Error& error);
  void note_success(const std::string& message);

  const config::ConsulSdConfig config_;
  const Services services_;
  const config::Environment environment_;
  std::shared_ptr<Api> api_;
  std::shared_ptr<const GroupsListener> listener_;  // null: closed
  std::string datacenter_;
  std::map<std::string, std::shared_ptr<Service>> watched_;
  std::set<std::string> unanswered_;  // of the first services: the first word waits for them
  bool knows_services_ = false, has_spoken_ = false;
  GroupLedger ledger_;
  std::map<std::string, TargetGroup> news_;  // by source
  TimerId timer_ = 0;
  std::set<std::string> failing_;  // messages that were logged
};

net::Task<void> ConsulSource::run(Self self) {
  for (bool found = false; !found;) {
    found = co_await find_datacenter(self);
    if (found) break;
    co_await net::sleep_for(self->services_.loop, kRetry);
    if (!self->listener_) co_return;
  }
  if (!self->listener_) co_return;
  const config::ConsulSdConfig& config = self->config_;
  if (config.services.empty() || !config.tags.empty() || !config.filter.empty()) {
    co_await watch_catalog(self);
    co_return;
  }
  for (const std::string& name : config.services) self->begin_service(name);
  self->knows_services_ = true;
  self->wake();
}

/// The agent's, if the configuration does not say one.
net::Task<bool> ConsulSource::find_datacenter(Self self) {
  self->datacenter_ = self->config_.datacenter;
  if (!self->datacenter_.empty()) co_return true;
  const std::string what = "Error retrieving datacenter name";
  auto answer = co_await Api::ask(self->api_, "/v1/agent/self", {});
  if (!self->listener_) co_return false;
  Result<std::string> datacenter =
      answer ? parse_datacenter(answer->body.view()) : Result<std::string>(std::unexpected(std::move(answer).error()));
  if (!datacenter) {
    ++self->services_.stats->consul_rpc_failures;
    self->note(what, datacenter.error());
    co_return false;
  }
  self->note_success(what);
  self->datacenter_ = std::move(*datacenter);
  co_return true;
}

/// So that questions do not begin more often than once in a refresh interval.
net::Task<void> ConsulSource::pace(Self self, MonoTime begun) {
  const Duration interval = std::max(self->config_.refresh_interval, kLeastInterval);
  co_await net::sleep_until(self->services_.loop, std::max(begun + interval, self->services_.loop.clock().mono()));
}

net::Task<void> ConsulSource::watch_catalog(Self self) {
  const Services& services = self->services_;
  const std::string what = "Error refreshing service list";
  std::uint64_t index = 0;
  while (self->listener_) {
    const MonoTime begun = services.loop.clock().mono();
    Params params;
    if (!self->config_.filter.empty()) params.emplace_back("filter", self->config_.filter);
    auto answer = co_await Api::watch(self->api_, "/v1/catalog/services", std::move(params), index);
    if (!self->listener_) co_return;
    services.stats->consul_services_rpc.add(services.loop.clock().mono() - begun);
    std::optional<Error> error;
    if (!answer) {
      error = std::move(answer).error();
    } else if (answer->index != index) {
      const std::uint64_t now_at = answer->index;
      ReadServices job{std::move(answer->body)};
      auto found = co_await net::run_on(services.loop, services.work.lane(Lane::kScrape), std::move(job));
      if (!self->listener_) co_return;
      if (found && found->size() > kMaxServices) {
        error = Error{Errc::kLimit, fmt::format("more than {} services", kMaxServices)};
      } else if (!found) {
        error = std::move(found).error();
      } else {
        advance(index, now_at);
        self->take_services(*found);
      }
    }
    if (error) {
      ++services.stats->consul_rpc_failures;
      self->note(what, *error);
      co_await net::sleep_for(services.loop, kRetry);
    } else {
      self->note_success(what);
    }
    co_await pace(self, begun);
  }
}

bool ConsulSource::is_watched(const std::string& name, const std::vector<std::string>& tags) const {
  const auto has = [](const std::vector<std::string>& list, const std::string& text) {
    return std::find(list.begin(), list.end(), text) != list.end();
  };
  if (!config_.services.empty() && !has(config_.services, name)) return false;
  return std::all_of(config_.tags.begin(), config_.tags.end(), [&](const std::string& tag) { return has(tags, tag); });
}

void ConsulSource::take_services(const Catalog& found) {
  std::set<std::string> names;
  for (const auto& [name, tags] : found) {
    names.insert(name);
    if (is_watched(name, tags) && !watched_.contains(name)) begin_service(name);
  }
  for (auto watched = watched_.begin(); watched != watched_.end();) {
    if (names.contains(watched->first)) {
      ++watched;
      continue;
    }
    watched->second->is_wanted = false;
    take_group({watched->first, {}, {}});
    answered(watched->first);
    watched = watched_.erase(watched);
  }
  knows_services_ = true;
  wake();
}

void ConsulSource::begin_service(const std::string& name) {
  const auto [place, is_new] = watched_.try_emplace(name);
  if (!is_new) return;
  place->second = std::make_shared<Service>(Service{name});
  if (!has_spoken_) unanswered_.insert(name);
  services_.loop.spawn("discovery", watch_service(shared_from_this(), place->second));
}

net::Task<void> ConsulSource::watch_service(Self self, std::shared_ptr<Service> service) {
  const Services& services = self->services_;
  const std::string what = "Error refreshing service " + service->name;
  std::uint64_t index = 0;
  while (self->listener_ && service->is_wanted) {
    const MonoTime begun = services.loop.clock().mono();
    Params params;
    for (const std::string& tag : self->config_.tags) params.emplace_back("tag", tag);
    if (!self->config_.health_filter.empty()) params.emplace_back("filter", self->config_.health_filter);
    auto answer = co_await Api::watch(self->api_, "/v1/health/service/" + service->name, std::move(params), index);
    if (!self->listener_ || !service->is_wanted) co_return;
    services.stats->consul_service_rpc.add(services.loop.clock().mono() - begun);
    std::optional<Error> error;
    if (!answer) {
      error = std::move(answer).error();
    } else if (answer->index != index) {
      const std::uint64_t now_at = answer->index;
      ReadService job{{service->name, self->datacenter_, self->config_.tag_separator}, std::move(answer->body)};
      Result<TargetGroup> group;
      if (job.body.size() > kLoopBytes) {
        group = co_await net::run_on(services.loop, services.work.lane(Lane::kScrape), std::move(job));
      } else {
        group = job();
      }
      if (!self->listener_ || !service->is_wanted) co_return;
      if (group) {
        advance(index, now_at);
        self->take_group(std::move(*group));
      } else {
        error = std::move(group).error();
      }
    }
    self->answered(service->name);
    if (error) {
      ++services.stats->consul_rpc_failures;
      self->note(what, *error);
      co_await net::sleep_for(services.loop, kRetry);
    } else {
      self->note_success(what);
    }
    co_await pace(self, begun);
  }
  self->failing_.erase(what);
}

void ConsulSource::take_group(TargetGroup group) {
  if (!ledger_.is_news(group)) return;
  std::string source = group.source;
  news_.insert_or_assign(std::move(source), std::move(group));
  wake();
}

/// The first question about a service has an end, good or bad.
void ConsulSource::answered(const std::string& service) {
  if (unanswered_.erase(service) > 0) wake();
}

/// All that comes within a short time is told at once; the first word waits for the first answers.
void ConsulSource::wake() {
  const bool is_first = !has_spoken_ && knows_services_ && unanswered_.empty();
  if (timer_ != 0 || !(is_first || (has_spoken_ && !news_.empty()))) return;
  timer_ = services_.loop.call_after(has_spoken_ ? kCoalesce : Duration(0), [this] { tell(); });
}

void ConsulSource::tell() {
  timer_ = 0;
  has_spoken_ = true;
  std::vector<TargetGroup> groups;
  for (auto& [source, group] : news_) groups.push_back(std::move(group));
  news_.clear();
  const auto listener = listener_;  // it may close us
  if (listener) (*listener)(std::move(groups));
}

void ConsulSource::note(const std::string& message, const Error& error) {
  if (!failing_.insert(message).second) return;
  log::error(
      "discovery", message,
      {{"discovery", "consul"}, {"config", services_.config_name}, {"server", config_.server}, {"err", error.message}});
}

void ConsulSource::note_success(const std::string& message) {
  if (failing_.erase(message) == 0) return;
  log::info("discovery", "Consul answers again",
            {{"discovery", "consul"}, {"config", services_.config_name}, {"after", message}});
}

class ConsulDiscoverer final : public Discoverer {
 public:
  explicit ConsulDiscoverer(std::shared_ptr<ConsulSource> source) : source_(std::move(source)) {}
  ~ConsulDiscoverer() override { source_->close(); }
  void start(GroupsListener listener) override { source_->start(std::move(listener)); }

 private:
  const std::shared_ptr<ConsulSource> source_;
};

}  // namespace
}  // namespace consul

std::unique_ptr<Discoverer> make_consul_discoverer(config::ConsulSdConfig config, const Services& services,
                                                   const config::Environment& environment) {
  return std::make_unique<consul::ConsulDiscoverer>(
      std::make_shared<consul::ConsulSource>(std::move(config), services, environment));
}

std::unique_ptr<Discoverer> make_consul_discoverer(config::ConsulSdConfig config, const Services& services) {
  return make_consul_discoverer(std::move(config), services, config::process_environment());
}

}  // namespace tocsin::discovery
