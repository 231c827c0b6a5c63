#pragma once
// HTTP messages and the two seams, without a word of Beast.

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.hpp"
#include "base/secret.hpp"
#include "net/task.hpp"

namespace tocsin::net {

/// Header fields in order; names compare without case.
class Headers {
 public:
  Headers() = default;
  Headers(std::initializer_list<std::pair<std::string, std::string>> fields) : fields_(fields) {}
  /// The first value, or "".
  std::string_view get(std::string_view name) const;
  bool has(std::string_view name) const;
  void set(std::string_view name, std::string_view value);  // replaces
  void add(std::string_view name, std::string_view value);
  void remove(std::string_view name);
  const std::vector<std::pair<std::string, std::string>>& fields() const { return fields_; }

 private:
  std::vector<std::pair<std::string, std::string>> fields_;
};

/// Body bytes: owned, or shared and immutable (a page that is rendered once and served often).
class Body {
 public:
  Body() = default;
  Body(std::string text) : own_(std::move(text)) {}                                // NOLINT: a text is a body
  Body(const char* text) : own_(text) {}                                           // NOLINT
  Body(std::shared_ptr<const std::string> shared) : shared_(std::move(shared)) {}  // NOLINT
  std::string_view view() const { return shared_ ? std::string_view(*shared_) : std::string_view(own_); }
  std::size_t size() const { return view().size(); }

 private:
  std::string own_;
  std::shared_ptr<const std::string> shared_;
};

/// Server: whether the client of a request still waits for its answer. Shared by the connection, which looks a few
/// times a second while the handler works, and by the handler. Thread: the loop's; readers of the flag any.
class ClientPresence {
 public:
  /// True once nobody waits: the client has closed its side, or the server has answered in the handler's place or
  /// closes.
  const std::shared_ptr<std::atomic<bool>>& gone() const { return gone_; }
  /// Called once, when it goes, or now if it has. Replaces an earlier one; nullptr takes it away. It must not resume
  /// the handler inside the call: post().
  void when_gone(std::function<void()> then);
  void leave();

 private:
  std::shared_ptr<std::atomic<bool>> gone_ = std::make_shared<std::atomic<bool>>(false);
  std::function<void()> then_;
};

/// Client: `target` is an absolute URL. Server: the path with the query as received.
struct HttpRequest {
  HttpRequest() = default;
  HttpRequest(std::string m, std::string t) : method(std::move(m)), target(std::move(t)) {}
  std::string method = "GET";
  std::string target;
  Headers headers;
  std::string body;
  std::string peer;                        // server: "address:port" of the client
  std::shared_ptr<ClientPresence> client;  // server: set for a handler; nullptr elsewhere

