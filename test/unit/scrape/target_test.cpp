#include "scrape/target.hpp"

#include <catch2/catch.hpp>

#include "yaml/node.hpp"

using namespace tocsin;
using scrape::make_target;
using namespace std::chrono_literals;

namespace {

config::ScrapeConfig job() {
  config::ScrapeConfig config;
  config.job_name = "node";
  config.scrape_interval = 15s;
  config.scrape_timeout = 10s;
  return config;
}

config::RelabelConfig rule(std::vector<std::string> source, const std::string& regex, config::RelabelAction action,
                           std::string target = "", std::string replacement = "$1") {
  config::RelabelConfig out;
  out.source_labels = std::move(source);
  out.regex = *model::AnchoredRegex::make(regex);
  out.action = action;
  out.target_label = std::move(target);
  out.replacement = std::move(replacement);
  return out;
}

std::string error_of(const config::ScrapeConfig& config, const model::Labels& target) {
  const auto made = make_target(config, target, {});
  return made ? "no error" : made.error().message;
}

}  // namespace

TEST_CASE("a target gets the configuration's defaults, and its own labels come first") {
  const auto made = make_target(job(), {{"__address__", "10.0.0.1:9100"}, {"env", "own"}},
                                {{"env", "group"}, {"team", "sre"}, {"__meta_x", "y"}});
  REQUIRE(made);
  REQUIRE(*made);
  const scrape::TargetSpec& spec = **made;
  CHECK(spec.discovered == model::Labels{{"__address__", "10.0.0.1:9100"},
                                         {"__always_scrape_classic_histograms__", "false"},
                                         {"__convert_classic_histograms_to_nhcb__", "false"},
                                         {"__meta_x", "y"},
                                         {"__metrics_path__", "/metrics"},
                                         {"__scheme__", "http"},
                                         {"__scrape_interval__", "15s"},
                                         {"__scrape_native_histograms__", "false"},
                                         {"__scrape_timeout__", "10s"},
                                         {"env", "own"},
                                         {"job", "node"},
                                         {"team", "sre"}});
  CHECK(spec.labels == model::Labels{{"env", "own"}, {"instance", "10.0.0.1:9100"}, {"job", "node"}, {"team", "sre"}});
  CHECK(spec.url == "http://10.0.0.1:9100/metrics");
  CHECK(spec.interval == 15s);
  CHECK(spec.timeout == 10s);
  CHECK(spec.interval_text == "15s");
}

TEST_CASE("relabelling may set everything: address, path, scheme, parameters, interval, instance, job") {
  auto config = job();
  config.params = {{"module", {"http_2xx", "second"}}, {"debug", {"true"}}};
  config.relabel_configs = {
      rule({"__address__"}, "(.*)", config::RelabelAction::kReplace, "__param_target"),
      rule({"__param_target"}, "(.*)", config::RelabelAction::kReplace, "instance"),
      rule({}, "(.*)", config::RelabelAction::kReplace, "__address__", "blackbox:9115"),
      rule({}, "(.*)", config::RelabelAction::kReplace, "__metrics_path__", "probe it"),
      rule({}, "(.*)", config::RelabelAction::kReplace, "__scheme__", "https"),
      rule({}, "(.*)", config::RelabelAction::kReplace, "__scrape_interval__", "1m30s"),
      rule({}, "(.*)", config::RelabelAction::kReplace, "job", "renamed"),
  };
  const auto made = make_target(config, {{"__address__", "https://example.com/a b?c"}}, {});
  REQUIRE(made);
  REQUIRE(*made);
  CHECK((*made)->url ==
        "https://blackbox:9115/probe%20it?debug=true&module=http_2xx&module=second&"
        "target=https%3A%2F%2Fexample.com%2Fa+b%3Fc");
  CHECK((*made)->interval == 90s);
  CHECK((*made)->labels == model::Labels{{"instance", "https://example.com/a b?c"}, {"job", "renamed"}});
}

