// Targets from DNS records. Every name is asked for by itself, in the domains and at the servers of /etc/resolv.conf
// as it stands then: the first answer that names the records, or says that there are none, counts. A name that nobody
// answers for keeps what it had. Source: Prometheus discovery/dns/dns.go.

#include <algorithm>
#include <map>
#include <utility>

#include "base/log.hpp"
#include "base/strings.hpp"
#include "discovery/discoverer.hpp"
#include "discovery/label_set.hpp"
#include "net/resolv_conf.hpp"

namespace tocsin::discovery {
namespace {

constexpr std::string_view kResolvConf = "/etc/resolv.conf";
constexpr std::size_t kMaxResolvConfBytes = 1U << 20U;
constexpr int kDnsPort = 53;
constexpr std::size_t kMaxAtOnce = 32;                   // names that are asked for at a time
constexpr Duration kPatience = std::chrono::seconds(2);  // with one server

using Groups = Result<std::vector<TargetGroup>>;

net::DnsType type_of(std::string_view text) {
  if (text == "A") return net::DnsType::kA;
  if (text == "AAAA") return net::DnsType::kAaaa;
  if (text == "MX") return net::DnsType::kMx;
  if (text == "NS") return net::DnsType::kNs;
  return net::DnsType::kSrv;
}

class DnsSource {
 public:
  DnsSource(config::DnsSdConfig config, const Services& services)
      : config_(std::move(config)),
        services_(services),
        type_(type_of(config_.type)),
        client_(services.dns ? services.dns : net::make_dns_client(services.loop)) {}

  static net::Task<Groups> refresh(std::shared_ptr<DnsSource> self) {
    auto round = std::make_shared<Round>();
    round->deadline = self->services_.loop.clock().mono() + std::max(self->config_.refresh_interval, kLeastInterval);
    ReadConf job(self);
    round->conf = co_await net::run_on(self->services_.loop, self->services_.work.lane(Lane::kScrape), std::move(job));
    std::function<void(std::function<void()>)> start = [self, round](std::function<void()> done) {
      ask_all(self, round, std::move(done));
    };
    co_await net::detail::wait_for_callback(std::move(start));
    co_return self->take(round->found);
  }

 private:
  using Found = std::map<std::string, Result<TargetGroup>>;  // by name
  /// Questions for all names.
  struct Round {
    Result<net::ResolvConf> conf = net::ResolvConf{};
    MonoTime deadline{0};
    std::size_t next = 0;  // name to ask for
    Found found;
  };
  /// The task that waits for the round. Held by those who ask alone, so that it dies with them.
  struct Waiter {
    std::size_t asking = 0;
    std::function<void()> done;
  };

  /// The job of a lane.
  struct ReadConf {
    std::shared_ptr<const DnsSource> source;
    Result<net::ResolvConf> operator()() const {
      auto text = source->services_.fs.read_file(std::string(kResolvConf), kMaxResolvConfBytes);
      if (!text) return fail(std::move(text).error().wrap("could not load resolv.conf"));
      return net::parse_resolv_conf(*text);
    }
  };

  static void ask_all(const std::shared_ptr<DnsSource>& self, const std::shared_ptr<Round>& round,
                      std::function<void()> done) {
    const std::size_t count = std::clamp<std::size_t>(self->config_.names.size(), 1, kMaxAtOnce);
    auto waiter = std::make_shared<Waiter>(count, std::move(done));
    for (std::size_t i = 0; i < count; ++i) self->services_.loop.spawn("dns discovery", ask_names(self, round, waiter));
  }

  /// Takes names until there is none left; the last to end resumes who waits.
  static net::Task<void> ask_names(std::shared_ptr<DnsSource> self, std::shared_ptr<Round> round,
                                   std::shared_ptr<Waiter> waiter) {
    while (round->next < self->config_.names.size()) {
      const std::string name = self->config_.names[round->next++];
      auto group = co_await look_up(self, round, name);
      round->found.insert_or_assign(name, std::move(group));
    }
    if (--waiter->asking == 0) waiter->done();
  }

