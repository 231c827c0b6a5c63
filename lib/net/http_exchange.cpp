#include "net/http_exchange.hpp"

#include <algorithm>

#include "base/fault_point.hpp"
#include "base/strings.hpp"
#include "net/http_parser.hpp"
#include "net/http_text.hpp"
#include "net/net_error.hpp"
#include "net/watchdog.hpp"

namespace tocsin::net {
namespace {

constexpr std::size_t kMaxHeaderBytes = 1U << 20U;  // Go's limit for a response's header
// Most answers are short; memory for a long one is taken when it turns out to be long.
constexpr std::size_t kFirstReadBytes = 1000, kReadBytes = 64U << 10U;
constexpr std::size_t kUsualHeadBytes = 300;
constexpr int kMaxInformational = 5;  // Go's

bool has_content(const HttpRequest& request) {
  return !request.body.empty() || request.method == "POST" || request.method == "PUT" || request.method == "PATCH";
}

Error body_limit_failure() {
  return {Errc::kLimit, "body size limit exceeded"};
}

/// What Go finds wrong with a status line; "" if nothing. Source: Go net/http, ReadResponse.
std::string status_line_failure(std::string_view line) {
  const std::size_t blank = line.find(' ');
  if (blank == std::string_view::npos) return fmt::format("malformed HTTP response {}", go_quote(line));
  const std::string_view version = line.substr(0, blank);
  std::string_view code = line.substr(blank);
  code.remove_prefix(std::min(code.find_first_not_of(' '), code.size()));
  code = code.substr(0, code.find(' '));
  if (code.size() != 3 || code.find_first_not_of("0123456789") != std::string_view::npos) {
    return fmt::format("malformed HTTP status code {}", go_quote(code));
  }
  if (version != "HTTP/1.1" && version != "HTTP/1.0") {
    return fmt::format("malformed HTTP version {}", go_quote(version));
  }
  return "";
}

Error parse_failure(ParseStatus status, const ResponseParser& parser, std::string_view unparsed) {
  switch (status) {
    case ParseStatus::kHeaderLimit:
      return {Errc::kLimit,
              fmt::format("net/http: server response headers exceeded {} bytes; aborted", kMaxHeaderBytes)};
    case ParseStatus::kBodyLimit:
      return body_limit_failure();
    default:
      break;
  }
  if (!parser.got_header()) {
    const std::string_view line = unparsed.substr(0, std::min<std::size_t>(unparsed.find_first_of("\r\n"), 100));
    if (const std::string wrong = status_line_failure(line); !wrong.empty()) {
      return {Errc::kInvalid, fmt::format("net/http: HTTP/1.x transport connection broken: {}", wrong)};
    }
  }
  return {Errc::kInvalid, fmt::format("net/http: HTTP/1.x transport connection broken: {}", parser.error())};
}

/// Reads one message, 1xx or final.
class AnswerReader {
 public:
  AnswerReader(Connection* connection, ReadBuffer* buffer, Exchange* out, const ExchangeOrder* order)
      : connection_(connection),
        buffer_(buffer),
        out_(out),
        order_(order),
        parser_({kMaxHeaderBytes, order->sink != nullptr ? kUnlimited : order->max_body_bytes}, order->to_head) {}

  Task<Result<HttpResponse>> read() {
    ParseStatus status = ParseStatus::kNeedMore;
    std::string first_bytes;
    std::size_t room = kFirstReadBytes;
    for (;;) {
      if (!parser_.got_some()) first_bytes = buffer_->view().substr(0, 100);
      status = parser_.put(*buffer_);
      TOCSIN_CO_OK(hand_over(status));
      if (status != ParseStatus::kNeedMore || ended_by_sink_) break;
      const auto got = co_await connection_->read_some(buffer_->prepare(room), room);
      if (!got) co_return fail(got.error());
      if (*got == 0) {
        if (!out_->got_some) co_return fail(Errc::kIo, "EOF");
        status = parser_.put_end();
        if (status == ParseStatus::kBad) co_return fail(Errc::kIo, "unexpected EOF");
        break;
      }
      out_->got_some = true;
      buffer_->commit(*got);
      if (*got == room) room = std::min(room * 16, kReadBytes);
    }
    if (!ended_by_sink_ && status != ParseStatus::kDone) co_return fail(parse_failure(status, parser_, first_bytes));
    keep_alive_ = !ended_by_sink_ && parser_.keep_alive() && buffer_->empty();
    co_return parser_.take();
  }

