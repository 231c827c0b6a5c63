#include "yaml/rewrite.hpp"

#include "yaml/tree.hpp"

namespace tocsin::yaml {
namespace {

/// Copies node by node. The depth is bounded by the parser.
class Rewriter {
 public:
  Rewriter(std::string file, const RewriteText& text)
      : document_(std::make_shared<Document>(std::move(file))), text_(text) {}

  Result<Node> run(const Node& root) {
    TOCSIN_TRY(const NodeData* copied, copy(root));
    return Document::node(document_, copied);
  }

 private:
  Result<const NodeData*> copy(const Node& node) {
    NodeData& out = document_->add();
    out.kind = node.kind();
    out.position = node.position();
    out.text = node.text();
    out.quoted = node.quoted();
    out.tag = tag_of(node);
    if (node.is_scalar()) {
      TOCSIN_TRY(out.text, text_(node, path_));
      if (!out.quoted) out.tag = resolve_tag(out.text);
    }
    for (const Node& element : node.elements()) {
      TOCSIN_TRY(const NodeData* child, copy(element));
      out.children.push_back(child);
    }
    TOCSIN_OK(copy_entries(node, out));
    return &out;
  }

  Result<void> copy_entries(const Node& node, NodeData& out) {
    const Node repeated = node.repeated_key();
    for (const Node::Entry& entry : node.entries()) {
      NodeData& key = document_->add();
      key.kind = Node::Kind::kScalar;
      key.position = entry.key.position();
      key.text = entry.key.text();
      key.quoted = entry.key.quoted();
      key.tag = tag_of(entry.key);
      if (repeated && repeated.position().line == key.position.line &&
          repeated.position().column == key.position.column) {
        out.repeated = &key;
        document_->note_repeated(key);
      }
      path_.push_back(entry.key.text());
      TOCSIN_TRY(const NodeData* value, copy(entry.value));
      path_.pop_back();
      out.children.push_back(&key);
      out.children.push_back(value);
    }
    return {};
  }

  static std::string_view tag_of(const Node& node) {
    switch (node.kind()) {
      case Node::Kind::kMap:
        return "!!map";
      case Node::Kind::kSequence:
        return "!!seq";
      case Node::Kind::kScalar:
        return node.quoted() ? "!!str" : resolve_tag(node.text());
      case Node::Kind::kNull:
      case Node::Kind::kMissing:
        break;
    }
    return "!!null";
  }

  std::shared_ptr<Document> document_;
  const RewriteText& text_;
  KeyPath path_;
};

}  // namespace

Result<Node> rewrite(const Node& root, const RewriteText& text) {
  return Rewriter(root.file(), text).run(root);
}

}  // namespace tocsin::yaml
