#pragma once
// The server's side of one connection.

#include <memory>
#include <optional>
#include <set>
#include <string>

#include <boost/asio/ip/tcp.hpp>

#include "net/content_coding.hpp"
#include "net/http_parser.hpp"
#include "net/http_stream.hpp"
#include "net/runtime.hpp"
#include "net/server_connection.hpp"
#include "net/slots.hpp"
#include "net/watchdog.hpp"

namespace tocsin::net {

class HttpSession;

/// What the connections of one server share. Owned by the server and by each session, so that a session may end after
/// it. Thread: the loop's.
struct HttpServerCore {
  HttpServerCore(TaskLoop& l, HttpServerOptions o, HttpHandler h)
      : loop(l), options(std::move(o)), handler(std::move(h)) {}
  TaskLoop& loop;
  const HttpServerOptions options;
  const HttpHandler handler;
  HttpServerStats stats;
  std::set<HttpSession*> sessions;
  std::size_t leaving = 0;          // sessions that were evicted and whose tasks have not ended yet
  bool draining = false;            // no request after the present ones
  bool closed = false;              // the server is gone: the handler must not be called any more
  std::size_t body_bytes = 0;       // of all requests that are being received or handled
  Slots handshakes{4};              // steps of TLS handshakes that are on the lane at once
  std::function<void()> when_idle;  // called when the last session of a draining server has ended

  /// Closes the session that has waited longest without a whole request, if any may go.
  bool evict_one();
  /// The Date field's value, made once a second.
  const std::string& date();

 private:
  Timestamp date_second_ = -1;
  std::string date_;
};

/// Reads requests, answers them in order, until one side has enough. Lives as long as its task.
///
/// One watchdog guards each wait: for the TLS handshake, for a request (from the connection or the last answer to its
/// last byte), for the handler, for the answer to be taken. When a handler is too slow, the watchdog's task answers in
/// its place and the connection ends; the handler's result, when it comes, is dropped.
///
/// While a handler works, the session looks whether the client is still there and tells the request's ClientPresence.
///
/// A streamed answer is written by a task of its own, while the session reads on to see the client go. Whichever ends
/// first ends the other: the session by making write() say false, the stream by canceling the read.
class HttpSession {
 public:
  HttpSession(std::shared_ptr<HttpServerCore> core, boost::asio::ip::tcp::socket socket, std::string peer);
  ~HttpSession();
  HttpSession(const HttpSession&) = delete;
  HttpSession& operator=(const HttpSession&) = delete;

  static Task<void> run(std::shared_ptr<HttpSession> self);
  /// Ends a session that waits for a request; one that has a request ends after its answer.
  void drain();
  /// Ends it now.
  void abort();
  /// Ends it, to make room for another.
  void evict();
  /// Since when it has waited for a request of which the header is not there yet; nothing if it is at work.
  std::optional<MonoTime> waits_since() const;

 private:
  enum class State { kHandshake, kIdle, kReading, kHandling, kStreaming, kClosing };
  enum class Read { kRequest, kClosed, kBad, kExpectation, kHeaderLimit, kBodyLimit, kBusy, kTimeout };

  /// False if the connection did not get as far as to speak HTTP.
  Task<bool> start_tls();
  /// True if the connection is good for another request.
  Task<bool> serve_one();
  Task<Read> read_request();
  /// Counts bytes of a body; false if all requests together would hold too many.
  bool charge(std::size_t bytes);
  void discharge();
  Task<HttpResponse> call_handler(HttpRequest request);
  /// Looks now and then whether the client still waits for the handler; reading instead would take a pipelined request.
  void watch_presence();
  void end_presence();
  Task<bool> write(HttpResponse response, bool head_only, bool keep_alive);
  /// The fields up to the empty line. `framing` says how long the body is.
  std::string head_of(const HttpResponse& response, std::string_view framing, bool keep_alive);
  Task<bool> write_stream(HttpResponse response, bool head_only, bool keep_alive);
  /// Reads until the stream or the client ends.
  Task<void> watch_client();
  friend class HttpStream;
  Task<void> refuse(Read why);
  Task<void> refuse_with(int status, std::string_view why);
  static Task<void> answer_for_handler(std::shared_ptr<HttpSession> self);
  /// Ends our direction and reads on for a moment: a close with unread bytes would reset the connection, and the client
  /// might never see the answer.
  Task<void> linger();
  void set_deadline(Duration from_now);
  void on_deadline();

  std::shared_ptr<HttpServerCore> core_;
  std::unique_ptr<ServerConnection> connection_;
  const std::string peer_;
  std::weak_ptr<HttpSession> self_;
  ReadBuffer buffer_;
  std::unique_ptr<RequestParser> parser_;
  State state_ = State::kIdle;
  MonoTime state_since_;     // of kHandshake, kIdle and kReading: since when it waits for a whole request
  std::size_t charged_ = 0;  // this request's part of core_->body_bytes
  bool evicted_ = false;
  bool http10_ = false;     // the present request's version
  bool abandoned_ = false;  // the answer was given in the handler's place
  Watchdog watchdog_;
  std::shared_ptr<ClientPresence> presence_;  // of the request that is handled
  TimerId presence_timer_ = 0;
  std::shared_ptr<HttpStream> stream_;  // of the present answer
};

/// Compresses the body if it is worth it; large bodies on the options' work lane.
/// @param coding  not kIdentity.
Task<void> compress_answer(std::shared_ptr<HttpServerCore> core, HttpResponse* response, ContentCoding coding);

}  // namespace tocsin::net
