// How long samples are kept: prometheus.yml goes before the flags, each limit for itself.
#include "app/retention.hpp"

#include <catch2/catch.hpp>

namespace tocsin::app {
namespace {

using std::chrono::hours;

constexpr std::uint64_t kMiB = 1U << 20U;

TEST_CASE("the retention of prometheus.yml goes before that of the flags, limit by limit") {
  struct Case {
    const char* name;
    Duration flag_time;
    std::uint64_t flag_bytes;
    Duration time;
    std::uint64_t bytes;
    double percentage;
    RetentionLimits expected;
  };
  const Case cases[] = {
      {"flags alone", hours(24), kMiB, {}, 0, 0, {hours(24), kMiB, 0}},
      {"time of the file", hours(24), kMiB, hours(48), 0, 0, {hours(48), kMiB, 0}},
      {"size of the file", hours(24), kMiB, {}, 5 * kMiB, 0, {hours(24), 5 * kMiB, 0}},
      {"a share is of the file only, and the size stays beside it", hours(24), kMiB, {}, 0, 80, {hours(24), kMiB, 80}},
      {"all of the file", hours(24), kMiB, hours(1), 2 * kMiB, 12.5, {hours(1), 2 * kMiB, 12.5}},
      {"no limits at all", {}, 0, {}, 0, 0, {{}, 0, 0}},
      {"a limit of the file where the flags have none", {}, 0, hours(1), 0, 0, {hours(1), 0, 0}},
  };
  for (const Case& one : cases) {
    INFO(one.name);
    Flags flags;
    flags.retention = one.flag_time;
    flags.retention_bytes = one.flag_bytes;
    config::PrometheusConfig config;
    config.storage.retention_time = one.time;
    config.storage.retention_size = one.bytes;
    config.storage.retention_percentage = one.percentage;
    const RetentionLimits limits = retention_of(flags, &config);
    CHECK(limits.time == one.expected.time);
    CHECK(limits.bytes == one.expected.bytes);
    CHECK(limits.percentage == one.expected.percentage);
  }
}

TEST_CASE("without prometheus.yml the flags say all, and by default samples are kept for 32 days") {
  const RetentionLimits limits = retention_of(Flags(), nullptr);
  CHECK(limits.time == hours(24) * 32);
  CHECK(limits.bytes == 0);
  CHECK(limits.percentage == 0);
}

TEST_CASE("the retention is told in the words of Prometheus") {
  struct Case {
    RetentionLimits limits;
    const char* text;
  };
  const Case cases[] = {
      {{{}, 0, 0}, ""},
      {{hours(24) * 15, 0, 0}, "15d"},
      {{hours(24) * 14, 0, 0}, "2w"},
      {{hours(36), 0, 0}, "1d12h"},
      {{{}, 512 * kMiB, 0}, "512MiB"},
      {{{}, 1536 * kMiB, 0}, "1GiB512MiB"},
      {{{}, 1000, 0}, "1000B"},
      {{{}, 1, 0}, "1B"},
      {{{}, ~std::uint64_t{0}, 0}, "15EiB1023PiB1023TiB1023GiB1023MiB1023KiB1023B"},
      {{{}, 0, 80}, "80%"},
      {{{}, 0, 12.5}, "12.5%"},
      {{hours(24) * 15, 512 * kMiB, 80}, "15d or 512MiB or 80%"},
      {{{}, 512 * kMiB, 80}, "512MiB or 80%"},
  };
  for (const Case& one : cases) CHECK(retention_text(one.limits) == one.text);
}

TEST_CASE("the longest block is a tenth of the retention, 31 days at most") {
  CHECK(longest_block({hours(24) * 15, 0, 0}) == hours(36));
  CHECK(longest_block({hours(24) * 310, 0, 0}) == hours(24) * 31);
  CHECK(longest_block({hours(24) * 1000, 0, 0}) == hours(24) * 31);
  CHECK(longest_block({{}, kMiB, 50}) == hours(24) * 31);
  CHECK(longest_block({hours(1), 0, 0}) == std::chrono::minutes(6));
}

}  // namespace
}  // namespace tocsin::app
