#include "net/http_exchange.hpp"

#include "base/strings.hpp"
#include "net/http_parser.hpp"
#include "net/http_text.hpp"
#include "net/net_error.hpp"
#include "net/watchdog.hpp"

namespace tocsin::net {
namespace {

constexpr std::size_t kMaxHeaderBytes = 1U << 20U;  // Go's limit for a response's header
constexpr std::size_t kReadBytes = 64U << 10U;
constexpr int kMaxInformational = 5;  // Go's

bool has_content(const HttpRequest& request) {
  return !request.body.empty() || request.method == "POST" || request.method == "PUT" || request.method == "PATCH";
}

Error parse_failure(ParseStatus status, const ResponseParser& parser, std::string_view unparsed) {
  switch (status) {
    case ParseStatus::kHeaderLimit:
      return {Errc::kLimit,
              fmt::format("net/http: server response headers exceeded {} bytes; aborted", kMaxHeaderBytes)};
    case ParseStatus::kBodyLimit:
      return {Errc::kLimit, "body size limit exceeded"};
    default:
      break;
  }
  if (!parser.got_header()) {
    const std::string_view line = unparsed.substr(0, std::min<std::size_t>(unparsed.find_first_of("\r\n"), 100));
    return {Errc::kInvalid,
            fmt::format("net/http: HTTP/1.x transport connection broken: malformed HTTP response {}", go_quote(line))};
  }
  return {Errc::kInvalid, fmt::format("net/http: HTTP/1.x transport connection broken: {}", parser.error())};
}

/// Reads until the parser is done.
Task<Result<HttpResponse>> read_answer(Connection* connection, Exchange* out, bool to_head, ParseLimits limits) {
  ReadBuffer buffer;
  for (int informational = 0; informational <= kMaxInformational;) {
    ResponseParser parser(limits, to_head);
    ParseStatus status = ParseStatus::kNeedMore;
    std::string first_bytes;
    for (;;) {
      if (!parser.got_some()) first_bytes = buffer.view().substr(0, 100);
      status = parser.put(buffer);
      if (status != ParseStatus::kNeedMore) break;
      const auto got = co_await connection->read_some(buffer.prepare(kReadBytes), kReadBytes);
      if (!got) co_return fail(got.error());
      if (*got == 0) {
        if (!out->got_some) co_return fail(Errc::kIo, "EOF");
        status = parser.put_end();
        if (status == ParseStatus::kBad) co_return fail(Errc::kIo, "unexpected EOF");
        break;
      }
      out->got_some = true;
      buffer.commit(*got);
    }
    if (status != ParseStatus::kDone) co_return fail(parse_failure(status, parser, first_bytes));
    const bool keep_alive = parser.keep_alive() && buffer.empty();
    HttpResponse response = parser.take();
    if (response.status >= 200 || response.status == 101) {
      out->reusable = keep_alive && response.status != 101;
      co_return response;
    }
    ++informational;
  }
  co_return fail(Errc::kLimit, "net/http: too many 1xx informational responses");
}

}  // namespace

Result<void> check_request(const HttpRequest& request) {
  if (!is_token(request.method)) return fail(Errc::kInvalid, "net/http: invalid method {}", go_quote(request.method));
  for (const auto& [name, value] : request.headers.fields()) {
    if (!is_token(name)) return fail(Errc::kInvalid, "net/http: invalid header field name {}", go_quote(name));
    if (!is_field_value(value)) {
      return fail(Errc::kInvalid, "net/http: invalid header field value for {}", go_quote(name));
    }
  }
  return {};
}

std::string request_head(const HttpRequest& request, const Url& url, const SendOptions& options,
                         std::string_view user_agent) {
  const Headers& headers = request.headers;
  std::string head = fmt::format("{} {} HTTP/1.1\r\n", request.method, url.target);
  append_field(head, "Host", headers.has("Host") ? headers.get("Host") : std::string_view(url.host_field));
  if (!headers.has("User-Agent")) append_field(head, "User-Agent", user_agent);
  if (has_content(request)) append_field(head, "Content-Length", std::to_string(request.body.size()));
  if (!url.authorization.empty() && !headers.has("Authorization")) {
    append_field(head, "Authorization", url.authorization);
  }
  Headers rest = headers;
  rest.remove("Host");
  append_fields(head, rest);
  if (options.accept_gzip && !headers.has("Accept-Encoding")) append_field(head, "Accept-Encoding", "gzip");
  head += "\r\n";
  return head;
}

Task<Exchange> exchange(Loop& loop, Connection* connection, std::string head, const std::string* body, bool to_head,
                        std::size_t max_body_bytes, MonoTime deadline) {
  Exchange out;
  Watchdog watchdog(loop, [connection] { connection->abort(); });
  watchdog.set(deadline);
  const std::uint64_t written_before = connection->bytes_written();
  const Result<void> written = co_await connection->write(head, *body);
  out.wrote_some = connection->bytes_written() > written_before;
  // A server may answer and close before it has read all: the answer says why.
  if (written || out.wrote_some) {
    out.response = co_await read_answer(connection, &out, to_head, ParseLimits{kMaxHeaderBytes, max_body_bytes});
  }
  if (!written) {
    out.reusable = false;
    if (!out.response) out.response = fail(written.error());
  }
  if (watchdog.expired()) {
    out.response = fail(Errc::kTimeout, "{}", kDeadlineText);
    out.reusable = false;
  }
  co_return out;
}

}  // namespace tocsin::net
