#include "net/http_parser.hpp"

#include <algorithm>
#include <utility>

#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/error.hpp>

#include "base/strings.hpp"

namespace tocsin::net {
namespace {

namespace http = boost::beast::http;
using BeastError = boost::beast::error_code;
using BeastView = boost::beast::string_view;

std::string_view view(BeastView text) {
  return {text.data(), text.size()};
}

/// What both kinds of message have in common. `Message` is HttpRequest or HttpResponse.
template <bool isRequest, typename Message>
class Parser : public http::basic_parser<isRequest> {
 public:
  explicit Parser(const ParseLimits& limits) : limits_(limits) {
    this->header_limit(static_cast<std::uint32_t>(std::min<std::size_t>(limits.header_bytes, UINT32_MAX / 2)));
    this->body_limit(limits.body_bytes);
    this->eager(true);
  }

  ParseStatus put_bytes(ReadBuffer& in) {
    if (in.empty()) return ParseStatus::kNeedMore;
    // Boost 1.81 asserts that a last chunk seen in part has at least five bytes when it is seen again; "0\r\n" and one
    // more has four. A chunked body never lacks fewer than five ("0\r\n\r\n"), so nothing is lost by waiting for them.
    // Inside of a chunk there is nothing to wait for.
    if (header_done_ && this->chunked() && chunk_left_ == 0 && in.size() < 5) return ParseStatus::kNeedMore;
    BeastError error;
    const std::size_t used = this->put(boost::asio::const_buffer(in.view().data(), in.size()), error);
    in.consume(used);
    if (error == http::error::need_more) error = {};
    if (error) return refuse(error);
    if (this->is_done()) return ParseStatus::kDone;
    // What stays unconsumed is a header, the head of a chunk, or trailers.
    if (in.size() > limits_.header_bytes) return ParseStatus::kHeaderLimit;
    return ParseStatus::kNeedMore;
  }

  ParseStatus refuse(const BeastError& error) {
    if (error == http::error::header_limit || error == http::error::buffer_overflow) return ParseStatus::kHeaderLimit;
    if (error == http::error::body_limit) return ParseStatus::kBodyLimit;
    if (error_.empty()) error_ = error.message();
    return ParseStatus::kBad;
  }

  std::ptrdiff_t count_fields(std::string_view name) const {
    const auto& fields = message_.headers.fields();
    return std::count_if(fields.begin(), fields.end(),
                         [name](const auto& field) { return equal_ignoring_case(field.first, name); });
  }

  bool framing_is_sound() {
    const bool has_encoding = message_.headers.has("Transfer-Encoding");
    if (has_encoding && message_.headers.has("Content-Length")) {
      error_ = "both Content-Length and Transfer-Encoding";
    } else if (has_encoding && (count_fields("Transfer-Encoding") > 1 ||
                                !equal_ignoring_case(message_.headers.get("Transfer-Encoding"), "chunked"))) {
      error_ = "unsupported transfer encoding";
    } else if (has_encoding && version_ < 11) {
      error_ = "transfer encoding in HTTP/1.0";
    }
    return error_.empty();
  }

  Message message_;
  std::string body_;
  std::string error_;
  int version_ = 11;
  std::uint64_t chunk_left_ = 0;
  bool header_done_ = false;
  bool body_started_ = false;

 protected:
  void on_request_impl(http::verb, BeastView, BeastView, int, BeastError&) override {}
  void on_response_impl(int, BeastView, int, BeastError&) override {}
  void on_field_impl(http::field, BeastView name, BeastView value, BeastError&) override {
    if (!header_done_) message_.headers.add(view(name), view(value));
  }
  void on_header_impl(BeastError& error) override {
    header_done_ = true;
    if (!framing_is_sound()) error = http::error::bad_field;
  }
  void on_body_init_impl(const boost::optional<std::uint64_t>& length, BeastError&) override {
    // The length is only a claim: room for a part of it, the rest as it comes.
    if (length) body_.reserve(static_cast<std::size_t>(std::min<std::uint64_t>(*length, 1U << 20U)));
  }
  std::size_t on_body_impl(BeastView bytes, BeastError&) override {
    body_started_ = body_started_ || !bytes.empty();
    body_.append(bytes.data(), bytes.size());
    return bytes.size();
  }
  void on_chunk_header_impl(std::uint64_t size, BeastView, BeastError&) override {
    body_started_ = true;
    chunk_left_ = size;
  }
  std::size_t on_chunk_body_impl(std::uint64_t, BeastView bytes, BeastError&) override {
    body_.append(bytes.data(), bytes.size());
    chunk_left_ -= bytes.size();
    return bytes.size();
  }
  void on_finish_impl(BeastError&) override {}

