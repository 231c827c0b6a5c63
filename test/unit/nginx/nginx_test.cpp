#include "exporters/nginx/nginx.hpp"

#include <arpa/inet.h>
#include <catch2/catch.hpp>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/mem_fs.hpp"
#include "exporters/nginx/access_log.hpp"
#include "exporters/nginx/stub_status.hpp"
#include "net/runtime.hpp"
#include "support/imposter.hpp"
#include "support/temp_dir.hpp"
#include "support/test_loop.hpp"

namespace tocsin::exporters::nginx {
namespace {

constexpr const char* kStub =
    "Active connections: 3 \nserver accepts handled requests\n 12 11 40 \nReading: 1 Writing: 2 Waiting: 0 \n";

struct Asker {
  explicit Asker(Fs& files) : fs(files) {}
  Fs& fs;
  test::TestLoop loop;
  std::unique_ptr<net::HttpClient> http = net::make_http_client(loop, {});
  Services services{.loop = loop,
                    .work = loop.work(),
                    .http = *http,
                    .resolver = net::make_system_resolver(loop),
                    .fs = fs,
                    .anchor = std::make_shared<LoopAnchor>(loop)};
  std::unique_ptr<Source> source;
  std::shared_ptr<expo::Page> page = std::make_shared<expo::Page>();
  Result<void> result;