  bool keep_alive() const { return keep_alive_; }

 private:
  static constexpr std::uint64_t kUnlimited = UINT64_MAX;

  /// Gives the sink what has come of the body. The limit of other bodies is kept here when there is a sink.
  Result<void> hand_over(ParseStatus status) {
    if (order_->sink == nullptr || !parser_.got_header()) return {};
    if (parser_.status() != 200) {
      if (parser_.body_bytes() > order_->max_body_bytes) return fail(body_limit_failure());
      return {};
    }
    const bool failed = status != ParseStatus::kNeedMore && status != ParseStatus::kDone;
    if (failed || parser_.body_bytes() == 0) return {};
    ended_by_sink_ = !(*order_->sink)(parser_.take_body());
    return {};
  }

  Connection* connection_;
  ReadBuffer* buffer_;
  Exchange* out_;
  const ExchangeOrder* order_;
  ResponseParser parser_;
  bool ended_by_sink_ = false;
  bool keep_alive_ = false;
};

/// Reads until the final answer is there.
Task<Result<HttpResponse>> read_answer(Connection* connection, Exchange* out, const ExchangeOrder* order) {
  ReadBuffer buffer;
  for (int informational = 0; informational <= kMaxInformational; ++informational) {
    AnswerReader reader(connection, &buffer, out, order);
    auto response = co_await reader.read();
    if (!response) co_return response;
    if (response->status < 200 && response->status != 101) continue;
    out->reusable = reader.keep_alive() && response->status != 101;
    out->at_end = buffer.empty();
    co_return response;
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

std::string request_head(const HttpRequest& request, const Url& url, bool accept_gzip, std::string_view user_agent,
                         const Url* forwarded_by) {
  const Headers& headers = request.headers;
  const std::string_view host = headers.has("Host") ? headers.get("Host") : std::string_view(url.host_field);
  std::string head;
  head.reserve(kUsualHeadBytes + url.target.size() + url.authorization.size());
  head.append(request.method) += ' ';
  if (forwarded_by != nullptr) head.append("http://").append(host);
  head.append(url.target).append(" HTTP/1.1\r\n");
  append_field(head, "Host", host);
  if (!headers.has("User-Agent")) append_field(head, "User-Agent", user_agent);
  if (has_content(request)) append_field(head, "Content-Length", std::to_string(request.body.size()));
  if (!url.authorization.empty() && !headers.has("Authorization")) {
    append_field(head, "Authorization", url.authorization);
  }
  if (forwarded_by != nullptr && !forwarded_by->authorization.empty()) {
    Headers rest = headers;
    rest.set("Proxy-Authorization", forwarded_by->authorization);
    append_fields(head, rest, "Host");
  } else {
    append_fields(head, headers, "Host");
  }
  if (accept_gzip && !headers.has("Accept-Encoding")) append_field(head, "Accept-Encoding", "gzip");
  head += "\r\n";
  return head;
}

Task<Exchange> exchange(Loop& loop, Connection* connection, const ExchangeOrder* order) {
  Exchange out;
  Watchdog watchdog(loop, [connection] { connection->abort(); });
  watchdog.set(order->deadline);
  const std::uint64_t written_before = connection->bytes_written();
  const std::string_view body = order->body != nullptr ? std::string_view(*order->body) : std::string_view();
  const Result<void> written = co_await connection->write(order->head, body);
  out.wrote_some = connection->bytes_written() > written_before;
  fault_point(FaultPoint::kRequestSent);
  // A server may answer and close before it has read all: the answer says why.
  if (written || out.wrote_some) out.response = co_await read_answer(connection, &out, order);
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
