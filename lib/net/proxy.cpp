#include "net/proxy.hpp"

#include <algorithm>
#include <charconv>

#include <boost/asio/ip/address.hpp>

#include "base/strings.hpp"

namespace tocsin::net {
namespace {

/// The bytes of an address, four for IPv4 and for IPv4 in IPv6; empty if it is none.
std::vector<unsigned char> address_bytes(std::string_view text) {
  boost::system::error_code bad;
  const auto address = boost::asio::ip::make_address(std::string(text), bad);
  if (bad) return {};
  if (address.is_v4() || address.to_v6().is_v4_mapped()) {
    const auto v4 = address.is_v4() ? address.to_v4()
                                    : boost::asio::ip::make_address_v4(boost::asio::ip::v4_mapped, address.to_v6());
    const auto bytes = v4.to_bytes();
    return {bytes.begin(), bytes.end()};
  }
  const auto bytes = address.to_v6().to_bytes();
  return {bytes.begin(), bytes.end()};
}

bool is_loopback(std::string_view text) {
  boost::system::error_code bad;
  const auto address = boost::asio::ip::make_address(std::string(text), bad);
  if (bad) return false;
  if (address.is_loopback()) return true;
  return address.is_v6() && address.to_v6().is_v4_mapped() &&
         boost::asio::ip::make_address_v4(boost::asio::ip::v4_mapped, address.to_v6()).is_loopback();
}

bool same_start(const std::vector<unsigned char>& a, const std::vector<unsigned char>& b, unsigned bits) {
  if (a.size() != b.size()) return false;
  const std::size_t whole = bits / 8;
  if (!std::equal(a.begin(), a.begin() + static_cast<std::ptrdiff_t>(whole), b.begin())) return false;
  const unsigned rest = bits % 8;
  return rest == 0 || (a[whole] >> (8 - rest)) == (b[whole] >> (8 - rest));
}

/// Go's net.SplitHostPort, as far as it serves here: nothing if there is no port.
std::optional<std::pair<std::string_view, std::string_view>> split_host_port(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  std::string_view host = text.substr(0, colon);
  if (text.starts_with('[')) {
    if (!host.ends_with(']')) return std::nullopt;
    host = host.substr(1, host.size() - 2);
  } else if (host.find(':') != std::string_view::npos) {
    return std::nullopt;
  }
  return std::pair(host, text.substr(colon + 1));
}

Result<std::optional<Proxy>> read_proxy(const std::string& text, const Headers& connect_header) {
  if (text.empty()) return std::optional<Proxy>();
  auto url = parse_url(text);
  // "proxy:3128" is a scheme and a path to a URL's grammar.
  if (!url && text.find("://") == std::string::npos) url = parse_url("http://" + text);
  if (!url) {
    // The parser quotes what it was given, which may hold a password.
    const bool quotes = url.error().message.starts_with("parse ");
    return fail(Errc::kInvalid, "invalid proxy address: {}", quotes ? "not a valid URL" : url.error().message);
  }
  Proxy proxy{std::move(*url), connect_header, {}};
  proxy.key = fmt::format("{} {} {}", proxy.url.tls ? "https" : "http", proxy.url.address(), proxy.url.authorization);
  for (const auto& [name, value] : connect_header.fields()) proxy.key += fmt::format("\n{}: {}", name, value);
  return proxy;
}

}  // namespace

Result<std::shared_ptr<const ProxyRules>> ProxyRules::make(const ProxySettings& settings) {
  auto rules = std::make_shared<ProxyRules>();
  TOCSIN_TRY(rules->http_, read_proxy(settings.http_proxy, settings.connect_header));
  TOCSIN_TRY(rules->https_, read_proxy(settings.https_proxy, settings.connect_header));
  rules->for_all_ = settings.for_all;
  rules->read_exceptions(settings.no_proxy);
  return rules;
}

const Proxy* ProxyRules::choose(const Url& url) const {
  const std::optional<Proxy>& proxy = url.tls ? https_ : http_;
  if (!proxy || (!for_all_ && is_excepted(url))) return nullptr;
  return &*proxy;
}

void ProxyRules::read_exceptions(std::string_view no_proxy) {
  for (const std::string_view entry : split(no_proxy, ',')) {
    const std::string text = to_lower(trim(entry));
    if (text == "*") except_all_ = true;
    if (!text.empty()) read_exception(text);
  }
}

void ProxyRules::read_exception(std::string_view entry) {
  if (const std::size_t slash = entry.find('/'); slash != std::string_view::npos) {
    Range range{address_bytes(entry.substr(0, slash)), 0};
    const std::string_view digits = entry.substr(slash + 1);
    const auto [stop, bad] = std::from_chars(digits.begin(), digits.end(), range.bits);
    const bool whole = bad == std::errc() && stop == digits.end() && !digits.empty();
    if (whole && !range.bytes.empty() && range.bits <= range.bytes.size() * 8) {
      ranges_.push_back(std::move(range));
      return;
    }
  }
  std::string_view host = entry, port;
  if (const auto parts = split_host_port(entry)) std::tie(host, port) = *parts;
  if (host.empty()) return;
  if (auto bytes = address_bytes(host); !bytes.empty()) {
    addresses_.push_back({std::move(bytes), std::string(port)});
    return;
  }
  if (host.starts_with("*.")) host.remove_prefix(1);
  const bool itself = !host.starts_with('.');
  domains_.push_back({(itself ? "." : "") + std::string(host), std::string(port), itself});
}

bool ProxyRules::is_excepted(const Url& url) const {
  if (except_all_ || url.host == "localhost" || is_loopback(url.host)) return true;
  const std::string port = std::to_string(url.port);
  const auto port_matches = [&port](const auto& rule) { return rule.port.empty() || rule.port == port; };
  if (const auto bytes = address_bytes(url.host); !bytes.empty()) {
    const bool in_range =
        std::ranges::any_of(ranges_, [&](const Range& range) { return same_start(range.bytes, bytes, range.bits); });
    if (in_range) return true;
    if (std::ranges::any_of(addresses_, [&](const Address& a) { return a.bytes == bytes && port_matches(a); })) {
      return true;
    }
  }
  return std::ranges::any_of(domains_, [&](const Domain& domain) {
    const bool matches = url.host.ends_with(domain.suffix) || (domain.itself && url.host == domain.suffix.substr(1));
    return matches && port_matches(domain);
  });
}

}  // namespace tocsin::net
