#pragma once
// How Go's fmt writes one value under one directive; internal to go_format.cpp.

#include <string>
#include <string_view>

#include "template/value.hpp"

namespace tocsin::tmpl {

/// The flags, width and precision of one directive.
struct FormatSpec {
  bool has_width = false, has_precision = false;
  bool minus = false, plus = false, sharp = false, space = false, zero = false;
  bool plus_v = false, sharp_v = false;  // %+v, %#v
  int width = 0, precision = 0;
};

/// Writes values as directives ask; knows nothing of format strings.
class FormatWriter {
 public:
  std::string take() { return std::move(out_); }
  void raw(std::string_view text);
  bool overflow() const { return overflow_; }

  FormatSpec spec;

  /// One operand of Printf; `value` without a value is nil.
  void argument(const Value& value, char32_t verb);

 private:
  void value_at(const Value& value, char32_t verb, int depth);
  bool by_text(const Value& value, char32_t verb);
  void data(const Value& value, char32_t verb, int depth);
  void boolean(const Value& value, char32_t verb);
  void integer(const Value& value, char32_t verb);
  void digits(std::uint64_t magnitude, bool negative, unsigned base, bool upper, bool octal_prefix);
  void unicode(std::uint64_t code);
  void floating(const Value& value, char32_t verb);
  void float_text(std::string number);
  std::string sharp_float(std::string number, char verb, int precision) const;
  void string(const Value& value, char32_t verb);
  void text_as(std::string_view text, char32_t verb, const Value& value);
  void hex_bytes(std::string_view text, bool upper);
  void sequence(const Value& value, char32_t verb, int depth);
  void mapping(const Value& value, char32_t verb, int depth);
  void structure(const Value& value, char32_t verb, int depth);
  void bad_verb(const Value& value, char32_t verb);
  void pad(std::string_view text, bool zeros = false);
  const char* separator() const { return spec.sharp_v ? ", " : " "; }

  std::string out_;
  bool overflow_ = false;
  bool erroring_ = false;  // inside a bad verb: methods are not called
};

/// The verb as UTF-8.
std::string verb_text(char32_t verb);

}  // namespace tocsin::tmpl
