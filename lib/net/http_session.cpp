#include "net/http_session.hpp"

#include <algorithm>

#include "base/fault_point.hpp"
#include "base/log.hpp"
#include "net/http_text.hpp"
#include "net/tcp_connection.hpp"
#include "net/tls_server_connection.hpp"

namespace tocsin::net {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kHeaderRead = 4U << 10U;  // what an idle connection keeps
constexpr std::size_t kBodyRead = 64U << 10U;
constexpr Duration kLinger = 2s;
constexpr Duration kPresenceLook = 100ms;
constexpr std::size_t kFullBodies = 8;  // so many of the largest size may be in memory at once
constexpr Duration kBodyGrace = 10s;    // so long a body may take before its connection may have to give way
constexpr std::string_view kNotTls =
    "HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n";  // as Go's net/http
constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
constexpr std::string_view kLastChunk = "0\r\n\r\n";
constexpr std::string_view kPlainText = "text/plain; charset=utf-8";

bool may_have_body(int status) {
  return status >= 200 && status != 204 && status != 304;
}

}  // namespace

const std::string& HttpServerCore::date() {
  const Timestamp now = loop.clock().now();
  if (now / 1000 != date_second_) {
    date_second_ = now / 1000;
    date_ = http_date(now);
  }
  return date_;
}

bool HttpServerCore::evict_one() {
  HttpSession* longest = nullptr;
  for (HttpSession* session : sessions) {
    if (!session->waits_since()) continue;
    if (longest == nullptr || *session->waits_since() < *longest->waits_since()) longest = session;
  }
  if (longest == nullptr) return false;
  ++stats.connections_evicted;
  longest->evict();
  return true;
}

HttpSession::HttpSession(std::shared_ptr<HttpServerCore> core, boost::asio::ip::tcp::socket socket, std::string peer)
    : core_(std::move(core)),
      connection_(std::make_unique<TcpConnection>(std::move(socket))),
      peer_(std::move(peer)),
      state_since_(core_->loop.clock().mono()),
      watchdog_(core_->loop, [this] { on_deadline(); }) {
  core_->sessions.insert(this);
}

HttpSession::~HttpSession() {
  end_presence();
  discharge();
  core_->sessions.erase(this);
  if (evicted_) --core_->leaving;
  // Posted: this may be the end of the loop, when nothing may be resumed.
  if (core_->sessions.empty() && core_->when_idle) core_->loop.post(std::exchange(core_->when_idle, nullptr));
}

Task<void> HttpSession::run(std::shared_ptr<HttpSession> self) {
  self->self_ = self;
  const bool speaks = !self->core_->options.tls || co_await self->start_tls();
  while (speaks && !self->core_->draining && co_await self->serve_one()) {
  }
  if (self->abandoned_) co_return;  // the connection is answer_for_handler()'s
  if (self->connection_->is_open()) co_await self->linger();
  self->connection_->abort();
}

void HttpSession::drain() {
  if (state_ == State::kHandshake || state_ == State::kIdle || state_ == State::kStreaming) abort();
}

std::optional<MonoTime> HttpSession::waits_since() const {
  if (evicted_) return std::nullopt;
  if (state_ == State::kHandshake || state_ == State::kIdle) return state_since_;
  if (state_ != State::kReading) return std::nullopt;
  if (!parser_->got_header()) return state_since_;
  const MonoTime no_longer_young = state_since_ + kBodyGrace;
  return no_longer_young <= core_->loop.clock().mono() ? std::optional(no_longer_young) : std::nullopt;
}

void HttpSession::evict() {
  evicted_ = true;
  ++core_->leaving;
  abort();
}

void HttpSession::abort() {
  if (presence_) presence_->leave();
  if (stream_) stream_->end();
  connection_->abort();
}

void HttpSession::set_deadline(Duration from_now) {
  watchdog_.set(core_->loop.clock().mono() + from_now);
}

void HttpSession::on_deadline() {
  ++core_->stats.timeouts;
  if (state_ == State::kReading) return connection_->cancel();  // the reader answers 408
  if (state_ != State::kHandling) return abort();
  abandoned_ = true;
  if (presence_) presence_->leave();
  core_->loop.spawn("http_handler_timeout", answer_for_handler(self_.lock()));
}

