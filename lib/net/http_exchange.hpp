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
};

/// kInvalid if a method or field cannot be sent ("net/http: invalid header field value for \"X\"").
Result<void> check_request(const HttpRequest& request);
/// The start line and fields, as Go's client sends them: Host first, User-Agent, Content-Length, the request's own,
/// Accept-Encoding. Fields of the request win over ours.
std::string request_head(const HttpRequest& request, const Url& url, const SendOptions& options,
                         std::string_view user_agent);

/// Writes the request and reads the answer (1xx are skipped) within options.timeout's deadline, which the caller counts
/// down to `deadline`. The body is as it came, not decompressed. Does not resolve, redirect or retry.
Task<Exchange> exchange(Loop& loop, Connection* connection, std::string head, const std::string* body, bool to_head,
                        std::size_t max_body_bytes, MonoTime deadline);

}  // namespace tocsin::net
