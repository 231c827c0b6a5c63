// Alerts on their way from the rules to those who route them.

#include "app/alert_forwarder.hpp"

#include <catch2/catch.hpp>

using namespace tocsin;
using model::Labels;

namespace {

struct Bench {
  Bench() {
    forwarder.add_target([this](std::vector<model::AlertPtr> alerts) { first.push_back(std::move(alerts)); });
    forwarder.add_target([this](std::vector<model::AlertPtr> alerts) { second.push_back(std::move(alerts)); });
  }
  void configure(const std::string& text) {
    auto config = config::parse_prometheus_config(text, "p.yml");
    REQUIRE(config.has_value());
    forwarder.apply(std::move(*config));
  }
  static model::AlertPtr alert(const Labels& labels) {
    auto out = std::make_shared<model::Alert>();
    out->labels = labels;
    out->annotations = {{"summary", "s"}};
    out->starts_at = 1;
    out->ends_at = 2;
    return out;
  }
  /// The labels that the first target got of the alerts posted.
  std::vector<Labels> post(const std::vector<Labels>& labels) {
    first.clear();
    second.clear();
    std::vector<model::AlertPtr> alerts;
    for (const Labels& one : labels) alerts.push_back(alert(one));
    forwarder.post(std::move(alerts));
    std::vector<Labels> out;
    for (const auto& batch : first) {
      for (const auto& one : batch) out.push_back(one->labels);
    }
    return out;
  }

  app::AlertForwarder forwarder;
  std::vector<std::vector<model::AlertPtr>> first, second;
};

}  // namespace

TEST_CASE("Without a word in the configuration alerts go to each target as they are") {
  Bench bench;
  const auto alert = Bench::alert({{"alertname", "A"}});
  bench.forwarder.post({alert});
  REQUIRE(bench.first.size() == 1);
  CHECK(bench.first[0] == std::vector{alert});
  CHECK(bench.second == bench.first);
  bench.configure("global: {scrape_interval: 1m}\n");
  bench.forwarder.post({alert});
  CHECK(bench.first[1] == std::vector{alert});
  CHECK(bench.forwarder.posted() == 2);
}

TEST_CASE("External labels are those that the alert has not, and relabelling sees them") {
  Bench bench;
  bench.configure(R"(
global: {external_labels: {region: eu, replica: a, team: default}}
alerting:
  alert_relabel_configs:
    - {action: labeldrop, regex: replica}
    - {source_labels: [region, team], separator: "/", target_label: owner}
)");
  CHECK(bench.post({{{"alertname", "A"}, {"team", "own"}}}) ==
        std::vector<Labels>{{{"alertname", "A"}, {"owner", "eu/own"}, {"region", "eu"}, {"team", "own"}}});
  REQUIRE(bench.second.size() == 1);
  const model::Alert& sent = *bench.second[0].at(0);
  CHECK(sent.annotations == Labels{{"summary", "s"}});
  CHECK(sent.starts_at == 1);
  CHECK(sent.ends_at == 2);
}

TEST_CASE("Alerts that relabelling drops go nowhere and are counted; the others do") {
  Bench bench;
  bench.configure(R"(
alerting:
  alert_relabel_configs: [{source_labels: [severity], regex: info, action: drop}]
)");
  CHECK(bench.post({{{"alertname", "A"}, {"severity", "info"}}, {{"alertname", "B"}, {"severity", "page"}}}) ==
        std::vector<Labels>{{{"alertname", "B"}, {"severity", "page"}}});
  CHECK(bench.post({{{"alertname", "A"}, {"severity", "info"}}}).empty());
  CHECK(bench.first.empty());
  CHECK(bench.forwarder.dropped() == 2);
  CHECK(bench.forwarder.posted() == 3);
  // A reload counts from the next alert on.
  bench.configure("global: {scrape_interval: 1m}\n");
  CHECK(bench.post({{{"alertname", "A"}, {"severity", "info"}}}).size() == 1);
}
