#include "exporters/nginx/log_format.hpp"

#include <catch2/catch.hpp>

namespace tocsin::exporters::nginx {
namespace {

std::string number(const std::optional<double>& value) {
  return value ? fmt::format("{:.6g}", *value) : "-";
}

/// "status method host duration upstream response request", or "bad".
std::string read(std::string_view format, std::string_view line) {
  auto parsed = LogFormat::parse(format);
  if (!parsed) return parsed.error().message;
  LogEntry entry;
  if (!parsed->read(line, entry)) return "bad";
  return fmt::format("{} '{}' '{}' {} {} {} {}", entry.status, entry.method, entry.host, number(entry.duration),
                     number(entry.upstream), number(entry.response_bytes), number(entry.request_bytes));
}

}  // namespace

TEST_CASE("lines of nginx' own format are read", "[nginx]") {
  CHECK(
      read("combined", "10.0.0.7 - - [30/Nov/2026:12:00:00 +0000] \"GET /a?b=c HTTP/1.1\" 200 612 \"-\" \"curl/8\"") ==
      "200 'GET' '' - - 612 -");
  CHECK(read("combined", "::1 - ann [30/Nov/2026:12:00:00 +0000] \"\\x16\\x03\\x01\" 400 157 \"-\" \"-\"") ==
        "400 '\\x16\\x03\\x01' '' - - 157 -");
  CHECK(read("combined", "::1 - - [30/Nov/2026:12:00:00 +0000] \"\" 400 0 \"-\" \"-\"") == "400 '' '' - - 0 -");
  CHECK(read("combined", "::1 - - [30/Nov/2026:12:00:00 +0000] \"GET / HTTP/1.1\" 2x0 0 \"-\" \"-\"") == "bad");
  CHECK(read("combined", "::1 - - [30/Nov/2026:12:00:00 +0000] \"GET / HTTP/1.1\" 200") == "bad");
  CHECK(read("combined", "") == "bad");
}

TEST_CASE("formats are written as in nginx.conf", "[nginx]") {
  constexpr std::string_view kDirective =
      "log_format main escape=default '$host $request_method $status '\n"
      "                '$bytes_sent $request_length \"$http_referer\" ' \"$request_time $upstream_response_time\";";
  CHECK(read(kDirective, "a.example POST 502 1500 300 \"http://x/\\\"y\" 0.250 0.100, 0.050 : 0.025") ==
        "502 'POST' 'a.example' 0.25 0.175 1500 300");
  CHECK(read(kDirective, "a.example POST 502 1500 300 \"-\" 0.250 -") == "502 'POST' 'a.example' 0.25 - 1500 300");
  CHECK(read("up=${upstream_response_time} st=${status} t=$request_time", "up=0.100, - : 0.003 st=200 t=0.2") ==
        "200 '' '' 0.2 0.103 - -");
  CHECK(read("$status|$server_name|$http_host", "404|shop|client:80") == "404 '' 'shop' - - - -");
  CHECK(read("$http_host|$host|$status", "client:80|shop|404") == "404 '' 'shop' - - - -");
  CHECK(read("$body_bytes_sent $bytes_sent $status", "5 9 304") == "304 '' '' - - 9 -");
  CHECK(read(R"(log_format tabs '$status\t$host\\$bytes_sent';)", "200\tshop\\9") == "200 '' 'shop' - - 9 -");
}

TEST_CASE("a format that cannot be read back is refused", "[nginx]") {
  CHECK(read("$remote_addr", "") == "the format has no $status");
  CHECK(read("$status$host", "") == "nothing stands between $host and the variable before it in the format");
  CHECK(read("${status", "") == "the closing bracket of a variable is missing in the format");
  CHECK(read("", "") == "the format has no $status");
}

TEST_CASE("lines of JSON have variables' names as keys", "[nginx]") {
  CHECK(read("json", R"({"time":"x","status":"200","request":"GET / HTTP/2.0","host":"a.example",)"
                     R"("request_time":0.012,"upstream_response_time":"0.010, 0.001","bytes_sent":"77"})") ==
        "200 'GET' 'a.example' 0.012 0.011 77 -");
  CHECK(read("json", R"({"status":503,"request_method":"PUT","extra":{"deep":[1,2]},"host":null})") ==
        "503 'PUT' '' - - - -");
  CHECK(read("json", R"({"status":"200")") == "bad");
  CHECK(read("json", R"([1])") == "bad");
  CHECK(read("json", R"({"host":"x"})") == "bad");
  CHECK(read("json", std::string(1000, '[')) == "bad");
  // The same by a format of its own.
  CHECK(read(R"(log_format j escape=json '{"st":"$status","ua":"$http_user_agent","h":"$host"}';)",
             R"({"st":"200","ua":"a \"quoted\" one","h":"b.example"})") == "200 '' 'b.example' - - - -");
}

TEST_CASE("the header of syslog is taken off", "[nginx]") {
  CHECK(syslog_text("<190>Nov 30 12:00:00 web1 nginx: a: b") == "a: b");
  CHECK(syslog_text("<190>Nov 30 12:00:00 nginx: text") == "text");
  CHECK(syslog_text("plain text: x") == "plain text: x");
  CHECK(syslog_text("<190>") == "<190>");
  CHECK(syslog_text("<999999>Nov 30 12:00:00 web1 nginx: x") == "<999999>Nov 30 12:00:00 web1 nginx: x");
  CHECK(syslog_text("") == "");
}

}  // namespace tocsin::exporters::nginx
