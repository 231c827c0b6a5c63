#include "exporters/nginx/stub_status.hpp"

#include <charconv>

#include "base/strings.hpp"

namespace tocsin::exporters::nginx {
namespace {

using Type = model::MetricType;

void skip_blanks(std::string_view& text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\n' || text.front() == '\r')) text.remove_prefix(1);
}

bool take_word(std::string_view& text, std::string_view word) {
  skip_blanks(text);
  if (!text.starts_with(word)) return false;
  text.remove_prefix(word.size());
  return true;
}

bool take_number(std::string_view& text, std::uint64_t& out) {
  skip_blanks(text);
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  if (error != std::errc()) return false;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return true;
}

}  // namespace

Result<StubStatus> parse_stub_status(std::string_view page) {
  std::string_view rest = page;
  StubStatus out;
  const bool good = take_word(rest, "Active connections:") && take_number(rest, out.active) &&
                    take_word(rest, "server accepts handled requests") && take_number(rest, out.accepted) &&
                    take_number(rest, out.handled) && take_number(rest, out.requests) && take_word(rest, "Reading:") &&
                    take_number(rest, out.reading) && take_word(rest, "Writing:") && take_number(rest, out.writing) &&
                    take_word(rest, "Waiting:") && take_number(rest, out.waiting);
  if (!good) return fail(Errc::kCorrupt, "not the page of stub_status: {}", go_quote(page.substr(0, 64)));
  return out;
}

void put_stub_status(expo::Page& page, const StubStatus& status) {
  const auto put = [&](std::string_view name, std::string_view help, Type type, std::uint64_t value) {
    page.family(name, help, type).put(static_cast<double>(value));
  };
  put("nginx_connections_active", "Active client connections", Type::kGauge, status.active);
  put("nginx_connections_accepted", "Accepted client connections", Type::kCounter, status.accepted);
  put("nginx_connections_handled", "Handled client connections", Type::kCounter, status.handled);
  put("nginx_connections_reading", "Connections where NGINX is reading the request header", Type::kGauge,
      status.reading);
  put("nginx_connections_writing", "Connections where NGINX is writing the response back to the client", Type::kGauge,
      status.writing);
  put("nginx_connections_waiting", "Idle client connections", Type::kGauge, status.waiting);
  put("nginx_http_requests_total", "Total http requests", Type::kCounter, status.requests);
}

}  // namespace tocsin::exporters::nginx
