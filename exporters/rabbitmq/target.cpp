#include "exporters/rabbitmq/target.hpp"

#include <algorithm>

#include "base/base64.hpp"
#include "base/log.hpp"
#include "client/client.hpp"
#include "client/material.hpp"
#include "exporters/collector/text_page.hpp"
#include "exporters/rabbitmq/management.hpp"

namespace tocsin::exporters::rabbitmq {
namespace {

using enum model::MetricType;

constexpr std::size_t kMaxBytes = 128U << 20U;  // a page of 100,000 queues has 60 MB

Result<boost::json::value> parse(const std::string& text, std::string_view path) {
  boost::json::parse_options options;
  options.max_depth = 64;
  boost::system::error_code error;
  boost::json::value document = boost::json::parse(text, error, {}, options);
  if (error) return fail(Errc::kCorrupt, "GET {}: not valid JSON: {}", path, error.message());
  return document;
}

void put_source_up(expo::Page& page, std::string_view source, bool up) {
  page.family("rabbitmq_source_up", "Whether the broker answered by this way.", kGauge)
      .put({{"source", source}}, up ? 1 : 0);
}

}  // namespace

RabbitmqTarget::RabbitmqTarget(TargetOptions options, const Services& services)
    : options_(std::move(options)),
      services_(services),
      client_(client::make_client(options_.http,
                                  {services.loop, services.work, services.http, services.fs, services.environment})) {}

/// Read on a lane, for the file may be slow.
net::Task<Result<Secret>> RabbitmqTarget::password() {
  if (!options_.password) co_return Secret("guest");
  co_return co_await net::run_on(services_.loop, services_.work.lane(Lane::kScrape), [self = shared_from_this()] {
    return self->options_.password->get(self->services_.fs, self->services_.environment);
  });
}

/// The body of a good answer.
net::Task<Result<std::string>> RabbitmqTarget::get(std::string url, bool with_password, MonoTime deadline) {
  net::HttpRequest request("GET", url);
  if (with_password) {
    TOCSIN_CO_TRY(const Secret secret, co_await password());
    request.headers.set("Authorization", "Basic " + base64_encode(options_.username + ":" + secret.reveal()));
  }
  net::SendOptions send;
  send.timeout = std::max(deadline - services_.loop.clock().mono(), Duration(std::chrono::milliseconds(1)));
  send.max_body_bytes = kMaxBytes;
  auto response = co_await client_->send(std::move(request), std::move(send));
  if (!response) co_return std::unexpected(std::move(response).error().wrap("GET " + url));
  if (response->status != 200) co_return fail(Errc::kUnavailable, "GET {}: HTTP status {}", url, response->status);
  co_return std::string(response->body.view());
}

net::Task<Result<void>> RabbitmqTarget::ask_endpoint(PagePtr page, MonoTime deadline) {
  TOCSIN_CO_TRY(std::string text, co_await get(options_.endpoint, false, deadline));
  std::function<Result<TextPage::Mistakes>()> job = [page, url = options_.endpoint, text = std::move(text)]() {
    TextPage read(TextPage::Rules::kAsItIs);
    TextPage::Mistakes mistakes = read.add_readable(text, url);
    read.put(*page);
    return read.empty() && mistakes.count > 0
               ? Result<TextPage::Mistakes>(fail(Errc::kInvalid, "GET {}: {}", url, mistakes.first))
               : Result<TextPage::Mistakes>(std::move(mistakes));
  };
  TOCSIN_CO_TRY(const auto mistakes,
                co_await net::run_on(services_.loop, services_.work.lane(Lane::kScrape), std::move(job)));
  page->family("tocsin_rabbitmq_bad_lines",
               "Lines of the endpoint's page that are not of the exposition format, and were left out.", kGauge)
      .put(static_cast<double>(mistakes.count));
  if (mistakes.count > 0 && !has_bad_lines_) {
    log::warn("rabbitmq", "lines of the endpoint's page were left out",
              {{"server", options_.server}, {"count", fmt::format("{}", mistakes.count)}, {"first", mistakes.first}});
  }
  has_bad_lines_ = mistakes.count > 0;
  co_return Result<void>();
}

net::Task<Result<void>> RabbitmqTarget::ask_management(PagePtr page, MonoTime deadline) {
  TOCSIN_CO_TRY(std::string overview, co_await get(options_.management + "/api/overview", true, deadline));
  TOCSIN_CO_TRY(std::string nodes, co_await get(options_.management + "/api/nodes", true, deadline));
  std::string queues = "[]";
  if (options_.queues) {
    TOCSIN_CO_TRY(queues, co_await get(options_.management + "/api/queues", true, deadline));
  }
  co_return co_await net::run_on(services_.loop, services_.work.lane(Lane::kScrape),
                                 [page, each = options_.queues, overview = std::move(overview),
                                  nodes = std::move(nodes), queues = std::move(queues)]() -> Result<void> {
                                   TOCSIN_TRY(const boost::json::value root, parse(overview, "/api/overview"));
                                   TOCSIN_TRY(const boost::json::value of_nodes, parse(nodes, "/api/nodes"));
                                   TOCSIN_TRY(const boost::json::value of_queues, parse(queues, "/api/queues"));
                                   put_node(*page, of_nodes, put_overview(*page, root, !each));
                                   put_queues(*page, of_queues);
                                   return {};
                                 });
}

net::Task<Result<void>> RabbitmqTarget::shake_hands(PagePtr page, MonoTime deadline) {
  AmqpServer server{.host = options_.amqp_host,
                    .port = options_.amqp_port,
                    .vhost = options_.vhost,
                    .username = options_.username,
                    .password = {},
                    .tls = nullptr};
  TOCSIN_CO_TRY(server.password, co_await password());
  if (options_.amqp_tls) {
    TOCSIN_CO_TRY(const auto material,
                  co_await net::run_on(services_.loop, services_.work.lane(Lane::kScrape), [self = shared_from_this()] {
                    const client::FileText file = [&fs = self->services_.fs](const std::string& path) {
                      return fs.read_file(path);
                    };
                    return client::make_material(self->options_.http, file, nullptr);
                  }));
    server.tls = material->tls ? material->tls : std::make_shared<const net::TlsOptions>();
  }
  const MonoTime began = services_.loop.clock().mono();
  auto pinged = co_await amqp_ping(services_.loop, services_.resolver, services_.work.lane(Lane::kScrape),
                                   std::move(server), deadline);
  if (!pinged)
    co_return fail(std::move(pinged).error().wrap(fmt::format("amqp {}:{}", options_.amqp_host, options_.amqp_port)));
  const std::chrono::duration<double> took = services_.loop.clock().mono() - began;
  page->family("rabbitmq_amqp_handshake_seconds", "Time from the dial to an open AMQP connection and its end.", kGauge)
      .put(took.count());
  co_return Result<void>();
}

net::Task<Result<void>> RabbitmqTarget::collect(std::shared_ptr<expo::Page> page, MonoTime deadline) {
  const auto self = shared_from_this();
  Result<void> outcome;
  bool up = false;
  const auto note = [&](std::string_view source, Result<void> result) {
    put_source_up(*page, source, result.has_value());
    if (result) {
      up = true;
    } else if (outcome) {
      outcome = std::move(result);
    }
  };
  if (!options_.endpoint.empty()) note("endpoint", co_await ask_endpoint(page, deadline));
  if (!options_.management.empty() && (options_.endpoint.empty() || !up)) {
    note("management", co_await ask_management(page, deadline));
  }
  if (!options_.amqp_host.empty()) {
    const bool alone = options_.endpoint.empty() && options_.management.empty();
    const bool up_before = up;
    note("amqp", co_await shake_hands(page, deadline));
    if (!alone) up = up_before;
  }
  page->family("rabbitmq_up", "Whether the broker answers.", kGauge).put(up ? 1 : 0);
  co_return outcome;
}

}  // namespace tocsin::exporters::rabbitmq
