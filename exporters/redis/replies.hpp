#pragma once
// RESP2, the protocol of Redis, read without recursion and without a copy of what it says.
// Source: redis.io, "Redis serialization protocol specification".
//
// The bytes of all answers of a pipeline stay in one string. Beside it lies a tape with one entry for each value, in
// the order of the bytes; the entry of an array says where its subtree ends.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace tocsin::exporters::redis {

class Reply;

/// What bounds the answers of one pipeline.
struct ReplyLimits {
  std::size_t bytes = 32U << 20U;
  std::size_t values = 1U << 20U;
  std::size_t depth = 16;
};

/// The answers of one pipeline. Thread: one at a time. Views live as long as it does.
class Replies {
 public:
  enum class Kind : std::uint8_t { kNil, kText, kError, kInteger, kArray };

  /// @param wanted  so many answers are expected.
  explicit Replies(std::size_t wanted, ReplyLimits limits = {}) : wanted_(wanted), limits_(limits) {}

  /// Takes bytes as they come. kCorrupt for what is no RESP2, or more than was asked for; kLimit. After an error no
  /// more bytes may come.
  Result<void> feed(std::string_view bytes);
  /// All answers are there.
  bool done() const { return tops_.size() == wanted_ && open_.empty(); }
  std::size_t size() const { return tops_.size(); }
  std::size_t byte_count() const { return bytes_.size(); }
  Reply at(std::size_t index) const;

 private:
  friend class Reply;
  struct Value {
    Kind kind = Kind::kNil;
    std::uint32_t offset = 0, length = 0;  // of the text, in bytes_
    std::uint32_t count = 0;               // of an array
    std::uint32_t end = 0;                 // where on the tape its subtree ends
    std::int64_t integer = 0;
  };
  struct Open {
    std::uint32_t index = 0;  // of the array, on the tape
    std::uint32_t missing = 0;
  };
  Result<bool> step();
  Result<bool> step_bulk();
  Result<void> start_array(std::int64_t count);
  Result<void> add(Value value);
  void close_arrays();

  const std::size_t wanted_;
  const ReplyLimits limits_;
  std::string bytes_;
  std::size_t at_ = 0;               // what stands before it is understood
  std::size_t searched_ = 0;         // no line ends before it
  std::optional<std::size_t> bulk_;  // bytes of the text that is under way
  std::vector<Value> tape_;
  std::vector<std::uint32_t> tops_;
  std::vector<Open> open_;
};

/// One value. A copy refers to the same answers.
class Reply {
 public:
  using Kind = Replies::Kind;
  Reply(const Replies& replies, std::uint32_t index) : replies_(&replies), index_(index) {}

  Kind kind() const { return value().kind; }
  bool is_error() const { return kind() == Kind::kError; }
  bool is_array() const { return kind() == Kind::kArray; }
  /// Of a text or an error; else "".
  std::string_view text() const { return std::string_view(replies_->bytes_).substr(value().offset, value().length); }
  /// Of an integer, or of a text that is one.
  std::optional<std::int64_t> integer() const;
  /// Elements of an array; else 0.
  std::size_t size() const { return value().count; }
  /// Calls `take(element)` for each element of an array.
  template <typename Take>
  void each(Take take) const {
    std::uint32_t index = index_ + 1;
    for (std::uint32_t left = value().count; left > 0; --left) {
      const Reply element(*replies_, index);
      index = element.value().end;
      take(element);
    }
  }
  /// Calls `take(key, value)` for each two elements: RESP2 writes maps so.
  template <typename Take>
  void each_pair(Take take) const {
    std::uint32_t index = index_ + 1;
    for (std::uint32_t left = value().count / 2; left > 0; --left) {
      const Reply key(*replies_, index);
      const Reply element(*replies_, key.value().end);
      index = element.value().end;
      take(key, element);
    }
  }
  /// The element of an array, or nothing.
  std::optional<Reply> at(std::size_t place) const;
  /// The value behind this key, or nothing.
  std::optional<Reply> find(std::string_view key) const;
  /// The text behind this key, or "".
  std::string_view text_of(std::string_view key) const;

 private:
  const Replies::Value& value() const { return replies_->tape_[index_]; }
  const Replies* replies_;
  std::uint32_t index_;
};

}  // namespace tocsin::exporters::redis
