#pragma once
// HTTP/1.1 messages from bytes, in any pieces. Beast's parser does the grammar (RFC 9112); here are the limits, and
// what it lets pass that must not pass: both Content-Length and Transfer-Encoding, codings other than chunked, HTTP/1.1
// without one Host (RFC 9112 sections 3.2, 6.1, 6.3). Trailers are read and dropped.

#include <cstdint>
#include <memory>
#include <string>

#include "net/http.hpp"
#include "net/read_buffer.hpp"

namespace tocsin::net {

struct ParseLimits {
  std::size_t header_bytes = 64U << 10U;  // start line and fields; also a chunk's header and the trailers
  std::uint64_t body_bytes = 32U << 20U;
};

enum class ParseStatus { kNeedMore, kDone, kBad, kHeaderLimit, kBodyLimit };

/// One request. Thread: one.
class RequestParser {
 public:
  explicit RequestParser(const ParseLimits& limits);
  ~RequestParser();
  RequestParser(const RequestParser&) = delete;
  RequestParser& operator=(const RequestParser&) = delete;

  /// Consumes what it understands; bytes after the message stay. Not to be called again but after kNeedMore.
  ParseStatus put(ReadBuffer& in);
  /// A byte of the message was seen.
  bool got_some() const;
  bool got_header() const;
  /// HTTP/1.1 with "Expect: 100-continue" and a body of which no byte has come. Valid after the header.
  bool wants_continue() const;
  /// There is an Expect that we do not know (RFC 9110 section 10.1.1: 417). Valid after the header.
  bool unknown_expectation() const;
  /// Valid after the header.
  bool keep_alive() const;
  /// 10 or 11. Valid after the header.
  int version() const;
  /// What is wrong after kBad, in words.
  const std::string& error() const;
  /// The request after kDone; an absolute target is cut to its path.
  HttpRequest take();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

/// One response (1xx too). Thread: one.
class ResponseParser {
 public:
  /// `to_head`: it answers a HEAD and has no body whatever the fields say.
  ResponseParser(const ParseLimits& limits, bool to_head);
  ~ResponseParser();
  ResponseParser(const ResponseParser&) = delete;
  ResponseParser& operator=(const ResponseParser&) = delete;

  ParseStatus put(ReadBuffer& in);
  /// The peer has closed: the end of a body without length, or kBad in the middle of a message.
  ParseStatus put_end();
  bool got_some() const;
  bool got_header() const;
  /// Valid after the header.
  int status() const;
  /// Bytes of the body that have come and were not taken.
  std::size_t body_bytes() const;
  /// What has come of the body; the rest goes on from there.
  std::string take_body();
  /// The connection can be used again after this message.
  bool keep_alive() const;
  const std::string& error() const;
  HttpResponse take();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tocsin::net
