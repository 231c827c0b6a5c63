// Any bytes as a URL, a Location, a proxy and a no_proxy list: none may crash; a URL that is taken makes a request of
// one start line, and reads alike when it is read again; whoever is no loopback is excepted by what is written of it.

#include <cstdint>
#include <cstdlib>
#include <string>

#include "net/http_exchange.hpp"
#include "net/proxy.hpp"
#include "net/url.hpp"

namespace {

using namespace tocsin;
using namespace tocsin::net;

void require(bool holds) {
  if (!holds) std::abort();
}

void check_url(const Result<Url>& url) {
  if (!url) return;
  require(!url->host.empty() && url->port != 0 && url->target.starts_with('/'));
  require(url->target.find_first_of("\r\n ") == std::string::npos);
  require(url->host_field.find_first_of("\r\n ") == std::string::npos);
  const std::string head = request_head(HttpRequest("GET", ""), *url, true, "fuzz", nullptr);
  require(head.starts_with("GET " + url->target + " HTTP/1.1\r\nHost: " + url->host_field + "\r\n"));
  const auto again = parse_url(url->text);
  require(again && again->host == url->host && again->port == url->port && again->target == url->target &&
          again->tls == url->tls && again->authorization == url->authorization);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > 4096) return 0;
  const std::string text(reinterpret_cast<const char*>(data), size);
  const auto url = parse_url(text);
  check_url(url);
  static const Url base = parse_url("http://u:p@example.com:81/a/b?q").value();
  check_url(resolve_url(base, text));
  if (url) check_url(resolve_url(*url, "../x?y"));

  ProxySettings settings;
  settings.http_proxy = text;
  static_cast<void>(ProxyRules::make(settings));
  settings.http_proxy = "http://proxy:3128";
  settings.no_proxy = text;
  const auto rules = ProxyRules::make(settings);
  require(rules.has_value());
  for (const char* target : {"http://example.com/", "http://10.1.2.3:8080/", "http://[2001:db8::1]/"}) {
    static_cast<void>((*rules)->choose(parse_url(target).value()));
  }
  require((*rules)->choose(parse_url("http://127.0.0.1/").value()) == nullptr);
  if (!url || url->tls) return 0;
  settings.no_proxy = text + "," + url->host;
  require((*ProxyRules::make(settings).value()).choose(*url) == nullptr ||
          url->host.find_first_of("/,*: ") != std::string::npos);
  return 0;
}
