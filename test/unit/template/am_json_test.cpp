#include <catch2/catch.hpp>

#include "base/rng.hpp"
#include "template/alertmanager.hpp"
#include "template/go_json.hpp"

using namespace tocsin;
using namespace tocsin::tmpl;

namespace {

constexpr std::string_view kTexts[] = {"",
                                       "a",
                                       "web-1:9100",
                                       "with \"quotes\" & <tags>",
                                       "\x01\b\n",
                                       "naïve",
                                       "\u2028x",
                                       "bad \xff byte",
                                       "{{ .Status }}",
                                       "a text of more than thirty-two bytes, plain from end to end",
                                       "another one, with its only quote near the very \"end",
                                       "r.+*?()"};
constexpr Timestamp kTimes[] = {0,
                                1,
                                -1,
                                1'700'000'000'000,
                                1'700'000'000'120,
                                1'700'000'000'007,
                                951'782'400'000,
                                -62'135'596'800'000,
                                253'402'300'799'999,
                                253'402'300'800'000};

struct Random {
  Rng rng;
  template <typename T, std::size_t N>
  const T& one_of(const T (&values)[N]) {
    return values[rng.next() % N];
  }
  model::Labels labels() {
    constexpr std::string_view kNames[] = {"alertname", "job", "a", "Zone", "naïve", "with space"};
    model::LabelsBuilder out;
    for (std::uint64_t i = rng.next() % 5; i > 0; --i) out.set(one_of(kNames), one_of(kTexts));
    return out.build();
  }
  AmInput input() {
    AmInput out;
    out.receiver = one_of(kTexts);
    out.reason = one_of(kTexts);
    out.group_labels = labels();
    out.external_url = one_of(kTexts);
    for (std::uint64_t i = rng.next() % 4; i > 0; --i) {
      model::Alert alert;
      alert.labels = labels();
      alert.annotations = labels();
      alert.starts_at = one_of(kTimes);
      alert.ends_at = one_of(kTimes);
      alert.generator_url = one_of(kTexts);
      out.alerts.push_back({std::make_shared<const model::Alert>(std::move(alert)), rng.next() % 2 == 0});
    }
    return out;
  }
};

}  // namespace

TEST_CASE("JSON of Alertmanager's data that is written straight equals that of its values, to the byte") {
  const auto templates = AmTemplates::load({});
  REQUIRE(templates);
  Random random{Rng(3)};
  for (int i = 0; i < 3000; ++i) {
    const AmInput input = random.input();
    const auto fast = am_data_json(input);
    const auto slow = to_json(templates->data(input, 0).value());
    REQUIRE(fast);
    REQUIRE(slow);
    REQUIRE(*fast == *slow);
  }
}
