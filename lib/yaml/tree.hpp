#pragma once
// The parsed document behind Node. Private to this module.

#include <algorithm>
#include <cstddef>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "yaml/node.hpp"

namespace tocsin::yaml {

class Document;

/// One node; its address is stable as long as its document lives. Immutable once parsed.
struct NodeData {
  Node::Kind kind = Node::Kind::kNull;
  Position position;
  std::string text;  // of a scalar
  bool quoted = false;
  std::string_view tag;                   // what a value resolves to: "!!str", "!!int", ...; views a literal
  std::vector<const NodeData*> children;  // elements; of a map keys and values in turn
  std::size_t weight = 1;                 // nodes in it after expansion of aliases
  std::size_t height = 1;                 // levels in it
  const NodeData* repeated = nullptr;     // of a map: the first key that stands there for the second time
  const Document* document = nullptr;
};

/// Owns all nodes of one document. Thread: any, immutable once parsed.
class Document {
 public:
  explicit Document(std::string file) : file_(std::move(file)) {}
  NodeData& add() {
    NodeData& node = nodes_.emplace_back();
    node.document = this;
    return node;
  }
  std::size_t size() const { return nodes_.size(); }
  const std::string& file() const { return file_; }
  void note_repeated(const NodeData& key) {
    if (repeated_ == nullptr) repeated_ = &key;
  }
  const NodeData* repeated() const { return repeated_; }
  /// A node that keeps its document alive.
  static Node node(std::shared_ptr<const Document> document, const NodeData* impl) {
    return Node(std::shared_ptr<const NodeData>(std::move(document), impl));
  }

 private:
  std::string file_;
  std::deque<NodeData> nodes_;
  const NodeData* repeated_ = nullptr;
};

/// yaml.v2's words for a key that stands in a map for the second time.
std::string repeated_key_text(std::string_view key);

/// The tag that an unquoted text has in YAML 1.1 as Go's yaml.v2 reads it: "!!null", "!!bool", "!!int", "!!float",
/// "!!str".
std::string_view resolve_tag(std::string_view plain);
bool parse_bool(std::string_view plain, bool& value);
/// Decimal, 0x, 0b, 0o and leading-zero octal, with underscores. False if it is no integer or does not fit.
struct Integer {
  bool negative = false;
  std::uint64_t magnitude = 0;
};
bool parse_integer(std::string_view plain, Integer& value);
bool parse_number(std::string_view plain, double& value);
/// Standard alphabet with padding; blanks and line breaks are passed over. `out` may be the text's own string.
bool decode_base64(std::string_view text, std::string& out);

template <typename List>
bool is_one_of(const List& list, std::string_view text) {
  return std::find(std::begin(list), std::end(list), text) != std::end(list);
}

}  // namespace tocsin::yaml
