#pragma once
// Asking the kernel over netlink for all that it has of a kind.

#include <cstdint>
#include <cstring>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace tocsin::exporters::node {

using NetlinkTake = std::function<void(std::uint16_t type, std::string_view body)>;

/// One protocol of netlink. The socket is opened at the first question and kept until one fails.
/// Thread: one at a time; questions block, for at most a second per datagram.
/// Source: netlink(7).
class Netlink {
 public:
  /// @param protocol  NETLINK_ROUTE, …
  explicit Netlink(int protocol) : protocol_(protocol) {}
  ~Netlink();
  Netlink(const Netlink&) = delete;
  Netlink& operator=(const Netlink&) = delete;

  /// Asks for everything of a kind and calls `take` for each message of the answer; bodies live for the call.
  /// @return kUnavailable if the kernel does not have the protocol or the request, or does not allow it; kLimit for an
  ///         answer of more than 64 MiB.
  Result<void> dump(std::uint16_t type, std::string_view request, const NetlinkTake& take);
  /// The same for a question with one answer.
  Result<void> ask(std::uint16_t type, std::string_view request, const NetlinkTake& take);
  /// The name of a network device; "" if it is gone.
  std::string device_name(unsigned index);

 private:
  Result<void> question(std::uint16_t type, unsigned flags, std::string_view request, const NetlinkTake& take);
  Result<void> open();
  Result<void> exchange(std::string_view message, const NetlinkTake& take);
  void close();

  int protocol_;
  int descriptor_ = -1;
  std::uint32_t sequence_ = 0;
  std::unique_ptr<char[]> buffer_;  // for a datagram; of its memory, what answers filled is resident
};

/// The messages of one datagram that answer the question `sequence`; others are passed over.
/// @return whether the answer ends with it; kCorrupt if lengths do not fit, kUnavailable or kIo if it is a refusal.
Result<bool> parse_netlink(std::string_view datagram, std::uint32_t sequence, const NetlinkTake& take);

/// The attributes (struct rtattr) in a text; stops where lengths do not fit. Types come without the flags of nesting.
void for_each_attribute(std::string_view bytes, const NetlinkTake& take);

/// The bytes behind a header of `size` bytes: its attributes.
inline std::string_view after_header(std::string_view message, std::size_t size) {
  const std::size_t aligned = (size + 3) / 4 * 4;
  return message.size() < aligned ? std::string_view() : message.substr(aligned);
}

/// A struct at the front of the bytes; nothing if they are too few.
template <typename T>
std::optional<T> read_struct(std::string_view bytes) {
  if (bytes.size() < sizeof(T)) return std::nullopt;
  T value;
  std::memcpy(&value, bytes.data(), sizeof(T));
  return value;
}

/// An attribute's number, as 0 if it is too short.
template <typename T>
T read_or_zero(std::string_view bytes) {
  return read_struct<T>(bytes).value_or(T{});
}

/// A text in an attribute, without the zero that ends it.
inline std::string_view attribute_text(std::string_view bytes) {
  return bytes.substr(0, bytes.find('\0'));
}

/// The bytes of a struct, as a request.
template <typename T>
std::string_view bytes_of(const T& value) {
  return {reinterpret_cast<const char*>(&value), sizeof(T)};
}

/// Appends an attribute.
void append_attribute(std::string& out, std::uint16_t type, std::string_view value);

}  // namespace tocsin::exporters::node
