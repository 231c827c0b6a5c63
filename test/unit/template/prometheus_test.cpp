#include "template/prometheus.hpp"

#include <cmath>
#include <string>

#include <catch2/catch.hpp>

#include "model/histogram.hpp"
#include "template/functions.hpp"
#include "template/host_port.hpp"

using namespace tocsin;
using namespace tocsin::tmpl;

namespace {

PromTemplateData data() {
  PromTemplateData out;
  out.labels = model::Labels({{"instance", "web-1:9100"}, {"job", "node"}});
  out.external_labels = model::Labels({{"cluster", "eu"}});
  out.external_url = "http://p:9090/prom";
  out.value = 0.5;
  out.now = 1'700'000'000'000;
  out.query = [](const std::string& expression) -> Result<std::vector<QuerySample>> {
    if (expression == "bad") return fail(Errc::kExecution, "parse error");
    if (expression == "none") return std::vector<QuerySample>{};
    return std::vector<QuerySample>{{model::Labels({{"i", "b"}, {"__value__", "v"}}), 2},
                                    {model::Labels({{"i", "a"}}), 1}};
  };
  return out;
}

std::string run(std::string_view text) {
  const auto out = expand("__alert_X", text, data());
  return out ? *out : out.error().message;
}

}  // namespace

TEST_CASE("labels and annotations of a rule see the alert's data") {
  CHECK(
      run("{{ $labels.instance }} {{ $labels.nope }}| {{ $value }} {{ $externalLabels.cluster }} {{ $externalURL }}") ==
      "web-1:9100 | 0.5 eu http://p:9090/prom");
  CHECK(run("{{ .Labels.job }} {{ .Value }} {{ .ExternalLabels.cluster }} {{ .ExternalURL }}") ==
        "node 0.5 eu http://p:9090/prom");
  CHECK(run("{{ $value | humanizePercentage }} {{ printf \"%.2f\" $value }} {{ $labels }}") ==
        "50% 0.50 map[instance:web-1:9100 job:node]");
  CHECK(run("{{ externalURL }} {{ pathPrefix }} {{ now }}") == "http://p:9090/prom /prom 1.7e+09");
  CHECK(run("a text without actions") == "a text without actions");
}

TEST_CASE("the value may be a native histogram: its text, its fields, and no number") {
  PromTemplateData histogram = data();
  model::FloatHistogram h;
  h.integer = true;
  h.count = 3;
  h.sum = 5.5;
  h.zero_count = 1;
  h.zero_threshold = 0.001;
  h.positive_spans = {{1, 1}};
  h.positive_buckets = {2};
  histogram.histogram = std::make_shared<const model::FloatHistogram>(h);
  histogram.query = [&](const std::string&) -> Result<std::vector<QuerySample>> {
    return std::vector<QuerySample>{{model::Labels(), 0, histogram.histogram}};
  };
  const auto shown = [&](std::string_view text) {
    const auto out = expand("x", text, histogram);
    return out ? *out : out.error().message;
  };
  CHECK(shown("{{ $value }}") == "{count:3, sum:5.5, [-0.001,0.001]:1, (1,2]:2}");
  CHECK(shown("{{ .Value.Count }} {{ $value.Sum }} {{ index $value.PositiveBuckets 0 }} {{ $value.Schema }}") ==
        "3 5.5 2 0");
  CHECK(shown("{{ range $value.PositiveSpans }}{{ .Offset }}+{{ .Length }}{{ end }}") == "1+1");
  CHECK(shown("{{ with query \"h\" }}{{ . | first | value }}{{ end }}") == shown("{{ $value }}"));
  CHECK(shown("{{ $value | humanize }}").ends_with("can't convert *histogram.FloatHistogram to float"));
  CHECK(shown("{{ $value.Nothing }}").ends_with("can't evaluate field Nothing in type *histogram.FloatHistogram"));
}

