#include "agent/health.hpp"

#include <catch2/catch.hpp>

#include "agent/page_values.hpp"

namespace tocsin::agent {
namespace {

using model::MetricType;

expo::RenderedPage rendered(const std::function<void(expo::Page&)>& put) {
  expo::Page page;
  page.begin();
  put(page);
  page.end();
  expo::RenderedPage out;
  page.render(out);
  return out;
}

expo::RenderedPage cpu_page(double idle, double user) {
  return rendered([&](expo::Page& page) {
    auto& family = page.family("node_cpu_seconds_total", "CPU.", MetricType::kCounter);
    family.put({{"cpu", "0"}, {"mode", "idle"}}, idle);
    family.put({{"cpu", "0"}, {"mode", "user"}}, user);
    family.put({{"cpu", "0"}, {"mode", "iowait"}}, 0);
  });
}

std::shared_ptr<Asked> target(const std::string& kind, const std::string& name, bool success, bool late = false) {
  auto asked = std::make_shared<Asked>();
  asked->collector = kind;
  asked->target = name;
  asked->success = success;
  asked->late = late;
  asked->problem = success ? "" : "dial tcp 127.0.0.1:1: connect: connection refused";
  asked->last = std::make_shared<expo::RenderedPage>();
  asked->duration = std::chrono::milliseconds(12);
  asked->finished_at = std::chrono::seconds(90);
  return asked;
}

HealthReport report() {
  HealthReport report;
  report.now = 1'704'110'400'000;  // 2024-01-01T12:00:00Z
  report.mono = std::chrono::seconds(100);
  return report;
}

}  // namespace

TEST_CASE("numbers are read back from a page, whatever stands in the labels", "[agent]") {
  const auto page = rendered([](expo::Page& p) {
    auto& family = p.family("f", "Help.", MetricType::kGauge);
    family.put({{"a", "x} 9"}, {"b", "say \"hi\"\\\n"}}, 1.5);
    family.put({{"a", "y"}, {"b", ""}}, 2);
    p.family("f_other", "Help.", MetricType::kGauge).put(7);
  });
  std::vector<std::pair<std::string, double>> seen;
  for_each_series(page, "f", [&](std::string_view labels, double value) {
    seen.emplace_back(label_value(labels, "a") + "|" + label_value(labels, "b"), value);
  });
  CHECK(seen == std::vector<std::pair<std::string, double>>{{"x} 9|say \"hi\"\\\n", 1.5}, {"y|", 2}});
  CHECK(sum_of(page, "f") == 3.5);
  CHECK(sum_of(page, "f_other") == 7);
  CHECK_FALSE(sum_of(page, "g"));
}

TEST_CASE("the host's use is that of cpu, meminfo and filesystem", "[agent]") {
  const auto before = cpu_times(cpu_page(100, 50)), now = cpu_times(cpu_page(101, 53));
  REQUIRE(before);
  REQUIRE(now);
  CHECK(cpu_percent(*before, *now) == 75.0);
  CHECK_FALSE(cpu_percent(*now, *now));
  CHECK(memory_percent(rendered([](expo::Page& page) {
          page.family("node_memory_MemTotal_bytes", "", MetricType::kGauge).put(1000);
          page.family("node_memory_MemAvailable_bytes", "", MetricType::kGauge).put(100);
        })) == 90.0);
  CHECK_FALSE(memory_percent({}));
  const auto found = disks(rendered([](expo::Page& page) {
    const auto put = [&](const char* mount, const char* type, double size, double free, double avail, double readonly) {
      const auto one = [&](const char* name, double value) {
        page.family(name, "", MetricType::kGauge)
            .put({{"device", "d"}, {"fstype", type}, {"mountpoint", mount}}, value);
      };
      one("node_filesystem_size_bytes", size);
      one("node_filesystem_free_bytes", free);
      one("node_filesystem_avail_bytes", avail);
      one("node_filesystem_readonly", readonly);
    };
    put("/", "ext4", 100, 50, 50, 0);
    put("/data", "xfs", 100, 10, 5, 0);
    put("/run", "tmpfs", 100, 0, 0, 0);
    put("/mnt/cd", "udf", 100, 0, 0, 1);
  }));
  REQUIRE(found.size() == 2);
  CHECK(found[0].mountpoint == "/data");
  CHECK(found[0].used_percent == Approx(90 / 95.0 * 100));
  CHECK(found[1].used_percent == 50);
}

TEST_CASE("beyond a threshold the host is degraded", "[agent]") {
  SystemHealth system;
  CHECK(of(system, {}) == Health::kHealthy);
  system.cpu_percent = 80;
  system.memory_percent = 85;
  system.disks = {{"/", 90}};
  CHECK(of(system, {}) == Health::kHealthy);
  for (const auto& change : std::vector<std::function<void(SystemHealth&)>>{
           [](SystemHealth& s) { s.cpu_percent = 80.1; }, [](SystemHealth& s) { s.memory_percent = 85.1; },
           [](SystemHealth& s) { s.disks[0].used_percent = 90.1; }}) {
    SystemHealth changed = system;
    change(changed);
    CHECK(of(changed, {}) == Health::kDegraded);
  }
}

TEST_CASE("a source is as healthy as its targets", "[agent]") {
  const auto up = target("redis", "a", true), late = target("redis", "b", true, true),
             down = target("redis", "c", false);
  struct Case {
    std::vector<std::shared_ptr<Asked>> targets;
    Health health;
  };
  const Case cases[] = {{{up}, Health::kHealthy},          {{late}, Health::kDegraded},
                        {{down}, Health::kUnhealthy},      {{up, down}, Health::kDegraded},
                        {{late, down}, Health::kDegraded}, {{down, down}, Health::kUnhealthy}};
  for (const Case& c : cases) CHECK(of(SourceHealth{"redis", c.targets}) == c.health);
}

TEST_CASE("the bodies of the health endpoints", "[agent]") {
  HealthReport r = report();
  r.has_system = true;
  r.system = {.cpu_percent = 12.345, .memory_percent = 90, .disks = {{"/", 50}}};
  r.sources = {{"postgres", {target("postgres", "db:5432", true)}}, {"redis", {target("redis", "cache:6379", true)}}};
  CHECK(health_summary(r).json ==
        R"({"status":"degraded","checks":{"system":"degraded","database":"healthy","postgres":"healthy",)"
        R"("redis":"healthy"},"timestamp":"2024-01-01T12:00:00Z"})");
  CHECK(health_of_system(r).json ==
        R"({"status":"degraded","cpu":{"status":"healthy","usage":12.35,"threshold":80},)"
        R"("memory":{"status":"degraded","usage":90,"threshold":85},)"
        R"("disk":{"status":"healthy","usage":50,"threshold":90,"mountpoint":"/"},)"
        R"("filesystems":[{"mountpoint":"/","usage":50}],"timestamp":"2024-01-01T12:00:00Z"})");
  r.system = {};
  r.sources[0].targets = {target("postgres", "db:5432", false)};
  const HealthBody down = health_details(r);
  CHECK(down.health == Health::kUnhealthy);
  CHECK(down.json ==
        R"({"status":"unhealthy","checks":{"system":"healthy","database":"unhealthy","postgres":"unhealthy",)"
        R"("redis":"healthy"},"components":[{"name":"postgres","target":"db:5432","status":"unhealthy",)"
        R"("message":"dial tcp 127.0.0.1:1: connect: connection refused","responseTime":12,)"
        R"("lastCheck":"2024-01-01T11:59:50Z"},{"name":"redis","target":"cache:6379","status":"healthy",)"
        R"("responseTime":12,"lastCheck":"2024-01-01T11:59:50Z"}],"system":{"status":"healthy"},)"
        R"("timestamp":"2024-01-01T12:00:00Z"})");
  CHECK(health_of_agent(r).json == R"({"status":"healthy","timestamp":"2024-01-01T12:00:00Z"})");
}

TEST_CASE("the databases' health has their connections", "[agent]") {
  HealthReport r = report();
  auto db = target("mysql", "db:3306", true);
  db->last = std::make_shared<expo::RenderedPage>(rendered([](expo::Page& page) {
    page.family("mysql_global_status_threads_connected", "", MetricType::kUnknown).put(4);
    page.family("mysql_global_variables_max_connections", "", MetricType::kGauge).put(151);
  }));
  r.sources = {{"mysql", {db}}, {"redis", {target("redis", "cache:6379", false)}}};
  const HealthBody body = health_of_databases(r);
  CHECK(body.health == Health::kHealthy);
  CHECK(body.json == R"({"status":"healthy","checks":{"mysql":"healthy"},"databases":[{"name":"mysql",)"
                     R"("target":"db:3306","status":"healthy","responseTime":12,"lastCheck":"2024-01-01T11:59:50Z",)"
                     R"("connections":4,"maxConnections":151}],"timestamp":"2024-01-01T12:00:00Z"})");
}

}  // namespace tocsin::agent
