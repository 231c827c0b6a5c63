#include "alerting/identity.hpp"

#include <fmt/format.h>

#include "base/hash.hpp"
#include "base/strings.hpp"

namespace tocsin::alerting {

std::uint64_t alert_hash(const model::Labels& labels) {
  std::string bytes;
  bytes.reserve(labels.bytes() + 16);
  for (const model::LabelView& label : labels) {
    bytes.append(label.name).push_back('\xff');
    bytes.append(label.value).push_back('\xff');
  }
  return xxhash64(bytes);
}

std::string fingerprint_text(std::uint64_t fingerprint) {
  return fmt::format("{:016x}", fingerprint);
}

std::string label_set_text(const model::Labels& labels) {
  std::string out = "{";
  for (const model::LabelView& label : labels) {
    if (out.size() > 1) out += ", ";
    out += label.name;
    out += '=';
    out += go_quote(label.value);
  }
  return out + "}";
}

bool label_set_before(const model::Labels& a, const model::Labels& b) {
  if (const std::size_t na = a.size(), nb = b.size(); na != nb) return na < nb;
  auto ia = a.begin(), ib = b.begin();
  for (; ia != a.end() && ib != b.end(); ++ia, ++ib) {
    if (ia->name != ib->name) return ia->name > ib->name;  // the smaller name is one that the other set lacks
    if (ia->value != ib->value) return ia->value < ib->value;
  }
  return false;
}

bool alert_before(const model::Labels& a, const model::Labels& b) {
  for (const std::string_view name : {"job", "instance"}) {
    const bool has_a = a.has(name), has_b = b.has(name);
    if (!has_a && !has_b) continue;
    if (!has_a || !has_b) return has_a;
    if (const std::string_view va = a.get(name), vb = b.get(name); va != vb) return va < vb;
  }
  return label_set_before(a, b);
}

}  // namespace tocsin::alerting
