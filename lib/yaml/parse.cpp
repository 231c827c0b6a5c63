// From yaml-cpp's events to our tree: the only file that sees yaml-cpp.

#include <algorithm>
#include <map>
#include <sstream>
#include <unordered_set>

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include "base/strings.hpp"
#include "base/utf8.hpp"
#include "yaml/tree.hpp"

namespace tocsin::yaml {
namespace {

constexpr std::size_t kMaxDepth = 100;
constexpr std::size_t kMaxAliasNodes = 100'000;
constexpr std::size_t kSmallMap = 16;

/// Tags that ask for what the text looks like anyway.
constexpr std::string_view kResolvedTags[] = {"tag:yaml.org,2002:int", "tag:yaml.org,2002:float",
                                              "tag:yaml.org,2002:bool", "tag:yaml.org,2002:null"};
constexpr std::string_view kBinaryTag = "tag:yaml.org,2002:binary";

/// Leaves yaml-cpp from inside of an event; caught in this file.
struct Refused {
  Position position;
  std::string message;
};

/// Columns are bytes, from 1.
Position position_of(const YAML::Mark& mark) {
  return {mark.line + 1, mark.column + 1};
}

Error error_at(const std::string& file, Position at, std::string_view message) {
  return Error{Errc::kInvalid, fmt::format("{}:{}:{}: {}", file, at.line, at.column, message)};
}

/// yaml-cpp makes the escapes \N and \_ one byte each, Latin-1 in a text that has been found to be UTF-8: a byte that
/// begins no character comes from them alone.
std::string with_whole_characters(const std::string& value) {
  if (std::ranges::none_of(value, [](char c) { return c == '\x85' || c == '\xa0'; })) return value;
  std::string out;
  for (std::string_view rest = value; !rest.empty();) {
    const Rune rune = decode_utf8(rest);
    if (rune.valid) {
      out += rest.substr(0, rune.size);
    } else {
      append_utf8(out, static_cast<unsigned char>(rest.front()));
    }
    rest.remove_prefix(rune.size);
  }
  return out;
}

/// Builds one document. yaml-cpp gives its events in the order of the text.
class TreeBuilder final : public YAML::EventHandler {
 public:
  TreeBuilder(const std::string& file, std::string_view text, bool is_first, RepeatedKeys repeated)
      : document_(std::make_shared<Document>(file)), text_(text), is_first_(is_first), repeated_(repeated) {}

  Node root() const {
    if (root_ != nullptr) return Document::node(document_, root_);
    return {};
  }

  void OnDocumentStart(const YAML::Mark& mark) override {
    // yaml-cpp takes what cannot go on a document for the next one, and never gets past a stray comma.
    const auto at = std::min(static_cast<std::size_t>(mark.pos), text_.size());
    if (is_first_ || text_.substr(at).starts_with("---")) return;
    throw Refused{position_of(mark), "did not find expected <document start>"};
  }
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    if (!open_.empty() && open_.back().flow_sequence && is_separator(mark)) {
      throw Refused{position_of(mark), "did not find expected node content"};
    }
    NodeData& node = make(mark, Node::Kind::kNull, anchor);
    node.tag = "!!null";
    close(node, anchor);
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const Position at = position_of(mark);
    const auto found = anchors_.find(anchor);
    if (found == anchors_.end()) throw Refused{at, "unknown anchor referenced"};
    if (found->second == nullptr) throw Refused{at, "anchor's value contains itself"};
    const NodeData& target = *found->second;
    if (open_.size() + target.height > kMaxDepth) too_deep(at);
    alias_nodes_ += target.weight;
    if (alias_nodes_ > kMaxAliasNodes) throw Refused{at, "document contains excessive aliasing"};
    // A node of its own, so that messages point to the place of use; what is below it is shared.
    NodeData& node = document_->add();
    node = target;
    node.position = at;
    attach(node);
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    NodeData& node = make(mark, Node::Kind::kScalar, anchor);
    node.text = with_whole_characters(value);
    const bool resolved = tag == "?" || is_one_of(kResolvedTags, tag);
    node.quoted = !resolved;
    node.tag = resolved ? resolve_tag(value) : "!!str";
    if (tag == kBinaryTag && !decode_base64(value, node.text)) {
      throw Refused{node.position, "!!binary value contains invalid base64 data"};
    }
    close(node, anchor);
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value style) override {
    open(make(mark, Node::Kind::kSequence, anchor), "!!seq", anchor);
    open_.back().flow_sequence = style == YAML::EmitterStyle::Flow;
  }
  void OnSequenceEnd() override { leave(); }

