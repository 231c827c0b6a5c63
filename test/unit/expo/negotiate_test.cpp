#include "expo/negotiate.hpp"

#include <catch2/catch.hpp>

using namespace tocsin;

TEST_CASE("a scraper gets the best of its formats that we write") {
  const std::string text = "text/plain; version=0.0.4; charset=utf-8; escaping=";
  const std::string openmetrics = "application/openmetrics-text; version=";
  const std::string protobuf =
      "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited; escaping=";
  const std::pair<std::string, std::string> cases[] = {
      {"", text + "underscores"},
      {"*/*", text + "underscores"},
      {"text/html,application/xhtml+xml,*/*;q=0.8", text + "underscores"},
      {"text/plain", text + "underscores"},
      {"text/plain;version=0.0.4;escaping=dots", text + "dots"},
      {"text/plain;version=1.0.0;escaping=allow-utf-8",
       "text/plain; version=1.0.0; charset=utf-8; escaping=allow-utf-8"},
      {"text/plain;version=2.0.0", text + "underscores"},
      // Prometheus 3, its default
      {"application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,"
       "application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,"
       "text/plain;version=0.0.4;q=0.3,*/*;q=0.2",
       openmetrics + "1.0.0; charset=utf-8; escaping=allow-utf-8"},
      // with native histograms
      {"application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited;"
       "escaping=allow-utf-8;q=0.6,application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,*/*;q=0.2",
       protobuf + "allow-utf-8"},
      // Prometheus 2
      {"application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,"
       "text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
       openmetrics + "1.0.0; charset=utf-8; escaping=underscores"},
      {"application/openmetrics-text; version=0.0.1", openmetrics + "0.0.1; charset=utf-8; escaping=underscores"},
      {"application/openmetrics-text", openmetrics + "0.0.1; charset=utf-8; escaping=underscores"},
      {"application/openmetrics-text;version=2.0.0,text/plain;q=0.1", text + "underscores"},
      // the q-values decide, not the order
      {"text/plain;q=0.2,application/openmetrics-text;version=1.0.0;q=0.9",
       openmetrics + "1.0.0; charset=utf-8; escaping=underscores"},
      {"text/plain;q=bad,application/openmetrics-text;version=1.0.0;q=0.9", text + "underscores"},
      // other encodings of protobuf are not written
      {"application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=text", text + "underscores"},
      {"application/vnd.google.protobuf;proto=other;encoding=delimited", text + "underscores"},
      // a better range tells the escaping, though its format is not known
      {"application/x-new;escaping=values,text/plain;q=0.5", text + "values"},
      {"text/plain;escaping=what", text + "underscores"},
      {";;;,,=;q=,/", text + "underscores"},
  };
  for (const auto& [accept, content_type] : cases) {
    INFO(accept);
    CHECK(expo::negotiate(accept).content_type == content_type);
  }
}
