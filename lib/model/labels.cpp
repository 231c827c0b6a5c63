#include "model/labels.hpp"

#include <algorithm>
#include <cstring>

#include "base/hash.hpp"
#include "base/strings.hpp"
#include "model/label_encoding.hpp"

namespace tocsin::model {
namespace {

constexpr std::string_view kSeparator = "\xff";

/// Sorts by name, keeps the last of equal names, and encodes what is not empty.
std::string encode(std::vector<LabelView> labels) {
  const auto by_name = [](const LabelView& a, const LabelView& b) { return a.name < b.name; };
  if (!std::is_sorted(labels.begin(), labels.end(), by_name)) {
    std::vector<std::pair<LabelView, std::size_t>> order;
    for (const LabelView& label : labels) order.emplace_back(label, order.size());
    std::sort(order.begin(), order.end(), [](const auto& a, const auto& b) {
      return a.first.name != b.first.name ? a.first.name < b.first.name : a.second < b.second;
    });
    for (std::size_t i = 0; i < labels.size(); ++i) labels[i] = order[i].first;
  }
  std::size_t size = 0;
  for (const LabelView& label : labels) size += encoded_size(label);
  std::string out;
  out.reserve(size);
  for (std::size_t i = 0; i < labels.size(); ++i) {
    const bool repeated = i + 1 < labels.size() && labels[i + 1].name == labels[i].name;
    if (!repeated && !labels[i].value.empty()) append_label(out, labels[i]);
  }
  return out;
}

bool contains(const std::vector<std::string>& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

void append_name(std::string& out, std::string_view name) {
  if (is_legacy_label_name(name)) {
    out += name;
  } else {
    out += go_quote(name);
  }
}

}  // namespace

Labels::Labels(std::initializer_list<LabelView> labels) : bytes_(encode(std::vector<LabelView>(labels))) {}

Labels Labels::from(std::vector<LabelView> labels) {
  return from_encoded(encode(std::move(labels)));
}

Labels Labels::from_encoded(std::string bytes) {
  Labels labels;
  labels.bytes_ = std::move(bytes);
  return labels;
}

std::size_t Labels::size() const {
  std::size_t count = 0;
  for (const char *at = bytes_.data(), *end = at + bytes_.size(); at != end; ++count) {
    skip_text(at);
    skip_text(at);
  }
  return count;
}

std::string_view Labels::get(std::string_view name) const {
  const char* at = bytes_.data();
  const char* const end = at + bytes_.size();
  while (at != end) {
    const std::string_view found = read_text(at);
    // Sorted by name: beyond the place where it would stand there is nothing to find.
    if (found.size() == name.size() && std::memcmp(found.data(), name.data(), name.size()) == 0) return read_text(at);
    if (!name.empty() && !found.empty() &&
        static_cast<unsigned char>(found.front()) > static_cast<unsigned char>(name.front())) {
      return {};
    }
    skip_text(at);
  }
  return {};
}

bool Labels::has(std::string_view name) const {
  return get(name).data() != nullptr;
}

std::uint64_t Labels::hash() const {
  return xxhash64(bytes_);
}

std::uint64_t Labels::fingerprint() const {
  std::uint64_t hash = kFnv1aOffset;
  for (const LabelView& label : *this) {
    hash = fnv1a64_add(hash, label.name);
    hash = fnv1a64_add(hash, kSeparator);
    hash = fnv1a64_add(hash, label.value);
    hash = fnv1a64_add(hash, kSeparator);
  }
  return hash;
}

std::uint64_t Labels::hash_of(const std::vector<std::string>& names, bool by) const {
  // Hashed in the encoding of the labels chosen, so that it equals the hash of a set made of them.
  std::string chosen;
  chosen.reserve(bytes_.size());
  auto next = names.begin();
  for (const LabelView& label : *this) {
    while (next != names.end() && *next < label.name) ++next;
    const bool named = next != names.end() && *next == label.name;
    if (by ? named : (!named && label.name != kMetricName)) append_label(chosen, label);
  }
  return xxhash64(chosen);
}

Labels Labels::keep(const std::vector<std::string>& names) const {
  Labels out;
  if (names.empty()) return out;
  out.bytes_.reserve(bytes_.size());
  for (const LabelView& label : *this) {
    if (contains(names, label.name)) out.bytes_ += encoded_label(label);
  }
  return out;
}

Labels Labels::without(const std::vector<std::string>& names) const {
  Labels out;
  for (const LabelView& label : *this) {
    if (!contains(names, label.name)) append_label(out.bytes_, label);
  }
  return out;
}

Labels Labels::without_name() const {
  Labels out;
  for (const LabelView& label : *this) {
    if (label.name != kMetricName) append_label(out.bytes_, label);
  }
  return out;
}

std::string Labels::to_string() const {
  std::string out = "{";
  for (const LabelView& label : *this) {
    if (out.size() > 1) out += ", ";
    append_name(out, label.name);
    out += '=';
    out += go_quote(label.value);
  }
  out += '}';
  return out;
}

std::string Labels::to_series() const {
  const std::string_view name = metric_name();
  const bool bare = !name.empty() && is_legacy_metric_name(name);
  std::string inside;
  if (!name.empty() && !bare) inside = go_quote(name);
  for (const LabelView& label : *this) {
    if (label.name == kMetricName) continue;
    if (!inside.empty()) inside += ", ";
    append_name(inside, label.name);
    inside += '=';
    inside += go_quote(label.value);
  }
  std::string out(bare ? name : std::string_view());
  if (!bare || !inside.empty()) out += "{" + inside + "}";
  return out;
}

std::strong_ordering Labels::operator<=>(const Labels& other) const {
  const char* a = bytes_.data();
  const char* b = other.bytes_.data();
  const char* const a_end = a + bytes_.size();
  const char* const b_end = b + other.bytes_.size();
  while (a != a_end && b != b_end) {
    if (const auto order = read_text(a) <=> read_text(b); order != 0) return order;
    if (const auto order = read_text(a) <=> read_text(b); order != 0) return order;
  }
  return (a != a_end) <=> (b != b_end);
}

void Labels::Iterator::read() {
  if (next_ == end_) {
    at_ = nullptr;
    return;
  }
  at_ = next_;
  label_.name = read_text(next_);
  label_.value = read_text(next_);
}

bool is_legacy_label_name(std::string_view name) {
  return is_legacy_metric_name(name) && name.find(':') == std::string_view::npos;
}

bool is_legacy_metric_name(std::string_view name) {
  if (name.empty() || (name.front() >= '0' && name.front() <= '9')) return false;
  return std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == ':';
  });
}

bool is_valid_name(std::string_view name) {
  return !name.empty() && is_valid_utf8(name);
}

}  // namespace tocsin::model