  void OnMapStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    open(make(mark, Node::Kind::kMap, anchor), "!!map", anchor);
  }
  void OnMapEnd() override {
    check_keys(*open_.back().node);
    merge(*open_.back().node);
    leave();
  }

 private:
  struct Open {
    NodeData* node;
    YAML::anchor_t anchor;
    bool flow_sequence = false;
  };

  /// yaml-cpp takes `[a,,b]` for a null between the commas.
  bool is_separator(const YAML::Mark& mark) const {
    const auto at = static_cast<std::size_t>(mark.pos);
    return at < text_.size() && (text_[at] == ',' || text_[at] == ']');
  }

  [[noreturn]] static void too_deep(Position at) {
    throw Refused{at, fmt::format("nested deeper than {} levels", kMaxDepth)};
  }

  NodeData& make(const YAML::Mark& mark, Node::Kind kind, YAML::anchor_t anchor) {
    NodeData& node = document_->add();
    node.kind = kind;
    node.position = position_of(mark);
    if (anchor != 0) anchors_[anchor] = nullptr;  // not whole yet
    return node;
  }

  void open(NodeData& node, std::string_view tag, YAML::anchor_t anchor) {
    node.tag = tag;
    if (open_.size() >= kMaxDepth) too_deep(node.position);
    open_.push_back({&node, anchor});
  }

  void leave() {
    const Open last = open_.back();
    open_.pop_back();
    close(*last.node, last.anchor);
  }

  void close(NodeData& node, YAML::anchor_t anchor) {
    for (const NodeData* child : node.children) {
      node.weight += child->weight;
      node.height = std::max(node.height, child->height + 1);
    }
    if (anchor != 0) anchors_[anchor] = &node;
    attach(node);
  }

  void attach(const NodeData& node) {
    if (open_.empty()) {
      root_ = &node;
    } else {
      open_.back().node->children.push_back(&node);
    }
  }

  static bool is_merge(const NodeData& key) {
    return key.kind == Node::Kind::kScalar && !key.quoted && key.text == "<<";
  }

  void check_keys(NodeData& map) {
    std::unordered_set<std::string_view> seen;
    const auto& children = map.children;
    for (std::size_t i = 0; i + 1 < children.size(); i += 2) {
      const NodeData& key = *children[i];
      if (key.kind != Node::Kind::kScalar) throw Refused{key.position, "a key must be a scalar"};
      bool repeated = false;
      if (children.size() / 2 <= kSmallMap) {
        for (std::size_t j = 0; j < i && !repeated; j += 2) repeated = children[j]->text == key.text;
      } else {
        repeated = !seen.insert(key.text).second;
      }
      if (repeated) refuse_repeated(map, key);
    }
  }

  void refuse_repeated(NodeData& map, const NodeData& key) {
    if (repeated_ == RepeatedKeys::kRefused) throw Refused{key.position, repeated_key_text(key.text)};
    if (map.repeated == nullptr) map.repeated = &key;
    document_->note_repeated(key);
  }

  /// `<<: *defaults` or a sequence of such: what the map does not set itself comes from there, the first one first.
  void merge(NodeData& map) {
    const auto& children = map.children;
    std::size_t at = 0;
    while (at < children.size() && !is_merge(*children[at])) at += 2;
    if (at >= children.size()) return;
    const NodeData& value = *children[at + 1];
    map.children.erase(map.children.begin() + static_cast<std::ptrdiff_t>(at),
                       map.children.begin() + static_cast<std::ptrdiff_t>(at) + 2);
    if (value.kind == Node::Kind::kMap) {
      merge_from(map, value);
      return;
    }
    for (const NodeData* element : value.children) merge_from(map, *element);
    if (value.kind != Node::Kind::kSequence) refuse_merge(value);
  }

  [[noreturn]] static void refuse_merge(const NodeData& value) {
    throw Refused{value.position, "map merge requires map or sequence of maps as the value"};
  }

