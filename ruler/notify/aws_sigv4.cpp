#include "notify/aws_sigv4.hpp"

#include <algorithm>
#include <vector>

#include "base/strings.hpp"
#include "net/url.hpp"
#include "notify/digest.hpp"

namespace tocsin::notify {

namespace {

constexpr std::string_view kAlgorithm = "AWS4-HMAC-SHA256";

/// RFC 3986's unreserved characters stay; so does '/' in a path.
std::string uri_encode(std::string_view text, bool keep_slash) {
  std::string out;
  for (const char c : text) {
    const bool word = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    const bool stays = word || std::string_view("-_.~").find(c) != std::string_view::npos || (keep_slash && c == '/');
    out += stays ? std::string(1, c) : fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return out;
}

/// The parameters as they stand (they are encoded already), sorted.
std::string canonical_query(std::string_view query) {
  std::vector<std::string> params;
  for (const std::string_view param : split(query, '&')) {
    if (param.empty()) continue;
    params.push_back(std::string(param) + (param.find('=') == std::string_view::npos ? "=" : ""));
  }
  std::sort(params.begin(), params.end());
  std::string out;
  for (const std::string& param : params) (out += out.empty() ? "" : "&") += param;
  return out;
}

/// "20260102T030405Z".
std::string amz_date(Timestamp now) {
  const std::string text = format_rfc3339(now - (now % 1000));
  return replace_all(replace_all(text, "-", ""), ":", "");
}

}  // namespace

Result<void> sign_v4(net::HttpRequest& request, const AwsCredentials& credentials, std::string_view region,
                     std::string_view service, Timestamp now) {
  TOCSIN_TRY(const net::Url url, net::parse_url(request.target));
  const std::string date = amz_date(now), day = date.substr(0, 8);
  request.headers.set("X-Amz-Date", date);
  if (!credentials.session_token.empty()) {
    request.headers.set("X-Amz-Security-Token", credentials.session_token.reveal());
  }
  std::string headers, names;
  for (const char* name : {"content-type", "host", "x-amz-date", "x-amz-security-token"}) {
    const std::string value(std::string_view(name) == "host" ? std::string_view(url.host_field)
                                                             : request.headers.get(name));
    if (value.empty()) continue;
    headers += fmt::format("{}:{}\n", name, trim(value));
    (names += names.empty() ? "" : ";") += name;
  }
  const std::size_t mark = std::min(url.target.find('?'), url.target.size());
  const std::string query = canonical_query(std::string_view(url.target).substr(std::min(mark + 1, url.target.size())));
  const std::string canonical = fmt::format("{}\n{}\n{}\n{}\n{}\n{}", request.method,
                                            uri_encode(std::string_view(url.target).substr(0, mark), true), query,
                                            headers, names, hex(sha256(request.body)));
  const std::string scope = fmt::format("{}/{}/{}/aws4_request", day, region, service);
  const std::string to_sign = fmt::format("{}\n{}\n{}\n{}", kAlgorithm, date, scope, hex(sha256(canonical)));
  std::string key = hmac_sha256("AWS4" + credentials.secret_key.reveal(), day);
  for (const std::string_view part : {region, service, std::string_view("aws4_request")}) key = hmac_sha256(key, part);
  request.headers.set("Authorization",
                      fmt::format("{} Credential={}/{}, SignedHeaders={}, Signature={}", kAlgorithm,
                                  credentials.access_key, scope, names, hex(hmac_sha256(key, to_sign))));
  return {};
}

}  // namespace tocsin::notify
