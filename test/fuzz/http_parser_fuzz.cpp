// Hostile HTTP messages: any bytes, as a request and as a response, whole and in pieces; both must come to the same
// end. The first byte says how long the pieces are.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "net/gzip.hpp"
#include "net/http_parser.hpp"

namespace {

using namespace tocsin::net;

constexpr ParseLimits kLimits{2048, 4096};

struct Outcome {
  ParseStatus status = ParseStatus::kNeedMore;
  std::size_t fields = 0, body = 0, left = 0;
  bool operator==(const Outcome&) const = default;
};

template <typename P>
Outcome feed(P& parser, std::string_view bytes, std::size_t piece) {
  ReadBuffer buffer;
  Outcome out;
  for (; !bytes.empty() && out.status == ParseStatus::kNeedMore; bytes.remove_prefix(std::min(piece, bytes.size()))) {
    buffer.append(bytes.substr(0, piece));
    out.status = parser.put(buffer);
  }
  if (out.status != ParseStatus::kDone) return out;
  const auto message = parser.take();
  out.fields = message.headers.fields().size();
  if constexpr (std::is_same_v<P, RequestParser>) {
    out.body = message.body.size();
    (void)message.params();
  } else {
    out.body = message.body.size();
  }
  out.left = buffer.size() + bytes.size();
  return out;
}

void expect_same(const Outcome& a, const Outcome& b) {
  // A limit is met earlier or later, by how much is held at once; an error may show only when its line is whole.
  const auto unsure = [](const Outcome& o) {
    return o.status == ParseStatus::kHeaderLimit || o.status == ParseStatus::kBodyLimit;
  };
  const auto not_done = [](const Outcome& o) { return o.status != ParseStatus::kDone; };
  if (unsure(a) || unsure(b) || (not_done(a) && not_done(b))) return;
  if (!(a == b)) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::size_t piece = data[0] + 1U;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  RequestParser whole_request(kLimits), pieces_request(kLimits);
  expect_same(feed(whole_request, bytes, SIZE_MAX), feed(pieces_request, bytes, piece));
  ResponseParser whole_response(kLimits, (data[0] & 1U) != 0), pieces_response(kLimits, (data[0] & 1U) != 0);
  expect_same(feed(whole_response, bytes, SIZE_MAX), feed(pieces_response, bytes, piece));
  (void)gunzip(bytes, 4096);
  return 0;
}
