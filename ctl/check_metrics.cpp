#include "ctl/check_metrics.hpp"

#include <cstdio>
#include <iostream>
#include <iterator>

#include <fmt/format.h>

#include "base/fs.hpp"
#include "base/strings.hpp"
#include "expo/lint.hpp"
#include "expo/openmetrics_check.hpp"
#include "expo/text_families.hpp"

namespace tocsin::ctl {
namespace {

constexpr std::size_t kMaxPageBytes = 512U << 20U;
constexpr int kFailure = 1;
constexpr int kLintProblems = 3;

Result<std::string> read_page(const std::string& file) {
  if (file != "-") return posix_fs().read_file(file, kMaxPageBytes);
  std::string page{std::istreambuf_iterator<char>(std::cin), {}};
  if (std::cin.bad()) return fail(Errc::kIo, "standard input cannot be read");
  return page;
}

bool is_openmetrics(const std::string& page, const std::string& format) {
  if (!format.empty()) return format == "openmetrics";
  const auto end = trim(page);
  return end == "# EOF" || end.ends_with("\n# EOF");
}

int check_strictly(const std::string& file, const std::string& page) {
  const std::string name = file == "-" ? "stdin" : file;
  fmt::print("Checking {}\n", name);
  if (const auto found = expo::check_openmetrics(page)) {
    fmt::print("  FAILED: {}:{}:{}: {}\n", name, found->line, found->column, found->message);
    return kFailure;
  }
  fmt::print("  SUCCESS: follows the OpenMetrics specification 1.0.0\n");
  return 0;
}

int check_names(const std::string& page, const std::string& format) {
  const auto families =
      is_openmetrics(page, format) ? expo::read_openmetrics_families(page) : expo::read_text_families(page);
  if (!families) {
    fmt::print(stderr, "error while linting: {}\n", families.error());
    return kFailure;
  }
  const auto problems = expo::lint(*families);
  for (const auto& problem : problems) fmt::print(stderr, "{} {}\n", problem.metric, problem.text);
  return problems.empty() ? 0 : kLintProblems;
}

}  // namespace

int check_metrics(const CheckMetricsArgs& args) {
  const std::vector<std::string> files = args.files.empty() ? std::vector<std::string>{"-"} : args.files;
  int status = 0;
  for (const std::string& file : files) {
    const auto page = read_page(file);
    int found = kFailure;
    if (!page) {
      fmt::print(stderr, "error while reading {}: {}\n", file, page.error().message);
    } else {
      found = args.strict ? check_strictly(file, *page) : check_names(*page, args.format);
    }
    // A page that cannot be read weighs more than problems.
    status = status == kFailure ? status : found == 0 ? status : found;
  }
  return status;
}

}  // namespace tocsin::ctl
