#pragma once
// encoding/json as Go writes it: members in the order given, < > & escaped, shortest floats.

#include <string>
#include <string_view>

#include "base/result.hpp"
#include "template/value.hpp"

namespace tocsin::tmpl {

/// json.Marshal of a value: structs by their JSON names, maps sorted by key, times as RFC 3339, kHtmlType as text.
/// @return kExecution "json: unsupported value: NaN", kLimit.
Result<std::string> to_json(const Value& value);

/// Writes one JSON object member by member. The caller keeps the order; commas are put in here.
class JsonObject {
 public:
  JsonObject& text(std::string_view key, std::string_view value);
  /// Nothing if the value is "": Go's omitempty.
  JsonObject& text_if(std::string_view key, std::string_view value);
  JsonObject& flag(std::string_view key, bool value);
  JsonObject& number(std::string_view key, std::uint64_t value);
  /// `json` is JSON already.
  JsonObject& raw(std::string_view key, std::string_view json);
  std::string take() { return std::move(out_) + "}"; }

 private:
  void key(std::string_view key);
  std::string out_ = "{";
};

}  // namespace tocsin::tmpl
