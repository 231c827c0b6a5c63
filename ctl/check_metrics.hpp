#pragma once
// tocsinctl check metrics: is this a page of metrics that scrapers take, and are its names good ones? Offline.

#include <string>
#include <vector>

namespace tocsin::ctl {

struct CheckMetricsArgs {
  std::vector<std::string> files;  // "-" is standard input; none: standard input
  std::string format;              // text, openmetrics; "": OpenMetrics if the page ends with "# EOF"
  bool strict = false;             // the OpenMetrics specification's verdict
};

/// Without `strict` as `promtool check metrics`: problems on standard error, one a line; exit status 0, 1 if a page
/// cannot be read, 3 if there are problems. With it: one verdict per page on standard output, exit status 0 or 1.
int check_metrics(const CheckMetricsArgs& args);

}  // namespace tocsin::ctl
