#pragma once
// Typed members of JSON objects that others send: what is absent or null is the default, what has the wrong type is
// remembered as the one error. Private to this module.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <boost/json.hpp>

#include "base/result.hpp"
#include "discovery/text_pairs.hpp"

namespace tocsin::discovery {

/// Parses one JSON text into `storage`. kInvalid with what is wrong and where: "invalid JSON at byte 17: ...".
Result<boost::json::value> parse_json(std::string_view text, boost::json::storage_ptr storage);

/// Thread: one. Views die with the JSON value.
class JsonReader {
 public:
  /// Texts over `kMaxText` are an error: nobody's labels are that long.
  static constexpr std::size_t kMaxText = std::size_t{1} << 20U;

  std::string text(const boost::json::object& object, std::string_view key);
  std::optional<std::string> optional_text(const boost::json::object& object, std::string_view key);
  std::int64_t integer(const boost::json::object& object, std::string_view key);
  std::optional<std::int64_t> optional_integer(const boost::json::object& object, std::string_view key);
  std::optional<bool> optional_flag(const boost::json::object& object, std::string_view key);
  /// An empty object if it is absent.
  const boost::json::object& object(const boost::json::object& object, std::string_view key);
  const boost::json::array& array(const boost::json::object& object, std::string_view key);
  /// An element as an object.
  const boost::json::object& element(const boost::json::value& value, std::string_view what);
  std::vector<std::string> texts(const boost::json::object& object, std::string_view key);
  /// A map of texts.
  TextPairs pairs(const boost::json::object& object, std::string_view key);

  /// The first wrong type: `field "port" is not a number`.
  Result<void> finish() const;
  bool failed() const { return !error_.empty(); }
  void fail_with(std::string message) {
    if (error_.empty()) error_ = std::move(message);
  }

 private:
  const boost::json::value* find(const boost::json::object& object, std::string_view key) const;
  std::string checked(std::string_view key, const boost::json::string& text);
  void wrong(std::string_view key, std::string_view wanted);
  std::string error_;
};

}  // namespace tocsin::discovery
