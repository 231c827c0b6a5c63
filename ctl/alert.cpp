#include "ctl/alert.hpp"

#include <csignal>
#include <cstdio>

#include <boost/json.hpp>

#include "base/clock.hpp"
#include "base/fs.hpp"
#include "base/strings.hpp"
#include "ctl/remote.hpp"
#include "net/runtime.hpp"

namespace tocsin::ctl {
namespace {

namespace json = boost::json;

std::string text_at(const json::value& object, std::string_view map, std::string_view key) {
  const json::value* inner = object.is_object() ? object.as_object().if_contains(map) : nullptr;
  const json::value* value = inner != nullptr && inner->is_object() ? inner->as_object().if_contains(key) : nullptr;
  return value != nullptr && value->is_string() ? std::string(value->as_string()) : std::string();
}

/// "2026-01-02T03:04:05Z firing TocsinTest (2 alerts): summary" and the JSON behind it.
std::string page_line(std::string_view body) {
  const std::string now = format_rfc3339(system_clock().now());
  json::error_code wrong;
  const json::value page = json::parse(json::string_view(body), wrong);
  if (wrong || !page.is_object())
    return fmt::format("{} not a webhook notification: {}\n", now, go_quote(body.substr(0, 500)));
  const json::value* status = page.as_object().if_contains("status");
  const json::value* alerts = page.as_object().if_contains("alerts");
  const std::size_t count = alerts != nullptr && alerts->is_array() ? alerts->as_array().size() : 0;
  std::string name = text_at(page, "commonLabels", "alertname");
  std::string summary = text_at(page, "commonAnnotations", "summary");
  if (summary.empty() && count > 0) summary = text_at(alerts->as_array()[0], "annotations", "summary");
  return fmt::format("{} {} {} ({} alert{}): {} {}\n", now,
                     status != nullptr && status->is_string() ? std::string_view(status->as_string()) : "?",
                     name.empty() ? "several alerts" : name, count, count == 1 ? "" : "s", summary, body);
}

net::Task<net::HttpResponse> receive(std::shared_ptr<AppendFile> file, net::HttpRequest request) {
  const std::string line = page_line(request.body);
  if (file == nullptr) {
    std::fwrite(line.data(), 1, line.size(), stdout);
    std::fflush(stdout);
  } else if (auto written = file->append(line); !written) {
    co_return net::HttpResponse(500, "text/plain", written.error().message);
  }
  co_return net::HttpResponse(200, "text/plain", "ok");
}

}  // namespace

int alert_test(const AlertTestArgs& args) {
  const Timestamp now = system_clock().now();
  json::object labels{{"alertname", "TocsinTest"}, {"severity", "info"}, {"test", "true"}};
  for (const auto& [name, value] : args.labels) labels[name] = value;
  const Timestamp ends = args.resolve ? now : now + to_ms(args.lasts);
  json::object alert{
      {"labels", std::move(labels)},
      {"annotations", {{"summary", args.summary}}},
      {"endsAt", format_rfc3339(ends)},
  };
  if (!args.resolve) alert["startsAt"] = format_rfc3339(now);
  net::HttpRequest request("POST", join_url(args.server, "/api/v2/alerts"));
  request.headers.set("Content-Type", "application/json");
  request.body = json::serialize(json::array{std::move(alert)});
  const auto response = send_and_wait(std::move(request), std::chrono::seconds(10), args.http_config_file);
  if (!response || response->status != 200) {
    fmt::print(stderr, "the test alert was not taken: {}\n",
               response ? fmt::format("{} {}", response->status, response->body.view()) : response.error().message);
    return 1;
  }
  if (args.resolve) {
    fmt::print("The test alert is resolved; its receivers hear of it at the next group_interval.\n");
  } else {
    fmt::print(
        "A test alert fires at {} until {}. It is routed like any other; its receivers hear of it after group_wait.\n",
        args.server, format_rfc3339(ends));
  }
  return 0;
}

int alert_receive(const std::string& listen, const std::string& output) {
  std::shared_ptr<AppendFile> file;
  if (output != "-") {
    auto opened = posix_fs().open_append(output);
    if (!opened) {
      fmt::print(stderr, "{}\n", opened.error().message);
      return 1;
    }
    file = std::move(*opened);
  }
  net::RuntimeOptions runtime_options;
  runtime_options.work_threads = 1;
  const auto runtime = net::make_runtime(runtime_options);
  net::HttpServerOptions options;
  options.listen_address = listen;
  auto server = net::make_http_server(runtime->loop(), options,
                                      [file](net::HttpRequest request) { return receive(file, std::move(request)); });
  if (!server) {
    fmt::print(stderr, "{}\n", server.error().message);
    return 1;
  }
  for (const int signal : {SIGINT, SIGTERM}) runtime->on_signal(signal, [&runtime] { runtime->stop(); });
  fmt::print(stderr, "Receiving webhook notifications on port {}.\n", (*server)->port());
  runtime->run();
  return 0;
}

}  // namespace tocsin::ctl
