#include "state/pack.hpp"

#include "base/hash.hpp"

namespace tocsin::state {
namespace {

std::uint32_t checksum(std::uint64_t id, std::string_view payload) {
  const std::uint64_t hash = xxhash64(payload) ^ id;
  return static_cast<std::uint32_t>(hash ^ hash >> 32U);
}

}  // namespace

void put_record(std::string& pack, std::uint64_t id, std::string_view payload) {
  put_varint(pack, payload.size());
  put_fixed(pack, id);
  put_fixed(pack, checksum(id, payload));
  pack += payload;
}

std::optional<PackRecord> PackReader::next() {
  while (!bytes_.at_end()) {
    PackRecord out;
    const char* const begin = bytes_.position();
    const std::uint64_t size = bytes_.varint();
    out.id = bytes_.fixed<std::uint64_t>();
    const auto sum = bytes_.fixed<std::uint32_t>();
    out.payload = bytes_.take(size);
    if (!bytes_.failed() && sum == checksum(out.id, out.payload)) {
      out.bytes = {begin, static_cast<std::size_t>(bytes_.position() - begin)};
      return out;
    }
    ++bad_;
  }
  return std::nullopt;
}

}  // namespace tocsin::state
