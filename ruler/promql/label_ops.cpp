#include "promql/label_ops.hpp"

#include <algorithm>
#include <string_view>
#include <utility>

#include "model/label_encoding.hpp"

namespace tocsin::promql {
namespace {

bool is_metadata(std::string_view name) {
  return name.size() >= 8 && name[0] == '_' && name[1] == '_' &&
         (name == model::kMetricName || name == "__type__" || name == "__unit__");
}

/// Appends the encoding of the labels whose name `keeps`; neighbours are copied together.
template <typename Keeps>
void keep_labels(const model::Labels& labels, std::string& out, Keeps&& keeps) {
  const char* at = labels.encoded().data();
  const char* const end = at + labels.bytes();
  const char* kept = at;  // from here on, up to the label at hand
  while (at != end) {
    const char* const label = at;
    const std::string_view name = model::read_text(at);
    model::skip_text(at);
    if (keeps(name)) continue;
    out.append(kept, static_cast<std::size_t>(label - kept));
    kept = at;
  }
  out.append(kept, static_cast<std::size_t>(end - kept));
}

}  // namespace

Grouping::Grouping(std::vector<std::string> labels, bool exclude) : names(std::move(labels)), without(exclude) {
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
}

void Grouping::key(const model::Labels& labels, std::string& out) const {
  out.clear();
  auto next = names.begin();
  keep_labels(labels, out, [&](std::string_view name) {
    while (next != names.end() && *next < name) ++next;
    const bool named = next != names.end() && *next == name;
    return without ? !named && name != model::kMetricName : named;
  });
}

model::Labels Grouping::of(const model::Labels& labels) const {
  std::string bytes;
  key(labels, bytes);
  return model::Labels::from_encoded(std::move(bytes));
}

void encode_without(const model::Labels& labels, std::string_view name, std::string& out) {
  out.clear();
  keep_labels(labels, out, [&](std::string_view other) { return other != name; });
}

model::Labels without_metadata(const model::Labels& labels) {
  std::string bytes;
  bytes.reserve(labels.bytes());
  keep_labels(labels, bytes, [](std::string_view name) { return !is_metadata(name); });
  return model::Labels::from_encoded(std::move(bytes));
}

}  // namespace tocsin::promql
