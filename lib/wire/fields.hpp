#pragma once
// Messages of protobuf, field by field, over protozero. For lib/wire alone: what it throws ends in guard().
//
// Any bytes may come: lengths beyond the message, wrong wire types, numbers of too many bytes. Whatever is wrong is
// told with the byte where the field begins. Fields that nobody asks for are passed over, as protobuf wants it. Source:
// protobuf.dev, "Encoding".

#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>

#include <protozero/pbf_reader.hpp>

#include "base/result.hpp"

namespace tocsin::wire {

/// Where a parse stands. One for a body; all its messages share it.
struct Trail {
  explicit Trail(std::string_view body) : begin(body.data()), at(body.data()) {}
  std::size_t offset() const { return static_cast<std::size_t>(at - begin); }
  const char* begin;
  const char* at;
};

/// What is wrong at the trail's place. Thrown within lib/wire only.
struct Fault {
  Errc code = Errc::kInvalid;
  std::string what;
};

/// One message. Thread: one. Views live as long as the body.
class Fields {
 public:
  Fields(std::string_view message, Trail& trail) : reader_(message.data(), message.size()), trail_(&trail) {}

  /// Goes to the next field; false at the end.
  bool next() {
    trail_->at = reader_.data().data();
    return reader_.next();
  }
  std::uint32_t number() const { return reader_.tag(); }
  void skip() { reader_.skip(); }

  std::string_view text() {
    expect(protozero::pbf_wire_type::length_delimited);
    const protozero::data_view view = reader_.get_view();
    return {view.data(), view.size()};
  }
  Fields message() { return Fields(text(), *trail_); }
  double number_double() {
    expect(protozero::pbf_wire_type::fixed64);
    return reader_.get_double();
  }
  std::uint64_t number_uint64() {
    expect(protozero::pbf_wire_type::varint);
    return reader_.get_uint64();
  }
  /// uint32, int32 and enumerations: higher bits are cut, as protobuf wants it.
  std::uint32_t number_uint32() { return static_cast<std::uint32_t>(number_uint64()); }
  std::int64_t number_int64() { return static_cast<std::int64_t>(number_uint64()); }
  std::int64_t number_sint64() {
    expect(protozero::pbf_wire_type::varint);
    return reader_.get_sint64();
  }
  std::int32_t number_sint32() {
    expect(protozero::pbf_wire_type::varint);
    return reader_.get_sint32();
  }
  bool number_bool() { return number_uint64() != 0; }

  /// A repeated number, packed or one by one: calls `each` for the numbers of this field.
  template <typename Each>
  void doubles(Each each) {
    if (reader_.wire_type() != protozero::pbf_wire_type::length_delimited) return each(number_double());
    for (const double value : reader_.get_packed_double()) each(value);
  }
  template <typename Each>
  void sint64s(Each each) {
    if (reader_.wire_type() != protozero::pbf_wire_type::length_delimited) return each(number_sint64());
    for (const std::int64_t value : reader_.get_packed_sint64()) each(value);
  }
  template <typename Each>
  void uint32s(Each each) {
    if (reader_.wire_type() != protozero::pbf_wire_type::length_delimited) return each(number_uint32());
    for (const std::uint32_t value : reader_.get_packed_uint32()) each(value);
  }

 private:
  void expect(protozero::pbf_wire_type type) const {
    if (reader_.wire_type() != type) [[unlikely]] {
      wrong_type(type);
    }
  }
  [[noreturn]] void wrong_type(protozero::pbf_wire_type type) const {
    throw Fault{Errc::kInvalid, fmt::format("field {} has wire type {}, not {}", reader_.tag(),
                                            static_cast<unsigned>(reader_.wire_type()), static_cast<unsigned>(type))};
  }

  protozero::pbf_reader reader_;
  Trail* trail_;
};

/// protozero's errors in words for people.
std::string_view exception_text(const protozero::exception& error);

/// Runs `parse` and gives its result; what is thrown becomes "`message`: what at byte n".
template <typename Parse>
auto guard(std::string_view message, const Trail& trail, Parse parse) -> Result<decltype(parse())> {
  try {
    if constexpr (std::is_void_v<decltype(parse())>) {
      parse();
      return {};
    } else {
      return parse();
    }
  } catch (const Fault& fault) {
    return fail(fault.code, "{}: {} at byte {}", message, fault.what, trail.offset());
  } catch (const protozero::exception& error) {
    return fail(Errc::kInvalid, "{}: {} at byte {}", message, exception_text(error), trail.offset());
  }
}

}  // namespace tocsin::wire
