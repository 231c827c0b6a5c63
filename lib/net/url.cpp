#include "net/url.hpp"

#include <boost/url/parse.hpp>
#include <boost/url/url.hpp>
#include <openssl/evp.h>

#include "base/strings.hpp"

namespace tocsin::net {
namespace {

std::string base64(std::string_view text) {
  std::string out((text.size() + 2) / 3 * 4 + 1, '\0');
  const int length =
      EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()), reinterpret_cast<const unsigned char*>(text.data()),
                      static_cast<int>(text.size()));
  out.resize(static_cast<std::size_t>(length));
  return out;
}

Result<Url> take_apart(boost::urls::url_view in, std::string_view text) {
  Url url;
  url.tls = in.scheme_id() == boost::urls::scheme::https;
  if (!url.tls && in.scheme_id() != boost::urls::scheme::http) {
    return fail(Errc::kInvalid, "unsupported protocol scheme {}", go_quote(std::string_view(in.scheme())));
  }
  const std::uint16_t standard_port = url.tls ? 443 : 80;
  url.host = in.host_type() == boost::urls::host_type::ipv6 ? std::string(in.host_address())
                                                            : to_lower(std::string(in.host()));
  if (url.host.empty()) return fail(Errc::kInvalid, "no Host in request URL");
  url.port = in.has_port() && !in.port().empty() ? in.port_number() : standard_port;
  if (url.port == 0) {
    return fail(Errc::kInvalid, "parse {}: invalid port {}", go_quote(text), go_quote(std::string_view(in.port())));
  }
  url.host_field = std::string(in.encoded_host());
  if (url.port != standard_port) url.host_field += fmt::format(":{}", url.port);
  url.target = std::string(in.encoded_path());
  if (!url.target.starts_with('/')) url.target.insert(0, "/");
  if (in.has_query()) url.target += "?" + std::string(in.encoded_query());
  if (in.has_userinfo()) url.authorization = "Basic " + base64(in.user() + ":" + in.password());
  url.text = std::string(text.substr(0, text.find('#')));
  return url;
}

}  // namespace

std::string Url::address() const {
  return host.find(':') == std::string::npos ? fmt::format("{}:{}", host, port) : fmt::format("[{}]:{}", host, port);
}

Result<Url> parse_url(std::string_view text) {
  const auto parsed = boost::urls::parse_uri({text.data(), text.size()});
  if (parsed.has_error()) {
    const auto reference = boost::urls::parse_uri_reference({text.data(), text.size()});
    if (reference.has_value()) return fail(Errc::kInvalid, "unsupported protocol scheme \"\"");
    return fail(Errc::kInvalid, "parse {}: {}", go_quote(text), parsed.error().message());
  }
  return take_apart(*parsed, text);
}

Result<Url> resolve_url(const Url& base, std::string_view reference) {
  const auto from = boost::urls::parse_uri({base.text.data(), base.text.size()});
  const auto to = boost::urls::parse_uri_reference({reference.data(), reference.size()});
  if (from.has_error() || to.has_error()) {
    return fail(Errc::kInvalid, "failed to parse Location header {}", go_quote(reference));
  }
  boost::urls::url target;
  const auto resolved = boost::urls::resolve(*from, *to, target);
  if (resolved.has_error()) return fail(Errc::kInvalid, "failed to parse Location header {}", go_quote(reference));
  return take_apart(target, std::string_view(target.data(), target.size()));
}

}  // namespace tocsin::net
