#include "exporters/node/dbus_message.hpp"

#include <algorithm>
#include <bit>
#include <cstring>

namespace tocsin::exporters::node {
namespace {

constexpr std::size_t kMaxMessage = 32U << 20U;
constexpr std::size_t kFixedHeader = 16;
constexpr int kMaxDepth = 32;
enum Field : std::uint8_t {
  kPath = 1,
  kInterface = 2,
  kMember = 3,
  kErrorName = 4,
  kReplySerial = 5,
  kDestination = 6,
  kSignature = 8
};

void pad(std::string& out, std::size_t to) {
  out.resize((out.size() + to - 1) / to * to);
}

void append_number(std::string& out, std::uint32_t value) {
  pad(out, 4);
  out.append(reinterpret_cast<const char*>(&value), sizeof(value));
}

void append_text(std::string& out, std::string_view text) {
  append_number(out, static_cast<std::uint32_t>(text.size()));
  out.append(text).append(1, '\0');
}

void append_signature(std::string& out, std::string_view text) {
  out.append(1, static_cast<char>(text.size())).append(text).append(1, '\0');
}

/// A field of the header: a struct of its number and a variant.
void append_field(std::string& out, Field field, std::string_view type, std::string_view value) {
  pad(out, 8);
  out += static_cast<char>(field);
  append_signature(out, type);
  if (type == "g") return append_signature(out, value);
  append_text(out, value);
}

std::size_t alignment_of(char type) {
  switch (type) {
    case 'y':
    case 'g':
    case 'v':
      return 1;
    case 'n':
    case 'q':
      return 2;
    case 'x':
    case 't':
    case 'd':
    case '(':
    case '{':
      return 8;
    default:
      return 4;
  }
}

/// Of the first type in a signature, with what is inside of it; 0 if it has no end.
std::size_t type_length(std::string_view signature) {
  std::size_t depth = 0;
  for (std::size_t i = 0; i < signature.size(); ++i) {
    const char c = signature[i];
    if (c == '(' || c == '{') ++depth;
    if ((c == ')' || c == '}') && depth > 0) --depth;
    if (depth == 0 && c != 'a') return i + 1;
  }
  return 0;
}

}  // namespace

std::string encode_dbus_call(const DbusCall& call, std::uint32_t serial) {
  std::string body;
  for (const std::string& argument : call.arguments) append_text(body, argument);
  std::string out;
  out += std::endian::native == std::endian::little ? 'l' : 'B';
  out += static_cast<char>(DbusMessage::kCall);
  out.append(1, '\0');  // an answer is wanted
  out += '\1';          // version of the protocol
  append_number(out, static_cast<std::uint32_t>(body.size()));
  append_number(out, serial);
  append_number(out, 0);  // length of the fields, below
  const std::size_t fields = out.size();
  append_field(out, kPath, "o", call.path);
  append_field(out, kInterface, "s", call.interface);
  append_field(out, kMember, "s", call.member);
  if (!call.destination.empty()) append_field(out, kDestination, "s", call.destination);
  if (!call.arguments.empty()) append_field(out, kSignature, "g", std::string(call.arguments.size(), 's'));
  const auto length = static_cast<std::uint32_t>(out.size() - fields);
  std::memcpy(out.data() + fields - sizeof(length), &length, sizeof(length));
  pad(out, 8);
  return out + body;
}

Result<std::optional<DbusMessage>> take_dbus_message(std::string_view& bytes) {
  if (bytes.size() < kFixedHeader) return std::nullopt;
  DbusMessage message;
  message.little_endian = bytes[0] == 'l';
  const auto type = static_cast<std::uint8_t>(bytes[1]);
  if ((bytes[0] != 'l' && bytes[0] != 'B') || bytes[3] != 1 || type < DbusMessage::kCall) {
    return fail(Errc::kCorrupt, "D-Bus: no message");
  }
  message.type = type > DbusMessage::kSignal ? DbusMessage::kSignal : static_cast<DbusMessage::Type>(type);
  DbusReader lengths(bytes.substr(4), message.little_endian);
  const std::size_t body_length = lengths.number32();
  lengths.number32();  // the sender's serial
  const std::size_t fields_length = lengths.number32();
  if (body_length > kMaxMessage || fields_length > kMaxMessage) return fail(Errc::kLimit, "D-Bus: a message too long");
  const std::size_t body = (kFixedHeader + fields_length + 7) / 8 * 8;
  if (bytes.size() < body + body_length) return std::nullopt;
  DbusReader reader(bytes.substr(kFixedHeader, fields_length), message.little_endian);  // is aligned by 8
  while (reader.good()) {
    reader.align(8);
    const std::uint8_t field = reader.byte();
    std::string_view signature = reader.signature();
    if (!reader.good()) break;  // the end
    if (field == kReplySerial && signature == "u") {
      message.reply_to = reader.number32();
    } else if (field == kErrorName && signature == "s") {
      message.error = reader.text();
    } else if (field == kSignature && signature == "g") {
      message.signature = reader.signature();
    } else {
      reader.skip(signature);
    }
  }
  message.body = bytes.substr(body, body_length);
  bytes.remove_prefix(body + body_length);
  return message;
}

void DbusReader::align(std::size_t to) {
  at_ = (at_ + to - 1) / to * to;
  if (at_ > bytes_.size()) good_ = false;
}

std::string_view DbusReader::take(std::size_t length) {
  if (!good_ || length > bytes_.size() - at_) {
    good_ = false;
    return {};
  }
  const std::string_view out = bytes_.substr(at_, length);
  at_ += length;
  return out;
}

std::uint8_t DbusReader::byte() {
  const std::string_view one = take(1);
  return one.empty() ? 0 : static_cast<std::uint8_t>(one[0]);
}

std::uint32_t DbusReader::number32() {
  align(4);
  std::uint32_t value = 0;
  const std::string_view bytes = take(sizeof(value));
  if (bytes.empty()) return 0;
  std::memcpy(&value, bytes.data(), bytes.size());
  return little_endian_ == (std::endian::native == std::endian::little) ? value : std::byteswap(value);
}

std::uint64_t DbusReader::number64() {
  align(8);
  std::uint64_t value = 0;
  const std::string_view bytes = take(sizeof(value));
  if (bytes.empty()) return 0;
  std::memcpy(&value, bytes.data(), bytes.size());
  return little_endian_ == (std::endian::native == std::endian::little) ? value : std::byteswap(value);
}

std::string_view DbusReader::text() {
  const std::uint32_t length = number32();
  const std::string_view out = take(length);
  take(1);  // the zero behind it
  return out;
}

std::string_view DbusReader::signature() {
  const std::uint8_t length = byte();
  const std::string_view out = take(length);
  take(1);
  return out;
}

std::size_t DbusReader::begin_array(std::size_t element_alignment) {
  const std::size_t length = number32();
  align(element_alignment);
  if (!good_ || length > bytes_.size() - at_) good_ = false;
  return good_ ? at_ + length : at_;
}

void DbusReader::skip(std::string_view& signature, int depth) {
  if (signature.empty() || depth > kMaxDepth) good_ = false;
  if (!good_) return;
  const char type = signature[0];
  signature.remove_prefix(1);
  if (type == 's' || type == 'o') {
    text();
  } else if (type == 'g') {
    this->signature();
  } else if (type == 'v') {
    std::string_view inner = this->signature();
    skip(inner, depth + 1);
  } else if (type == '(' || type == '{') {
    align(8);
    while (good_ && !signature.empty() && signature[0] != ')' && signature[0] != '}') skip(signature, depth + 1);
    if (signature.empty()) good_ = false;
    if (good_) signature.remove_prefix(1);
  } else if (type == 'a') {
    const std::string_view element = signature.substr(0, type_length(signature));
    signature.remove_prefix(element.size());
    const std::size_t end = begin_array(element.empty() ? 1 : alignment_of(element[0]));
    while (good_ && at_ < end) {
      const std::size_t before = at_;
      std::string_view rest = element;
      skip(rest, depth + 1);
      if (at_ == before) good_ = false;  // a struct of nothing
    }
  } else if (!std::string_view("ybnqiuxtdh").contains(type)) {
    good_ = false;
  } else {
    const std::size_t size = type == 'b' || type == 'i' || type == 'u' || type == 'h' ? 4 : alignment_of(type);
    align(size);
    take(size);
  }
}

std::optional<std::string> dbus_text(const DbusMessage& answer) {
  if (answer.type != DbusMessage::kReturn || answer.signature != "v") return std::nullopt;
  DbusReader reader(answer);
  const std::string_view type = reader.signature();
  if (type != "s" && type != "o") return std::nullopt;
  const std::string_view text = reader.text();
  if (!reader.good()) return std::nullopt;
  return std::string(text);
}

std::optional<std::uint64_t> dbus_number(const DbusMessage& answer) {
  if (answer.type != DbusMessage::kReturn || answer.signature != "v") return std::nullopt;
  DbusReader reader(answer);
  const std::string_view type = reader.signature();
  if (type != "u" && type != "b" && type != "t") return std::nullopt;
  const std::uint64_t value = type == "t" ? reader.number64() : reader.number32();
  if (!reader.good()) return std::nullopt;
  return value;
}

}  // namespace tocsin::exporters::node
