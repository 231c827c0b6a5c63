#pragma once
// gzip (RFC 1952): whole texts by libdeflate, in a third of the time of zlib; bit by bit by zlib. 150 µs per 100 KB:
// large ones belong on a work lane.

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace tocsin::net {

/// Thread: any.
std::string gzip(std::string_view text);

/// gzip() bit by bit, for texts that are never whole in memory. Thread: one at a time.
class Gzip {
 public:
  Gzip();
  ~Gzip();
  Gzip(const Gzip&) = delete;
  Gzip& operator=(const Gzip&) = delete;

  /// Appends what can be written so far to `out`, which may be nothing; all of it when `last`, after which there is no
  /// other step.
  void step(std::string_view text, bool last, std::string& out);

 private:
  struct Stream;
  std::unique_ptr<Stream> stream_;
};

/// Joined members too. kLimit as soon as the text exceeds `limit` bytes (a bomb costs no more than that), kInvalid if
/// it is no gzip, torn, or fails its checksum, in Go's words.
Result<std::string> gunzip(std::string_view bytes, std::size_t limit);

/// gunzip() bit by bit, for bodies that are large or that nobody trusts: each step costs as much as its caller allows.
/// Thread: one at a time. Source of the errors' words: Go compress/gzip and compress/flate.
class Gunzip {
 public:
  Gunzip();
  ~Gunzip();
  Gunzip(Gunzip&&) noexcept;
  Gunzip& operator=(Gunzip&&) noexcept;

  /// Takes from the front of `in` and appends up to `room` bytes to `out`; fewer only when `in` is used up. kInvalid if
  /// this is no gzip: "gzip: invalid header", "gzip: invalid checksum", "flate: corrupt input before offset 9".
  Result<void> step(std::string_view& in, std::string& out, std::size_t room);
  /// All input was given: kInvalid "unexpected EOF" (or "EOF" if there was none) unless it ends with a member.
  Result<void> finish() const;

 private:
  struct Stream;
  std::unique_ptr<Stream> stream_;
};

}  // namespace tocsin::net
