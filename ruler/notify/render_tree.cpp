// Trees of templates: PagerDuty's details and the webhook's payload.

#include "notify/http_receiver.hpp"

namespace tocsin::notify {

namespace {

using config::ValueTree;
using tmpl::Value;

/// A tree as it stands: what came out of a template is not expanded again.
Value plain_value(const ValueTree& tree) {
  switch (tree.kind) {
    case ValueTree::Kind::kNull:
      return {};
    case ValueTree::Kind::kBool:
      return Value(tree.boolean);
    case ValueTree::Kind::kInt:
      return Value(tree.integer);
    case ValueTree::Kind::kDouble:
      return Value(tree.number);
    case ValueTree::Kind::kString:
      return Value(tree.text);
    case ValueTree::Kind::kList: {
      tmpl::ListData list;
      for (const ValueTree& item : tree.list) list.push_back(plain_value(item));
      return Value::list(std::move(list));
    }
    case ValueTree::Kind::kMap: {
      tmpl::MapData map;
      for (const auto& [key, item] : tree.map) map.insert_or_assign(key, plain_value(item));
      return Value::map(std::move(map));
    }
  }
  return {};
}

Value retyped(std::string text) {
  auto tree = config::parse_value_tree(text);
  if (!tree || tree->kind == ValueTree::Kind::kString) return Value(std::move(text));
  return plain_value(*tree);
}

}  // namespace

Value render_tree(const ValueTree& tree, Expander& expand) {
  switch (tree.kind) {
    case ValueTree::Kind::kString: {
      std::string text = expand(tree.text);
      return expand.error() ? Value() : retyped(std::move(text));
    }
    case ValueTree::Kind::kList: {
      tmpl::ListData list;
      for (const ValueTree& item : tree.list) list.push_back(render_tree(item, expand));
      return Value::list(std::move(list));
    }
    case ValueTree::Kind::kMap: {
      tmpl::MapData map;
      for (const auto& [key, item] : tree.map) {
        std::string name = expand(key);
        map.insert_or_assign(std::move(name), render_tree(item, expand));
      }
      return Value::map(std::move(map));
    }
    default:
      return plain_value(tree);
  }
}

}  // namespace tocsin::notify