Task<bool> HttpSession::start_tls() {
  state_ = State::kHandshake;
  set_deadline(core_->options.handshake_timeout);
  auto context = co_await core_->options.tls();
  if (context == nullptr || core_->closed || !connection_->is_open()) co_return false;
  auto tls =
      std::make_unique<TlsServerConnection>(static_cast<TcpConnection&>(*connection_).release(), std::move(context));
  TlsServerConnection& shaking = *tls;
  connection_ = std::move(tls);
  WorkPool* work = core_->options.work;
  Executor* lane = work != nullptr ? &work->lane(Lane::kQuery) : nullptr;
  const auto outcome = co_await shaking.handshake(core_->loop, lane, core_->handshakes);
  if (core_->closed) co_return false;
  if (outcome == TlsServerConnection::Handshake::kDone) co_return true;
  if (watchdog_.expired() || evicted_) co_return false;
  ++core_->stats.tls_handshake_failures;
  log::debug("http", "TLS handshake error", {{"peer", peer_}, {"err", shaking.error()}});
  // The socket goes on without TLS, to linger: a reset could overtake the alert, or our answer.
  connection_ = std::make_unique<TcpConnection>(shaking.release());
  state_ = State::kClosing;
  if (outcome == TlsServerConnection::Handshake::kPlainHttp) {
    set_deadline(core_->options.write_timeout);
    co_await connection_->write(kNotTls, {});
  }
  co_return false;
}

bool HttpSession::charge(std::size_t bytes) {
  const std::size_t limit = kFullBodies * core_->options.max_body_bytes;
  if (core_->body_bytes + bytes > limit) return false;
  core_->body_bytes += bytes;
  charged_ += bytes;
  return true;
}

void HttpSession::discharge() {
  core_->body_bytes -= std::exchange(charged_, 0);
}

Task<bool> HttpSession::serve_one() {
  discharge();  // the last request's
  parser_ =
      std::make_unique<RequestParser>(ParseLimits{core_->options.max_header_bytes, core_->options.max_body_bytes});
  state_ = buffer_.empty() ? State::kIdle : State::kReading;
  state_since_ = core_->loop.clock().mono();
  set_deadline(core_->options.read_timeout);
  const Read read = co_await read_request();
  if (core_->closed) co_return false;
  if (read != Read::kRequest) {
    co_await refuse(read);
    co_return false;
  }
  ++core_->stats.requests;
  const bool keep_alive = parser_->keep_alive();
  http10_ = parser_->version() < 11;
  HttpRequest request = parser_->take();
  parser_.reset();
  buffer_.shrink(kBodyRead);
  request.peer = peer_;
  const bool head_only = request.method == "HEAD";
  const ContentCoding coding =
      head_only ? ContentCoding::kIdentity : choose_coding(request.headers.get("Accept-Encoding"));

  state_ = State::kHandling;
  set_deadline(core_->options.handler_timeout);
  presence_ = request.client = std::make_shared<ClientPresence>();
  watch_presence();
  HttpResponse response = co_await call_handler(std::move(request));
  end_presence();
  if (coding != ContentCoding::kIdentity && !response.stream) co_await compress_answer(core_, &response, coding);
  if (abandoned_) co_return false;
  state_ = State::kClosing;
  if (response.stream) {
    const bool chunked = !http10_;
    co_return co_await write_stream(std::move(response), head_only, keep_alive && chunked && !core_->draining);
  }
  co_return co_await write(std::move(response), head_only, keep_alive && !core_->draining);
}

Task<HttpSession::Read> HttpSession::read_request() {
  bool continue_sent = false;
  for (;;) {
    switch (parser_->put(buffer_)) {
      case ParseStatus::kDone:
        co_return Read::kRequest;
      case ParseStatus::kBad:
        co_return Read::kBad;
      case ParseStatus::kHeaderLimit:
        co_return Read::kHeaderLimit;
      case ParseStatus::kBodyLimit:
        co_return Read::kBodyLimit;
      case ParseStatus::kNeedMore:
        break;
    }
    if (parser_->got_header() && parser_->unknown_expectation()) co_return Read::kExpectation;
    if (parser_->got_header() && !continue_sent && parser_->wants_continue()) {
      continue_sent = true;
      if (!co_await connection_->write(kContinue, {})) co_return Read::kClosed;
    }
    const std::size_t room = parser_->got_header() ? kBodyRead : kHeaderRead;
    const auto got = co_await connection_->read_some(buffer_.prepare(room), room);
    if (watchdog_.expired()) co_return Read::kTimeout;
    if (!got || *got == 0) co_return Read::kClosed;
    buffer_.commit(*got);
    state_ = State::kReading;
    if (parser_->got_header() && !charge(*got)) co_return Read::kBusy;
  }
}

Task<HttpResponse> HttpSession::call_handler(HttpRequest request) {
  const std::string what = request.method + " " + request.target.substr(0, request.target.find('?'));
  try {
    co_return co_await core_->handler(std::move(request));
  } catch (...) {
    ++core_->stats.handler_failures;
    log::error("http", "a handler failed",
               {{"request", what}, {"err", detail::exception_text(std::current_exception())}});
  }
  co_return HttpResponse(500, kPlainText, "500 internal server error\n");
}

void HttpSession::watch_presence() {
  presence_timer_ = core_->loop.call_after(kPresenceLook, [this] {
    if (connection_->peer_has_left()) return presence_->leave();
    watch_presence();
  });
}

