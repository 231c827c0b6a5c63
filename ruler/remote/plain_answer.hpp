#pragma once
// Answers in plain text, as Go's http.Error writes them.

#include <string>
#include <string_view>

#include "net/http.hpp"

namespace tocsin::remote {

inline net::HttpResponse plain_answer(int status, std::string_view text) {
  net::HttpResponse response(status, "text/plain; charset=utf-8", std::string(text) + "\n");
  response.headers.set("X-Content-Type-Options", "nosniff");
  return response;
}

}  // namespace tocsin::remote