 private:
  ParseLimits limits_;
};

std::string path_of(std::string_view target) {
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (!equal_ignoring_case(target.substr(0, scheme.size()), scheme)) continue;
    const std::size_t end = target.find_first_of("/?", scheme.size());
    if (end == std::string_view::npos) return "/";
    return (target[end] == '?' ? "/" : "") + std::string(target.substr(end));
  }
  return std::string(target);
}

}  // namespace

class RequestParser::Impl final : public Parser<true, HttpRequest> {
 public:
  using Parser::Parser;

 protected:
  void on_request_impl(http::verb, BeastView method, BeastView target, int version, BeastError&) override {
    message_.method = view(method);
    message_.target = path_of(view(target));
    version_ = version;
  }
  void on_header_impl(BeastError& error) override {
    Parser::on_header_impl(error);
    if (error || version_ < 11) return;
    const auto hosts = count_fields("Host");
    if (hosts == 1) return;
    error_ = hosts == 0 ? "missing required Host header" : "too many Host headers";
    error = http::error::bad_field;
  }
};

RequestParser::RequestParser(const ParseLimits& limits) : impl_(std::make_unique<Impl>(limits)) {}
RequestParser::~RequestParser() = default;
ParseStatus RequestParser::put(ReadBuffer& in) {
  return impl_->put_bytes(in);
}
bool RequestParser::got_some() const {
  return impl_->got_some();
}
bool RequestParser::got_header() const {
  return impl_->header_done_;
}
bool RequestParser::wants_continue() const {
  return impl_->version_ >= 11 && !impl_->is_done() && !impl_->body_started_ &&
         equal_ignoring_case(impl_->message_.headers.get("Expect"), "100-continue");
}
bool RequestParser::unknown_expectation() const {
  const Headers& headers = impl_->message_.headers;
  return headers.has("Expect") && !equal_ignoring_case(headers.get("Expect"), "100-continue");
}
bool RequestParser::keep_alive() const {
  return impl_->keep_alive();
}
int RequestParser::version() const {
  return impl_->version_;
}
const std::string& RequestParser::error() const {
  return impl_->error_;
}
HttpRequest RequestParser::take() {
  impl_->message_.body = std::move(impl_->body_);
  return std::move(impl_->message_);
}

class ResponseParser::Impl final : public Parser<false, HttpResponse> {
 public:
  Impl(const ParseLimits& limits, bool to_head) : Parser(limits) { skip(to_head); }

 protected:
  void on_response_impl(int status, BeastView, int version, BeastError&) override {
    message_.status = status;
    version_ = version;
  }
};

ResponseParser::ResponseParser(const ParseLimits& limits, bool to_head)
    : impl_(std::make_unique<Impl>(limits, to_head)) {}
ResponseParser::~ResponseParser() = default;
ParseStatus ResponseParser::put(ReadBuffer& in) {
  return impl_->put_bytes(in);
}
ParseStatus ResponseParser::put_end() {
  impl_->error_ = "unexpected EOF";
  if (!impl_->got_some()) return ParseStatus::kBad;
  BeastError error;
  impl_->put_eof(error);
  return error ? ParseStatus::kBad : ParseStatus::kDone;
}
bool ResponseParser::got_some() const {
  return impl_->got_some();
}
bool ResponseParser::got_header() const {
  return impl_->header_done_;
}
int ResponseParser::status() const {
  return impl_->message_.status;
}
std::size_t ResponseParser::body_bytes() const {
  return impl_->body_.size();
}
std::string ResponseParser::take_body() {
  return std::exchange(impl_->body_, {});
}
bool ResponseParser::keep_alive() const {
  return impl_->keep_alive();
}
const std::string& ResponseParser::error() const {
  return impl_->error_;
}
HttpResponse ResponseParser::take() {
  impl_->message_.body = Body(std::move(impl_->body_));
  return std::move(impl_->message_);
}

}  // namespace tocsin::net