TEST_CASE("queries in templates") {
  CHECK(run("{{ range query \"up\" }}{{ .Labels.i }}={{ .Value }} {{ end }}") == "b=2 a=1 ");
  CHECK(run("{{ range query \"up\" | sortByLabel \"i\" }}{{ . | label \"i\" }}={{ . | value }} {{ end }}") ==
        "a=1 b=2 ");
  CHECK(run("{{ with query \"up\" }}{{ . | first | value | humanize }} {{ . | first | strvalue }}{{ end }}") == "2 v");
  CHECK(run("{{ with query \"none\" }}some{{ else }}none{{ end }}") == "none");
  CHECK(run("{{ query \"none\" | first }}") ==
        "error executing template __alert_X: template: __alert_X:1:130: executing \"__alert_X\" at <first>: error "
        "calling "
        "first: first() called on vector with no elements");
  CHECK(run("{{ query \"bad\" }}").ends_with("error calling query: parse error"));
  CHECK(run("{{ len (query \"up\") }} {{ (index (query \"up\") 0).Value }}") == "2 2");
}

TEST_CASE("errors of rule templates are Prometheus'") {
  CHECK(run("{{ .Nope }}") ==
        "error executing template __alert_X: template: __alert_X:1:115: executing \"__alert_X\" at <.Nope>: can't "
        "evaluate "
        "field Nope in type struct { Labels map[string]string; ExternalLabels map[string]string; ExternalURL string; "
        "Value "
        "interface {} }");
  const auto bad = check("__alert_X", "{{ $labels.x");
  REQUIRE_FALSE(bad.has_value());
  CHECK(bad.error().message == "error parsing template __alert_X: template: __alert_X:1: unclosed action");
  CHECK(check("x", "{{ nope }}").error().message ==
        "error parsing template x: template: x:1: function \"nope\" not defined");
  CHECK(check("x", "{{ $labels.x }}").has_value());
}

