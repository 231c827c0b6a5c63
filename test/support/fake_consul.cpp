#include "support/fake_consul.hpp"

#include <algorithm>
#include <stdexcept>

#include <boost/json.hpp>

namespace tocsin::test {
namespace json = boost::json;

namespace {

constexpr Duration kTick = std::chrono::milliseconds(20);
constexpr std::string_view kHealth = "/v1/health/service/";

}  // namespace

void FakeConsul::put(const std::string& service, std::vector<std::string> instances, std::vector<std::string> tags) {
  services_[service] = {std::move(instances), std::move(tags), ++index_};
}

void FakeConsul::remove(const std::string& service) {
  services_.erase(service);
  ++index_;
}

void FakeConsul::reset_index(std::uint64_t index) {
  index_ = index;
  for (auto& [name, service] : services_) service.index = index;
}

std::size_t FakeConsul::count(std::string_view part) const {
  return static_cast<std::size_t>(std::count_if(sent_.begin(), sent_.end(), [&](const Sent& sent) {
    return sent.request.target.find(part) != std::string::npos;
  }));
}

std::optional<Result<net::HttpResponse>> FakeConsul::refusal(const net::HttpRequest& request) const {
  for (const auto& [part, answer] : refusals_) {
    if (request.target.find(part) != std::string::npos) return answer;
  }
  return std::nullopt;
}

std::string FakeConsul::catalog() const {
  json::object out;
  for (const auto& [name, service] : services_) out[name] = json::array(service.tags.begin(), service.tags.end());
  return json::serialize(out);
}

/// Instances that have all of the tags.
std::string FakeConsul::health(const std::string& service, const std::vector<std::string>& tags) const {
  json::array out;
  if (const auto found = services_.find(service); found != services_.end()) {
    for (const std::string& text : found->second.instances) {
      json::value instance = json::parse(text);
      boost::system::error_code error;
      const json::value* own = instance.find_pointer("/Service/Tags", error);
      const auto has = [&](const std::string& tag) {
        return own != nullptr && own->is_array() &&
               std::any_of(own->get_array().begin(), own->get_array().end(),
                           [&](const json::value& value) { return value.as_string() == tag; });
      };
      if (std::all_of(tags.begin(), tags.end(), has)) out.push_back(std::move(instance));
    }
  }
  return json::serialize(out);
}

/// Of a service that is not there the index is that of everything, as in the real one.
std::uint64_t FakeConsul::index_of(const std::string& path) const {
  if (!path.starts_with(kHealth)) return index_;
  const auto found = services_.find(path.substr(kHealth.size()));
  return found == services_.end() ? index_ : found->second.index;
}

net::Task<Result<net::HttpResponse>> FakeConsul::send(net::HttpRequest request, net::SendOptions options) {
  sent_.push_back({request, options, loop_.clock().now()});
  if (auto answer = refusal(request)) co_return std::move(*answer);
  if (!request.target.starts_with(base_)) throw std::runtime_error("asked elsewhere: " + request.target);
  net::HttpRequest at_server = request;
  at_server.target = request.target.substr(base_.size());
  const std::string path = at_server.path();
  if (path == "/v1/agent/self") {
    co_return net::HttpResponse(200, "application/json", R"({"Config": {"Datacenter": "dc-test"}, "Member": {}})");
  }
  const std::string asked = at_server.param("index");
  const std::string wait = at_server.param("wait");
  const MonoTime end = loop_.clock().mono() + std::chrono::milliseconds(wait.empty() ? 0 : std::stoll(wait));
  ++waiting_;
  // An index beyond ours is answered at once: the asker knows another server.
  while (!asked.empty() && std::stoull(asked) == index_of(path) && loop_.clock().mono() < end) {
    co_await net::sleep_for(loop_, kTick);
  }
  --waiting_;
  if (auto answer = refusal(request)) co_return std::move(*answer);
  std::string body;
  if (path == "/v1/catalog/services") {
    body = catalog();
  } else if (path.starts_with(kHealth)) {
    body = health(path.substr(kHealth.size()), at_server.all_params("tag"));
  } else {
    co_return net::HttpResponse(404, "text/plain", "no such path");
  }
  net::HttpResponse response(200, "application/json", std::move(body));
  response.headers.set("X-Consul-Index", std::to_string(index_of(path)));
  co_return response;
}

}  // namespace tocsin::test
