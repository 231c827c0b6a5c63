#include "exporters/nginx/nginx.hpp"

#include <algorithm>

#include "base/version.hpp"
#include "client/client.hpp"
#include "exporters/collector/target_list.hpp"
#include "exporters/nginx/access_log.hpp"
#include "exporters/nginx/stub_status.hpp"
#include "net/url.hpp"

namespace tocsin::exporters::nginx {
namespace {

using Type = model::MetricType;
constexpr std::string_view kDefaultUrl = "http://127.0.0.1:8080/stub_status";
constexpr std::size_t kMaxPageBytes = 64U << 10U;

/// Where the page of stub_status is; a socket is written "unix:/run/nginx.sock:/stub_status".
struct Place {
  std::string url;
  std::string unix_socket;
  std::string server;  // host and port, or the socket
};

Result<Place> parse_place(const std::string& text) {
  Place place;
  if (text.starts_with("unix:")) {
    const std::string rest = text.substr(5);
    const std::size_t colon = rest.find(':');
    place.unix_socket = rest.substr(0, colon);
    place.server = place.unix_socket;
    place.url = "http://unix" + (colon == std::string::npos ? "/" : rest.substr(colon + 1));
    if (place.unix_socket.empty()) return fail(Errc::kInvalid, "no path of a socket in {}", text);
    return place;
  }
  TOCSIN_TRY(const net::Url url, net::parse_url(text));
  place.url = text;
  place.server = url.address();
  return place;
}

/// Thread: the loop's.
class NginxTarget final : public Target, public std::enable_shared_from_this<NginxTarget> {
 public:
  NginxTarget(const Services& services, std::optional<Place> place, config::HttpClientConfig http,
              std::shared_ptr<AccessLog> log)
      : loop_(services.loop),
        place_(std::move(place)),
        client_(client::make_client(std::move(http),
                                    {services.loop, services.work, services.http, services.fs, services.environment})),
        log_(std::move(log)) {}

  net::Task<Result<void>> collect(std::shared_ptr<expo::Page> page, MonoTime deadline) override {
    const auto self = shared_from_this();
    put_build(*page);
    Result<void> result;
    if (place_) {
      auto status = co_await ask(deadline);
      page->family("nginx_up", "Status of the last metric scrape", Type::kGauge).put(status ? 1 : 0);
      if (status) {
        put_stub_status(*page, *status);
      } else {
        result = fail(std::move(status).error().wrap(fmt::format("nginx {}", place_->server)));
      }
    }
    if (log_) {
      auto counted = co_await log_->put(page, deadline);
      if (!counted && result) result = std::move(counted);
    }
    co_return result;
  }

 private:
  net::Task<Result<StubStatus>> ask(MonoTime deadline) {
    net::HttpRequest request("GET", place_->url);
    net::SendOptions options;
    options.timeout = std::max(Duration::zero(), deadline - loop_.clock().mono());
    options.max_body_bytes = kMaxPageBytes;
    options.unix_socket = place_->unix_socket;
    TOCSIN_CO_TRY(const auto answer, co_await client_->send(std::move(request), std::move(options)));
    if (answer.status != 200) co_return fail(Errc::kIo, "expected 200 response, got {}", answer.status);
    co_return parse_stub_status(answer.body.view());
  }

  /// As the original had it until 1.0.
  static void put_build(expo::Page& page) {
    page.family("nginxexporter_build_info", "Exporter build information", Type::kGauge)
        .put({{"arch", ""},
              {"commit", revision()},
              {"date", ""},
              {"dirty", "false"},
              {"go", ""},
              {"version", version()}},
             1);
  }

  net::TaskLoop& loop_;
  const std::optional<Place> place_;
  const std::shared_ptr<net::HttpClient> client_;
  const std::shared_ptr<AccessLog> log_;
};

class NginxSource final : public Source {
 public:
  explicit NginxSource(const Services& services) : services_(services) {}

  Result<void> read(const yaml::Node& section) {
    yaml::Fields fields(section, "nginx source");
    section_.read(fields);
    const yaml::Node targets = fields.take("targets");
    TOCSIN_OK(fields.finish());
    if (targets.is_null()) return add_target(section, std::string(kDefaultUrl), "", {}, nullptr);
    if (!targets.is_sequence()) return targets.error("targets: a list is expected");
    for (const yaml::Node& node : targets.elements()) TOCSIN_OK(read_target(node));
    for (const auto& log : logs_) log->start();
    return {};
  }

  const SectionOptions& options() const override { return section_; }
  const std::vector<Named>& targets() const override { return targets_.all(); }

 private:
  Result<void> read_target(const yaml::Node& node) {
    if (node.is_scalar()) {
      TOCSIN_TRY(std::string url, node.as_string());
      return add_target(node, url, "", {}, nullptr);
    }
    std::string url, server;
    config::HttpClientConfig http;
    std::vector<std::string> warnings;
    std::shared_ptr<AccessLog> log;
    yaml::Fields fields(node, "nginx target");
    fields.read("url", url).read("server", server).child("access_log", [&](const yaml::Node& map) -> Result<void> {
      TOCSIN_TRY(auto options, AccessLogOptions::read(map));
      if (server.empty() && url.empty()) server = options.file.empty() ? options.syslog : options.file;
      log = std::make_shared<AccessLog>(services_, std::move(options));
      return {};
    });
    TOCSIN_OK(config::read_http_client_fields(fields, http, warnings));
    TOCSIN_OK(fields.finish());
    if (url.empty() && !log) return node.error("one of url and access_log is missing");
    return add_target(node, url, server, std::move(http), std::move(log));
  }

  Result<void> add_target(const yaml::Node& node, const std::string& url, std::string server,
                          config::HttpClientConfig http, std::shared_ptr<AccessLog> log) {
    std::optional<Place> place;
    if (!url.empty()) {
      auto parsed = parse_place(url);
      if (!parsed) return node.error("{}", parsed.error().message);
      place = std::move(*parsed);
      if (server.empty()) server = place->server;
    }
    if (log) logs_.push_back(log);
    return targets_.add(node, std::move(server),
                        std::make_shared<NginxTarget>(services_, std::move(place), std::move(http), std::move(log)));
  }

  const Services services_;
  SectionOptions section_;
  std::vector<std::shared_ptr<AccessLog>> logs_;
  TargetList targets_;
};

Result<std::unique_ptr<Source>> make(const yaml::Node& section, const Services& services) {
  auto source = std::make_unique<NginxSource>(services);
  TOCSIN_OK(source->read(section));
  return source;
}

}  // namespace

SourceInfo source_info() {
  return {"nginx", make};
}

}  // namespace tocsin::exporters::nginx
