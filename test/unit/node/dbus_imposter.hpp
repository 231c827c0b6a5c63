#pragma once
// A service on D-Bus that answers as the test says, over a socket in the file system.

#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "exporters/node/dbus_message.hpp"

namespace tocsin::test {

/// Writes values of D-Bus, little-endian.
class DbusBody {
 public:
  DbusBody& number32(std::uint32_t value);
  DbusBody& number64(std::uint64_t value);
  DbusBody& text(std::string_view value);
  DbusBody& signature(std::string_view value);
  /// An array of structs; `write` writes the elements, each after structure().
  DbusBody& array(const std::function<void(DbusBody&)>& write);
  DbusBody& structure();
  const std::string& bytes() const { return bytes_; }

 private:
  void pad(std::size_t to);
  std::string bytes_;
};

std::string dbus_variant(std::string_view text);
std::string dbus_variant32(char type, std::uint32_t value);
std::string dbus_variant64(std::uint64_t value);

/// Answers are by "member interface.property of path": "ListUnits", or "Get <interface> <property> <path>".
class DbusImposter {
 public:
  struct Answer {
    std::string signature, body;
    std::string error;  // its name; then the body is a string
  };
  /// Nothing: the imposter stays silent.
  using Handler = std::function<std::optional<Answer>(const std::string& question)>;

  DbusImposter(std::string path, Handler handler);
  ~DbusImposter();
  /// Ends the connection that there is, as a service that is started anew does.
  void drop_connection();
  std::vector<std::string> questions() const;

 private:
  void serve();
  void talk(int connection);
  std::string answer_to(const std::string& message);

  Handler handler_;
  int listener_;
  mutable std::mutex mutex_;
  int connection_ = -1;
  std::vector<std::string> questions_;
  std::thread thread_;
};

}  // namespace tocsin::test
