#include "scrape/label_rules.hpp"

#include <catch2/catch.hpp>

using namespace tocsin;
using model::LabelView;
using scrape::join_labels;

namespace {

using Row = std::vector<LabelView>;

const model::Labels kTarget{{"instance", "a:1"}, {"job", "node"}};

std::string outcome(const Row& row, const config::ScrapeConfig& config, const model::Labels& target = kTarget) {
  const auto labels = scrape::stored_labels(row, target, config);
  if (!labels) return "error: " + labels.error().message;
  return *labels ? (*labels)->to_series() : "dropped";
}

config::RelabelConfig rule(const std::string& source, const std::string& regex, config::RelabelAction action) {
  config::RelabelConfig out;
  out.source_labels = {source};
  out.regex = *model::AnchoredRegex::make(regex);
  out.action = action;
  return out;
}

}  // namespace

TEST_CASE("the target's labels are added, and win over those of the page, which are kept as exported") {
  CHECK(join_labels({{"__name__", "m"}, {"a", "b"}}, kTarget, false).to_series() ==
        "m{a=\"b\", instance=\"a:1\", job=\"node\"}");
  CHECK(join_labels({{"__name__", "m"}, {"job", "own"}}, kTarget, false).to_series() ==
        "m{exported_job=\"own\", instance=\"a:1\", job=\"node\"}");
  // An empty label is none: there is nothing to keep.
  CHECK(join_labels({{"__name__", "m"}, {"job", ""}}, kTarget, false).to_series() ==
        "m{instance=\"a:1\", job=\"node\"}");
}

TEST_CASE("an exported name that is taken gets one more prefix") {
  CHECK(join_labels({{"__name__", "m"}, {"exported_job", "older"}, {"job", "own"}}, kTarget, false).to_series() ==
        "m{exported_exported_job=\"own\", exported_job=\"older\", instance=\"a:1\", job=\"node\"}");
  const model::Labels target{{"exported_job", "t"}, {"job", "node"}};
  CHECK(join_labels({{"__name__", "m"}, {"exported_job", "older"}, {"job", "own"}}, target, false).to_series() ==
        "m{exported_exported_exported_job=\"older\", exported_exported_job=\"own\", exported_job=\"t\", "
        "job=\"node\"}");
}

TEST_CASE("with honor_labels the page wins, and an empty label keeps the target's away") {
  CHECK(join_labels({{"__name__", "m"}, {"job", "own"}}, kTarget, true).to_series() ==
        "m{instance=\"a:1\", job=\"own\"}");
  CHECK(join_labels({{"__name__", "m"}, {"instance", ""}}, kTarget, true).to_series() == "m{job=\"node\"}");
}

TEST_CASE("metric relabelling drops and renames") {
  config::ScrapeConfig config;
  config.metric_relabel_configs = {rule("__name__", "go_.*", config::RelabelAction::kDrop),
                                   rule("", "secret", config::RelabelAction::kLabelDrop)};
  CHECK(outcome({{"__name__", "go_threads"}}, config) == "dropped");
  CHECK(outcome({{"__name__", "m"}, {"secret", "x"}}, config) == "m{instance=\"a:1\", job=\"node\"}");
}

TEST_CASE("series without a name or with names that are not UTF-8 are refused") {
  config::ScrapeConfig config;
  CHECK(outcome({{"a", "b"}}, config) == "error: missing metric name (__name__ label)");
  CHECK(outcome({{"__name__", "m"}, {"\xff", "b"}}, config, {}) ==
        "error: invalid metric name or label names: {__name__=\"m\", \"\\xff\"=\"b\"}");
  CHECK(outcome({{"__name__", "my.metric"}, {"a.b", "c"}}, config, {}) == "{\"my.metric\", \"a.b\"=\"c\"}");
}

TEST_CASE("with legacy names a series that is none fails the scrape") {
  config::ScrapeConfig config;
  config.metric_name_validation_scheme = "legacy";
  const auto error_of = [&config](const std::vector<model::LabelView>& row) {
    const auto stored = scrape::stored_labels(row, {}, config);
    return stored ? "" : stored.error().message;
  };
  CHECK(error_of({{"__name__", "a:b"}, {"c_d", "any \u00fc"}}).empty());
  CHECK(error_of({{"__name__", "a.b"}}) == "invalid metric name or label names: {__name__=\"a.b\"}");
  CHECK(error_of({{"__name__", "a"}, {"b.c", "d"}}) ==
        "invalid metric name or label names: {__name__=\"a\", \"b.c\"=\"d\"}");
}

TEST_CASE("label limits count what is stored") {
  config::ScrapeConfig config;
  config.label_limit = 3;
  CHECK(outcome({{"__name__", "m"}}, config) == "m{instance=\"a:1\", job=\"node\"}");
  CHECK(outcome({{"__name__", "m"}, {"a", "b"}}, config) ==
        "error: label_limit exceeded (metric: m, number of labels: 4, limit: 3)");
  config = {};
  config.label_name_length_limit = 8;
  CHECK(outcome({{"__name__", "m"}, {"much_too_long", "b"}}, config) ==
        "error: label_name_length_limit exceeded (metric: m, label name: much_too_long, length: 13, limit: 8)");
  config = {};
  config.label_value_length_limit = 4;
  CHECK(outcome({{"__name__", "m"}, {"a", "12345"}}, config) ==
        "error: label_value_length_limit exceeded (metric: m, label name: a, value: \"12345\", length: 5, limit: 4)");
}

TEST_CASE("configurations have the same label rules unless they change a series' labels") {
  config::ScrapeConfig a, b;
  b.scrape_interval = std::chrono::seconds(1);
  b.sample_limit = 5;
  b.honor_timestamps = false;
  CHECK(scrape::same_label_rules(a, b));
  b.honor_labels = true;
  CHECK_FALSE(scrape::same_label_rules(a, b));
  b = a;
  b.label_limit = 1;
  CHECK_FALSE(scrape::same_label_rules(a, b));
  a.metric_relabel_configs = {rule("x", "y", config::RelabelAction::kDrop)};
  b = a;
  CHECK(scrape::same_label_rules(a, b));
  b.metric_relabel_configs[0].regex = *model::AnchoredRegex::make("z");
  CHECK_FALSE(scrape::same_label_rules(a, b));
}
