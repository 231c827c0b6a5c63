#pragma once
// A text that never reaches a log, an API or an error message.

#include <string>
#include <utility>

#include <fmt/format.h>

namespace tocsin {

class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string text) : text_(std::move(text)) {}
  /// The text itself; only for the one place that sends it.
  const std::string& reveal() const { return text_; }
  bool empty() const { return text_.empty(); }
  bool operator==(const Secret&) const = default;

 private:
  std::string text_;
};

inline constexpr const char* kSecretText = "<secret>";

}  // namespace tocsin

template <>
struct fmt::formatter<tocsin::Secret> : fmt::formatter<const char*> {
  template <typename Context>
  auto format(const tocsin::Secret&, Context& ctx) const {
    return fmt::formatter<const char*>::format(tocsin::kSecretText, ctx);
  }
};
