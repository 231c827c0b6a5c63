#pragma once
// Under which URL people reach the process, and which part of its paths that is.
// Source: Prometheus cmd/prometheus/main.go (computeExternalURL).

#include <string>

#include "base/result.hpp"

namespace tocsin::web {

struct ExternalUrl {
  std::string text;  // without a slash at the end
  std::string path;  // "" or "/prefix", no slash at the end
  bool operator==(const ExternalUrl&) const = default;
};

/// @param given           --web.external-url; "": http://<host name>:<port of the address>.
/// @param listen_address  the first one.
/// @return kInvalid with Prometheus' text, or for what is neither a URL of http or https nor a path.
Result<ExternalUrl> external_url(const std::string& given, const std::string& listen_address);

/// --web.route-prefix as Prometheus takes it: "/" at least, one slash in front, none behind; "": the URL's path.
std::string route_prefix(const std::string& given, const ExternalUrl& url);

}  // namespace tocsin::web
