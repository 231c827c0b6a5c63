#include "scrape/failure_log.hpp"

#include "base/json_string.hpp"
#include "base/strings.hpp"

namespace tocsin::scrape {

std::string failure_line(const ScrapeFailure& failure) {
  std::string out =
      R"({"time":")" + format_rfc3339(failure.time) + R"(","level":"ERROR","source":"scrape_run.cpp","msg":)";
  append_json_string(out, failure.error);
  out += R"(,"job_name":)";
  append_json_string(out, failure.job_name);
  out += R"(,"target":)";
  append_json_string(out, failure.target);
  out += "}\n";
  return out;
}

}  // namespace tocsin::scrape
