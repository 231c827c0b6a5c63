// Target groups from a URL. Source: Prometheus discovery/http/http.go and docs/http_sd.

#include <utility>

#include "base/float_text.hpp"
#include "base/strings.hpp"
#include "client/client.hpp"
#include "discovery/target_groups.hpp"
#include "net/http_text.hpp"

namespace tocsin::discovery {
namespace {

constexpr std::size_t kMaxBodyBytes = 64U << 20U;

/// application/json, alone or with charset=utf-8.
bool is_json(std::string_view content_type) {
  const std::string text = to_lower(trim(content_type));
  constexpr std::string_view kType = "application/json";
  if (!text.starts_with(kType)) return false;
  std::string_view rest = std::string_view(text).substr(kType.size());
  if (rest.empty()) return true;
  if (!rest.starts_with(';')) return false;
  rest = rest.substr(std::min(rest.find_first_not_of(" \t\n\f\r", 1), rest.size()));
  return rest == "charset=utf-8" || rest == "charset=\"utf-8\"";
}

class HttpSource {
 public:
  HttpSource(config::HttpSdConfig config, const Services& services)
      : config_(std::move(config)),
        services_(services),
        client_(client::make_client(config_.http, {services.loop, services.work, services.client, services.fs})) {}

  static net::Task<Result<std::vector<TargetGroup>>> refresh(std::shared_ptr<HttpSource> self) {
    auto groups = co_await ask(self);
    if (!groups) ++self->services_.stats->http_failures;
    co_return groups;
  }

 private:
  static net::Task<Result<std::vector<TargetGroup>>> ask(std::shared_ptr<HttpSource> self) {
    auto response = co_await self->client_->send(self->request(), self->options());
    if (!response) co_return std::unexpected(std::move(response).error());
    if (response->status != 200) {
      const std::string_view reason = net::reason_phrase(response->status);
      co_return fail(Errc::kInvalid, "server returned HTTP status {}{}{}", response->status, reason.empty() ? "" : " ",
                     reason);
    }
    const std::string_view type = response->headers.get("Content-Type");
    if (!is_json(type)) co_return fail(Errc::kInvalid, "unsupported content type {}", go_quote(type));
    Parse parse(self, std::move(response->body));
    co_return co_await net::run_on(self->services_.loop, self->services_.work.lane(Lane::kScrape), std::move(parse));
  }

  /// The job of a lane: owns what it reads.
  struct Parse {
    std::shared_ptr<const HttpSource> source;
    net::Body body;
    Result<std::vector<TargetGroup>> operator()() const {
      TOCSIN_TRY(std::vector<TargetGroup> groups, parse_groups_json(body.view()));
      name_groups(groups, "__meta_url", source->config_.url);
      return groups;
    }
  };

  net::HttpRequest request() const {
    net::HttpRequest request("GET", config_.url);
    request.headers.set("Accept", "application/json");
    request.headers.set("X-Prometheus-Refresh-Interval-Seconds", format_float_f(to_seconds(config_.refresh_interval)));
    return request;
  }

  net::SendOptions options() const {
    net::SendOptions options;
    options.timeout = std::max(config_.refresh_interval, kLeastInterval);
    options.max_body_bytes = kMaxBodyBytes;
    return options;
  }

  const config::HttpSdConfig config_;
  const Services services_;
  const std::shared_ptr<net::HttpClient> client_;
};

}  // namespace

std::unique_ptr<Discoverer> make_http_discoverer(config::HttpSdConfig config, const Services& services) {
  const Duration interval = config.refresh_interval;
  auto source = std::make_shared<HttpSource>(std::move(config), services);
  return make_refresh_discoverer(services, "http", interval, [source] { return HttpSource::refresh(source); });
}

}  // namespace tocsin::discovery
