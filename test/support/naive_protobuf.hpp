#pragma once
// Protobuf by hand, without a library: what tests build messages with, and take answers apart with.

#include <cstdint>
#include <cstring>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace tocsin::test {

/// A message under construction. `Pb().text(1, "a").number(2, 5)` and so on; str() gives the bytes.
class Pb {
 public:
  static std::string varint(std::uint64_t value) {
    std::string out;
    for (; value >= 0x80; value >>= 7U) out += static_cast<char>(value | 0x80U);
    out += static_cast<char>(value);
    return out;
  }
  static std::uint64_t zigzag(std::int64_t value) {
    return (static_cast<std::uint64_t>(value) << 1U) ^ static_cast<std::uint64_t>(value >> 63);
  }
  static std::string fixed(double value) {
    std::string out(sizeof value, '\0');
    std::memcpy(out.data(), &value, sizeof value);
    return out;
  }

  Pb& raw(std::string_view bytes) {
    bytes_ += bytes;
    return *this;
  }
  Pb& tag(std::uint32_t field, unsigned type) { return raw(varint((std::uint64_t{field} << 3U) | type)); }
  Pb& text(std::uint32_t field, std::string_view value) { return tag(field, 2).raw(varint(value.size())).raw(value); }
  Pb& message(std::uint32_t field, const Pb& value) { return text(field, value.str()); }
  Pb& number(std::uint32_t field, std::int64_t value) {
    return tag(field, 0).raw(varint(static_cast<std::uint64_t>(value)));
  }
  Pb& zigzag_number(std::uint32_t field, std::int64_t value) { return tag(field, 0).raw(varint(zigzag(value))); }
  Pb& real(std::uint32_t field, double value) { return tag(field, 1).raw(fixed(value)); }
  Pb& packed_numbers(std::uint32_t field, const std::vector<std::uint64_t>& values) {
    std::string all;
    for (const std::uint64_t value : values) all += varint(value);
    return text(field, all);
  }
  Pb& packed_zigzags(std::uint32_t field, const std::vector<std::int64_t>& values) {
    std::string all;
    for (const std::int64_t value : values) all += varint(zigzag(value));
    return text(field, all);
  }
  Pb& packed_reals(std::uint32_t field, const std::vector<double>& values) {
    std::string all;
    for (const double value : values) all += fixed(value);
    return text(field, all);
  }
  const std::string& str() const { return bytes_; }

 private:
  std::string bytes_;
};

/// A field as it stands on the wire.
struct PbField {
  std::uint32_t number = 0;
  unsigned type = 0;
  std::uint64_t value = 0;  // of varints and fixed numbers
  std::string_view bytes;   // of texts and messages
  double real() const {
    double out = 0;
    std::memcpy(&out, &value, sizeof out);
    return out;
  }
};

/// All fields of a message; throws if it is none.
inline std::vector<PbField> pb_fields(std::string_view bytes) {
  const auto varint = [&bytes] {
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
      if (bytes.empty()) throw std::runtime_error("truncated");
      const auto byte = static_cast<unsigned char>(bytes.front());
      bytes.remove_prefix(1);
      value |= std::uint64_t{byte & 0x7fU} << shift;
      if (byte < 0x80) return value;
    }
    throw std::runtime_error("a long number");
  };
  std::vector<PbField> out;
  while (!bytes.empty()) {
    const std::uint64_t tag = varint();
    PbField field{static_cast<std::uint32_t>(tag >> 3U), static_cast<unsigned>(tag & 7U), 0, {}};
    std::size_t size = 0;
    if (field.type == 0) field.value = varint();
    if (field.type == 1) size = 8;
    if (field.type == 5) size = 4;
    if (field.type == 2) size = varint();
    if (field.type == 3 || field.type == 4 || field.type > 5) throw std::runtime_error("an unknown type");
    if (size > bytes.size()) throw std::runtime_error("truncated");
    field.bytes = bytes.substr(0, size);
    if (field.type == 1 || field.type == 5) std::memcpy(&field.value, field.bytes.data(), size);
    bytes.remove_prefix(size);
    out.push_back(field);
  }
  return out;
}

}  // namespace tocsin::test
