#pragma once
// One request and its answer on one connection.

#include <memory>
#include <string>

#include "net/connection.hpp"
#include "net/http.hpp"
#include "net/url.hpp"

namespace tocsin::net {

struct Exchange {
  Result<HttpResponse> response = fail(Errc::kInternal, "not answered");
  bool got_some = false;    // a byte of the answer came
  bool wrote_some = false;  // a byte of the request was taken by the system
  bool reusable = false;    // the connection is good for another request
  bool at_end = false;      // nothing came after the answer
};

/// kInvalid if a method or field cannot be sent ("net/http: invalid header field value for \"X\"").
Result<void> check_request(const HttpRequest& request);
/// The start line and fields, as Go's client sends them: Host first, User-Agent, Content-Length, the request's own,
/// Accept-Encoding. Fields of the request win over ours.
/// @param forwarded_by  the proxy that gets the request itself (absolute form), or nullptr.
std::string request_head(const HttpRequest& request, const Url& url, bool accept_gzip, std::string_view user_agent,
                         const Url* forwarded_by);

/// What one exchange is about. What it points to lives until the end.
struct ExchangeOrder {
  std::string head;
  const std::string* body = nullptr;  // nullptr: none
  bool to_head = false;               // the answer has no body
  std::size_t max_body_bytes = 0;
  const HttpClient::Sink* sink = nullptr;  // takes the body of a 200, which then has no limit
  MonoTime deadline{};
};

/// Writes the request and reads the answer (1xx are skipped). The body is as it came, not decompressed. Does not
/// resolve, redirect or retry. When the sink ends it, the answer is there and the connection is not reusable.
Task<Exchange> exchange(Loop& loop, Connection* connection, const ExchangeOrder* order);

}  // namespace tocsin::net
