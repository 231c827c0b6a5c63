#include "net/url.hpp"

#include <charconv>
#include <iterator>

#include <boost/url/parse.hpp>
#include <boost/url/url.hpp>

#include "base/strings.hpp"
#include "net/http_text.hpp"

namespace tocsin::net {
namespace {

/// What stands between "://" and the path.
std::string_view authority_of(std::string_view text) {
  const std::size_t scheme = text.find("://");
  if (scheme == std::string_view::npos) return {};
  const std::string_view rest = text.substr(scheme + 3);
  return rest.substr(0, rest.find_first_of("/?#"));
}

/// For messages: without what may be a user and a password. One that has a slash in it looks like a path, hence the
/// last @.
std::string shown(std::string_view text) {
  const std::size_t at = text.rfind('@'), scheme = text.find("://");
  if (at == std::string_view::npos) return go_quote(text);
  const std::size_t begin = scheme < at ? scheme + 3 : 0;
  return go_quote(fmt::format("{}xxxxx{}", text.substr(0, begin), text.substr(at)));
}

/// Escapes in path and query what RFC 3986 forbids there and people write all the same: blanks, braces, brackets, bytes
/// beyond ASCII. Go's url.Parse takes them too.
std::string escape_forbidden(std::string_view text) {
  const std::string_view authority = authority_of(text);
  const std::size_t begin = authority.data() == nullptr ? 0 : static_cast<std::size_t>(authority.end() - text.begin());
  std::string out(text.substr(0, begin));
  for (const char c : text.substr(begin)) {
    const auto byte = static_cast<unsigned char>(c);
    const bool forbidden = byte == 0x20 || byte >= 0x80 ||
                           (c != '\0' && std::string_view("\"<>\\^`{|}[]").find(c) != std::string_view::npos);
    if (forbidden) {
      fmt::format_to(std::back_inserter(out), "%{:02X}", byte);
    } else {
      out += c;
    }
  }
  return out;
}

Result<std::uint16_t> port_of(boost::urls::url_view in, bool tls, std::string_view text) {
  if (!in.has_port() || in.port().empty()) return std::uint16_t{static_cast<std::uint16_t>(tls ? 443 : 80)};
  // Boost 1.81's port_number() wraps around.
  const std::string_view digits = in.port();
  std::uint16_t port = 0;
  const auto [stop, bad] = std::from_chars(digits.begin(), digits.end(), port);
  if (bad != std::errc() || stop != digits.end() || port == 0) {
    const bool hides = text.find('@') != std::string_view::npos;  // "port" may be a part of the password
    return fail(Errc::kInvalid, "parse {}: invalid port{}", shown(text), hides ? "" : " " + go_quote(digits));
  }
  return port;
}

Result<Url> take_apart(boost::urls::url_view in, std::string_view text) {
  Url url;
  url.tls = in.scheme_id() == boost::urls::scheme::https;
  if (!url.tls && in.scheme_id() != boost::urls::scheme::http) {
    return fail(Errc::kInvalid, "unsupported protocol scheme {}", go_quote(std::string_view(in.scheme())));
  }
  url.host = in.host_type() == boost::urls::host_type::ipv6 ? std::string(in.host_address())
                                                            : to_lower(std::string(in.host()));
  if (url.host.empty()) return fail(Errc::kInvalid, "no Host in request URL");
  TOCSIN_TRY(url.port, port_of(in, url.tls, text));
  url.host_field = std::string(in.encoded_host());
  if (url.port != (url.tls ? 443 : 80)) url.host_field += fmt::format(":{}", url.port);
  url.target = std::string(in.encoded_path());
  if (!url.target.starts_with('/')) url.target.insert(0, "/");
  if (in.has_query()) url.target += "?" + std::string(in.encoded_query());
  if (in.has_userinfo()) url.authorization = basic_authorization(in.user(), in.password());
  url.text = std::string(text.substr(0, text.find('#')));
  return url;
}

}  // namespace

std::string Url::address() const {
  return host.find(':') == std::string::npos ? fmt::format("{}:{}", host, port) : fmt::format("[{}]:{}", host, port);
}

Result<Url> parse_url(std::string_view text) {
  const std::string escaped = escape_forbidden(text);
  const auto parsed = boost::urls::parse_uri(escaped);
  if (parsed.has_error()) {
    const bool no_scheme = boost::urls::parse_uri_reference(escaped).has_value();
    if (no_scheme) return fail(Errc::kInvalid, "unsupported protocol scheme \"\"");
    return fail(Errc::kInvalid, "parse {}: not a valid URL", shown(text));
  }
  // Boost 1.81 takes "http://a:80b/" for the port 80 and the path "b/".
  if (std::string_view(parsed->encoded_authority()) != authority_of(escaped)) {
    return fail(Errc::kInvalid, "parse {}: invalid port after host", shown(text));
  }
  return take_apart(*parsed, escaped);
}

Result<Url> resolve_url(const Url& base, std::string_view reference) {
  const std::string escaped = escape_forbidden(reference);
  const auto from = boost::urls::parse_uri(base.text);
  const auto to = boost::urls::parse_uri_reference(escaped);
  boost::urls::url target;
  if (from.has_error() || to.has_error() || boost::urls::resolve(*from, *to, target).has_error()) {
    return fail(Errc::kInvalid, "failed to parse Location header {}", go_quote(reference));
  }
  return parse_url(std::string_view(target.data(), target.size()));
}

}  // namespace tocsin::net
