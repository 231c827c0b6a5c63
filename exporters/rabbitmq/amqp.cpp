#include "exporters/rabbitmq/amqp.hpp"

namespace tocsin::exporters::rabbitmq {
namespace {

constexpr std::uint8_t kMethodFrame = 1;
constexpr char kFrameEnd = '\xCE';
constexpr std::size_t kFrameHeader = 7;
constexpr std::uint16_t kConnection = 10;

void put_number(std::string& out, std::uint64_t value, int bytes) {
  for (int shift = (bytes - 1) * 8; shift >= 0; shift -= 8)
    out += static_cast<char>(value >> static_cast<unsigned>(shift));
}

void put_short(std::string& out, std::string_view text) {
  text = text.substr(0, 255);
  put_number(out, text.size(), 1);
  out += text;
}

void put_long(std::string& out, std::string_view text) {
  put_number(out, text.size(), 4);
  out += text;
}

/// Reads numbers and texts in turn; what is not there makes it fail for good.
class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}
  std::uint64_t number(std::size_t bytes) {
    const std::string_view part = take(bytes);
    std::uint64_t value = 0;
    for (const char c : part) value = value << 8U | static_cast<std::uint8_t>(c);
    return value;
  }
  std::string_view short_text() { return take(number(1)); }
  std::string_view long_text() { return take(number(4)); }
  bool good() const { return good_; }

 private:
  std::string_view take(std::size_t bytes) {
    if (bytes > text_.size()) {
      good_ = false;
      text_ = {};
      return {};
    }
    const std::string_view part = text_.substr(0, bytes);
    text_.remove_prefix(bytes);
    return part;
  }
  std::string_view text_;
  bool good_ = true;
};

std::string method_frame(std::uint16_t method, std::string_view arguments) {
  std::string out;
  put_number(out, kMethodFrame, 1);
  put_number(out, 0, 2);  // channel
  put_number(out, 4 + arguments.size(), 4);
  put_number(out, kConnection, 2);
  put_number(out, method, 2);
  out += arguments;
  out += kFrameEnd;
  return out;
}

bool has_word(std::string_view words, std::string_view wanted) {
  while (!words.empty()) {
    const std::size_t end = words.find(' ');
    if (words.substr(0, end) == wanted) return true;
    if (end == std::string_view::npos) return false;
    words.remove_prefix(end + 1);
  }
  return false;
}

}  // namespace

Result<AmqpFrame> read_amqp_frame(std::string_view text) {
  // A broker of another version answers with a protocol header.
  if (text.starts_with("AMQP")) return fail(Errc::kCorrupt, "the broker speaks another version of AMQP");
  if (!text.empty() && text[0] != static_cast<char>(kMethodFrame))
    return fail(Errc::kCorrupt, "the answer is not AMQP");
  if (text.size() < kFrameHeader) return fail(Errc::kUnavailable, "the frame has not come yet");
  Reader reader(text);
  AmqpFrame frame;
  frame.type = static_cast<std::uint8_t>(reader.number(1));
  frame.channel = static_cast<std::uint16_t>(reader.number(2));
  const std::uint64_t size = reader.number(4);
  if (size > kMaxAmqpFrame) return fail(Errc::kCorrupt, "the answer is not AMQP: a frame of {} bytes", size);
  frame.size = kFrameHeader + size + 1;
  if (text.size() < frame.size) return fail(Errc::kUnavailable, "the frame has not come yet");
  if (text[frame.size - 1] != kFrameEnd) return fail(Errc::kCorrupt, "the answer is not AMQP: a frame without its end");
  frame.payload = text.substr(kFrameHeader, size);
  return frame;
}

Result<std::uint32_t> amqp_method(const AmqpFrame& frame) {
  Reader reader(frame.payload);
  const std::uint64_t method = reader.number(4);
  if (!reader.good()) return fail(Errc::kCorrupt, "a method without a number");
  return static_cast<std::uint32_t>(method);
}

Result<AmqpGreeting> read_amqp_start(std::string_view payload) {
  Reader reader(payload);
  reader.number(4);    // the method
  reader.number(2);    // version
  reader.long_text();  // properties of the server
  const std::string_view mechanisms = reader.long_text();
  if (!reader.good()) return fail(Errc::kCorrupt, "connection.start is cut short");
  return AmqpGreeting{.plain = has_word(mechanisms, "PLAIN")};
}

Result<std::string> read_amqp_close(std::string_view payload) {
  Reader reader(payload);
  reader.number(4);
  const std::uint64_t code = reader.number(2);
  const std::string_view text = reader.short_text();
  if (!reader.good()) return fail(Errc::kCorrupt, "connection.close is cut short");
  return fmt::format("{} ({})", text, code);
}

std::string amqp_start_ok(std::string_view username, std::string_view password) {
  std::string table, arguments;
  put_short(table, "product");
  table += 'S';
  put_long(table, "tocsin-agent");
  // Tells of a refused password in a method, not by closing the connection.
  put_short(table, "capabilities");
  std::string capabilities;
  put_short(capabilities, "authentication_failure_close");
  capabilities += 't';
  capabilities += '\1';
  table += 'F';
  put_long(table, capabilities);
  put_long(arguments, table);
  put_short(arguments, "PLAIN");
  put_long(arguments, fmt::format("{}{}{}{}", '\0', username, '\0', password));
  put_short(arguments, "en_US");
  return method_frame(11, arguments);
}

Result<std::string> amqp_tune_ok(std::string_view tune) {
  constexpr std::size_t kTuneBytes = 4 + 2 + 4 + 2;
  if (tune.size() < kTuneBytes) return fail(Errc::kCorrupt, "connection.tune is cut short");
  return method_frame(31, tune.substr(4, kTuneBytes - 4));
}

std::string amqp_open(std::string_view vhost) {
  std::string arguments;
  put_short(arguments, vhost);
  put_short(arguments, "");
  put_number(arguments, 0, 1);
  return method_frame(40, arguments);
}

std::string amqp_close() {
  std::string arguments;
  put_number(arguments, 200, 2);
  put_short(arguments, "bye");
  put_number(arguments, 0, 4);  // no method is the reason
  return method_frame(50, arguments);
}

}  // namespace tocsin::exporters::rabbitmq
