// The rules with the real engine, the real state store and real threads.

#include "promql/engine.hpp"

#include <atomic>
#include <future>

#include <catch2/catch.hpp>

#include "state/sqlite_store.hpp"
#include "support/runtime_thread.hpp"
#include "support/temp_dir.hpp"
#include "unit/rules/fixture.hpp"

using namespace tocsin;
using namespace std::chrono_literals;
using model::Labels;
using rules::AlertState;

namespace {

/// A manager over a map store and the engine, under virtual time. A target is scraped every 15 s.
struct EngineBench {
  VirtualLoop loop;
  promql::Engine engine{{}, loop};
  test::MapStore store;
  test::MemoryStore state;
  test::CollectingSink sink;
  rules::Manager manager{{[this](storage::Queryable& view, const rules::RuleQuery& asked) {
                            return engine.instant(view, asked.expr, asked.at);
                          },
                          store,
                          store,
                          sink,
                          state,
                          loop,
                          loop,
                          {}}};
  double requests = 0;
  double errors = 0;

  void run(const std::string& text) {
    auto file = rules::parse_rule_file(text, "test.yml");
    for (const auto& error : file.errors) UNSCOPED_INFO(error);
    REQUIRE(file.errors.empty());
    manager.apply(std::move(file.groups), {}, 15s);
    manager.start();
  }

  /// Scrapes with so many errors among a hundred requests each time.
  void scrape_for(Duration time, double errors_each) {
    for (Duration done{0}; done < time; done += 15s) {
      requests += 100;
      errors += errors_each;
      store.add({{"__name__", "requests_total"}, {"job", "api"}, {"instance", "a"}}, loop.now(), requests);
      store.add({{"__name__", "errors_total"}, {"job", "api"}, {"instance", "a"}}, loop.now(), errors);
      loop.advance(15s);
    }
  }
};

}  // namespace

TEST_CASE("A recorded ratio pages through an alert that looks at it, and ends when it falls") {
  EngineBench bench;
  bench.run(R"(
groups:
  - name: slo
    rules:
      - record: job:requests:rate1m
        expr: sum by (job) (rate(requests_total[1m]))
      - record: job:errors:ratio1m
        expr: sum by (job) (rate(errors_total[1m])) / job:requests:rate1m
      - alert: ErrorsHigh
        expr: job:errors:ratio1m > 0.05
        for: 1m
        labels: {severity: page}
        annotations:
          summary: '{{ $labels.job }}: {{ $value | humanizePercentage }} of {{ with query "job:requests:rate1m" }}{{ . | first | value | humanize }}{{ end }}/s'
      - alert: PageOpen
        expr: ALERTS{alertname="ErrorsHigh", alertstate="firing"}
)");
  bench.scrape_for(5min, 1);
  const auto quiet = bench.manager.groups();
  for (const auto& rule : quiet[0].rules) {
    CAPTURE(rule.name, rule.last_error);
    CHECK(rule.health == rules::Health::kGood);
  }
  CHECK(bench.sink.all.empty());
  bench.scrape_for(3min, 20);
  const auto status = bench.manager.groups()[0];
  CHECK(status.rules[2].state == AlertState::kFiring);
  CHECK(status.rules[3].state == AlertState::kFiring);
  REQUIRE(bench.sink.all.size() >= 2);
  CHECK(bench.sink.all[0].labels == Labels{{"alertname", "ErrorsHigh"}, {"job", "api"}, {"severity", "page"}});
  CHECK(status.rules[2].alerts.at(0).annotations.get("summary") == "api: 20% of 6.667/s");
  bench.scrape_for(5min, 0);
  CHECK(bench.manager.alerts().empty());
  CHECK(bench.sink.all.back().ends_at <= bench.loop.now());
}

TEST_CASE("Rules run on real threads while the configuration changes, and stop when told") {
  test::TempDir folder;
  test::RuntimeThread runtime(3);
  Clock& clock = runtime.loop().clock();
  auto state = state::open_sqlite_store(folder.path() + "/state.db", clock);
  REQUIRE(state.has_value());
  promql::Engine engine({}, clock);
  test::MapStore store;
  store.add({{"__name__", "up"}, {"i", "1"}}, clock.now(), 0);

  std::atomic<int> evaluations{0};
  std::promise<void> enough;
  struct QuietSink final : rules::AlertSink {
    void post(std::vector<model::AlertPtr> alerts) override { count += alerts.size(); }
    std::atomic<std::size_t> count{0};
  } quiet;
  rules::GroupOptions options;
  options.on_rule_evaluated = [&](Duration) {
    if (++evaluations == 400) enough.set_value();
  };
  std::unique_ptr<rules::Manager> manager;
  const auto apply = [&](int version) {
    std::string text = "groups:\n";
    for (int group = 0; group < 8; ++group) {
      text += fmt::format(
          "- name: g{}\n  interval: 5ms\n  rules:\n"
          "  - {{record: 'r{}', expr: 'up + {}'}}\n"
          "  - {{alert: A, expr: 'r{} >= 0', for: 10ms, labels: {{g: '{}'}}}}\n",
          group, group, group % 2 == 0 ? version : 0, group, group);
    }
    auto file = rules::parse_rule_file(text, "f.yml");
    manager->apply(std::move(file.groups), {}, 1s);
  };
  runtime.call([&] {
    manager = std::make_unique<rules::Manager>(
        rules::ManagerDeps{[&](storage::Queryable& view, const rules::RuleQuery& asked) {
                             return engine.instant(view, asked.expr, asked.at);
                           },
                           store, store, quiet, **state, runtime.loop(), runtime.runtime().work(), options});
    REQUIRE(manager->load_state().has_value());
    apply(0);
    manager->start();
  });
  auto done = enough.get_future();
  for (int version = 1; done.wait_for(1ms) != std::future_status::ready; ++version) {
    (void)manager->groups();
    (void)manager->alerts();
    (void)manager->metrics();
    if (version % 10 == 0) runtime.call([&] { apply(version); });
  }
  std::promise<void> stopped;
  runtime.call([&] { manager->stop([&] { stopped.set_value(); }); });
  stopped.get_future().get();
  const int at_stop = evaluations;
  runtime.call([&] { manager.reset(); });
  CHECK(evaluations == at_stop);
  CHECK(quiet.count > 0);
  runtime.stop();
}
