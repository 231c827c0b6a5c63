#include "web/external_url.hpp"

#include <unistd.h>

#include "base/strings.hpp"

namespace tocsin::web {
namespace {

bool is_quote(char c) {
  return c == '"' || c == '\'';
}

std::string_view without_slashes_behind(std::string_view text) {
  while (text.ends_with('/')) text.remove_suffix(1);
  return text;
}

}  // namespace

Result<ExternalUrl> external_url(const std::string& given, const std::string& listen_address) {
  std::string url = given;
  if (url.empty()) {
    char host[256] = "localhost";
    ::gethostname(host, sizeof host - 1);
    url = fmt::format("http://{}{}", host,
                      listen_address.substr(std::min(listen_address.rfind(':'), listen_address.size())));
  }
  if (is_quote(url.front()) || is_quote(url.back())) {
    return fail(Errc::kInvalid, "parse external URL \"{}\": URL must not begin or end with quotes", url);
  }
  url.resize(std::min(url.size(), url.find_first_of("?#")));
  std::size_t path_begins = 0;
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (!equal_ignoring_case(std::string_view(url).substr(0, scheme.size()), scheme)) continue;
    path_begins = std::min(url.find('/', scheme.size()), url.size());
    if (path_begins == scheme.size()) break;
    ExternalUrl out;
    out.path = without_slashes_behind(std::string_view(url).substr(path_begins));
    out.text = url.substr(0, path_begins) + out.path;
    return out;
  }
  // Only a path, as Prometheus allows: links have no host then.
  if (url.starts_with('/')) {
    const std::string path(without_slashes_behind(url));
    return ExternalUrl{path, path};
  }
  return fail(Errc::kInvalid, "--web.external-url: \"{}\" is not an http or https URL", given);
}

std::string route_prefix(const std::string& given, const ExternalUrl& url) {
  std::string_view text = given.empty() ? url.path : given;
  while (text.starts_with('/')) text.remove_prefix(1);
  return "/" + std::string(without_slashes_behind(text));
}

}  // namespace tocsin::web
