// What Go's text/template made of many texts (test/data/template/go_cases.json), and what we make of them.

#include <memory>
#include <string>

#include <boost/json.hpp>
#include <catch2/catch.hpp>

#include "base/fs.hpp"
#include "base/strings.hpp"
#include "template/alertmanager.hpp"

using namespace tocsin;
namespace json = boost::json;

namespace {

model::Labels labels_of(const json::value& object) {
  model::LabelsBuilder builder;
  for (const auto& [name, value] : object.as_object()) {
    builder.set(std::string_view(name.data(), name.size()), std::string(value.as_string()));
  }
  return builder.build();
}

std::string text_of(const json::value& object, const char* key) {
  return std::string(object.at(key).as_string());
}

tmpl::AmInput input_of(const json::value& data) {
  tmpl::AmInput input;
  input.receiver = text_of(data, "receiver");
  input.external_url = text_of(data, "externalURL");
  input.group_labels = labels_of(data.at("groupLabels"));
  for (const json::value& item : data.at("alerts").as_array()) {
    auto alert = std::make_shared<model::Alert>();
    alert->labels = labels_of(item.at("labels"));
    alert->annotations = labels_of(item.at("annotations"));
    parse_rfc3339(text_of(item, "startsAt"), alert->starts_at);
    parse_rfc3339(text_of(item, "endsAt"), alert->ends_at);
    alert->generator_url = text_of(item, "generatorURL");
    input.alerts.push_back({alert, text_of(item, "status") == "resolved"});
  }
  return input;
}

}  // namespace

TEST_CASE("templates give what Go's text/template gave, errors included") {
  auto file = posix_fs().read_file(TOCSIN_TEST_DATA "/go_cases.json");
  REQUIRE(file.has_value());
  const json::value recorded = json::parse(*file);
  const auto set = tmpl::AmTemplates::load({});
  REQUIRE(set.has_value());
  const tmpl::AmData data = set->data(input_of(recorded.at("data")), 0);
  for (const json::value& item : recorded.at("cases").as_array()) {
    const std::string text = text_of(item, "text");
    INFO(text);
    const auto out = set->expand(text, data, 0);
    if (item.as_object().contains("error")) {
      if (out) {
        FAIL_CHECK("expected the error " << text_of(item, "error") << " and got the text " << *out);
      } else {
        // Alertmanager hands its data over as a pointer, amtool as a value.
        CHECK(replace_all(out.error().message, "*template.Data", "template.Data") == text_of(item, "error"));
      }
    } else if (out) {
      CHECK(*out == text_of(item, "output"));
    } else {
      FAIL_CHECK("expected the text " << text_of(item, "output") << " and got the error " << out.error().message);
    }
  }
}
