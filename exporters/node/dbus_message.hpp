#pragma once
// Messages of D-Bus. Source: D-Bus Specification 0.43, "Message Protocol" and "Type System".

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace tocsin::exporters::node {

/// A question to a method whose arguments are all strings.
struct DbusCall {
  std::string destination;  // "" where there is no bus between
  std::string path, interface, member;
  std::vector<std::string> arguments = {};
};

/// @param serial  not 0; the answer names it.
std::string encode_dbus_call(const DbusCall& call, std::uint32_t serial);

struct DbusMessage {
  enum Type : std::uint8_t { kCall = 1, kReturn = 2, kError = 3, kSignal = 4 };
  Type type = kSignal;
  std::uint32_t reply_to = 0;  // the serial of the call
  std::string error;           // its name, of an error
  std::string signature;
  std::string body;
  bool little_endian = true;
};

/// The message at the front of `bytes`, which is removed from it; nothing if it is not whole yet.
/// @return kCorrupt for what is none, kLimit beyond 32 MiB.
Result<std::optional<DbusMessage>> take_dbus_message(std::string_view& bytes);

/// Reads values one after the other. Behind the end, and where lengths do not fit, everything is 0 or empty, and good()
/// is false from then on.
class DbusReader {
 public:
  DbusReader(std::string_view bytes, bool little_endian) : bytes_(bytes), little_endian_(little_endian) {}
  explicit DbusReader(const DbusMessage& message) : DbusReader(message.body, message.little_endian) {}

  bool good() const { return good_; }
  std::uint8_t byte();
  std::uint32_t number32();
  std::uint64_t number64();
  /// A string or an object path.
  std::string_view text();
  std::string_view signature();
  /// Calls `take` for each element of an array of structs.
  template <typename Take>
  void each_struct(Take take) {
    const std::size_t end = begin_array(8);
    while (good_ && at_ < end) {
      align(8);
      take();
    }
  }
  /// Passes over one value of the first type of a signature, and removes the type from it.
  void skip(std::string_view& signature, int depth = 0);
  void align(std::size_t to);

 private:
  /// @return where the elements end.
  std::size_t begin_array(std::size_t element_alignment);
  std::string_view take(std::size_t length);

  std::string_view bytes_;
  std::size_t at_ = 0;
  bool little_endian_;
  bool good_ = true;
};

/// What a question for a property was answered: the variant's value, if it has that kind.
std::optional<std::string> dbus_text(const DbusMessage& answer);
/// Booleans are 0 and 1.
std::optional<std::uint64_t> dbus_number(const DbusMessage& answer);

}  // namespace tocsin::exporters::node