  /// Server: path without the query, percent-decoded; as received if an escape is broken.
  std::string path() const;
  /// Server: pairs of the body, if it is a form, and behind them those of the query, as Go has them; decoded. Pairs
  /// with a broken escape are left out.
  std::vector<std::pair<std::string, std::string>> params() const;
  /// The first value, or "".
  std::string param(std::string_view name) const;
  std::vector<std::string> all_params(std::string_view name) const;
};

/// Server: the way of a body that is written bit by bit. Thread: the loop's.
class BodyWriter {
 public:
  virtual ~BodyWriter() = default;
  /// Sends the piece now. False if nobody reads any more.
  virtual Task<bool> write(std::string piece) = 0;
};

struct HttpResponse {
  HttpResponse() = default;
  HttpResponse(int s, Body b) : status(s), body(std::move(b)) {}
  HttpResponse(int s, std::string_view content_type, Body b) : status(s), body(std::move(b)) {
    headers.set("Content-Type", content_type);
  }
  int status = 200;
  Headers headers;
  Body body;
  /// Server: if set, the body is what this writes, in chunks, until it returns; `body` is not looked at, and neither
  /// compression nor handler_timeout applies. It must watch for the end itself: write() says false when the client
  /// has gone or the server closes.
  std::function<Task<void>(std::shared_ptr<BodyWriter>)> stream;
};

/// How to talk TLS. Immutable once given out; connections and contexts are kept per object, so share one.
struct TlsOptions {
  std::string ca_pem;    // certificates to trust; "": the system's
  std::string cert_pem;  // our certificate chain, if the server wants one
  Secret key_pem;
  std::string server_name;                    // to ask for and verify; "": the host of the URL
  int min_version = 0x0303, max_version = 0;  // 0x0301 (TLS 1.0) ... 0x0304 (TLS 1.3); 0: the highest there is
  bool insecure_skip_verify = false;
};

class ProxyRules;  // which proxy a URL goes through: net/proxy.hpp

struct SendOptions {
  Duration timeout = std::chrono::seconds(10);  // whole exchange: connect to last byte
  std::size_t max_body_bytes = 64U << 20U;      // after decompression; kLimit beyond
  bool accept_gzip = true;
  bool follow_redirects = true;             // at most 10; credentials are not sent to another host
  std::shared_ptr<const TlsOptions> tls;    // nullptr: verify by the system's certificates
  std::shared_ptr<const ProxyRules> proxy;  // nullptr: none; asked for each hop
  std::string unix_socket;                  // connect to this path instead of the URL's host and port; no proxy then
  /// Names of fields that are secret, besides Authorization, Cookie and the like: not for another host either.
  std::shared_ptr<const std::vector<std::string>> secret_fields;
};

/// Thread: the loop's. Keeps idle connections per host. Errors: kTimeout, kIo, kLimit, kInvalid (bad URL or answer),
/// with Go-like texts ("dial tcp 127.0.0.1:1: connect: connection refused", "context deadline exceeded").
class HttpClient {
 public:
  virtual ~HttpClient() = default;
  virtual Task<Result<HttpResponse>> send(HttpRequest request, SendOptions options) = 0;
  /// Takes a piece of a body; false ends the exchange. Thread: the loop's.
  using Sink = std::function<bool(std::string_view)>;
  /// As send(), but a body of status 200 goes to the sink as it comes, until it ends or `options.timeout` is over
  /// (kTimeout); `max_body_bytes` does not hold. Asks for no compression. The answer has no body. Other statuses come
  /// as by send(). The default gives the whole body at once.
  virtual Task<Result<HttpResponse>> stream(HttpRequest request, SendOptions options, Sink sink);
};

using HttpHandler = std::function<Task<HttpResponse>(HttpRequest)>;

class TlsServerContext;  // tls_server.hpp

struct HttpServerOptions {
  std::string listen_address;         // "host:port", ":port"; port 0 picks a free one; "": only what listen() adds
  std::size_t max_connections = 512;  // on all addresses together
  std::size_t max_header_bytes = 64U << 10U;
  std::size_t max_body_bytes = 32U << 20U;
  Duration handshake_timeout = std::chrono::seconds(10);  // of TLS
  Duration read_timeout = std::chrono::minutes(5);  // from connection or last answer to a whole request, as Prometheus
  Duration write_timeout = std::chrono::minutes(1);
  Duration handler_timeout = std::chrono::minutes(10);
  bool gzip = true;          // compress answers over 1 KiB when the client accepts it
  WorkPool* work = nullptr;  // compresses large answers and shakes hands there (query lane); nullptr: on the loop
  /// If set: asked for each new connection, which then must talk TLS by what it says; nullptr closes the connection.
  std::function<Task<std::shared_ptr<const TlsServerContext>>()> tls;
};

struct HttpServerStats {
  std::uint64_t connections_accepted = 0, connections_refused = 0, requests = 0, bad_requests = 0;
  std::uint64_t handler_failures = 0;     // exceptions (500)
  std::uint64_t timeouts = 0;             // any wait: for a request, a handler (503), a slow reader
  std::uint64_t connections_evicted = 0;  // that waited without a whole request and gave way to a new one
  std::uint64_t tls_handshake_failures = 0;
  std::size_t connections_open = 0;
};

/// Made by make_http_server() (runtime.hpp). Speaks HTTP/1.1 and 1.0; pipelined requests are answered in order. Answers
/// of its own, in plain text: 400, 408, 413, 417, 431, 500 (the handler threw), 503 (handler too slow; too many
/// connections). Date, Content-Length, Connection and, when it compresses, Content-Encoding and Vary are the server's;
/// the rest is the handler's. A shared body is written from where it is. When the server goes, connections close, and
/// the handler is not called any more; calls under way go on and their answers are dropped. Thread: the loop's.
///
/// At max_connections a new one takes the place of the one that has waited longest without a whole request: silent,
/// kept alive, in its TLS handshake, or with half a header. Only when all are at work (or send a body) is it refused.
class HttpServer {
 public:
  virtual ~HttpServer() = default;
  /// The port it listens on: of the first address.
  virtual std::uint16_t port() const = 0;
  /// Binds and listens on one more address; its port. kIo as make_http_server().
  virtual Result<std::uint16_t> listen(const std::string& address) = 0;
  /// Accepts from a socket that listens already (systemd's socket activation) and owns it from now on.
  virtual Result<void> listen_on(int socket) = 0;
  virtual HttpServerStats stats() const = 0;
  /// Stops accepting, closes idle connections, lets answers under way finish until the limit, then closes all.
  virtual Task<void> drain(Duration limit) = 0;
};

/// Routes by method and path: "/api/v1/label/{name}/values" captures one element, a path that ends in "/*" the rest.
/// A literal element wins over a capture, a capture over the rest, whatever the order of add().
class HttpRouter {
 public:
  using Captures = std::vector<std::string>;  // percent-decoded
  using Handler = std::function<Task<HttpResponse>(HttpRequest, Captures)>;
  /// `methods`: "GET", "GET,POST". HEAD is served wherever GET is.
  void add(std::string_view methods, std::string_view pattern, Handler handler);
  /// 404 for no path, 405 with Allow for no method, 400 for a path with a broken escape. Plain text.
  Task<HttpResponse> handle(HttpRequest request) const;

 private:
  struct Route {
    std::vector<std::string> methods;
    std::vector<std::string> elements;
    Handler handler;
    bool serves(std::string_view method) const;
  };
  /// The best routes for the path, by the element where they first differ; all have equal patterns.
  std::vector<const Route*> match(const std::vector<std::string_view>& path) const;
  std::vector<Route> routes_;
};

}  // namespace tocsin::net
