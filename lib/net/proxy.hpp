#pragma once
// Which proxy a URL goes through. Source: golang.org/x/net/http/httpproxy.

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "net/http.hpp"
#include "net/url.hpp"

namespace tocsin::net {

/// An HTTP proxy: plain requests are sent to it as they are (absolute form), TLS goes through CONNECT.
struct Proxy {
  Url url;                 // http or https; userinfo becomes Proxy-Authorization
  Headers connect_header;  // of CONNECT, besides Host and Proxy-Authorization
  std::string key;         // equal for equal proxies; a secret
};

/// Texts as the variables HTTP_PROXY, HTTPS_PROXY and NO_PROXY have them.
struct ProxySettings {
  std::string http_proxy;   // for http:// URLs; "" for none
  std::string https_proxy;  // for https:// URLs
  /// Hosts that are reached without: "*", or, separated by commas, addresses, CIDR ranges, domains (with their
  /// subdomains; only those with a dot or "*." in front), each but ranges with ":port" if wanted. Loopback and
  /// "localhost" are always among them.
  std::string no_proxy;
  bool for_all = false;  // every host goes through the proxy, even loopback; no_proxy is not looked at
  Headers connect_header;
};

/// Immutable. Thread: any.
class ProxyRules {
 public:
  /// kInvalid for an address that is no URL or another scheme than http and https ("invalid proxy address ...").
  static Result<std::shared_ptr<const ProxyRules>> make(const ProxySettings& settings);

  /// nullptr: without a proxy.
  const Proxy* choose(const Url& url) const;

 private:
  struct Range {
    std::vector<unsigned char> bytes;  // of the address; 4 or 16
    unsigned bits;
  };
  struct Address {
    std::vector<unsigned char> bytes;
    std::string port;  // "" for any
  };
  struct Domain {
    std::string suffix;  // ".example.com"
    std::string port;
    bool itself;  // also example.com
  };
  void read_exceptions(std::string_view no_proxy);
  void read_exception(std::string_view entry);
  bool is_excepted(const Url& url) const;

  std::optional<Proxy> http_, https_;
  bool for_all_ = false;
  bool except_all_ = false;
  std::vector<Range> ranges_;
  std::vector<Address> addresses_;
  std::vector<Domain> domains_;
};

}  // namespace tocsin::net
