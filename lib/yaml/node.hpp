#pragma once
// Strict YAML: every mistake is reported with file:line:column. yaml-cpp is behind it, in this folder only; none of its
// exceptions leaves.

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "base/secret.hpp"
#include "base/time.hpp"

namespace tocsin::yaml {

struct Position {
  int line = 0;    // from 1
  int column = 0;  // in bytes, from 1
};

struct NodeData;  // tree.hpp
class Node;
/// The error of the first repeated key in the node's document, if there is any: see parse().
Result<void> check_repeated(const Node& node);

/// A node of a parsed document; a copy refers to the same document. Thread: any (immutable).
class Node {
 public:
  Node() = default;
  enum class Kind { kMissing, kNull, kScalar, kSequence, kMap };

  Kind kind() const;
  explicit operator bool() const { return kind() != Kind::kMissing; }
  bool is_map() const { return kind() == Kind::kMap; }
  bool is_sequence() const { return kind() == Kind::kSequence; }
  bool is_scalar() const { return kind() == Kind::kScalar; }
  /// Null (`~`, `null`, nothing behind the colon) or missing.
  bool is_null() const { return kind() == Kind::kNull || kind() == Kind::kMissing; }

  Position position() const;
  /// "file:line:column".
  std::string where() const;
  /// The name of the document's file, as it was given to parse().
  const std::string& file() const;
  /// A path that stands in the document, seen from the folder of the document's file.
  std::string beside(std::string_view path) const;
  /// kInvalid with "file:line:column: message".
  template <typename... Args>
  std::unexpected<Error> error(fmt::format_string<Args...> format, Args&&... args) const {
    return fail(Errc::kInvalid, "{}: {}", where(), fmt::format(format, std::forward<Args>(args)...));
  }

  /// The scalar's text as written (unquoted); "" for others. `quoted` tells "true" from true.
  const std::string& text() const;
  bool quoted() const;

  /// Member of a map; kMissing if it is not there.
  Node operator[](std::string_view key) const;
  std::size_t size() const;
  /// Of a map that was parsed with RepeatedKeys::kLeft: the first key that stands there again; kMissing if none does.
  Node repeated_key() const;
  /// Elements of a sequence.
  Node at(std::size_t index) const;
  struct Entry;
  /// Entries of a map in the order of the document.
  std::vector<Entry> entries() const;
  std::vector<Node> elements() const;

  // Typed readings; a wrong type is kInvalid with the position: "cannot unmarshal !!str `x` into int", as Go's yaml.v2
  // says it. Quoted scalars are strings only; any scalar is good where a string is wanted, null there is "".
  Result<std::string> as_string() const;
  Result<bool> as_bool() const;  // true/false/yes/no/on/off/y/n as yaml.v2 reads them
  Result<std::int64_t> as_int() const;
  Result<double> as_double() const;
  Result<Duration> as_duration() const;    // Prometheus durations
  Result<std::uint64_t> as_bytes() const;  // 10MB, 1GiB, 1.5KB; "0" (base 2 for both spellings)
  Result<Secret> as_secret() const;
  Result<std::vector<std::string>> as_strings() const;
  /// The error for a value that should have been `wanted`.
  std::unexpected<Error> wrong_type(std::string_view wanted) const;

 private:
  friend class Document;
  friend Result<void> check_repeated(const Node& node);
  explicit Node(std::shared_ptr<const NodeData> impl) : impl_(std::move(impl)) {}
  std::shared_ptr<const NodeData> impl_;
};

struct Node::Entry {
  Node key;
  Node value;
};

/// Parses the only document of the text; a text without any is one null node. Duplicate keys, tabs as indentation,
/// control characters, alias bombs (more than 100,000 nodes by aliases), nesting over 100 are errors with their
/// position.
/// `<<` merges as in YAML 1.1.
/// @param file  the name used in messages.
/// @param repeated  with kLeft, repeated keys are left to Fields, which knows the type that yaml.v2 names; the caller
///                  asks check_repeated() at the end, so that none is taken in silence.
enum class RepeatedKeys { kRefused, kLeft };
Result<Node> parse(std::string text, std::string file, RepeatedKeys repeated = RepeatedKeys::kRefused);
/// All documents separated by `---`.
Result<std::vector<Node>> parse_all(std::string text, std::string file);

/// Reads a map's fields and, in finish(), reports the first unknown key. Each method takes the target by reference,
/// keeps its default when the key is absent or null, and remembers the first error.
///   Fields f(node, "scrape config");
///   f.read("job_name", config.job_name);  f.child("relabel_configs", [&](const Node& n) { return parse_relabel(n,
///   ...); }); return f.finish();
class Fields {
 public:
  /// `what` names the map in messages: `field foo not found in type <what>` is what Prometheus says.
  Fields(Node node, std::string what);
  Fields& read(std::string_view key, std::string& out);
  Fields& read(std::string_view key, bool& out);
  Fields& read(std::string_view key, std::int64_t& out);
  Fields& read(std::string_view key, std::uint64_t& out);
  Fields& read(std::string_view key, double& out);
  Fields& read(std::string_view key, Duration& out);
  Fields& read(std::string_view key, Secret& out);
  Fields& read(std::string_view key, std::vector<std::string>& out);
  template <typename T>
  Fields& read(std::string_view key, std::optional<T>& out) {
    if (T value{}; has(key)) {
      read(key, value);
      out = std::move(value);
    } else {
      take(key);
    }
    return *this;
  }
  Fields& bytes(std::string_view key, std::uint64_t& out);
  /// Calls `parse` with the value if the key is there and not null.
  Fields& child(std::string_view key, const std::function<Result<void>(const Node&)>& parse);
  /// Calls `parse` for each element of the sequence under the key.
  Fields& each(std::string_view key, const std::function<Result<void>(const Node&)>& parse);
  /// Fields whose keys are known and that this build does not do yet: `warn` is called once with "file:line:column:
  /// ...".
  Fields& unsupported(std::initializer_list<std::string_view> keys, std::vector<std::string>& warnings);
  /// The key is there and not null.
  bool has(std::string_view key) const;
  /// The map itself, for errors about more than one field.
  const Node& node() const { return node_; }
  /// Marks the key as known and returns its value.
  Node take(std::string_view key);
  /// The first error so far. For checks of several fields that make sense only if each is good.
  Result<void> failed() const;
  /// The first error, else the first unknown key, else success.
  Result<void> finish();

 private:
  Node node_;
  std::string what_;
  std::vector<std::string> known_;
  std::optional<Error> error_;
};

}  // namespace tocsin::yaml
