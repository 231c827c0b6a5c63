#include "template/alertmanager.hpp"

#include <algorithm>
#include <cmath>
#include <memory>
#include <string>

#include <catch2/catch.hpp>

#include "base/json_string.hpp"
#include "template/go_json.hpp"
#include "template/go_text.hpp"

using namespace tocsin;
using namespace tocsin::tmpl;

namespace {

constexpr Timestamp kNow = 1'700'000'060'000;

AmInput input() {
  AmInput out;
  out.receiver = "team.x";
  out.reason = "first notification";
  out.external_url = "http://am";
  out.group_labels = model::Labels({{"job", "a"}});
  auto alert = std::make_shared<model::Alert>();
  alert->labels = model::Labels({{"alertname", "A"}, {"job", "a"}});
  alert->annotations = model::Labels({{"s", "<1>"}});
  alert->starts_at = 1'700'000'000'000;
  out.alerts = {{alert, false}};
  return out;
}

std::string run(std::string_view text) {
  static const AmTemplates set = *AmTemplates::load({});
  const auto out = set.expand(text, set.data(input(), kNow), kNow);
  return out ? *out : "error: " + out.error().message;
}

}  // namespace

TEST_CASE("functions of Alertmanager 0.34") {
  struct Row {
    const char* text;
    const char* out;
  };
  const Row rows[] = {
      {R"({{ .Receiver }} {{ .NotificationReason }})", R"(team\.x first notification)"},
      {R"({{ trimSpace " a b\n" }}|{{ title "FOO bar" }})", "a b|Foo Bar"},
      {R"({{ list 1 "a" nil }} {{ list }} {{ append (list 1) 2 3 }})", "[1 a <nil>] [] [1 2 3]"},
      {R"({{ dict "a" 1 "b" (list 2) }} {{ (dict "a" 1).a }} {{ (dict).x }})", "map[a:1 b:[2]] 1 <no value>"},
      {R"({{ dict "a" }})",
       R"(error: template: :1:3: executing "" at <dict "a">: error calling dict: dict requires an even number of arguments)"},
      {R"({{ dict 1 2 }})",
       R"(error: template: :1:3: executing "" at <dict 1 2>: error calling dict: dict keys must be strings)"},
      {R"({{ toJson .GroupLabels }} {{ toJson (list 1 2.5 "<" nil true) }})",
       R"({"job":"a"} [1,2.5,"\u003c",null,true])"},
      {R"({{ base64encode "a?>~é" }} {{ base64decode "YT8-fsOp" }} {{ base64decode "YQ==" }})", "YT8-fsOp a?>~é a"},
      {R"({{ base64decode "a" }})",
       R"(error: template: :1:3: executing "" at <base64decode "a">: error calling base64decode: illegal base64 data at input byte 0)"},
      {R"({{ urlUnescape "a%20b+c" }} {{ safeUrl "x" }})", "a b c x"},
      {R"({{ urlUnescape "%zz" }})",
       R"(error: template: :1:3: executing "" at <urlUnescape "%zz">: error calling urlUnescape: invalid URL escape "%zz")"},
      {R"({{ date "2006-01-02" (index .Alerts 0).StartsAt }})", "2023-11-14"},
      {R"({{ tz "Europe/Berlin" (index .Alerts 0).StartsAt | date "15:04 MST" }})", "23:13 CET"},
      {R"({{ tz "No/Where" now }})",
       R"(error: template: :1:3: executing "" at <tz "No/Where" now>: error calling tz: unknown time zone No/Where)"},
      {R"({{ now.Unix }} {{ since (index .Alerts 0).StartsAt }} {{ humanizeDuration (since (index .Alerts 0).StartsAt) }})",
       "1700000060 1m0s 1m 0s"},
      {R"({{ (toDate "2006-01-02" "2024-02-29").Weekday }} {{ (toDate "2006-01-02" "x").IsZero }})", "Thursday true"},
      {R"({{ (mustToDate "2006" "x").Year }})",
       R"(error: template: :1:4: executing "" at <mustToDate "2006" "x">: error calling mustToDate: parsing time "x" as "2006": cannot parse "x" as "2006")"},
      {R"({{ .CommonLabels }} {{ .CommonLabels.SortedPairs }} {{ printf "%s|%v" .GroupLabels .CommonLabels.Names }})",
       "alertname=A, job=a alertname=A, job=a job=a|[alertname job]"},
      {R"({{ .CommonLabels.Values.Join "+" }} {{ .CommonLabels.String }} {{ len .CommonLabels.SortedPairs }})",
       "A+a alertname=A, job=a 2"},
      {R"({{ .Nope }})",
       R"(error: template: :1:3: executing "" at <.Nope>: can't evaluate field Nope in type *template.Data)"},
      {R"({{ routeLabels "x" }}|{{ .RouteLabels }})", "|"},
      {"  ", "  "},
      {"{{/* nothing */}}", ""},
      {R"({{ define "x" }}1{{ end }}{{ template "x" }})", "1"},
  };
  for (const Row& row : rows) {
    INFO(row.text);
    CHECK(run(row.text) == row.out);
  }
}