  static net::Task<Result<TargetGroup>> look_up(std::shared_ptr<DnsSource> self, std::shared_ptr<Round> round,
                                                std::string name) {
    if (!round->conf) co_return fail(round->conf.error());
    bool all_answered = true;
    for (const std::string& candidate : round->conf->names_for(name)) {
      const auto answer = co_await ask_any_server(self, round, candidate);
      if (answer && answer->exists) co_return self->group_of(name, *answer);
      all_answered &= answer.has_value();
    }
    if (all_answered) co_return TargetGroup{name, {}, {}};
    co_return fail(Errc::kIo, "could not resolve {}: all servers responded with errors to at least one search domain",
                   go_quote(name));
  }

  static net::Task<Result<net::DnsAnswer>> ask_any_server(std::shared_ptr<DnsSource> self, std::shared_ptr<Round> round,
                                                          std::string name) {
    for (const std::string& server : round->conf->servers) {
      const MonoTime deadline = std::min(self->services_.loop.clock().mono() + kPatience, round->deadline);
      auto answer = co_await self->client_->ask(join_host_port(server, kDnsPort), name, self->type_, deadline);
      if (answer) co_return answer;
      log::debug("discovery", "DNS resolution failed",
                 {{"discovery", "dns"}, {"server", server}, {"name", name}, {"err", answer.error().message}});
    }
    co_return fail(Errc::kIo, "could not resolve {}: no servers returned a viable answer", name);
  }

  TargetGroup group_of(const std::string& name, const net::DnsAnswer& answer) const {
    TargetGroup group{name, {}, {}};
    for (const net::DnsRecord& record : answer.records) {
      const std::string_view target = record.target;
      const std::string_view host =
          record.target.empty() ? std::string_view(record.address) : target.substr(0, target.find_last_not_of('.') + 1);
      const bool is_srv = type_ == net::DnsType::kSrv;
      model::LabelsBuilder labels;
      labels.set("__address__", join_host_port(host, is_srv ? record.port : config_.port));
      labels.set("__meta_dns_name", name);
      if (is_srv) {
        labels.set("__meta_dns_srv_record_target", target);
        labels.set("__meta_dns_srv_record_port", std::to_string(record.port));
      }
      if (type_ == net::DnsType::kMx) labels.set("__meta_dns_mx_record_target", target);
      if (type_ == net::DnsType::kNs) labels.set("__meta_dns_ns_record_target", target);
      group.targets.push_back(labels.build());
    }
    return group;
  }

  /// What was found, and for names without an answer what they had. A failure if that is nothing at all.
  Groups take(const Found& found) {
    std::vector<TargetGroup> out;
    const Error* error = nullptr;
    for (const auto& [name, group] : found) {
      ++services_.stats->dns_lookups;
      note(name, group);
      if (group) {
        last_[name] = *group;
      } else {
        ++services_.stats->dns_lookup_failures;
        error = &group.error();
      }
      if (const auto known = last_.find(name); known != last_.end()) out.push_back(known->second);
    }
    if (out.empty() && error != nullptr) return fail(*error);
    return out;
  }

  void note(const std::string& name, const Result<TargetGroup>& group) {
    std::string error = group ? "" : group.error().message;
    std::string& last = errors_[name];
    if (!error.empty() && last.empty()) {
      log::error("discovery", "Error refreshing DNS targets",
                 {{"discovery", "dns"}, {"config", services_.config_name}, {"name", name}, {"err", error}});
    }
    last = std::move(error);
  }

  const config::DnsSdConfig config_;
  const Services services_;
  const net::DnsType type_;
  const std::shared_ptr<net::DnsClient> client_;
  std::map<std::string, TargetGroup> last_;    // by name
  std::map<std::string, std::string> errors_;  // of the last round, by name
};

}  // namespace

std::unique_ptr<Discoverer> make_dns_discoverer(config::DnsSdConfig config, const Services& services) {
  const Duration interval = config.refresh_interval;
  auto source = std::make_shared<DnsSource>(std::move(config), services);
  return make_refresh_discoverer(services, "dns", interval, [source] { return DnsSource::refresh(source); });
}

}  // namespace tocsin::discovery
