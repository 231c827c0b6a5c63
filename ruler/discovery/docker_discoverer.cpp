// Containers of a Docker daemon. Source: Prometheus discovery/moby/docker.go; Docker Engine API, "Versioned API".

#include <algorithm>
#include <utility>

#include <boost/json.hpp>

#include "base/strings.hpp"
#include "client/client.hpp"
#include "discovery/docker_targets.hpp"
#include "net/http_text.hpp"

namespace tocsin::discovery {
namespace {

constexpr std::size_t kMaxBodyBytes = 64U << 20U;
constexpr std::string_view kUnix = "unix://";
constexpr std::string_view kTcp = "tcp://";

using Groups = Result<std::vector<TargetGroup>>;

/// {"name":{"value":true,...},...}, as the query parameter of a list.
std::string filters_query(const config::DockerSdConfig& config) {
  boost::json::object filters;
  for (const auto& [name, values] : config.filters) {
    for (const std::string& value : values) {
      boost::json::value& filter = filters[name];
      if (!filter.is_object()) filter.emplace_object();
      filter.get_object()[value] = true;
    }
  }
  return filters.empty() ? "" : "?filters=" + query_escape(boost::json::serialize(filters));
}

/// "1.41" → "/v1.41"; a daemon that does not say what it speaks is asked without a version.
std::string version_prefix(std::string_view version) {
  const bool is_version = !version.empty() && version.find_first_not_of("0123456789.") == std::string_view::npos;
  return is_version ? fmt::format("/v{}", version) : "";
}

class DockerSource {
 public:
  DockerSource(config::DockerSdConfig config, const Services& services)
      : config_(std::move(config)), services_(services), query_(filters_query(config_)) {
    if (config_.host.starts_with(kUnix)) {
      unix_socket_ = config_.host.substr(kUnix.size());
      base_ = "http://localhost";
    } else if (config_.host.starts_with(kTcp)) {
      base_ = "http://" + config_.host.substr(kTcp.size());
    } else {
      base_ = config_.host;
      client_ = client::make_client(config_.http, {services.loop, services.work, services.client, services.fs});
    }
    while (base_.ends_with('/')) base_.pop_back();
  }

  static net::Task<Groups> refresh(std::shared_ptr<DockerSource> self) {
    const MonoTime deadline =
        self->services_.loop.clock().mono() + std::max(self->config_.refresh_interval, kLeastInterval);
    TOCSIN_CO_TRY(const net::HttpResponse ping, co_await get(self, "/_ping", deadline, "reaching the daemon"));
    const std::string version = version_prefix(ping.headers.get("Api-Version"));
    TOCSIN_CO_TRY(net::HttpResponse containers,
                  co_await get(self, version + "/containers/json" + self->query_, deadline, "listing containers"));
    TOCSIN_CO_TRY(net::HttpResponse networks,
                  co_await get(self, version + "/networks", deadline, "computing network labels"));
    Parse parse(self, std::move(containers.body), std::move(networks.body));
    co_return co_await net::run_on(self->services_.loop, self->services_.work.lane(Lane::kScrape), std::move(parse));
  }

 private:
  /// The job of a lane: owns what it reads.
  struct Parse {
    std::shared_ptr<const DockerSource> source;
    net::Body containers, networks;
    Groups operator()() const {
      TOCSIN_TRY(TargetGroup group, docker_targets(source->config_, containers.view(), networks.view()));
      std::vector<TargetGroup> groups;
      groups.push_back(std::move(group));
      return groups;
    }
  };

  static net::Task<Result<net::HttpResponse>> get(std::shared_ptr<DockerSource> self, std::string path,
                                                  MonoTime deadline, std::string_view what) {
    net::SendOptions options;
    options.timeout = std::max<Duration>(deadline - self->services_.loop.clock().mono(), Duration(1));
    options.max_body_bytes = kMaxBodyBytes;
    options.unix_socket = self->unix_socket_;
    net::HttpClient& client = self->client_ ? *self->client_ : self->services_.client;
    auto response = co_await client.send(net::HttpRequest("GET", self->base_ + path), std::move(options));
    if (!response) {
      co_return fail(response.error().code, "error while {}: cannot connect to the Docker daemon at {}: {}", what,
                     self->config_.host, response.error().message);
    }
    if (response->status != 200) {
      co_return fail(Errc::kInvalid, "error while {}: error response from daemon: {}", what, daemon_error(*response));
    }
    co_return response;
  }

  /// {"message": "..."}, else the status.
  static std::string daemon_error(const net::HttpResponse& response) {
    boost::system::error_code bad;
    const std::string_view body = response.body.view();
    const boost::json::value value = boost::json::parse(body.substr(0, 4096), bad);
    const boost::json::value* message = !bad && value.is_object() ? value.get_object().if_contains("message") : nullptr;
    if (message != nullptr && message->is_string()) return std::string(message->get_string());
    return fmt::format("HTTP status {} {}", response.status, net::reason_phrase(response.status));
  }

  const config::DockerSdConfig config_;
  const Services services_;
  const std::string query_;
  std::string base_, unix_socket_;
  std::shared_ptr<net::HttpClient> client_;  // null: the configuration of HTTP does not hold for these hosts
};

}  // namespace

std::unique_ptr<Discoverer> make_docker_discoverer(config::DockerSdConfig config, const Services& services) {
  const Duration interval = config.refresh_interval;
  auto source = std::make_shared<DockerSource>(std::move(config), services);
  return make_refresh_discoverer(services, "docker", interval, [source] { return DockerSource::refresh(source); });
}

}  // namespace tocsin::discovery
