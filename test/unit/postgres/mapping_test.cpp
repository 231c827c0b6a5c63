#include "exporters/postgres/mapping.hpp"

#include <catch2/catch.hpp>

#include "exporters/postgres/settings.hpp"
#include "fake_server.hpp"

namespace tocsin::exporters::postgres {

namespace {

struct Shown {
  std::string page;
  std::string error;
};

template <typename Put>
Shown show(const test::FakeRows& rows, Put put) {
  expo::Page page;
  page.begin();
  const Result<void> result = put(test::ScriptedRows(rows), page);
  page.end();
  return {page.render(), result ? "" : result.error().message};
}

Shown show(const test::FakeRows& rows, const Mapping& mapping) {
  return show(rows, [&](const Rows& r, expo::Page& page) { return put_rows(r, mapping, "db:5432", page); });
}

}  // namespace

TEST_CASE("rows become series by the usage of their columns", "[postgres]") {
  const Mapping mapping{.prefix = "jobs",
                        .columns = {{.name = "queue", .usage = Usage::kLabel},
                                    {.name = "done", .usage = Usage::kCounter, .help = "Done."},
                                    {.name = "waiting", .usage = Usage::kGauge, .help = "Waiting."},
                                    {.name = "secret", .usage = Usage::kDiscard},
                                    {.name = "state",
                                     .usage = Usage::kMappedMetric,
                                     .help = "State.",
                                     .mapping = {{"on", 1}, {"off", 0}}},
                                    {.name = "age", .usage = Usage::kDuration, .help = "Age."}},
                        .unknown_columns = true};
  const test::FakeRows rows{{{"queue"}, {"done"}, {"waiting"}, {"secret"}, {"state"}, {"age"}, {"more"}, {"text"}},
                            {{"a", "7", std::nullopt, "x", "on", "1m30s", "5", "words"},
                             {std::nullopt, "8", "2", "x", "off", "500ms", "6", "words"},
                             {"b", "9", "3", "x", "off", "-1", "6", "words"}}};
  const Shown shown = show(rows, mapping);
  CHECK(shown.error.empty());
  CHECK(shown.page ==
        "# HELP jobs_age_milliseconds Age.\n# TYPE jobs_age_milliseconds gauge\n"
        "jobs_age_milliseconds{queue=\"\",server=\"db:5432\"} 500\n"
        "jobs_age_milliseconds{queue=\"a\",server=\"db:5432\"} 90000\n"
        "jobs_age_milliseconds{queue=\"b\",server=\"db:5432\"} -1\n"
        "# HELP jobs_done Done.\n# TYPE jobs_done counter\n"
        "jobs_done{queue=\"\",server=\"db:5432\"} 8\njobs_done{queue=\"a\",server=\"db:5432\"} "
        "7\njobs_done{queue=\"b\",server=\"db:5432\"} 9\n"
        "# HELP jobs_more Unknown metric from jobs\n# TYPE jobs_more untyped\n"
        "jobs_more{queue=\"\",server=\"db:5432\"} 6\njobs_more{queue=\"a\",server=\"db:5432\"} "
        "5\njobs_more{queue=\"b\",server=\"db:5432\"} 6\n"
        "# HELP jobs_state State.\n# TYPE jobs_state gauge\n"
        "jobs_state{queue=\"\",server=\"db:5432\"} 0\njobs_state{queue=\"a\",server=\"db:5432\"} "
        "1\njobs_state{queue=\"b\",server=\"db:5432\"} 0\n"
        "# HELP jobs_waiting Waiting.\n# TYPE jobs_waiting gauge\n"
        "jobs_waiting{queue=\"\",server=\"db:5432\"} 2\njobs_waiting{queue=\"a\",server=\"db:5432\"} "
        "NaN\njobs_waiting{queue=\"b\",server=\"db:5432\"} 3\n");
}

TEST_CASE("NULL becomes NaN, 0 or nothing, and rows without a label may say nothing", "[postgres]") {
  const test::FakeRows rows{{{"l"}, {"v"}}, {{"a", std::nullopt}, {std::nullopt, "1"}}};
  Mapping mapping{.prefix = "m",
                  .columns = {{.name = "l", .usage = Usage::kLabel}, {.name = "v", .usage = Usage::kGauge}},
                  .server_label = false};
  const auto lines = [&] { return show(rows, mapping).page.substr(std::string("# TYPE m_v gauge\n").size()); };
  CHECK(lines() == "m_v{l=\"\"} 1\nm_v{l=\"a\"} NaN\n");
  mapping.null = NullValue::kZero;
  mapping.null_label = "unknown";
  CHECK(lines() == "m_v{l=\"a\"} 0\nm_v{l=\"unknown\"} 1\n");
  mapping.rows_need_labels = true;
  CHECK(lines() == "m_v{l=\"a\"} 0\n");
  mapping.rows_need_labels = false;
  mapping.null = NullValue::kNothing;
  CHECK(lines() == "m_v{l=\"unknown\"} 1\n");
}

TEST_CASE("a histogram is read from its four columns", "[postgres]") {
  const Mapping mapping{.prefix = "r",
                        .columns = {{.name = "d", .usage = Usage::kHistogram, .help = "D."}},
                        .unknown_columns = true,
                        .server_label = false};
  const test::FakeRows good{{{"d"}, {"d_bucket"}, {"d_sum"}, {"d_count"}}, {{"{4,1,2}", "{9,3,5}", "20.5", "10"}}};
  CHECK(show(good, mapping).page ==
        "# HELP r_d D.\n# TYPE r_d histogram\nr_d_bucket{le=\"1\"} 3\nr_d_bucket{le=\"2\"} 5\nr_d_bucket{le=\"4\"} 9\n"
        "r_d_bucket{le=\"+Inf\"} 10\nr_d_sum 20.5\nr_d_count 10\n");
  const Shown missing = show({{{"d"}, {"d_bucket"}, {"d_sum"}}, {{"{1}", "{1}", "1"}}}, mapping);
  CHECK(missing.page.empty());
  CHECK(missing.error == "column d_count is missing");
  const Shown wrong = show({{{"d"}, {"d_bucket"}, {"d_sum"}, {"d_count"}}, {{"{1}", "{1}", "data", "1"}}}, mapping);
  CHECK(wrong.page.empty());
  CHECK(wrong.error == "column d is no histogram");
}

TEST_CASE("a described column that is no number is an error, an unknown one is left out", "[postgres]") {
  const Mapping mapping{.prefix = "m", .columns = {{.name = "v", .usage = Usage::kGauge}}, .unknown_columns = true};
  const Shown shown = show({{{"v"}, {"?column?"}, {"w"}}, {{"abc", "1", "xyz"}}}, mapping);
  CHECK(shown.page.empty());
  CHECK(shown.error == "column v is not what its usage says");
}

TEST_CASE("settings are families in seconds and bytes", "[postgres]") {
  const test::FakeRows rows{{{"name"}, {"setting"}, {"unit"}, {"short_desc"}, {"vartype"}},
                            {{"fsync", "on", "", "Forces writes.", "bool"},
                             {"jit", "off", "", "JIT.", "bool"},
                             {"work_mem", "4096", "kB", "Memory.", "integer"},
                             {"shared_buffers", "2048", "8kB", "Buffers.", "integer"},
                             {"statement_timeout", "1500", "ms", "Timeout.", "integer"},
                             {"log_rotation_age", "1440", "min", "Age.", "integer"},
                             {"temp_file_limit", "-1", "kB", "Limit.", "integer"},
                             {"rds.some-size", "2000MB", "MB", "Aurora.", "integer"},
                             {"odd", "1", "furlongs", "Odd.", "integer"},
                             {"seq_page_cost", "1.5", "", "Cost.", "real"}}};
  const auto show_as = [&](Style style) {
    return show(rows, [&](const Rows& r, expo::Page& page) { return put_settings(r, style, "db:5432", page); });
  };
  const Shown old = show_as(Style::k011), current = show_as(Style::k020);
  CHECK(old.error == "no number: setting odd: 1 furlongs");
  for (const char* line : {"pg_settings_fsync{server=\"db:5432\"} 1\n", "pg_settings_jit{server=\"db:5432\"} 0\n",
                           "# HELP pg_settings_work_mem_bytes Memory. [Units converted to bytes.]\n",
                           "pg_settings_work_mem_bytes{server=\"db:5432\"} 4.194304e+06\n",
                           "pg_settings_shared_buffers_bytes{server=\"db:5432\"} 1.6777216e+07\n",
                           "pg_settings_statement_timeout_seconds{server=\"db:5432\"} 1.5\n",
                           "pg_settings_log_rotation_age_seconds{server=\"db:5432\"} 86400\n",
                           "pg_settings_temp_file_limit_bytes{server=\"db:5432\"} -1\n",
                           "pg_settings_rds_some_size_bytes{server=\"db:5432\"} 2.097152e+09\n",
                           "pg_settings_seq_page_cost{server=\"db:5432\"} 1.5\n"}) {
    INFO(line);
    CHECK(old.page.contains(line));
  }
  CHECK_FALSE(old.page.contains("pg_settings_odd"));
  CHECK(current.page.contains(
      "# HELP pg_settings_work_mem_bytes Server Parameter: work_mem [Units converted to bytes.]\n"));
  CHECK(current.page.contains("\npg_settings_work_mem_bytes 4.194304e+06\n"));
}

}  // namespace tocsin::exporters::postgres
