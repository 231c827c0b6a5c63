#pragma once
// Asking services over D-Bus, without a library: node collectors need a handful of questions with strings in them.

#include <span>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "exporters/node/dbus_message.hpp"

namespace tocsin::exporters::node {

/// A connection to the system's bus, or straight to a service. Opened at the first question and kept until one fails.
/// Thread: one at a time; blocks, for at most the limit.
class Dbus {
 public:
  /// @param path    of the socket; "@name" is one in the abstract name space
  /// @param is_bus  false for a socket of the service itself, such as /run/systemd/private
  /// @param limit   for all questions of one ask()
  Dbus(Clock& clock, std::string path, bool is_bus, Duration limit = std::chrono::seconds(5))
      : clock_(clock), path_(std::move(path)), is_bus_(is_bus), limit_(limit) {}
  ~Dbus();
  Dbus(const Dbus&) = delete;
  Dbus& operator=(const Dbus&) = delete;

  /// Asks all of them at once. @return an answer for each, which may be an error; kUnavailable if there is no socket,
  /// kTimeout if answers take too long.
  Result<std::vector<DbusMessage>> ask(std::span<const DbusCall> calls);

 private:
  Result<void> open();
  Result<void> sign_in();
  Result<std::vector<DbusMessage>> exchange(std::span<const DbusCall> calls);
  Result<void> send(std::string_view bytes);
  Result<void> receive();
  void close();

  Clock& clock_;
  std::string path_;
  bool is_bus_;
  Duration limit_;
  MonoTime deadline_{0};
  int descriptor_ = -1;
  std::uint32_t serial_ = 0;
  std::string buffer_;  // received and not yet understood
};

/// The question for a property.
DbusCall get_property(const std::string& destination, const std::string& path, const std::string& interface,
                      const std::string& property);

/// The answer to one question. @return kIo with the service's error if it is one.
Result<DbusMessage> good_answer(DbusMessage answer);

}  // namespace tocsin::exporters::node
