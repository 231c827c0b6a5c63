#include "promql/materialize.hpp"

#include <algorithm>
#include <string_view>
#include <utility>

namespace tocsin::promql {
namespace {

std::unexpected<Error> duplicate() {
  return fail(Errc::kExecution, "vector cannot contain metrics with the same labelset");
}

}  // namespace

Result<void> Materialized::add(Column&& column) {
  TOCSIN_OK(held.add(column.span()));
  columns.emplace_back(std::move(column), arena);
  return {};
}

Result<void> Materialized::drain(VectorOperator& source, Column& scratch) {
  for (;;) {
    TOCSIN_TRY(const bool more, source.next(scratch));
    if (!more) return {};
    TOCSIN_OK(add(std::move(scratch)));
  }
}

std::vector<std::vector<std::size_t>> group_fragments(const StoredColumns& columns) {
  std::vector<std::vector<std::size_t>> groups;
  groups.reserve(columns.size());
  boost::unordered_flat_map<std::string_view, std::size_t> by_labels;
  by_labels.reserve(columns.size());
  for (std::size_t i = 0; i < columns.size(); ++i) {
    const auto [found, first] = by_labels.try_emplace(columns[i].labels().encoded(), groups.size());
    if (first) {
      groups.push_back({i});
    } else {
      groups[found->second].push_back(i);
    }
  }
  return groups;
}

bool StepClaims::claim(std::uint64_t key, const Column& column) {
  const auto [entry, first] = steps_.try_emplace(key);
  Steps& steps = entry->second;
  if (first) {
    steps.begin = column.begin;
    steps.end = column.end;
    if (!column.dense) {
      steps.present.assign(column.present.begin() + static_cast<std::ptrdiff_t>(column.begin),
                           column.present.begin() + static_cast<std::ptrdiff_t>(column.end));
    }
    return true;
  }
  const std::size_t begin = std::min(steps.begin, column.begin);
  const std::size_t end = std::max(steps.end, column.end);
  std::vector<std::uint8_t> merged(end - begin, 0);
  for (std::size_t i = begin; i < end; ++i) {
    const bool before = steps.has(i);
    const bool now = column.has(i);
    if (before && now) return false;
    merged[i - begin] = before || now ? 1 : 0;
  }
  steps.begin = begin;
  steps.end = end;
  steps.present = std::move(merged);
  return true;
}

bool StepClaims::claimed(std::uint64_t key, std::size_t step) const {
  const auto found = steps_.find(key);
  return found != steps_.end() && found->second.has(step);
}

Result<void> DuplicateGuard::admit_once(const model::Labels& labels) {
  if (!once_.insert(labels.hash()).second) return duplicate();
  return {};
}

Result<void> DuplicateGuard::admit(const Column& column) {
  if (!claims_.claim(column.labels.hash(), column)) return duplicate();
  return {};
}

}  // namespace tocsin::promql
