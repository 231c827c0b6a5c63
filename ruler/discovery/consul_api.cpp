#include "discovery/consul_api.hpp"

#include <algorithm>
#include <charconv>

#include "base/strings.hpp"
#include "client/client.hpp"

namespace tocsin::discovery::consul {
namespace {

constexpr Duration kWatchTimeout = std::chrono::minutes(2);
constexpr Duration kGrace = std::chrono::seconds(15);  // the server adds a sixteenth to what it was asked for
constexpr std::size_t kMaxBodyBytes = 64U << 20U;
constexpr std::size_t kMaxShownBytes = 200;

/// As Go escapes a path: what may stand in it stays. Source: Go net/url, URL.EscapedPath.
std::string escape_path(std::string_view path) {
  std::string out;
  for (const char c : path) {
    const auto byte = static_cast<unsigned char>(c);
    const bool stays =
        (byte < 0x80 && std::isalnum(byte) != 0) || std::string_view("-_.~$&+,/:;=@").find(c) != std::string_view::npos;
    out += stays ? std::string(1, c) : fmt::format("%{:02X}", byte);
  }
  return out;
}

Result<std::uint64_t> read_index(const net::HttpResponse& response) {
  const std::string_view text = trim(response.headers.get("X-Consul-Index"));
  std::uint64_t index = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), index);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) {
    return fail(Errc::kInvalid, "the answer has no X-Consul-Index that is a number");
  }
  return index;
}

}  // namespace

Result<std::shared_ptr<Api>> Api::make(const config::ConsulSdConfig& config, const Services& services,
                                       const config::Environment& environment) {
  std::shared_ptr<Api> api(new Api(config, services, environment));
  TOCSIN_OK(api->take_server(config));
  return api;
}

Api::Api(const config::ConsulSdConfig& config, const Services& services, const config::Environment& environment)
    : client_(client::make_client(config.http, {services.loop, services.work, services.client, services.fs})),
      token_(config.token.empty() ? Secret(environment("CONSUL_HTTP_TOKEN")) : config.token) {
  const auto add = [](Params& params, const char* name, const std::string& value) {
    if (!value.empty()) params.emplace_back(name, value);
  };
  add(always_, "dc", config.datacenter);
  add(always_, "ns", config.namespace_.empty() ? environment("CONSUL_NAMESPACE") : config.namespace_);
  add(always_, "partition", config.partition.empty() ? environment("CONSUL_PARTITION") : config.partition);
  if (config.allow_stale) of_watch_.emplace_back("stale", "");
  of_watch_.emplace_back("wait", fmt::format("{}ms", to_ms(kWatchTimeout)));
  for (const auto& [key, value] : config.node_meta) of_watch_.emplace_back("node-meta", key + ":" + value);
}

/// "host:port", or with a scheme, behind which a path may follow.
Result<void> Api::take_server(const config::ConsulSdConfig& config) {
  std::string scheme = config.scheme.empty() ? "http" : config.scheme;
  std::string address = config.server, prefix = config.path_prefix;
  if (const std::size_t at = address.find("://"); at != std::string::npos) {
    const std::string said = address.substr(0, at);
    address.erase(0, at + 3);
    if (said == "unix") {
      unix_socket_ = std::exchange(address, "localhost");
    } else if (said != "http" && said != "https") {
      return fail(Errc::kInvalid, "Unknown protocol scheme: {}", said);
    } else if (const std::size_t slash = address.find('/'); slash != std::string::npos) {
      prefix = address.substr(slash);
      address.erase(slash);
    }
    if (said == "https") scheme = said;
  }
  base_ = fmt::format("{}://{}{}", scheme, address, escape_path(prefix));
  return {};
}

net::Task<Result<Answer>> Api::ask(std::shared_ptr<Api> self, std::string path, Params params) {
  params.insert(params.end(), self->always_.begin(), self->always_.end());
  std::sort(params.begin(), params.end());
  net::HttpRequest request("GET", self->base_ + escape_path(path));
  for (char separator = '?'; const auto& [name, value] : params) {
    request.target.append(1, std::exchange(separator, '&')).append(name).append("=").append(query_escape(value));
  }
  if (!self->token_.empty()) request.headers.set("X-Consul-Token", self->token_.reveal());
  net::SendOptions options;
  options.timeout = kWatchTimeout + kGrace;
  options.max_body_bytes = kMaxBodyBytes;
  options.unix_socket = self->unix_socket_;
  auto response = co_await self->client_->send(std::move(request), std::move(options));
  if (!response) co_return fail(std::move(response).error());
  if (response->status != 200) {
    co_return fail(Errc::kUnavailable, "Unexpected response code: {} ({})", response->status,
                   trim(response->body.view().substr(0, kMaxShownBytes)));
  }
  Answer answer{std::move(response->body), read_index(*response).value_or(0)};
  co_return answer;
}

net::Task<Result<Answer>> Api::watch(std::shared_ptr<Api> self, std::string path, Params params, std::uint64_t index) {
  params.insert(params.end(), self->of_watch_.begin(), self->of_watch_.end());
  if (index != 0) params.emplace_back("index", std::to_string(index));
  auto answer = co_await ask(self, std::move(path), std::move(params));
  if (answer && answer->index == 0) {
    co_return fail(Errc::kInvalid, "the answer has no X-Consul-Index that is a positive number");
  }
  co_return answer;
}

}  // namespace tocsin::discovery::consul
