#include "net/content_coding.hpp"

#include <algorithm>
#include <optional>

#include "base/float_text.hpp"
#include "base/strings.hpp"

namespace tocsin::net {
namespace {

/// The q of a coding's parameters; 1 if there is none, 0 if it is not a number.
double quality_of(std::string_view parameters) {
  for (const std::string_view parameter : split(parameters, ';')) {
    const std::string_view text = trim(parameter);
    if (!text.starts_with("q=") && !text.starts_with("Q=")) continue;
    double q = 0;
    return parse_float(text.substr(2), q) && q > 0 ? q : 0;
  }
  return 1;
}

}  // namespace

std::string_view coding_name(ContentCoding coding) {
  switch (coding) {
    case ContentCoding::kGzip:
      return "gzip";
    case ContentCoding::kZstd:
      return "zstd";
    case ContentCoding::kIdentity:
      break;
  }
  return {};
}

ContentCoding choose_coding(std::string_view accept_encoding) {
  std::optional<double> zstd, gzip;
  double identity = 0, others = 0;
  for (const std::string_view item : split(accept_encoding, ',')) {
    const std::size_t end = std::min(item.find(';'), item.size());
    const std::string_view coding = trim(item.substr(0, end));
    const double q = quality_of(item.substr(std::min(end + 1, item.size())));
    if (equal_ignoring_case(coding, "zstd")) {
      zstd = q;
    } else if (equal_ignoring_case(coding, "gzip") || equal_ignoring_case(coding, "x-gzip")) {
      gzip = q;
    } else if (equal_ignoring_case(coding, "identity")) {
      identity = q;
    } else if (coding == "*") {
      others = q;
    }
  }
  const double best_zstd = zstd.value_or(0);  // not by "*": who says that may be old
  const double best_gzip = gzip.value_or(others);
  if (std::max(best_zstd, best_gzip) <= 0 || identity > std::max(best_zstd, best_gzip)) return ContentCoding::kIdentity;
  return best_zstd >= best_gzip ? ContentCoding::kZstd : ContentCoding::kGzip;
}

}  // namespace tocsin::net
