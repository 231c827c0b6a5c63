// Any bytes as a read request: refused, or read as many queries as an obvious walk over the fields finds.
#include <algorithm>
#include <cstdint>
#include <string_view>

#include "base/check.hpp"
#include "support/naive_protobuf.hpp"
#include "wire/remote_read.hpp"

using namespace tocsin;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view body(reinterpret_cast<const char*>(data), size);
  const auto request = wire::parse_read_request(body);
  if (!request) {
    check(request.error().message.starts_with("remote read request: "), "an error says of what");
    return 0;
  }
  try {
    const auto fields = test::pb_fields(body);
    const auto queries = std::count_if(fields.begin(), fields.end(), [](const auto& f) { return f.number == 1; });
    check(request->queries.size() == static_cast<std::size_t>(queries), "as many queries as there are");
  } catch (const std::runtime_error&) {
    // A length beyond 32 bits: protozero cuts it, the walk does not.
  }
  return 0;
}
