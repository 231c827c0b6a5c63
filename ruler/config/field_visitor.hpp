#pragma once
// The fields of an integration are listed once per kind, in its describe(). Whoever needs to know them walks that list:
// the reader of alertmanager.yml, the check of templates (notify/check_texts.hpp), the hiding of secrets.

#include <concepts>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.hpp"
#include "base/secret.hpp"
#include "base/time.hpp"
#include "config/http_client_config.hpp"
#include "config/value_tree.hpp"

namespace tocsin::config {

using TextMap = std::vector<std::pair<std::string, std::string>>;  // sorted by key
using TreeMap = std::vector<std::pair<std::string, ValueTree>>;    // in the order of the document
using SecretMap = std::vector<std::pair<std::string, Secret>>;     // sorted by key

/// One method per kind of value; "template" says that the value is expanded for each notification. The defaults do
/// nothing: a visitor overrides what it is interested in.
/// Nested maps are types with `static constexpr std::string_view kType` (for messages), `void describe(FieldVisitor&)`
/// and, if there is something to check, `Result<void> complete()`, whose error is a message without a position.
class FieldVisitor {
 public:
  virtual ~FieldVisitor() = default;

  virtual void text(std::string_view /*key*/, std::string& /*value*/) {}  // a template
  /// A template of HTML.
  virtual void html_text(std::string_view key, std::string& value) { text(key, value); }
  virtual void texts(std::string_view /*key*/, std::vector<std::string>&) {}    // templates
  virtual void text_map(std::string_view /*key*/, TextMap& /*value*/) {}        // keys and values are templates
  virtual void tree(std::string_view /*key*/, std::optional<ValueTree>&) {}     // all texts in it are templates
  virtual void tree_map(std::string_view /*key*/, TreeMap& /*value*/) {}        // templates, but for its own keys
  virtual void plain(std::string_view /*key*/, std::string& /*value*/) {}       // not a template
  virtual void plains(std::string_view /*key*/, std::vector<std::string>&) {}   // not templates
  virtual void url(std::string_view /*key*/, std::string& /*value*/) {}         // http or https; not a template
  virtual void file(std::string_view /*key*/, std::string& /*value*/) {}        // path, resolved when read
  virtual void secret(std::string_view /*key*/, Secret& /*value*/) {}           // not a template
  virtual void secret_text(std::string_view /*key*/, Secret& /*value*/) {}      // a template
  virtual void secret_map(std::string_view /*key*/, SecretMap& /*value*/) {}    // values are templates
  virtual void secret_url(std::string_view /*key*/, Secret& /*value*/) {}       // not a template
  virtual void secret_url_text(std::string_view /*key*/, Secret& /*value*/) {}  // a template if it has "{{"
  virtual void flag(std::string_view /*key*/, bool& /*value*/) {}
  virtual void flag(std::string_view /*key*/, std::optional<bool>& /*value*/) {}
  virtual void count(std::string_view /*key*/, std::uint64_t& /*value*/) {}
  virtual void integer(std::string_view /*key*/, std::int64_t& /*value*/) {}
  virtual void tls(std::string_view /*key*/, std::optional<TlsConfig>& /*value*/) {}
  virtual void duration(std::string_view /*key*/, Duration& /*value*/) {}     // Prometheus' durations: "1d"
  virtual void go_duration(std::string_view /*key*/, Duration& /*value*/) {}  // Go's durations: "1.5h"

  /// A list of maps.
  template <typename T>
  void list(std::string_view key, std::vector<T>& items) {
    part({key, T::kType, true, items.size(), scalar_key<T>(),
          [&items](std::size_t i, FieldVisitor& visitor) {
            if (i == items.size()) items.emplace_back();
            items[i].describe(visitor);
          },
          [&items](std::size_t i) { return completed(items[i]); }});
  }
  /// A map that may be absent.
  template <typename T>
  void map(std::string_view key, std::optional<T>& item) {
    part({key, T::kType, false, item ? 1U : 0U, scalar_key<T>(),
          [&item](std::size_t, FieldVisitor& visitor) {
            if (!item) item.emplace();
            item->describe(visitor);
          },
          [&item](std::size_t) { return completed(*item); }});
  }
  /// A map with defaults. If T has `kScalarKey`, a scalar stands for the map with that key alone.
  template <typename T>
  void map(std::string_view key, T& item) {
    part({key, T::kType, false, 1, scalar_key<T>(),
          [&item](std::size_t, FieldVisitor& visitor) { item.describe(visitor); },
          [&item](std::size_t) { return completed(item); }});
  }

 protected:
  /// What list() and map() come down to.
  struct Part {
    std::string_view key, type;
    bool is_list;
    std::size_t size;             // maps that are there
    std::string_view scalar_key;  // "": a scalar is an error
    /// Walks the fields of the n-th map; n == size makes it first (one at most for map()).
    std::function<void(std::size_t n, FieldVisitor& visitor)> visit;
    std::function<Result<void>(std::size_t n)> complete;
  };
  /// The default walks what is there.
  virtual void part(const Part& part) {
    for (std::size_t i = 0; i < part.size; ++i) part.visit(i, *this);
  }

 private:
  template <typename T>
  static Result<void> completed(T& value) {
    if constexpr (requires { value.complete(); }) return value.complete();
    return {};
  }
  template <typename T>
  static constexpr std::string_view scalar_key() {
    if constexpr (requires { T::kScalarKey; }) return T::kScalarKey;
    return {};
  }
};

}  // namespace tocsin::config
