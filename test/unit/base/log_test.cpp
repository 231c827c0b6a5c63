#include <catch2/catch.hpp>

#include "base/log_line.hpp"
#include "base/secret.hpp"
#include "support/log_capture.hpp"

using namespace tocsin;

TEST_CASE("a log line is logfmt that can be read back") {
  CHECK(
      log::logfmt_line(1767323045678, log::Level::kInfo, "scrape", "target is down",
                       {{"target", "http://a/metrics"}, {"err", "connect: \"refused\"\n"}, {"n", 3}, {"empty", ""}}) ==
      "ts=2026-01-02T03:04:05.678Z level=info component=scrape msg=\"target is down\" target=http://a/metrics "
      "err=\"connect: \\\"refused\\\"\\n\" n=3 empty=");
  CHECK(log::logfmt_line(1767323045000, log::Level::kError, "c", "null", {{"bad key=", "a=b"}, {"u", "\u00e9\xff"}}) ==
        "ts=2026-01-02T03:04:05.000Z level=error component=c msg=\"null\" badkey=\"a=b\" u=\"\u00e9\ufffd\"");
}

TEST_CASE("a log line is one JSON object") {
  CHECK(log::json_line(1767323045670, log::Level::kWarn, "a", "b\\\x01", {{"k", 1.5}}) ==
        R"({"ts":"2026-01-02T03:04:05.670Z","level":"warn","component":"a","msg":"b\\\u0001","k":"1.5"})");
}

TEST_CASE("a secret is never written") {
  const Secret secret("hunter2");
  const std::string line = log::logfmt_line(0, log::Level::kInfo, "c", "m", {{"password", secret}});
  CHECK_THAT(line, Catch::EndsWith("password=<secret>"));
}

TEST_CASE("levels are read by name and lower ones are dropped") {
  log::Level level = log::Level::kInfo;
  CHECK(log::parse_level("WARN", level));
  CHECK(level == log::Level::kWarn);
  CHECK_FALSE(log::parse_level("loud", level));

  const test::LogCapture capture;
  log::setup(log::Level::kWarn, log::Format::kLogfmt);
  log::info("c", "dropped");
  log::warn("c", "kept", {{"n", 1}});
  log::setup(log::Level::kInfo, log::Format::kJson);
  log::info("c", "as json");
  log::setup(log::Level::kInfo, log::Format::kLogfmt);
  REQUIRE(capture.lines().size() == 2);
  CHECK(capture.contains("level=warn component=c msg=kept n=1"));
  CHECK(capture.contains("\"msg\":\"as json\""));
}
