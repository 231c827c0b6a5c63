#include "api/json_writer.hpp"

#include <cmath>
#include <iterator>

#include <fmt/format.h>

#include "base/float_text.hpp"
#include "base/strings.hpp"

namespace tocsin::api {
namespace {

constexpr Timestamp kGoZeroTime = -62135596800000;

/// The length of the valid UTF-8 sequence at the start of `s`, 0 if there is none.
std::size_t utf8_length(std::string_view s) {
  const auto byte = static_cast<unsigned char>(s[0]);
  const std::size_t length = byte < 0x80 ? 1 : byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc2 ? 2 : 0;
  return length != 0 && s.size() >= length && is_valid_utf8(s.substr(0, length)) ? length : 0;
}

void append_escaped(std::string& out, unsigned char c) {
  switch (c) {
    case '"':
      out += "\\\"";
      return;
    case '\\':
      out += "\\\\";
      return;
    case '\n':
      out += "\\n";
      return;
    case '\r':
      out += "\\r";
      return;
    case '\t':
      out += "\\t";
      return;
    default:
      fmt::format_to(std::back_inserter(out), "\\u{:04x}", static_cast<unsigned>(c));
  }
}

/// Valid UTF-8 of more than one byte. Go escapes the two line ends that JavaScript did not bear in a string.
void append_rune(std::string& out, std::string_view rune) {
  if (rune == "\xE2\x80\xA8") {
    out += "\\u2028";
  } else if (rune == "\xE2\x80\xA9") {
    out += "\\u2029";
  } else {
    out += rune;
  }
}

bool is_plain(unsigned char c) {
  return c >= 0x20 && c <= 0x7f && c != '"' && c != '\\' && c != '<' && c != '>' && c != '&';
}

}  // namespace

void append_json_text(std::string& out, std::string_view value) {
  out += '"';
  std::size_t at = 0;
  while (at < value.size()) {
    std::size_t plain = at;
    while (plain < value.size() && is_plain(static_cast<unsigned char>(value[plain]))) ++plain;
    out.append(value, at, plain - at);
    at = plain;
    if (at == value.size()) break;
    const auto c = static_cast<unsigned char>(value[at]);
    if (c < 0x80) {
      append_escaped(out, c);
      ++at;
      continue;
    }
    const std::size_t length = utf8_length(value.substr(at));
    if (length == 0) {
      out += "\\ufffd";
      ++at;
    } else {
      append_rune(out, value.substr(at, length));
      at += length;
    }
  }
  out += '"';
}

void JsonWriter::separate() {
  if (comma_) out_ += ',';
  comma_ = true;
}

JsonWriter& JsonWriter::open(char bracket) {
  separate();
  out_ += bracket;
  comma_ = false;
  return *this;
}

JsonWriter& JsonWriter::close(char bracket) {
  out_ += bracket;
  comma_ = true;
  return *this;
}

JsonWriter& JsonWriter::key(std::string_view name) {
  separate();
  append_json_text(out_, name);
  out_ += ':';
  comma_ = false;
  return *this;
}

JsonWriter& JsonWriter::raw(std::string_view json) {
  separate();
  out_ += json;
  return *this;
}

JsonWriter& JsonWriter::text(std::string_view value) {
  separate();
  append_json_text(out_, value);
  return *this;
}

JsonWriter& JsonWriter::integer(std::int64_t value) {
  separate();
  fmt::format_to(std::back_inserter(out_), "{}", value);
  return *this;
}

JsonWriter& JsonWriter::number(double value) {
  if (!std::isfinite(value)) return raw("null");
  separate();
  append_float_api(out_, value);
  return *this;
}

JsonWriter& JsonWriter::sample_value(double value) {
  separate();
  out_ += '"';
  append_float_api(out_, value);
  out_ += '"';
  return *this;
}

JsonWriter& JsonWriter::timestamp(Timestamp t) {
  separate();
  const bool negative = t < 0;
  const std::uint64_t magnitude = negative ? ~static_cast<std::uint64_t>(t) + 1 : static_cast<std::uint64_t>(t);
  const std::uint64_t fraction = magnitude % 1000;
  fmt::format_to(std::back_inserter(out_), "{}{}", negative ? "-" : "", magnitude / 1000);
  if (fraction != 0) fmt::format_to(std::back_inserter(out_), ".{:03}", fraction);
  return *this;
}

JsonWriter& JsonWriter::time(Timestamp t) {
  return text(format_rfc3339(t == 0 ? kGoZeroTime : t));
}

JsonWriter& JsonWriter::labels(const model::Labels& labels) {
  begin_object();
  for (const model::LabelView label : labels) key(label.name).text(label.value);
  return end_object();
}

}  // namespace tocsin::api
