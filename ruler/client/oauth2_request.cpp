#include "client/oauth2_request.hpp"

#include <algorithm>
#include <charconv>
#include <limits>
#include <map>

#include <boost/json.hpp>

#include "base/strings.hpp"
#include "net/http_text.hpp"
#include "net/percent.hpp"

namespace tocsin::client {
namespace {

constexpr std::size_t kMaxShownBytes = 2000;  // of an answer that is not understood
constexpr std::size_t kMaxJsonDepth = 32;

using Form = std::map<std::string, std::string>;  // Go's url.Values.Encode sorts too

Result<net::HttpRequest> form_request(const config::OAuth2Config& config, Form form) {
  for (const auto& [name, value] : config.endpoint_params) {
    // grant_type may be another, for endpoints that go their own way.
    if (form.contains(name) && name != "grant_type") {
      return fail(Errc::kInvalid, "oauth2: cannot overwrite parameter {}", go_quote(name));
    }
    form[name] = value;
  }
  net::HttpRequest request("POST", config.token_url);
  request.headers.set("Content-Type", "application/x-www-form-urlencoded");
  for (const auto& [name, value] : form) {
    if (!request.body.empty()) request.body += '&';
    request.body += query_escape(name) + "=" + query_escape(value);
  }
  return request;
}

void add_scope(const config::OAuth2Config& config, Form& form) {
  if (!config.scopes.empty()) form["scope"] = fmt::format("{}", fmt::join(config.scopes, " "));
}

struct Answer {
  std::string access_token, token_type, error, error_description, error_uri;
  std::int64_t expires_in = 0;
};

std::int64_t number(std::string_view text) {
  std::int64_t value = 0;
  const auto [stop, bad] = std::from_chars(text.data(), text.data() + text.size(), value);
  return bad == std::errc() && stop == text.data() + text.size() ? value : 0;
}

Answer read_form(std::string_view body) {
  std::vector<std::pair<std::string, std::string>> pairs;
  net::append_form_pairs(body, pairs);
  const auto first = [&pairs](std::string_view name) {
    const auto found = std::ranges::find(pairs, name, &std::pair<std::string, std::string>::first);
    return found == pairs.end() ? std::string() : found->second;
  };
  return {first("access_token"),      first("token_type"), first("error"),
          first("error_description"), first("error_uri"),  number(first("expires_in"))};
}

std::string text_of(const boost::json::object& object, const char* key) {
  const boost::json::value* value = object.if_contains(key);
  return value != nullptr && value->is_string() ? std::string(value->as_string()) : "";
}

/// expires_in is a number, or a number in quotes.
std::int64_t seconds_of(const boost::json::object& object) {
  const boost::json::value* value = object.if_contains("expires_in");
  if (value == nullptr) return 0;
  if (value->is_int64()) return value->as_int64();
  if (value->is_uint64()) return std::numeric_limits<std::int64_t>::max();
  if (value->is_double()) {
    return value->as_double() < 1e9 ? static_cast<std::int64_t>(value->as_double())
                                    : std::numeric_limits<std::int32_t>::max();
  }
  return value->is_string() ? number(std::string_view(value->as_string())) : 0;
}

Result<Answer> read_json(std::string_view body) {
  boost::json::error_code bad;
  boost::json::parse_options options;
  options.max_depth = kMaxJsonDepth;
  const boost::json::value value = boost::json::parse(body, bad, {}, options);
  if (bad) return fail(Errc::kInvalid, "{}", bad.message());
  const boost::json::object* object = value.if_object();
  if (object == nullptr) return fail(Errc::kInvalid, "not an object");
  return Answer{text_of(*object, "access_token"),      text_of(*object, "token_type"), text_of(*object, "error"),
                text_of(*object, "error_description"), text_of(*object, "error_uri"),  seconds_of(*object)};
}

bool is_form(std::string_view content_type) {
  const std::string type = to_lower(trim(content_type.substr(0, content_type.find(';'))));
  return type == "application/x-www-form-urlencoded" || type == "text/plain";
}

Error refusal(const net::HttpResponse& response, const Answer& answer) {
  if (!answer.error.empty()) {
    std::string text = "oauth2: " + go_quote(answer.error);
    for (const std::string& more : {answer.error_description, answer.error_uri}) {
      if (!more.empty()) text += " " + go_quote(more);
    }
    return {Errc::kUnavailable, std::move(text)};
  }
  const std::string_view reason = net::reason_phrase(response.status);
  return {Errc::kUnavailable,
          fmt::format("oauth2: cannot fetch token: {}{}{}\nResponse: {}", response.status, reason.empty() ? "" : " ",
                      reason, response.body.view().substr(0, kMaxShownBytes))};
}

/// Source: golang.org/x/oauth2 Token.Type.
std::string type_name(const std::string& type) {
  if (type.empty() || equal_ignoring_case(type, "bearer")) return "Bearer";
  if (equal_ignoring_case(type, "mac")) return "MAC";
  return equal_ignoring_case(type, "basic") ? "Basic" : type;
}

}  // namespace

Result<net::HttpRequest> credentials_request(const config::OAuth2Config& config, const std::string& secret,
                                             ClientAuth auth) {
  Form form{{"grant_type", "client_credentials"}};
  add_scope(config, form);
  if (auth == ClientAuth::kForm) {
    form["client_id"] = config.client_id;
    if (!secret.empty()) form["client_secret"] = secret;
  }
  TOCSIN_TRY(net::HttpRequest request, form_request(config, std::move(form)));
  if (auth == ClientAuth::kHeader) {
    request.headers.set("Authorization",
                        net::basic_authorization(query_escape(config.client_id), query_escape(secret)));
  }
  return request;
}

Result<net::HttpRequest> assertion_request(const config::OAuth2Config& config, const std::string& assertion) {
  Form form{{"grant_type", std::string(kJwtBearerGrant)}, {"assertion", assertion}};
  add_scope(config, form);
  return form_request(config, std::move(form));
}

Result<Token> read_token(const net::HttpResponse& response) {
  const bool refused = response.status < 200 || response.status > 299;
  Answer answer;
  if (is_form(response.headers.get("Content-Type"))) {
    answer = read_form(response.body.view());
  } else {
    auto read = read_json(response.body.view());
    if (!read && !refused) return fail(Errc::kInvalid, "oauth2: cannot parse json: {}", read.error().message);
    if (read) answer = std::move(*read);
  }
  if (refused || !answer.error.empty()) return fail(refusal(response, answer));
  if (answer.access_token.empty()) return fail(Errc::kInvalid, "oauth2: server response missing access_token");
  Token token{type_name(answer.token_type) + " " + answer.access_token, std::nullopt};
  if (!net::is_field_value(token.authorization)) return fail(Errc::kInvalid, "oauth2: the token cannot be sent");
  if (answer.expires_in != 0) {
    const auto most = static_cast<std::int64_t>(std::numeric_limits<std::int32_t>::max());
    token.lifetime = std::chrono::seconds(std::clamp<std::int64_t>(answer.expires_in, 0, most));
  }
  return token;
}

}  // namespace tocsin::client
