// Any target and any form body: never a crash; decoded names and values are what encoding them again gives.

#include <cstdint>
#include <string>
#include <vector>

#include "base/check.hpp"
#include "net/http.hpp"
#include "net/url.hpp"

using namespace tocsin;

namespace {

using Pairs = std::vector<std::pair<std::string, std::string>>;

std::string encoded(std::string_view text) {
  std::string out;
  for (const char c : text) out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
  return out;
}

std::string form_of(const Pairs& pairs) {
  std::string out;
  for (const auto& [name, value] : pairs) out += (out.empty() ? "" : "&") + encoded(name) + "=" + encoded(value);
  return out;
}

net::HttpRequest request_of(std::string target, std::string body) {
  net::HttpRequest request("POST", std::move(target));
  request.headers.set("Content-Type", "application/x-www-form-urlencoded; charset=utf-8");
  request.body = std::move(body);
  return request;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  const std::size_t cut = text.find('\0');
  const net::HttpRequest request =
      request_of(text.substr(0, cut), cut == std::string::npos ? std::string() : text.substr(cut + 1));

  const Pairs pairs = request.params();
  check(request_of("/", form_of(pairs)).params() == pairs, "BUG: a form is not what its encoding says");
  check(request_of("/?" + form_of(pairs), "").params() == pairs, "BUG: a query and a form differ");
  for (const auto& [name, value] : pairs) {
    check(!request.all_params(name).empty(), "BUG: a parameter is not found");
    check(request.param(name) == request.all_params(name).front(), "BUG: the first value is another");
  }
  const std::string path = request.path();
  check(path.size() <= text.size(), "BUG: decoding makes longer");
  check(net::HttpRequest("GET", encoded(path)).path() == path, "BUG: a path is not what its encoding says");

  if (const auto url = net::parse_url(text)) {
    check(!url->host.empty() && url->target.starts_with('/'), "BUG: a URL without host or path");
    (void)net::resolve_url(*url, text);
  }
  return 0;
}
