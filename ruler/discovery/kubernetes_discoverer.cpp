#include "discovery/kubernetes_discoverer.hpp"

#include <algorithm>

#include "base/log.hpp"
#include "client/client.hpp"
#include "discovery/kubernetes_joiner.hpp"

namespace tocsin::discovery {
namespace kubernetes {
namespace {

/// Which informers a configuration needs.
/// Source: Prometheus discovery/kubernetes/kubernetes.go, Discovery.Run.
std::vector<Scope> scopes_of(const config::KubernetesSdConfig& config, const std::string& own_namespace) {
  std::vector<std::string> namespaces = config.namespaces;
  if (config.own_namespace && !own_namespace.empty()) namespaces.push_back(own_namespace);
  std::sort(namespaces.begin(), namespaces.end());
  namespaces.erase(std::unique(namespaces.begin(), namespaces.end()), namespaces.end());
  if (namespaces.empty()) namespaces.emplace_back();

  std::vector<Scope> out;
  const auto add = [&](Kind kind, std::string_view selector_role) {
    Scope scope{kind, "", "", ""};
    for (const auto& selector : config.selectors) {
      if (selector.role != selector_role) continue;
      scope.label_selector = selector.label;
      scope.field_selector = selector.field;
    }
    if (!is_namespaced(kind)) {
      out.push_back(std::move(scope));
      return;
    }
    for (const std::string& name : namespaces) {
      scope.namespace_ = name;
      out.push_back(scope);
    }
  };
  const Kind role = kind_of_role(config.role);
  const bool by_address = role == Kind::kEndpoints || role == Kind::kEndpointSlice;
  const bool has_pods = by_address || role == Kind::kPod;
  add(role, config.role);
  if (by_address) add(Kind::kService, "service");
  if (by_address) add(Kind::kPod, "pod");
  if (has_pods && config.attach_node) add(Kind::kNode, "node");
  if (is_namespaced(role) && config.attach_namespace) add(Kind::kNamespace, "");
  if (has_pods && config.attach_deployment) add(Kind::kReplicaSet, "");
  if (has_pods && config.attach_cronjob) add(Kind::kJob, "");
  return out;
}

/// The job of a lane: it reads files.
struct FindAccess {
  std::shared_ptr<const config::KubernetesSdConfig> config;
  Place place;
  Fs* fs;
  Result<Access> operator()() const { return find_access(*config, place, *fs); }
};

/// The discoverer, shared with its task. Thread: the loop's.
class KubernetesSource : public std::enable_shared_from_this<KubernetesSource> {
 public:
  KubernetesSource(config::KubernetesSdConfig config, const Services& services, Place place, Rng rng,
                   InformerLimits limits)
      : config_(std::make_shared<const config::KubernetesSdConfig>(std::move(config))),
        services_(services),
        place_(std::move(place)),
        rng_(std::make_shared<Rng>(rng)),
        limits_(limits) {}

  void start(GroupsListener listener) {
    services_.loop.spawn("discovery", run(shared_from_this(), std::move(listener)));
  }

  void close() {
    closed_ = true;
    if (joiner_) joiner_->close();
  }

 private:
  static net::Task<void> run(std::shared_ptr<KubernetesSource> self, GroupsListener listener) {
    Backoff backoff;
    bool failing = false;
    while (!self->closed_) {
      FindAccess job{self->config_, self->place_, &self->services_.fs};
      auto access =
          co_await net::run_on(self->services_.loop, self->services_.work.lane(Lane::kScrape), std::move(job));
      if (self->closed_) co_return;
      if (access) {
        self->begin(std::move(*access), std::move(listener));
        co_return;
      }
      ++self->services_.stats->kubernetes_failures;
      if (!std::exchange(failing, true)) {
        log::error(
            "discovery", "Cannot create service discovery",
            {{"discovery", "kubernetes"}, {"config", self->services_.config_name}, {"err", access.error().message}});
      }
      const Duration wait = backoff.next(self->services_.loop.clock().mono(), *self->rng_);
      co_await net::sleep_for(self->services_.loop, wait);
    }
  }

  void begin(Access access, GroupsListener listener) {
    auto client =
        client::make_client(std::move(access.http), {services_.loop, services_.work, services_.client, services_.fs});
    auto api = std::make_shared<const Api>(Api{services_, std::move(client), std::move(access.server), rng_});
    std::vector<std::shared_ptr<Informer>> informers;
    for (Scope& scope : scopes_of(*config_, access.own_namespace)) {
      informers.push_back(std::make_shared<Informer>(api, std::move(scope), limits_));
    }
    const Attach attach{config_->attach_node, config_->attach_namespace, config_->attach_deployment,
                        config_->attach_job, config_->attach_cronjob};
    joiner_ = std::make_shared<Joiner>(api, kind_of_role(config_->role), attach, std::move(informers));
    joiner_->start(std::move(listener));
  }

  const std::shared_ptr<const config::KubernetesSdConfig> config_;
  const Services services_;
  const Place place_;
  const std::shared_ptr<Rng> rng_;
  const InformerLimits limits_;
  std::shared_ptr<Joiner> joiner_;
  bool closed_ = false;
};

class KubernetesDiscoverer final : public Discoverer {
 public:
  explicit KubernetesDiscoverer(std::shared_ptr<KubernetesSource> source) : source_(std::move(source)) {}
  ~KubernetesDiscoverer() override { source_->close(); }
  void start(GroupsListener listener) override { source_->start(std::move(listener)); }

 private:
  const std::shared_ptr<KubernetesSource> source_;
};

}  // namespace
}  // namespace kubernetes

std::unique_ptr<Discoverer> make_kubernetes_discoverer(config::KubernetesSdConfig config, const Services& services,
                                                       kubernetes::Place place, Rng rng,
                                                       kubernetes::InformerLimits limits) {
  return std::make_unique<kubernetes::KubernetesDiscoverer>(
      std::make_shared<kubernetes::KubernetesSource>(std::move(config), services, std::move(place), rng, limits));
}

std::unique_ptr<Discoverer> make_kubernetes_discoverer(config::KubernetesSdConfig config, const Services& services) {
  return make_kubernetes_discoverer(std::move(config), services, {}, Rng::from_system());
}

}  // namespace tocsin::discovery
