#pragma once
// scrape_failure_log_file: a line of JSON for each scrape that got no page.
//   {"time":"2026-01-02T03:04:05.678Z","level":"ERROR","source":"scrape_run.cpp","msg":"...","job_name":"node",
//    "target":"http://a:9100/metrics"}
// Source of the fields: Prometheus scrape/scrape.go and util/logging/file.go, which write Go's slog JSON.

#include <string>
#include <string_view>

#include "base/time.hpp"

namespace tocsin::scrape {

struct ScrapeFailure {
  Timestamp time = 0;
  std::string_view job_name, target, error;
};

std::string failure_line(const ScrapeFailure& failure);

}  // namespace tocsin::scrape
