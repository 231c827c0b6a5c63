#include "net/http_parser.hpp"

#include <string>
#include <vector>

#include <catch2/catch.hpp>

namespace tocsin::net {
namespace {

std::string describe(const Headers& headers) {
  std::string out;
  for (const auto& [name, value] : headers.fields()) out += name + "=" + value + ";";
  return out;
}

/// What becomes of the pieces, one after the other, and what is left.
std::string parse_request(const std::vector<std::string_view>& pieces, const ParseLimits& limits = {}) {
  RequestParser parser(limits);
  ReadBuffer buffer;
  ParseStatus status = ParseStatus::kNeedMore;
  for (const std::string_view piece : pieces) {
    buffer.append(piece);
    if (status == ParseStatus::kNeedMore) status = parser.put(buffer);
  }
  switch (status) {
    case ParseStatus::kNeedMore:
      return "needs more";
    case ParseStatus::kBad:
      return "bad: " + parser.error();
    case ParseStatus::kHeaderLimit:
      return "header limit";
    case ParseStatus::kBodyLimit:
      return "body limit";
    case ParseStatus::kDone:
      break;
  }
  const bool keep = parser.keep_alive();
  const HttpRequest request = parser.take();
  return request.method + " " + request.target + " " + describe(request.headers) + (keep ? " keep " : " close ") +
         request.body + "|" + std::string(buffer.view());
}

std::string parse_response(const std::vector<std::string_view>& pieces, bool to_head = false, bool end = true) {
  ResponseParser parser({}, to_head);
  ReadBuffer buffer;
  ParseStatus status = ParseStatus::kNeedMore;
  for (const std::string_view piece : pieces) {
    buffer.append(piece);
    if (status == ParseStatus::kNeedMore) status = parser.put(buffer);
  }
  if (status == ParseStatus::kNeedMore && end) status = parser.put_end();
  if (status != ParseStatus::kDone) return "not done: " + parser.error();
  const bool keep = parser.keep_alive();
  const HttpResponse response = parser.take();
  return std::to_string(response.status) + " " + describe(response.headers) + (keep ? " keep " : " close ") +
         std::string(response.body.view()) + "|" + std::string(buffer.view());
}

const std::vector<std::string> kRequests = {
    "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
    "GET /a?b HTTP/1.0\r\n\r\nnext",
    "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nConnection: close\r\n\r\nbodyGET",
    "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: "
    "Chunked\r\n\r\n4;a=\"b\"\r\nbody\r\n10\r\n0123456789abcdef\r\n0\r\nA: b\r\n\r\nGET",
    "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: a\r\nX: one\r\n two\r\nEmpty:\r\n\r\n",
    "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nbody0\r\n\r\n",
    "GET / HTTP/1.1\r\nHost : a\r\n\r\n",
    "\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n",
};

}  // namespace

TEST_CASE("a request is the same however it is cut", "[net]") {
  for (const std::string& text : kRequests) {
    INFO(text);
    const std::string_view all = text;
    const std::string whole = parse_request({all});
    std::vector<std::string_view> bytes;
    for (std::size_t i = 0; i < all.size(); ++i) bytes.push_back(all.substr(i, 1));
    CHECK(parse_request(bytes) == whole);
    for (std::size_t cut = 1; cut < all.size(); ++cut) {
      REQUIRE(parse_request({all.substr(0, cut), all.substr(cut)}) == whole);
    }
  }
}

TEST_CASE("requests mean what they say", "[net]") {
  const char* expected[] = {
      "GET / Host=a; keep |",
      "GET /a?b  close |next",
      "POST / Host=a;Content-Length=4;Connection=close; close body|GET",
      "POST / Host=a;Transfer-Encoding=Chunked; keep body0123456789abcdef|GET",
      "POST / Host=a;Transfer-Encoding=chunked; keep |",
      "GET / Host=a;X=one two;Empty=; keep |",
      "bad: bad chunk",
      "bad: bad field",
      "bad: bad method",
  };
  for (std::size_t i = 0; i < kRequests.size(); ++i) CHECK(parse_request({kRequests[i]}) == expected[i]);
}

TEST_CASE("a torn request waits for more", "[net]") {
  const std::string_view text = kRequests[3];
  for (std::size_t cut = 0; cut + 3 < text.size(); ++cut) CHECK(parse_request({text.substr(0, cut)}) == "needs more");
}

TEST_CASE("a response is the same however it is cut", "[net]") {
  const std::vector<std::string> responses = {
      "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nbodyHTTP",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n0\r\n\r\n",
      "HTTP/1.1 200 OK\r\nA: b\r\n\r\nto the end",
      "HTTP/1.0 404 Not Found\r\n\r\n",
      "HTTP/1.1 304 Not Modified\r\nContent-Length: 4\r\n\r\nHTTP",
  };
  const char* expected[] = {
      "200 Content-Length=4; keep body|HTTP", "200 Transfer-Encoding=chunked; keep body|",
      "200 A=b; close to the end|",           "404  close |",
      "304 Content-Length=4; keep |HTTP",
  };
  for (std::size_t i = 0; i < responses.size(); ++i) {
    const std::string_view all = responses[i];
    INFO(all);
    CHECK(parse_response({all}) == expected[i]);
    for (std::size_t cut = 1; cut < all.size(); ++cut) {
      REQUIRE(parse_response({all.substr(0, cut), all.substr(cut)}) == expected[i]);
    }
  }
  CHECK(parse_response({"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n"}, true) == "200 Content-Length=4; keep |");
  CHECK(parse_response({"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nbo"}) == "not done: unexpected EOF");
  CHECK(parse_response({""}) == "not done: unexpected EOF");
}

TEST_CASE("the read buffer keeps what is not consumed", "[net]") {
  ReadBuffer buffer;
  buffer.append("abc");
  buffer.consume(1);
  buffer.append(std::string(100, 'd'));
  CHECK(buffer.view() == "bc" + std::string(100, 'd'));
  buffer.consume(buffer.size());
  CHECK(buffer.empty());
  buffer.append("e");
  CHECK(buffer.view() == "e");
}

}  // namespace tocsin::net