TEST_CASE("rule templates say what promtool 2.42 says") {
  struct Row {
    const char* text;
    const char* out;
  };
  const Row rows[] = {
      {R"({{ toTime $value }} {{ (toTime 1.5).Add 1000 }})",
       "1970-01-01 00:00:00.5 +0000 UTC 1970-01-01 00:00:01.500001 +0000 UTC"},
      {R"({{ printf "%v %T" $value $value }} {{ humanizeTimestamp 0 }})", "0.5 float64 1970-01-01 00:00:00 +0000 UTC"},
      {R"({{ args 1 }} {{ (args 1).arg0 }} {{ (args 1).arg7 }})", "map[arg0:1] 1 <no value>"},
      {R"({{ sortByLabel "x" (query "none") }} {{ len (query "none") }} {{ query "none" }})", "[] 0 []"},
      {R"({{ humanizeDuration "1e10" }} {{ humanize1024 "nan" }} {{ humanize "inf" }} {{ humanizePercentage "0x1p-2" }})",
       "115740d 17h 46m 40s NaN +Inf 25%"},
      {R"({{ parseDuration "1h" }} {{ title "foo bar" }})", "3600 Foo Bar"},
      {R"({{ label "a" 1 }})",
       "error executing template __alert_X: template: __alert_X:1:125: executing \"__alert_X\" at <1>: can't handle 1 "
       "for "
       "arg of type *template.sample"},
      {R"({{ reReplaceAll "(" "" "" }})",
       "error executing template __alert_X: template: __alert_X:1:115: executing \"__alert_X\" at <reReplaceAll \"(\" "
       "\"\" "
       "\"\">: error calling reReplaceAll: regexp: Compile(`(`): error parsing regexp: missing closing ): `(`"},
      {R"({{ query }})",
       "error executing template __alert_X: template: __alert_X:1:115: executing \"__alert_X\" at <query>: wrong "
       "number of "
       "args for query: want 1 got 0"},
      {R"({{ 1 | toTime | humanizeTimestamp }})",
       "error executing template __alert_X: template: __alert_X:1:128: executing \"__alert_X\" at <humanizeTimestamp>: "
       "error calling humanizeTimestamp: can't convert *time.Time to float"},
      {R"({{ humanize nil }})",
       "error executing template __alert_X: template: __alert_X:1:115: executing \"__alert_X\" at <humanize nil>: "
       "error "
       "calling humanize: can't convert <nil> to float"},
  };
  for (const Row& row : rows) {
    INFO(row.text);
    CHECK(run(row.text) == row.out);
  }
}

TEST_CASE("a rule's template is parsed once and expanded often") {
  const auto parsed = PromTemplate::parse("x", "{{ $labels.job }}{{ $value }}");
  REQUIRE(parsed.has_value());
  CHECK_FALSE(parsed->is_plain());
  PromTemplateData d = data();
  for (int i = 0; i < 3; ++i) {
    d.value = i;
    CHECK(parsed->expand(d).value() == "node" + std::to_string(i));
  }
  CHECK(PromTemplate::parse("x", "plain }}")->is_plain());
}

TEST_CASE("numbers for people") {
  CHECK(humanize(1234567) == "1.235M");
  CHECK(humanize(-0.00012) == "-120u");
  CHECK(humanize(999.99) == "1000");
  CHECK(humanize(1e30) == "1e+06Y");
  CHECK(humanize1024(1234567) == "1.177Mi");
  CHECK(humanize1024(0.5) == "0.5");
  CHECK(humanize_duration(0) == "0s");
  CHECK(humanize_duration(0.1) == "100ms");
  CHECK(humanize_duration(59.999) == "60s");
  CHECK(humanize_duration(93784) == "1d 2h 3m 4s");
  CHECK(humanize_duration(-61) == "-1m 1s");
  CHECK(humanize_duration(1e19) == "1e+19s");
  CHECK(humanize_percentage(0.12345) == "12.35%");
  CHECK(humanize_timestamp(1435065584.128).value() == "2015-06-23 13:19:44.128 +0000 UTC");
  CHECK(humanize_timestamp(1e30).error().message ==
        "1e+30 cannot be represented as a nanoseconds timestamp since it overflows int64");
  CHECK(run("{{ humanize \"x\" }}")
            .ends_with("error calling humanize: strconv.ParseFloat: parsing \"x\": invalid syntax"));
  CHECK(run("{{ humanize $labels }}").ends_with("error calling humanize: can't convert map[string]string to float"));
  CHECK(run("{{ 90 | toDuration }} {{ humanizeDuration (90 | toDuration) }}") == "1m30s 1m 30s");
}

TEST_CASE("times of templates have Go's methods") {
  CHECK(run("{{ (1435065584.128 | toTime).Year }} {{ (1435065584 | toTime).Weekday }} {{ 0 | toTime }}") ==
        "2015 Tuesday 1970-01-01 00:00:00 +0000 UTC");
  CHECK(run("{{ with toTime now }}{{ .Format \"15:04\" }} {{ .Month }} {{ .Unix }}{{ end }}") ==
        "22:13 November 1700000000");
  CHECK(run("{{ (90 | toDuration).Round (60 | toDuration) }} {{ (-90 | toDuration).Truncate (60 | toDuration) }}") ==
        "2m0s -1m0s");
  CHECK(run("{{ ((0 | toTime).AddDate 1000000 0 0).UnixMicro }} {{ (0 | toTime).AddDate 9000000 0 0 }}")
            .ends_with("error calling AddDate: date out of range"));
  CHECK(run("{{ toTime \"x\" }}").ends_with("error calling toTime: strconv.ParseFloat: parsing \"x\": invalid syntax"));
}

TEST_CASE("addresses are trimmed as net.SplitHostPort reads them") {
  CHECK(strip_port("[::1]:6") == "::1");
  CHECK(strip_port("a:b:c") == "a:b:c");
  CHECK(strip_port(":80") == "");
  CHECK(strip_port("[::1") == "[::1");
  CHECK(strip_port("") == "");
  CHECK(strip_domain("foo.example.com") == "foo");
  CHECK(strip_domain("foo.example.com:80") == "foo:80");
  CHECK(strip_domain("10.0.0.1") == "10.0.0.1");
  CHECK(strip_domain("[fe80::1]:80") == "[fe80::1]:80");
}
