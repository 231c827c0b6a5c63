#include <charconv>

#include "base/strings.hpp"
#include "exporters/redis/options.hpp"
#include "net/percent.hpp"

namespace tocsin::exporters::redis {
namespace {

std::optional<std::int64_t> to_natural(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < 0) return std::nullopt;
  return value;
}

/// "host", "host:port", "[::1]:port".
Result<void> read_host(std::string_view text, Address& out) {
  std::string_view port;
  if (text.starts_with('[')) {
    const std::size_t bracket = text.find(']');
    if (bracket == std::string_view::npos) return fail(Errc::kInvalid, "missing ']' in address");
    out.host = text.substr(1, bracket - 1);
    port = text.substr(bracket + 1);
    if (!port.empty() && port.front() != ':') return fail(Errc::kInvalid, "invalid address");
  } else {
    const std::size_t colon = text.find(':');
    out.host = text.substr(0, colon);
    port = colon == std::string_view::npos ? std::string_view() : text.substr(colon);
  }
  if (out.host.empty()) out.host = "localhost";
  if (port.size() > 1) {
    const auto number = to_natural(port.substr(1));
    if (!number || *number == 0 || *number > 65535) return fail(Errc::kInvalid, "invalid port in address");
    out.port = static_cast<std::uint16_t>(*number);
  }
  return {};
}

Result<void> read_userinfo(std::string_view text, Address& out) {
  const std::size_t colon = text.find(':');
  const auto user = net::percent_decode(text.substr(0, colon));
  const auto password =
      colon == std::string_view::npos ? std::optional<std::string>("") : net::percent_decode(text.substr(colon + 1));
  if (!user || !password) return fail(Errc::kInvalid, "invalid user or password in address");
  out.user = *user;
  out.password = Secret(*password);
  return {};
}

}  // namespace

std::string Address::text() const {
  if (!unix_socket.empty()) return unix_socket;
  return host.contains(':') ? fmt::format("[{}]:{}", host, port) : fmt::format("{}:{}", host, port);
}

// Errors do not repeat the address: it may hold a password.
Result<Address> parse_address(std::string_view text) {
  Address out;
  std::string_view rest = text;
  if (text.starts_with('/')) {
    out.unix_socket = text;
    return out;
  }
  if (const std::size_t scheme_end = text.find("://"); scheme_end != std::string_view::npos) {
    const std::string_view scheme = text.substr(0, scheme_end);
    rest = text.substr(scheme_end + 3);
    if (scheme == "unix") {
      if (rest.empty()) return fail(Errc::kInvalid, "no path in address");
      out.unix_socket = rest;
      return out;
    }
    out.tls = scheme == "rediss" || scheme == "valkeys";
    if (!out.tls && scheme != "redis" && scheme != "valkey" && scheme != "tcp") {
      return fail(Errc::kInvalid, "unsupported protocol scheme {} in address", go_quote(scheme));
    }
  }
  if (rest.empty()) return fail(Errc::kInvalid, "empty address");
  if (const std::size_t at = rest.rfind('@'); at != std::string_view::npos) {
    TOCSIN_OK(read_userinfo(rest.substr(0, at), out));
    rest.remove_prefix(at + 1);
  }
  rest = rest.substr(0, rest.find_first_of("?#"));
  if (const std::size_t slash = rest.find('/'); slash != std::string_view::npos) {
    if (const std::string_view database = rest.substr(slash + 1); !database.empty()) {
      const auto number = to_natural(database);
      if (!number) return fail(Errc::kInvalid, "invalid database in address");
      out.database = *number;
    }
    rest = rest.substr(0, slash);
  }
  TOCSIN_OK(read_host(rest, out));
  return out;
}

Result<std::vector<KeyPattern>> parse_key_patterns(std::string_view text) {
  std::vector<KeyPattern> patterns;
  for (const std::string_view part : split(text, ',')) {
    if (part.empty()) continue;
    const std::vector<std::string_view> fragments = split(part, '=');
    if (fragments.size() > 2) return fail(Errc::kInvalid, "invalid key list argument: {}", part);
    std::string database = "0";
    if (fragments.size() == 2) database = replace_all(std::string(trim(fragments[0])), "db", "");
    const auto key = net::percent_decode(trim(fragments.back()), true);
    if (!key) return fail(Errc::kInvalid, "couldn't parse db/key string: {}", part);
    if (database.empty() || key->empty()) continue;
    const auto number = to_natural(database);
    if (!number) return fail(Errc::kInvalid, "invalid database index for db {}", go_quote(database));
    patterns.push_back({*number, *key});
  }
  return patterns;
}

}  // namespace tocsin::exporters::redis
