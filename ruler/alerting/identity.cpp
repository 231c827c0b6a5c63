#include "alerting/identity.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "base/hash.hpp"
#include "base/json_scan.hpp"
#include "base/strings.hpp"

namespace tocsin::alerting {

std::uint64_t alert_hash(const model::Labels& labels) {
  // The encoding has a length, of one byte or more, for each separator.
  std::array<char, 512> room;  // NOLINT(cppcoreguidelines-pro-type-member-init): is written before it is read
  std::string more;
  if (labels.bytes() > room.size()) more.resize(labels.bytes());
  char* const begin = more.empty() ? room.data() : more.data();
  char* at = begin;
  const auto put = [&at](std::string_view text) {
    at = std::copy(text.begin(), text.end(), at);
    *at++ = '\xff';
  };
  for (const model::LabelView& label : labels) {
    put(label.name);
    put(label.value);
  }
  return xxhash64({begin, static_cast<std::size_t>(at - begin)});
}

namespace {

/// As go_quote() does; most values have nothing to escape.
void append_quoted(std::string& out, std::string_view text) {
  const char* const end = text.data() + text.size();
  constexpr char kDelete = '\x7f';  // the one that Go escapes and JSON does not
  if (json_plain_end<JsonPlain::kAll>(text.data(), end) != end || text.find(kDelete) != std::string_view::npos) {
    out += go_quote(text);
    return;
  }
  out += '"';
  out += text;
  out += '"';
}

}  // namespace

std::string fingerprint_text(std::uint64_t fingerprint) {
  return fmt::format("{:016x}", fingerprint);
}

std::string label_set_text(const model::Labels& labels) {
  constexpr std::size_t kMoreOfEach = 4;  // around name and value, beside their lengths
  std::string out;
  out.reserve(2 + labels.bytes() + labels.size() * kMoreOfEach);
  out += '{';
  for (const model::LabelView& label : labels) {
    if (out.size() > 1) out += ", ";
    out += label.name;
    out += '=';
    append_quoted(out, label.value);
  }
  out += '}';
  return out;
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

namespace {

/// What decides most often: the labels job and instance; a view of nothing where there is none.
struct OrderKey {
  explicit OrderKey(const model::Labels& labels) : texts{labels.get("job"), labels.get("instance")}, all(&labels) {}
  std::array<std::string_view, 2> texts;
  const model::Labels* all;
};

bool before(const OrderKey& a, const OrderKey& b) {
  for (std::size_t i = 0; i < a.texts.size(); ++i) {
    const bool has_a = a.texts[i].data() != nullptr, has_b = b.texts[i].data() != nullptr;
    if (has_a != has_b) return has_a;
    if (const int order = a.texts[i].compare(b.texts[i]); order != 0) return order < 0;
  }
  return label_set_before(*a.all, *b.all);
}

}  // namespace

bool alert_before(const model::Labels& a, const model::Labels& b) {
  return before(OrderKey(a), OrderKey(b));
}

void sort_alerts(std::vector<NotifiedAlert>& alerts) {
  if (alerts.size() < 2) return;
  std::vector<std::pair<OrderKey, NotifiedAlert>> keyed;
  keyed.reserve(alerts.size());
  for (NotifiedAlert& one : alerts) {
    const OrderKey key(one.alert->labels);
    keyed.emplace_back(key, std::move(one));
  }
  std::sort(keyed.begin(), keyed.end(), [](const auto& a, const auto& b) { return before(a.first, b.first); });
  for (std::size_t i = 0; i < alerts.size(); ++i) alerts[i] = std::move(keyed[i].second);
}

}  // namespace tocsin::alerting
