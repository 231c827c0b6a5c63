#pragma once
// Expected failure as a value. Hot paths use an enum and an offset instead; the impossible is check() (check.hpp).

#include <expected>
#include <string>
#include <string_view>
#include <utility>

#include <fmt/format.h>

namespace tocsin {

/// What kind of failure it is; what a caller decides on. The text is for people.
enum class Errc {
  kInvalid,      // the input is wrong: configuration, query, request
  kNotFound,     // named thing does not exist
  kExists,       // named thing exists already
  kUnsupported,  // known, and not built
  kLimit,        // a limit was reached
  kTimeout,      // a deadline passed
  kCanceled,     // the asker went away
  kIo,           // operating system or network
  kCorrupt,      // stored data does not make sense
  kUnavailable,  // not ready now, may be later
  kExecution,    // a query failed while it ran
  kInternal,     // a defect of ours that was caught
};

struct [[nodiscard]] Error {
  Errc code = Errc::kInternal;
  std::string message;

  /// The same error with one line of context in front: "context: message".
  Error wrap(std::string_view context) && { return Error{code, fmt::format("{}: {}", context, message)}; }
};

template <typename T = void>
using Result = std::expected<T, Error>;

template <typename... Args>
std::unexpected<Error> fail(Errc code, fmt::format_string<Args...> format, Args&&... args) {
  return std::unexpected(Error{code, fmt::format(format, std::forward<Args>(args)...)});
}

inline std::unexpected<Error> fail(Error error) {
  return std::unexpected(std::move(error));
}

}  // namespace tocsin

#define TOCSIN_CONCAT_INNER(a, b) a##b
#define TOCSIN_CONCAT(a, b) TOCSIN_CONCAT_INNER(a, b)
/// Statement: `TOCSIN_TRY(auto x, f());` binds the value or returns the error. In a coroutine use TOCSIN_CO_TRY.
#define TOCSIN_TRY(decl, expr) TOCSIN_TRY_IMPL(decl, expr, return, TOCSIN_CONCAT(try_result_, __LINE__))
#define TOCSIN_CO_TRY(decl, expr) TOCSIN_TRY_IMPL(decl, expr, co_return, TOCSIN_CONCAT(try_result_, __LINE__))
#define TOCSIN_TRY_IMPL(decl, expr, leave, result)               \
  auto result = (expr);                                          \
  if (!result) leave std::unexpected(std::move(result).error()); \
  decl = std::move(*result)
/// Statement: returns the error of a Result<void>, if any.
#define TOCSIN_OK(expr) \
  if (auto ok_result = (expr); !ok_result) return std::unexpected(std::move(ok_result).error())
#define TOCSIN_CO_OK(expr) \
  if (auto ok_result = (expr); !ok_result) co_return std::unexpected(std::move(ok_result).error())
