#include "unit/node/dbus_imposter.hpp"

#include <cstring>

#include <catch2/catch.hpp>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

namespace tocsin::test {
namespace {

/// The parts of a call that name it; its header has them as fields.
struct Call {
  std::uint32_t serial = 0;
  std::string path, member;
  std::vector<std::string> arguments;
};

std::uint32_t number_at(const std::string& bytes, std::size_t at) {
  std::uint32_t value = 0;
  std::memcpy(&value, bytes.data() + at, sizeof(value));
  return value;
}

Call read_call(const std::string& message) {
  Call call;
  call.serial = number_at(message, 8);
  const std::size_t end = 16 + number_at(message, 12);
  for (std::size_t at = 16; at < end;) {
    at = (at + 7) / 8 * 8;
    const char field = message[at], type = message[at + 2];
    at += 4;  // field, signature of one letter with its length and zero
    if (type == 'g') {
      at += static_cast<unsigned char>(message[at]) + 2U;
      continue;
    }
    at = (at + 3) / 4 * 4;
    const std::uint32_t length = number_at(message, at);
    const std::string text = message.substr(at + 4, length);
    if (field == 1) call.path = text;
    if (field == 3) call.member = text;
    at += 4 + length + 1;
  }
  for (std::size_t at = (end + 7) / 8 * 8; at < message.size();) {
    at = (at + 3) / 4 * 4;
    const std::uint32_t length = number_at(message, at);
    call.arguments.push_back(message.substr(at + 4, length));
    at += 4 + length + 1;
  }
  return call;
}

void send_all(int connection, const std::string& bytes) {
  for (std::size_t at = 0; at < bytes.size();) {
    const ssize_t sent = ::send(connection, bytes.data() + at, bytes.size() - at, MSG_NOSIGNAL);
    if (sent <= 0) return;
    at += static_cast<std::size_t>(sent);
  }
}

}  // namespace

void DbusBody::pad(std::size_t to) {
  bytes_.resize((bytes_.size() + to - 1) / to * to);
}
DbusBody& DbusBody::number32(std::uint32_t value) {
  pad(4);
  bytes_.append(reinterpret_cast<const char*>(&value), sizeof(value));
  return *this;
}
DbusBody& DbusBody::number64(std::uint64_t value) {
  pad(8);
  bytes_.append(reinterpret_cast<const char*>(&value), sizeof(value));
  return *this;
}
DbusBody& DbusBody::text(std::string_view value) {
  number32(static_cast<std::uint32_t>(value.size()));
  bytes_.append(value).append(1, '\0');
  return *this;
}
DbusBody& DbusBody::signature(std::string_view value) {
  bytes_.append(1, static_cast<char>(value.size())).append(value).append(1, '\0');
  return *this;
}
DbusBody& DbusBody::array(const std::function<void(DbusBody&)>& write) {
  number32(0);
  const std::size_t length_at = bytes_.size() - 4;
  pad(8);
  const std::size_t begin = bytes_.size();
  write(*this);
  const auto length = static_cast<std::uint32_t>(bytes_.size() - begin);
  std::memcpy(bytes_.data() + length_at, &length, sizeof(length));
  return *this;
}
DbusBody& DbusBody::structure() {
  pad(8);
  return *this;
}

std::string dbus_variant(std::string_view text) {
  return DbusBody().signature("s").text(text).bytes();
}
std::string dbus_variant32(char type, std::uint32_t value) {
  return DbusBody().signature(std::string(1, type)).number32(value).bytes();
}
std::string dbus_variant64(std::uint64_t value) {
  return DbusBody().signature("t").number64(value).bytes();
}

DbusImposter::DbusImposter(std::string path, Handler handler) : handler_(std::move(handler)) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  REQUIRE(path.size() < sizeof(address.sun_path));
  std::memcpy(address.sun_path, path.data(), path.size());
  listener_ = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  REQUIRE(::bind(listener_, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0);
  REQUIRE(::listen(listener_, 4) == 0);
  thread_ = std::thread([this] { serve(); });
}

DbusImposter::~DbusImposter() {
  ::shutdown(listener_, SHUT_RDWR);  // wakes accept()
  drop_connection();
  thread_.join();
  ::close(listener_);
}

void DbusImposter::drop_connection() {
  std::lock_guard lock(mutex_);
  if (connection_ >= 0) ::shutdown(connection_, SHUT_RDWR);
}

std::vector<std::string> DbusImposter::questions() const {
  std::lock_guard lock(mutex_);
  return questions_;
}

void DbusImposter::serve() {
  for (;;) {
    const int connection = ::accept(listener_, nullptr, nullptr);
    if (connection < 0) return;
    {
      std::lock_guard lock(mutex_);
      connection_ = connection;
    }
    talk(connection);
    std::lock_guard lock(mutex_);
    connection_ = -1;
    ::close(connection);
  }
}

void DbusImposter::talk(int connection) {
  std::string received;
  bool signed_in = false;
  char buffer[4096];
  for (;;) {
    const ssize_t got = ::recv(connection, buffer, sizeof(buffer), 0);
    if (got <= 0) return;
    received.append(buffer, static_cast<std::size_t>(got));
    if (!signed_in) {
      if (received.ends_with("\r\n") && received.contains("AUTH EXTERNAL")) {
        send_all(connection, "OK 0123456789abcdef0123456789abcdef\r\n");
        received.clear();
        signed_in = true;
      }
      continue;
    }
    if (received.starts_with("BEGIN\r\n")) received.erase(0, 7);
    while (received.size() >= 16) {
      const std::size_t length = (16U + number_at(received, 12) + 7) / 8 * 8 + number_at(received, 4);
      if (received.size() < length) break;
      send_all(connection, answer_to(received.substr(0, length)));
      received.erase(0, length);
    }
  }
}

std::string DbusImposter::answer_to(const std::string& message) {
  const Call call = read_call(message);
  std::string question = call.member;
  for (const std::string& argument : call.arguments) question += " " + argument;
  if (!call.arguments.empty()) question += " " + call.path;
  {
    std::lock_guard lock(mutex_);
    questions_.push_back(question);
  }
  std::optional<Answer> answer =
      call.member == "Hello" ? Answer{"s", DbusBody().text(":1.7").bytes(), ""} : handler_(question);
  if (!answer) return {};
  DbusBody fields;  // a signal stands in front of each answer: a bus sends them without being asked
  std::string out("l\4\1\1\0\0\0\0\1\0\0\0\0\0\0\0", 16);
  const bool is_error = !answer->error.empty();
  if (is_error) {
    answer->signature = "s";
    answer->body = DbusBody().text(answer->body).bytes();
    fields.structure().number32(0x00'73'01'04).text(answer->error);  // field 4, signature "s"
  }
  fields.structure().number32(0x00'75'01'05).number32(call.serial);  // field 5, signature "u"
  fields.structure().number32(0x00'67'01'08).signature(answer->signature);
  DbusBody header;
  header.number32(is_error ? 0x01'00'03'6c : 0x01'00'02'6c)
      .number32(static_cast<std::uint32_t>(answer->body.size()))
      .number32(99)
      .number32(static_cast<std::uint32_t>(fields.bytes().size()));
  out += header.bytes() + fields.bytes();
  out.resize((out.size() + 7) / 8 * 8);
  return out + answer->body;
}

}  // namespace tocsin::test
