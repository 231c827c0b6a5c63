// Any text as a template of a rule and of a notification: it parses or not, and what parses runs within its limits.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include "base/check.hpp"
#include "template/alertmanager.hpp"
#include "template/prometheus.hpp"

using namespace tocsin;

namespace {

const tmpl::AmTemplates& templates() {
  static const tmpl::AmTemplates set = *tmpl::AmTemplates::load({});
  return set;
}

const tmpl::AmData& notification() {
  static const tmpl::AmData data = [] {
    tmpl::AmInput input;
    input.receiver = "r";
    input.reason = "first notification";
    input.external_url = "http://am";
    input.group_labels = model::Labels({{"alertname", "A"}});
    input.route_labels = {{"owner", "{{ .Status }}"}};
    for (int i = 0; i < 3; ++i) {
      auto alert = std::make_shared<model::Alert>();
      alert->labels = model::Labels({{"alertname", "A"}, {"instance", i == 0 ? "a:1" : i == 1 ? "b:2" : "c:3"}});
      alert->annotations = model::Labels({{"summary", "<s> & \"q\""}});
      alert->starts_at = 1'700'000'000'000;
      input.alerts.push_back({alert, i == 2});
    }
    return templates().data(input, 1'700'000'060'000);
  }();
  return data;
}

void expand_rule(std::string_view text) {
  tmpl::PromTemplateData data;
  data.labels = model::Labels({{"instance", "a:1"}, {"job", "node"}});
  data.external_url = "http://p:9090/x";
  data.value = 1234567.5;
  data.now = 1'700'000'000'000;
  data.query = [](const std::string& expression) -> Result<std::vector<tmpl::QuerySample>> {
    if (expression.empty()) return fail(Errc::kExecution, "empty");
    return std::vector<tmpl::QuerySample>{{model::Labels({{"a", "1"}}), 1}, {model::Labels({{"a", "0"}}), 2}};
  };
  const auto out = tmpl::expand("fuzz", text, data);
  check(!out || out->size() <= tmpl::ExecLimits{}.output_bytes, "BUG: output beyond its limit");
  check(out || !out.error().message.empty(), "BUG: an error without text");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  if (size > 4096) return 0;
  const std::string_view text(reinterpret_cast<const char*>(bytes), size);
  expand_rule(text);
  const auto out = templates().expand(text, notification(), 1'700'000'060'000);
  check(out || !out.error().message.empty(), "BUG: an error without text");
  return 0;
}
