#pragma once
// Names beyond [a-zA-Z_:][a-zA-Z0-9_:]* for those who do not take them. Source: prometheus/common model/metric.go,
// EscapeName; Prometheus docs, "Escaping schemes".

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tocsin::expo {

enum class EscapingScheme : std::uint8_t {
  kAllowUtf8,    // names stay as they are
  kUnderscores,  // what is not allowed becomes _
  kDots,         // . becomes _dot_, _ becomes __, the rest __; not for names that need no escapes
  kValues,       // U__ and the code points in hexadecimal: can be read back
};

/// "allow-utf-8", "underscores", "dots" or "values": the parameter `escaping` of Accept and Content-Type.
std::optional<EscapingScheme> escaping_scheme(std::string_view parameter);

/// A metric or label name in a scheme. Names that need no escapes stay as they are, but for those with kDots, whose
/// underscores are doubled.
std::string escape_name(std::string_view name, EscapingScheme scheme);

}  // namespace tocsin::expo
