#include "config/go_url.hpp"

#include <algorithm>

#include "base/secret.hpp"
#include "base/strings.hpp"

namespace tocsin::config {
namespace {

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
bool is_hex(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}
bool is_ascii(char c) {
  return static_cast<unsigned char>(c) < 0x80;
}

/// An empty text, or a colon and digits.
bool is_optional_port(std::string_view text) {
  return text.empty() || (text.front() == ':' && std::all_of(text.begin() + 1, text.end(), is_digit));
}

/// The first escape that is none, "" if all are good.
std::string_view broken_escape(std::string_view text) {
  for (std::size_t at = text.find('%'); at != std::string_view::npos; at = text.find('%', at + 1)) {
    if (at + 2 >= text.size() || !is_hex(text[at + 1]) || !is_hex(text[at + 2])) return text.substr(at, 3);
  }
  return "";
}

Result<void> check_escapes(std::string_view text) {
  const std::string_view broken = broken_escape(text);
  if (!broken.empty()) return fail(Errc::kInvalid, "invalid URL escape {}", go_quote(broken));
  return {};
}

Result<void> check_host(std::string_view host) {
  std::string_view port;
  if (host.starts_with('[')) {
    const std::size_t end = host.rfind(']');
    if (end == std::string_view::npos) return fail(Errc::kInvalid, "missing ']' in host");
    port = host.substr(end + 1);
  } else if (const std::size_t colon = host.rfind(':'); colon != std::string_view::npos) {
    port = host.substr(colon);
  }
  if (!is_optional_port(port)) return fail(Errc::kInvalid, "invalid port {} after host", go_quote(port));
  TOCSIN_OK(check_escapes(host));
  for (const char c : host) {
    if (is_ascii(c) && !is_letter(c) && !is_digit(c) && !std::string_view("!$&'()*+,;=:[]<>\"-_.~%").contains(c)) {
      return fail(Errc::kInvalid, "invalid character {} in host name", go_quote(std::string(1, c)));
    }
  }
  return {};
}

Result<void> check_user(std::string_view user) {
  for (const char c : user) {
    if (!is_letter(c) && !is_digit(c) && !std::string_view("-._:~!$&'()*+,;=%@").contains(c)) {
      return fail(Errc::kInvalid, "net/url: invalid userinfo");
    }
  }
  return check_escapes(user);
}

/// Takes the scheme off the front of `rest`.
Result<std::string> take_scheme(std::string_view& rest) {
  for (std::size_t i = 0; i < rest.size(); ++i) {
    const char c = rest[i];
    if (is_letter(c) || (i > 0 && (is_digit(c) || std::string_view("+-.").contains(c)))) continue;
    if (c != ':') break;
    if (i == 0) return fail(Errc::kInvalid, "missing protocol scheme");
    std::string scheme = to_lower(rest.substr(0, i));
    rest.remove_prefix(i + 1);
    return scheme;
  }
  return std::string();
}

Result<GoUrl> parse(std::string_view text) {
  GoUrl url;
  std::string_view rest = text.substr(0, text.find('#'));
  const bool control = std::any_of(rest.begin(), rest.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte < 0x20 || byte == 0x7f;
  });
  if (control) return fail(Errc::kInvalid, "net/url: invalid control character in URL");
  TOCSIN_TRY(url.scheme, take_scheme(rest));
  rest = rest.substr(0, rest.find('?'));
  if (!rest.starts_with('/')) {
    if (!url.scheme.empty()) return url;  // mailto:x and the like: not looked into
    if (rest.substr(0, rest.find('/')).contains(':')) {
      return fail(Errc::kInvalid, "first path segment in URL cannot contain colon");
    }
  }
  if (rest.starts_with("//") && (!url.scheme.empty() || !rest.starts_with("///"))) {
    std::string_view authority = rest.substr(2, rest.find('/', 2) - 2);
    rest.remove_prefix(2 + authority.size());
    if (const std::size_t at = authority.rfind('@'); at != std::string_view::npos) {
      TOCSIN_OK(check_host(authority.substr(at + 1)));
      TOCSIN_OK(check_user(authority.substr(0, at)));
      authority.remove_prefix(at + 1);
    } else {
      TOCSIN_OK(check_host(authority));
    }
    url.host = authority;
  }
  TOCSIN_OK(check_escapes(rest));
  url.path = rest;
  return url;
}

}  // namespace

Result<GoUrl> parse_go_url(std::string_view text) {
  auto url = parse(text);
  if (url) return url;
  if (text.contains('@')) return fail(Errc::kInvalid, "parse {}: not a valid URL", go_quote(kSecretText));
  return fail(Errc::kInvalid, "parse {}: {}", go_quote(text.substr(0, text.find('#'))), url.error().message);
}

}  // namespace tocsin::config
