#include "ctl/alertmanager_api.hpp"

#include <algorithm>
#include <cstdio>

#include "base/strings.hpp"
#include "config/matcher_parser.hpp"
#include "ctl/remote.hpp"
#include "net/http_text.hpp"

namespace tocsin::ctl {

namespace json = boost::json;

Result<json::value> call_api(const ApiArgs& args, const std::string& method, const std::string& path,
                             std::optional<std::string> body) {
  return call_server(args, method, "/api/v2" + path, std::move(body));
}

Result<json::value> call_server(const ApiArgs& args, const std::string& method, const std::string& path,
                                std::optional<std::string> body) {
  net::HttpRequest request(method, join_url(args.url, path));
  if (body) {
    request.headers.set("Content-Type", "application/json");
    request.body = std::move(*body);
  }
  TOCSIN_TRY(const auto response, send_and_wait(std::move(request), args.timeout, args.http_config_file));
  const std::string_view text = trim(response.body.view());
  if (response.status / 100 != 2) {
    return fail(response.status == 404 ? Errc::kNotFound : Errc::kUnavailable, "[{} {}][{} {}] {}", method, path,
                response.status, net::reason_phrase(response.status), text.substr(0, 1000));
  }
  if (text.empty()) return json::value();
  json::error_code wrong;
  json::value value = json::parse(json::string_view(text.data(), text.size()), wrong);
  if (wrong) return fail(Errc::kInvalid, "{} does not answer in JSON: {}", args.url, wrong.message());
  return value;
}

Result<std::vector<model::Matcher>> read_matchers(const std::vector<std::string>& args) {
  std::vector<model::Matcher> out;
  for (std::size_t i = 0; i < args.size(); ++i) {
    const bool name_alone = i == 0 && args[i].find_first_of("=~!") == std::string::npos;
    const std::string text = name_alone ? "alertname=" + go_quote(args[i]) : args[i];
    TOCSIN_TRY(const auto parsed, config::parse_matchers(text));
    out.insert(out.end(), parsed.matchers.begin(), parsed.matchers.end());
  }
  return out;
}

std::string filter_query(const std::vector<model::Matcher>& matchers) {
  std::string out;
  for (const model::Matcher& matcher : matchers) {
    if (!out.empty()) out += '&';
    out += "filter=" + query_escape(config::matcher_text(matcher));
  }
  return out;
}

std::string matchers_line(const std::vector<model::Matcher>& matchers) {
  std::string out;
  for (const model::Matcher& matcher : matchers) {
    if (!out.empty()) out += ' ';
    out += config::matcher_text(matcher);
  }
  return out;
}

std::string people_time(std::string_view rfc3339) {
  std::int64_t t = 0;
  if (!parse_rfc3339(rfc3339, t)) return std::string(rfc3339);
  std::string text = format_rfc3339(t - (t % 1000 + 1000) % 1000);
  std::replace(text.begin(), text.end(), 'T', ' ');
  text.pop_back();
  return text + " UTC";
}

std::string text_of(const json::value& object, std::string_view key) {
  const json::value* value = object.is_object() ? object.as_object().if_contains(key) : nullptr;
  return value != nullptr && value->is_string() ? std::string(value->as_string()) : std::string();
}

namespace {

std::size_t width_of(std::string_view text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
}

}  // namespace

void print_table(const std::vector<std::vector<std::string>>& rows) {
  std::vector<std::size_t> widths(rows.front().size());
  for (const auto& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], width_of(row[i]));
  }
  for (const auto& row : rows) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) line += row[i] + std::string(widths[i] - width_of(row[i]) + 2, ' ');
    fmt::print("{}\n", line);
  }
}

int complain(const Error& error) {
  fmt::print(stderr, "tocsinctl: error: {}\n", error.message);
  return 1;
}

}  // namespace tocsin::ctl
