#include "wire/fields.hpp"

namespace tocsin::wire {

std::string_view exception_text(const protozero::exception& error) {
  if (dynamic_cast<const protozero::end_of_buffer_exception*>(&error) != nullptr)
    return "unexpected end of the message";
  if (dynamic_cast<const protozero::varint_too_long_exception*>(&error) != nullptr) return "a number is too long";
  if (dynamic_cast<const protozero::invalid_tag_exception*>(&error) != nullptr) return "not the number of a field";
  if (dynamic_cast<const protozero::unknown_pbf_wire_type_exception*>(&error) != nullptr) return "unknown wire type";
  if (dynamic_cast<const protozero::invalid_length_exception*>(&error) != nullptr) return "a list ends within a number";
  return error.what();
}

}  // namespace tocsin::wire