  static void merge_from(NodeData& map, const NodeData& source) {
    if (source.kind != Node::Kind::kMap) refuse_merge(source);
    std::unordered_set<std::string_view> own;
    for (std::size_t i = 0; i < map.children.size(); i += 2) own.insert(map.children[i]->text);
    for (std::size_t i = 0; i + 1 < source.children.size(); i += 2) {
      if (own.contains(source.children[i]->text)) continue;
      map.children.push_back(source.children[i]);
      map.children.push_back(source.children[i + 1]);
    }
  }

  std::shared_ptr<Document> document_;
  const NodeData* root_ = nullptr;
  std::vector<Open> open_;
  std::map<YAML::anchor_t, const NodeData*> anchors_;
  std::size_t alias_nodes_ = 0;
  std::string_view text_;
  bool is_first_;
  RepeatedKeys repeated_;
};

/// UTF-8 without control characters, as Go's reader demands; yaml-cpp would take what it is given.
Result<void> check_characters(std::string_view text, const std::string& file) {
  Position at{1, 1};
  while (!text.empty()) {
    const Rune rune = decode_utf8(text);
    if (!rune.valid) return fail(error_at(file, at, "invalid UTF-8"));
    const std::uint32_t c = rune.code;
    const bool control = (c < 0x20 && c != '\t' && c != '\n' && c != '\r') || (c >= 0x7f && c < 0xa0 && c != 0x85);
    if (control || c == 0xfeff || c == 0xfffe || c == 0xffff) {
      return fail(error_at(file, at, "control characters are not allowed"));
    }
    if (c == '\n') {
      at = {at.line + 1, 1};
    } else {
      at.column += rune.size;
    }
    text.remove_prefix(rune.size);
  }
  return {};
}

/// yaml-cpp takes the end of the text for the end of an open quoted scalar if a line break stands before it. The end
/// mark of a document is an error there, and means nothing elsewhere.
void add_end_mark(std::string& text) {
  const std::size_t last = text.find_last_not_of(" \t");
  if (last == std::string::npos || text[last] != '\n') return;
  text += last + 1 == text.size() ? "...\n" : "\n...\n";
}

Result<std::vector<Node>> parse_documents(std::string text, const std::string& file, RepeatedKeys repeated) {
  const auto lines = static_cast<int>(std::count(text.begin(), text.end(), '\n'));
  const std::size_t size = text.size();
  add_end_mark(text);
  std::vector<Node> documents;
  try {
    std::istringstream stream(text);
    YAML::Parser parser(stream);
    for (;;) {
      TreeBuilder builder(file, text, documents.empty(), repeated);
      if (!parser.HandleNextDocument(builder)) break;
      documents.push_back(builder.root());
    }
  } catch (const Refused& refused) {
    return fail(error_at(file, refused.position, refused.message));
  } catch (const YAML::Exception& error) {
    if (error.mark.is_null()) return fail(Errc::kInvalid, "{}: {}", file, error.msg);
    if (static_cast<std::size_t>(error.mark.pos) >= size) {
      return fail(error_at(file, {lines + 1, 1}, "unexpected end of the document: " + error.msg));
    }
    return fail(error_at(file, position_of(error.mark), error.msg));
  } catch (const std::exception& error) {
    return fail(Errc::kInvalid, "{}: {}", file, error.what());
  }
  return documents;
}

Node null_document(const std::string& file) {
  auto document = std::make_shared<Document>(file);
  NodeData& node = document->add();
  node.position = {1, 1};
  node.tag = "!!null";
  return Document::node(std::move(document), &node);
}

Result<std::vector<Node>> parse_text(std::string text, const std::string& file, RepeatedKeys repeated) {
  if (text.starts_with("\xef\xbb\xbf")) text.erase(0, 3);
  if (text.contains('\r')) text = replace_all(replace_all(std::move(text), "\r\n", "\n"), "\r", "\n");
  TOCSIN_OK(check_characters(text, file));
  return parse_documents(std::move(text), file, repeated);
}

}  // namespace

Result<std::vector<Node>> parse_all(std::string text, std::string file) {
  return parse_text(std::move(text), file, RepeatedKeys::kRefused);
}

Result<Node> parse(std::string text, std::string file, RepeatedKeys repeated) {
  TOCSIN_TRY(const std::vector<Node> documents, parse_text(std::move(text), file, repeated));
  if (documents.empty()) return null_document(file);
  for (std::size_t i = 1; i < documents.size(); ++i) {
    if (!documents[i].is_null()) return documents[i].error("more than one document; only the first would be read");
  }
  return documents.front();
}

}  // namespace tocsin::yaml
