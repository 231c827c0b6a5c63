#include <algorithm>

#include "yaml/node.hpp"

namespace tocsin::yaml {
namespace {

/// Reads `node` into `out` unless an error stands already or the value is null; a failure becomes the error.
template <typename T, typename Read>
void read_into(std::optional<Error>& error, const Node& node, T& out, Read read) {
  if (error || node.is_null()) return;
  auto value = read(node);
  if (value) {
    out = std::move(*value);
  } else {
    error = std::move(value).error();
  }
}

}  // namespace

Fields::Fields(Node node, std::string what) : node_(std::move(node)), what_(std::move(what)) {
  if (!node_.is_null() && !node_.is_map()) error_ = node_.wrong_type(what_).error();
}

bool Fields::has(std::string_view key) const {
  return !node_[key].is_null();
}

Node Fields::take(std::string_view key) {
  known_.emplace_back(key);
  return node_[key];
}

Fields& Fields::read(std::string_view key, std::string& out) {
  read_into(error_, take(key), out, [](const Node& n) { return n.as_string(); });
  return *this;
}

Fields& Fields::read(std::string_view key, bool& out) {
  read_into(error_, take(key), out, [](const Node& n) { return n.as_bool(); });
  return *this;
}

Fields& Fields::read(std::string_view key, std::int64_t& out) {
  read_into(error_, take(key), out, [](const Node& n) { return n.as_int(); });
  return *this;
}

Fields& Fields::read(std::string_view key, std::uint64_t& out) {
  read_into(error_, take(key), out, [](const Node& n) -> Result<std::uint64_t> {
    const auto value = n.as_int();
    if (!value || *value < 0) return n.wrong_type("uint");
    return static_cast<std::uint64_t>(*value);
  });
  return *this;
}

Fields& Fields::read(std::string_view key, double& out) {
  read_into(error_, take(key), out, [](const Node& n) { return n.as_double(); });
  return *this;
}

Fields& Fields::read(std::string_view key, Duration& out) {
  read_into(error_, take(key), out, [](const Node& n) { return n.as_duration(); });
  return *this;
}

Fields& Fields::read(std::string_view key, Secret& out) {
  read_into(error_, take(key), out, [](const Node& n) { return n.as_secret(); });
  return *this;
}

Fields& Fields::read(std::string_view key, std::vector<std::string>& out) {
  read_into(error_, take(key), out, [](const Node& n) { return n.as_strings(); });
  return *this;
}

Fields& Fields::bytes(std::string_view key, std::uint64_t& out) {
  read_into(error_, take(key), out, [](const Node& n) { return n.as_bytes(); });
  return *this;
}

Fields& Fields::child(std::string_view key, const std::function<Result<void>(const Node&)>& parse) {
  const Node node = take(key);
  if (error_ || node.is_null()) return *this;
  if (auto parsed = parse(node); !parsed) error_ = std::move(parsed).error();
  return *this;
}

Fields& Fields::each(std::string_view key, const std::function<Result<void>(const Node&)>& parse) {
  const Node node = take(key);
  if (error_ || node.is_null()) return *this;
  if (!node.is_sequence()) {
    error_ = node.wrong_type(fmt::format("a sequence of {}", key)).error();
    return *this;
  }
  for (const Node& element : node.elements()) {
    if (auto parsed = parse(element); !parsed) {
      error_ = std::move(parsed).error();
      return *this;
    }
  }
  return *this;
}

Fields& Fields::unsupported(std::initializer_list<std::string_view> keys, std::vector<std::string>& warnings) {
  for (const std::string_view key : keys) known_.emplace_back(key);
  for (const Node::Entry& entry : node_.entries()) {
    if (std::find(keys.begin(), keys.end(), entry.key.text()) == keys.end()) continue;
    warnings.push_back(fmt::format("{}: field {} of {} is not supported by this build and is ignored",
                                   entry.key.where(), entry.key.text(), what_));
  }
  return *this;
}

Result<void> Fields::failed() const {
  if (error_) return fail(*error_);
  return {};
}

Result<void> Fields::finish() {
  TOCSIN_OK(failed());
  if (const Node key = node_.repeated_key()) {
    const bool known = std::find(known_.begin(), known_.end(), key.text()) != known_.end();
    if (known) return key.error("field {} already set in type {}", key.text(), what_);
  }
  for (const Node::Entry& entry : node_.entries()) {
    if (std::find(known_.begin(), known_.end(), entry.key.text()) == known_.end()) {
      return entry.key.error("field {} not found in type {}", entry.key.text(), what_);
    }
  }
  return {};
}

}  // namespace tocsin::yaml