  Result<void> configure(const std::string& text) {
    TOCSIN_TRY(const auto section, yaml::parse(text, "/etc/agent.yml"));
    TOCSIN_TRY(source, source_info().make(section, services));
    return {};
  }
  net::Task<Result<void>> task() {
    return source->targets().at(0).target->collect(page, loop.clock().mono() + std::chrono::seconds(5));
  }
  std::string collect() {
    page->begin();
    result = loop.pump(task());
    page->end();
    return page->render();
  }
};

bool has_line(const std::string& page, const std::string& line) {
  return ("\n" + page).contains("\n" + line + "\n");
}

/// Lets the log's own task look until the condition holds.
template <typename Condition>
void wait_until(Asker& asker, Condition condition) {
  asker.loop.pump_until([&] {
    asker.loop.advance(std::chrono::seconds(1));
    return condition();
  });
}

}  // namespace

TEST_CASE("the page of stub_status has the metrics of nginx-prometheus-exporter", "[nginx]") {
  test::Imposter nginx;
  nginx.when("GET", "/stub_status", test::Imposter::answer(200, kStub));
  MemFs fs;
  Asker asker(fs);
  REQUIRE(
      asker.configure("targets: [{url: '" + nginx.url("/stub_status") + "', basic_auth: {username: u, password: p}}]"));
  const std::string page = asker.collect();
  CHECK(asker.result);
  for (const char* line :
       {"nginx_up 1", "nginx_connections_active 3", "nginx_connections_accepted 12", "nginx_connections_handled 11",
        "nginx_connections_reading 1", "nginx_connections_writing 2", "nginx_connections_waiting 0",
        "nginx_http_requests_total 40", "# TYPE nginx_connections_accepted counter"}) {
    CHECK(has_line(page, line));
  }
  CHECK(nginx.requests().at(0).headers.at("authorization") == "Basic dTpw");
}

TEST_CASE("a server that has no such page, or none at all, has nginx_up 0 and a reason", "[nginx]") {
  const auto reason = [](test::Imposter::Reply reply) {
    test::Imposter nginx;
    nginx.when("GET", "/s", std::move(reply));
    MemFs fs;
    Asker asker(fs);
    REQUIRE(asker.configure("targets: ['" + nginx.url("/s") + "']"));
    CHECK(has_line(asker.collect(), "nginx_up 0"));
    REQUIRE_FALSE(asker.result);
    const std::string prefix = fmt::format("nginx 127.0.0.1:{}: ", nginx.port());
    CHECK(asker.result.error().message.starts_with(prefix));
    return asker.result.error().message.substr(prefix.size());
  };
  CHECK(reason(test::Imposter::answer(403, "no")) == "expected 200 response, got 403");
  CHECK(reason(test::Imposter::answer(200, "<html>")) == "not the page of stub_status: \"<html>\"");
  CHECK(reason(test::Imposter::answer(200, std::string(kStub).substr(0, 60))).starts_with("not the page"));
  CHECK(reason(test::Imposter::answer(200, std::string(100'000, 'x'))) == "body size limit exceeded");
  CHECK(reason(test::Imposter::close_unanswered()).contains("EOF"));
}

TEST_CASE("an access log is counted as it grows", "[nginx]") {
  test::TempDir folder;
  const std::string path = folder.path() + "/access.log";
  const auto append = [&](std::string_view bytes) { REQUIRE((*posix_fs().open_append(path))->append(bytes)); };
  append("a GET 200 0.010\n");
  Asker asker(posix_fs());
  REQUIRE(asker.configure("targets: [{access_log: {file: '" + path +
                          "', format: '$host $request_method $status $request_time'}}]"));
  CHECK(asker.source->targets()[0].server == path);
  std::string page = asker.collect();
  CHECK(has_line(page, "tocsin_nginx_access_log_up 1"));
  CHECK_FALSE(page.contains("nginx_up"));
  CHECK_FALSE(page.contains("nginx_http_requests_total"));
  append("a GET 200 0.010\na POST 500 2.5\ngarbage\n");
  page = asker.collect();
  CHECK(asker.result);
  CHECK(has_line(page, "nginx_http_requests_total{host=\"a\",method=\"GET\",status=\"200\"} 1"));
  CHECK(has_line(page, "nginx_http_requests_total{host=\"a\",method=\"POST\",status=\"500\"} 1"));
  CHECK(has_line(page, "nginx_http_request_duration_seconds_sum{host=\"a\"} 2.51"));
  CHECK(has_line(page, "tocsin_nginx_access_log_bad_lines_total 1"));
  CHECK(has_line(page, "tocsin_nginx_access_log_lag_bytes 0"));
  REQUIRE(posix_fs().remove(path));
  page = asker.collect();
  CHECK(has_line(page, "tocsin_nginx_access_log_up 0"));
  CHECK_FALSE(asker.result);
  CHECK(has_line(page, "nginx_http_requests_total{host=\"a\",method=\"GET\",status=\"200\"} 1"));
}

TEST_CASE("datagrams of syslog are counted as they come", "[nginx]") {
  MemFs fs;
  Asker asker(fs);
  AccessLogOptions options;
  options.syslog = "udp://127.0.0.1:0";
  options.format = *LogFormat::parse("combined");
  const auto log = std::make_shared<AccessLog>(asker.services, std::move(options));
  log->start();
  wait_until(asker, [&] { return log->port() != 0; });
  const int fd = ::socket(AF_INET, SOCK_DGRAM, 0);
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(log->port());
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  for (const std::string& text :
       {std::string("<190>Nov 30 12:00:00 web nginx: ::1 - - [t] \"GET / HTTP/1.1\" 200 9 \"-\" \"-\""),
        std::string("<190>Nov 30 12:00:00 web nginx: nonsense"), std::string(3, '\0')}) {
    REQUIRE(::sendto(fd, text.data(), text.size(), 0, reinterpret_cast<sockaddr*>(&to), sizeof to) > 0);
  }
  ::close(fd);
  std::string page;
  wait_until(asker, [&] {
    asker.page->begin();
    auto put = asker.loop.start(log->put(asker.page, asker.loop.clock().mono()));
    asker.loop.run_ready();
    CHECK(put.get());
    asker.page->end();
    page = asker.page->render();
    return has_line(page, "tocsin_nginx_access_log_lines_total 3");
  });
  CHECK(has_line(page, "nginx_http_requests_total{host=\"\",method=\"GET\",status=\"200\"} 1"));
  CHECK(has_line(page, "tocsin_nginx_access_log_bad_lines_total 2"));
}

TEST_CASE("an address for syslog that is taken is asked for again until it is free", "[nginx]") {
  test::TempDir folder;
  auto first = SyslogListener::open("127.0.0.1:0", posix_fs(), [](std::string_view) {});
  REQUIRE(first);
  const std::string address = fmt::format("127.0.0.1:{}", (*first)->port());
  const auto second = SyslogListener::open(address, posix_fs(), [](std::string_view) {});
  REQUIRE_FALSE(second);
  CHECK(second.error().message == "listen udp " + address + ": bind: Address already in use");
  Asker asker(posix_fs());
  REQUIRE(asker.configure("targets: [{access_log: {syslog: 'udp://" + address + "'}}]"));
  CHECK(has_line(asker.collect(), "tocsin_nginx_access_log_up 0"));
  first->reset();
  wait_until(asker, [&] { return has_line(asker.collect(), "tocsin_nginx_access_log_up 1"); });
}

TEST_CASE("a socket for syslog replaces the one that an earlier run left", "[nginx]") {
  test::TempDir folder;
  const std::string path = folder.path() + "/log.sock";
  REQUIRE(SyslogListener::open("unix://" + path, posix_fs(), [](std::string_view) {}));
  CHECK(SyslogListener::open("unix://" + path, posix_fs(), [](std::string_view) {}));
  CHECK_FALSE(SyslogListener::open("unix://" + std::string(200, 'x'), posix_fs(), [](std::string_view) {}));
  CHECK_FALSE(SyslogListener::open("localhost", posix_fs(), [](std::string_view) {}));
  CHECK_FALSE(SyslogListener::open("nohost:514", posix_fs(), [](std::string_view) {}));
}

TEST_CASE("a section for nginx that cannot be is refused with its position", "[nginx]") {
  MemFs fs;
  const auto error = [&](const std::string& text) {
    const auto result = Asker(fs).configure(text);
    return result ? std::string("good") : result.error().message;
  };
  CHECK(error("targets: [{server: a}]") == "/etc/agent.yml:1:11: one of url and access_log is missing");
  CHECK(error("targets: [{access_log: {}}]") == "/etc/agent.yml:1:24: one of file and syslog must be configured");
  CHECK(error("targets: [{access_log: {file: a, format: '$host'}}]") ==
        "/etc/agent.yml:1:42: the format has no $status");
  CHECK(
      error("targets: [{access_log: {file: a, duration_buckets: [1, 1]}}]").contains("each more than the one before"));
  CHECK(error("targets: ['ftp://a']").starts_with("/etc/agent.yml:1:11: "));
  CHECK(error("targets: ['http://a/', 'http://a/']") ==
        "/etc/agent.yml:1:24: two targets of the name a:80: give one of them another `server`");
  CHECK(error("targets: ['unix:/run/nginx.sock:/stub_status']") == "good");
  CHECK(error("{}") == "good");
  CHECK(error("colour: red").contains("field colour not found"));
}

}  // namespace tocsin::exporters::nginx