TEST_CASE("a target that relabelling drops is none, and no error") {
  auto config = job();
  config.relabel_configs = {rule({"__address__"}, "a:.*", config::RelabelAction::kDrop)};
  const auto dropped = make_target(config, {{"__address__", "a:1"}}, {});
  REQUIRE(dropped);
  CHECK_FALSE(*dropped);
  CHECK(*make_target(config, {{"__address__", "b:1"}}, {}));
}

TEST_CASE("labels that make no target are refused in Prometheus' words") {
  CHECK(error_of(job(), {{"x", "y"}}) == "no address");
  CHECK(error_of(job(), {{"__address__", "http://a:1"}}) == "\"http://a:1\" is not a valid hostname");
  CHECK(error_of(job(), {{"__address__", "a:1"}, {"__scrape_interval__", "soon"}}) ==
        "error parsing scrape interval: not a valid duration string: \"soon\"");
  CHECK(error_of(job(), {{"__address__", "a:1"}, {"__scrape_interval__", "0s"}}) == "scrape interval cannot be 0");
  CHECK(error_of(job(), {{"__address__", "a:1"}, {"__scrape_timeout__", "0s"}}) == "scrape timeout cannot be 0");
  CHECK(error_of(job(), {{"__address__", "a:1"}, {"__scrape_timeout__", "1m"}}) ==
        "scrape timeout cannot be greater than scrape interval (\"1m\" > \"15s\")");
  CHECK(error_of(job(), {{"__address__", "a:1"}, {"__scrape_native_histograms__", "yes"}}) ==
        "error parsing scrape native histograms: strconv.ParseBool: parsing \"yes\": invalid syntax");
  CHECK(error_of(job(), {{"__address__", "a:1"}, {"__convert_classic_histograms_to_nhcb__", "x"}}) ==
        "error parsing convert classic histograms to nhcb: strconv.ParseBool: parsing \"x\": invalid syntax");
  CHECK(error_of(job(), {{"__address__", "a:1"}, {"__always_scrape_classic_histograms__", "T"}}) == "no error");
  auto emptied = job();
  emptied.relabel_configs = {rule({}, ".*", config::RelabelAction::kLabelDrop)};
  CHECK(error_of(emptied, {{"__address__", "a:1"}}) == "no address");
  CHECK(error_of(job(), {{"__address__", "a:1"}, {"x", "\xff"}}) == "invalid label value for \"x\": \"\\xff\"");
}

TEST_CASE("targets are the same if labels and URL are") {
  auto config = job();
  const auto identity = [&config](const model::Labels& labels) {
    return (*make_target(config, labels, {}))->identity();
  };
  const std::string a = identity({{"__address__", "a:1"}});
  CHECK(identity({{"__address__", "a:1"}, {"__meta_more", "x"}}) == a);
  CHECK(identity({{"__address__", "a:1"}, {"__scrape_interval__", "30s"}}) == a);
  CHECK(identity({{"__address__", "a:2"}}) != a);
  CHECK(identity({{"__address__", "a:1"}, {"env", "x"}}) != a);
  CHECK(identity({{"__address__", "a:1"}, {"__metrics_path__", "/other"}}) != a);
}

TEST_CASE("a global URL names the machine as others see it") {
  struct Case {
    std::string url, external, listen, want;
  };
  const Case cases[] = {
      {"http://10.0.0.1:9100/metrics", "http://mon.example:9090/", ":9090", "http://10.0.0.1:9100/metrics"},
      {"http://localhost:9100/metrics", "http://mon.example:9090/", ":9090", "http://mon.example:9100/metrics"},
      {"http://127.0.0.1:9100/metrics?a=b", "http://mon.example/", ":9090", "http://mon.example:9100/metrics?a=b"},
      {"http://[::1]:9100/metrics", "http://mon.example:9090/", ":9090", "http://mon.example:9100/metrics"},
      {"http://localhost:9090/metrics", "https://mon.example/x", "0.0.0.0:9090", "https://mon.example/metrics"},
      {"http://localhost/metrics", "http://mon.example:9090/", ":9090", "http://localhost/metrics"},
      {"http://localhost:9100/metrics", "", ":9090", "http://localhost:9100/metrics"},
  };
  for (const auto& test : cases) {
    INFO(test.url);
    CHECK(scrape::global_url(test.url, test.external, test.listen) == test.want);
  }
}
