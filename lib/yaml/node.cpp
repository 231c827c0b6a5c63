#include "yaml/node.hpp"

#include <algorithm>
#include <cmath>

#include "base/duration.hpp"
#include "base/fs.hpp"
#include "base/strings.hpp"
#include "base/utf8.hpp"
#include "yaml/byte_size.hpp"
#include "yaml/tree.hpp"

namespace tocsin::yaml {
namespace {

const std::string kEmpty;

/// " `text`", long ones cut as yaml.v2 does.
std::string quoted_excerpt(std::string_view text) {
  constexpr std::size_t kLongest = 10;
  constexpr std::size_t kCutTo = 7;
  if (text.size() <= kLongest) return fmt::format(" `{}`", text);
  std::size_t end = 0;
  for (std::size_t next = 0; next <= kCutTo; next += decode_utf8(text.substr(next)).size) end = next;
  return fmt::format(" `{}...`", text.substr(0, end));
}

}  // namespace

Node::Kind Node::kind() const {
  return impl_ ? impl_->kind : Kind::kMissing;
}

Position Node::position() const {
  return impl_ ? impl_->position : Position{};
}

std::string Node::where() const {
  if (!impl_) return "missing value";
  return fmt::format("{}:{}:{}", impl_->document->file(), impl_->position.line, impl_->position.column);
}

const std::string& Node::file() const {
  return impl_ ? impl_->document->file() : kEmpty;
}

std::string Node::beside(std::string_view path) const {
  const std::size_t slash = file().rfind('/');
  return resolve_path(slash == std::string::npos ? "" : file().substr(0, std::max<std::size_t>(slash, 1)), path);
}

const std::string& Node::text() const {
  return impl_ ? impl_->text : kEmpty;
}

bool Node::quoted() const {
  return impl_ && impl_->quoted;
}

Node Node::operator[](std::string_view key) const {
  if (!is_map()) return {};
  const auto& children = impl_->children;
  for (std::size_t i = 0; i + 1 < children.size(); i += 2) {
    if (children[i]->text == key) return Node(std::shared_ptr<const NodeData>(impl_, children[i + 1]));
  }
  return {};
}

std::size_t Node::size() const {
  if (!impl_) return 0;
  return is_map() ? impl_->children.size() / 2 : impl_->children.size();
}

Node Node::repeated_key() const {
  if (!impl_ || impl_->repeated == nullptr) return {};
  return Node(std::shared_ptr<const NodeData>(impl_, impl_->repeated));
}

Node Node::at(std::size_t index) const {
  if (!is_sequence() || index >= impl_->children.size()) return {};
  return Node(std::shared_ptr<const NodeData>(impl_, impl_->children[index]));
}

std::vector<Node::Entry> Node::entries() const {
  std::vector<Entry> entries;
  if (!is_map()) return entries;
  const auto& children = impl_->children;
  for (std::size_t i = 0; i + 1 < children.size(); i += 2) {
    entries.push_back({Node(std::shared_ptr<const NodeData>(impl_, children[i])),
                       Node(std::shared_ptr<const NodeData>(impl_, children[i + 1]))});
  }
  return entries;
}

std::vector<Node> Node::elements() const {
  std::vector<Node> elements;
  if (!is_sequence()) return elements;
  for (const NodeData* child : impl_->children) elements.push_back(Node(std::shared_ptr<const NodeData>(impl_, child)));
  return elements;
}

std::unexpected<Error> Node::wrong_type(std::string_view wanted) const {
  const std::string_view tag = impl_ ? impl_->tag : "!!null";
  return error("cannot unmarshal {}{} into {}", tag, is_scalar() ? quoted_excerpt(text()) : "", wanted);
}

Result<std::string> Node::as_string() const {
  if (is_null()) return std::string();
  if (!is_scalar()) return wrong_type("string");
  return text();
}

Result<bool> Node::as_bool() const {
  bool value = false;
  if (!is_scalar() || quoted() || !parse_bool(text(), value)) return wrong_type("bool");
  return value;
}

Result<std::int64_t> Node::as_int() const {
  if (!is_scalar() || quoted()) return wrong_type("int");
  constexpr std::uint64_t kLowest = 1ULL << 63U;
  if (Integer integer; parse_integer(text(), integer)) {
    if (integer.negative) return static_cast<std::int64_t>(0 - integer.magnitude);
    if (integer.magnitude >= kLowest) return wrong_type("int");
    return static_cast<std::int64_t>(integer.magnitude);
  }
  // 1e3 is a float to YAML, and a whole number.
  if (double number = 0; parse_number(text(), number) && std::trunc(number) == number && std::fabs(number) < 0x1p63) {
    return static_cast<std::int64_t>(number);
  }
  return wrong_type("int");
}

Result<double> Node::as_double() const {
  double value = 0;
  if (!is_scalar() || quoted() || !parse_number(text(), value)) return wrong_type("float64");
  return value;
}

Result<Duration> Node::as_duration() const {
  if (!is_scalar()) return wrong_type("string");
  auto duration = parse_duration(text());
  if (!duration) return error("{}", duration.error().message);
  return *duration;
}

Result<std::uint64_t> Node::as_bytes() const {
  if (!is_scalar()) return wrong_type("string");
  auto size = parse_byte_size(text());
  if (!size) return error("{}", size.error().message);
  return *size;
}

Result<Secret> Node::as_secret() const {
  TOCSIN_TRY(std::string value, as_string());
  return Secret(std::move(value));
}

Result<std::vector<std::string>> Node::as_strings() const {
  if (!is_sequence()) return wrong_type("[]string");
  std::vector<std::string> texts;
  for (const Node& element : elements()) {
    TOCSIN_TRY(std::string value, element.as_string());
    texts.push_back(std::move(value));
  }
  return texts;
}

std::string repeated_key_text(std::string_view key) {
  return fmt::format("key {} already set in map", go_quote(key));
}

Result<void> check_repeated(const Node& node) {
  const NodeData* const key = node.impl_ ? node.impl_->document->repeated() : nullptr;
  if (key == nullptr) return {};
  return Node(std::shared_ptr<const NodeData>(node.impl_, key)).error("{}", repeated_key_text(key->text));
}

}  // namespace tocsin::yaml
