#include "scrape/failure_log.hpp"

#include <catch2/catch.hpp>

using namespace tocsin;

TEST_CASE("a failure is one line of JSON, whatever the server put into its words") {
  CHECK(scrape::failure_line(
            {1'700'000'000'123, "node", "http://a/metrics", "Get \"http://a/metrics\": bad \x01 \xff\n"}) ==
        "{\"time\":\"2023-11-14T22:13:20.123Z\",\"level\":\"ERROR\",\"source\":\"scrape_run.cpp\",\"msg\":\"Get "
        "\\\"http://a/metrics\\\": bad \\u0001 "
        "\xef\xbf\xbd\\n\",\"job_name\":\"node\",\"target\":\"http://a/metrics\"}\n");
}
