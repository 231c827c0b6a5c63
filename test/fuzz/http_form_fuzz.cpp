// Any target and any form body: never a crash; decoded names and values are what encoding them again gives, in either
// kind of form.

#include <algorithm>
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

net::HttpRequest multipart_of(std::string_view boundary, std::string body) {
  net::HttpRequest request("POST", "/");
  request.headers.set("Content-Type", fmt::format("multipart/form-data; boundary={}", boundary));
  request.body = std::move(body);
  return request;
}

/// With a boundary that occurs in no value.
Pairs through_multipart(const Pairs& pairs) {
  std::string boundary = "b";
  const auto occurs = [&boundary](const auto& pair) { return pair.second.find(boundary) != std::string::npos; };
  while (std::ranges::any_of(pairs, occurs)) boundary += 'b';
  std::string body;
  for (const auto& [name, value] : pairs) {
    body += fmt::format("--{}\r\nContent-Disposition: form-data; name=\"{}\"\r\n\r\n{}\r\n", boundary, name, value);
  }
  return multipart_of(boundary, body + "--" + boundary + "--\r\n").params();
}

/// A name that needs no escapes, and a boundary that may be one.
bool is_plain(const Pairs& pairs) {
  return pairs.size() < 50 && std::ranges::all_of(
                                  pairs,
                                  [](const auto& pair) {
                                    return !pair.first.empty() && pair.second.size() < 60 &&
                                           pair.first.find_first_of("\"\\\r\n") == std::string::npos;
                                  });
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
  (void)multipart_of("b", text).params();
  if (!pairs.empty() && is_plain(pairs)) {
    check(through_multipart(pairs) == pairs, "BUG: a multipart form is not what was put into it");
  }
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