void HttpSession::end_presence() {
  core_->loop.cancel(presence_timer_);
  if (const auto presence = std::exchange(presence_, nullptr)) presence->when_gone(nullptr);
}

Task<void> HttpSession::answer_for_handler(std::shared_ptr<HttpSession> self) {
  log::warn("http", "a handler is too slow", {{"peer", self->peer_}});
  self->state_ = State::kClosing;
  co_await self->refuse_with(503, "the request took too long");
  co_await self->linger();
  self->connection_->abort();
}

Task<void> HttpSession::refuse(Read why) {
  if (why != Read::kClosed && why != Read::kTimeout && why != Read::kBusy) ++core_->stats.bad_requests;
  state_ = State::kClosing;
  switch (why) {
    case Read::kRequest:
      break;
    case Read::kClosed:
      connection_->abort();
      break;
    case Read::kBusy:
      co_await refuse_with(503, "too many bytes of other requests are held");
      break;
    case Read::kTimeout:
      co_await refuse_with(408, "the request did not come in time");
      break;
    case Read::kBad:
      co_await refuse_with(400, parser_->error());
      break;
    case Read::kExpectation:
      co_await refuse_with(417, "unknown expectation");
      break;
    case Read::kHeaderLimit:
      co_await refuse_with(431, fmt::format("more than {} bytes of header", core_->options.max_header_bytes));
      break;
    case Read::kBodyLimit:
      co_await refuse_with(413, fmt::format("more than {} bytes of body", core_->options.max_body_bytes));
      break;
  }
}

Task<void> HttpSession::refuse_with(int status, std::string_view why) {
  HttpResponse response(status, kPlainText, fmt::format("{} {}: {}\n", status, reason_phrase(status), why));
  co_await write(std::move(response), false, false);
}

std::string HttpSession::head_of(const HttpResponse& response, std::string_view framing, bool keep_alive) {
  std::string head =
      fmt::format("HTTP/1.1 {} {}\r\nDate: {}\r\n", response.status, reason_phrase(response.status), core_->date());
  if (may_have_body(response.status)) head += framing;
  append_fields(head, response.headers);
  if (!keep_alive) head += "Connection: close\r\n";
  if (keep_alive && http10_) head += "Connection: keep-alive\r\n";
  head += "\r\n";
  return head;
}

Task<bool> HttpSession::write(HttpResponse response, bool head_only, bool keep_alive) {
  const std::string head = head_of(response, fmt::format("Content-Length: {}\r\n", response.body.size()), keep_alive);
  const bool body = !head_only && may_have_body(response.status);
  set_deadline(core_->options.write_timeout);
  const auto written = co_await connection_->write(head, body ? response.body.view() : std::string_view());
  fault_point(FaultPoint::kAnswerSent);
  co_return written.has_value() && keep_alive;
}

Task<bool> HttpSession::write_stream(HttpResponse response, bool head_only, bool keep_alive) {
  const bool chunked = !http10_;
  const std::string head = head_of(response, chunked ? "Transfer-Encoding: chunked\r\n" : "", keep_alive);
  set_deadline(core_->options.write_timeout);
  if (const auto written = co_await connection_->write(head, {}); !written) co_return false;
  if (head_only || !may_have_body(response.status)) co_return keep_alive;

  state_ = State::kStreaming;
  watchdog_.clear();
  stream_ = std::make_shared<HttpStream>(core_, self_, chunked);
  core_->loop.spawn("http_stream", HttpStream::run(stream_, std::move(response.stream)));
  co_await watch_client();
  const std::shared_ptr<HttpStream> stream = std::exchange(stream_, nullptr);
  stream->end();
  state_ = State::kClosing;
  if (!stream->is_whole()) {
    abort();  // without the last chunk: the client shall see that something is missing
    co_return false;
  }
  if (!chunked) co_return false;
  set_deadline(core_->options.write_timeout);
  const auto written = co_await connection_->write(kLastChunk, {});
  co_return written.has_value() && keep_alive && !core_->draining;
}

Task<void> HttpSession::watch_client() {
  while (stream_->is_open() && buffer_.size() < kBodyRead) {
    const auto got = co_await connection_->read_some(buffer_.prepare(kHeaderRead), kHeaderRead);
    if (!got || *got == 0) co_return;
    buffer_.commit(*got);
  }
}

Task<void> HttpSession::linger() {
  state_ = State::kClosing;
  set_deadline(kLinger);
  connection_->shutdown_send();
  for (;;) {
    buffer_.consume(buffer_.size());
    const auto got = co_await connection_->read_some(buffer_.prepare(kHeaderRead), kHeaderRead);
    if (!got || *got == 0) co_return;
  }
}

}  // namespace tocsin::net