TEST_CASE("the user's definitions do not leak from one text into another") {
  CHECK(run(R"({{ define "__subject" }}mine{{ end }}{{ template "slack.default.title" . }})") == "mine");
  CHECK(run(R"({{ template "slack.default.title" . }})") == "[FIRING:1] a (A)");
}

TEST_CASE("JSON is written as Go writes it") {
  std::string out;
  append_json_string(out, "a\"\\\b\f\n\r\t\x01<>&\x7f é\xe2\x80\xa8\xff", JsonStyle::kGo);
  CHECK(out == "\"a\\\"\\\\\\b\\f\\n\\r\\t\\u0001\\u003c\\u003e\\u0026\x7f é\\u2028\\ufffd\"");
  CHECK(to_json(Value(1e21)).value() == "1e+21");
  CHECK(to_json(Value(1e-7)).value() == "1e-7");
  CHECK(to_json(Value(1e-10)).value() == "1e-10");
  CHECK(to_json(Value(100000000.0)).value() == "100000000");
  CHECK(to_json(Value(NAN)).error().message == "json: unsupported value: NaN");
  CHECK(to_json(Value(Time{})).value() == "\"0001-01-01T00:00:00Z\"");
}

TEST_CASE("texts are cut by runes") {
  bool cut = true;
  CHECK(truncate_runes("héllo", 5, &cut) == "héllo");
  CHECK_FALSE(cut);
  CHECK(truncate_runes("héllo!", 5, &cut) == "héll…");
  CHECK(cut);
  CHECK(truncate_runes("héllo", 3) == "hél");
  CHECK(truncate_runes("", 0) == "");
}

TEST_CASE("a text whose template fails becomes a plain one with labels and annotations, and is counted") {
  AmTemplates set = *AmTemplates::load({{"x.tmpl", R"({{ define "mine" }}{{ .Nothing }}{{ end }})"}});
  const AmData data = set.data(input(), kNow);
  CHECK_FALSE(set.expand(R"({{ template "mine" . }})", data, kNow));
  const auto counted = std::make_shared<PlainTexts>();
  set.fall_back_to_plain(counted);
  const std::string plain =
      "[FIRING] 1 alert(s); plain text, because a template failed\n- firing: alertname=A job=a\n  s: <1>";
  for (const char* text : {R"({{ template "mine" . }})", R"({{ template "none" . }})", "{{ broken"}) {
    const auto out = set.expand(text, data, kNow);
    REQUIRE(out);
    CHECK(*out == plain);
  }
  CHECK(counted->count == 3);
  const auto html = set.expand_html(R"(<b>{{ template "mine" . }}</b>)", data, kNow);
  REQUIRE(html);
  CHECK(html->starts_with("<pre>[FIRING] 1 alert(s)"));
  CHECK(html->find("s: &lt;1&gt;</pre>") != std::string::npos);
  CHECK(counted->count == 4);
  CHECK(*set.expand("{{ .Receiver }}", data, kNow) == R"(team\.x)");
  CHECK(counted->count == 4);
}

TEST_CASE("a plain text is of at most 50 alerts") {
  AmTemplates set = *AmTemplates::load({});
  AmInput many = input();
  many.alerts.resize(60, many.alerts.front());
  set.fall_back_to_plain(std::make_shared<PlainTexts>());
  const auto out = set.expand("{{ .Nothing }}", set.data(many, kNow), kNow);
  REQUIRE(out);
  CHECK(out->starts_with("[FIRING] 60 alert(s)"));
  CHECK(std::count(out->begin(), out->end(), '-') == 50);
}
