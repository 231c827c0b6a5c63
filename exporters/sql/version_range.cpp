#include "exporters/sql/version_range.hpp"

#include <algorithm>
#include <charconv>
#include <limits>

#include "base/strings.hpp"

namespace tocsin::exporters::sql {

Result<VersionRange::Comparison> VersionRange::parse_one(std::string_view text) {
  const std::string_view whole = text;
  Comparison comparison;
  static constexpr std::pair<std::string_view, Op> kOps[] = {
      {"<=", Op::kLessEqual}, {">=", Op::kGreaterEqual}, {"!=", Op::kNotEqual}, {"==", Op::kEqual},
      {"<", Op::kLess},       {">", Op::kGreater},       {"!", Op::kNotEqual},  {"=", Op::kEqual}};
  for (const auto& [sign, op] : kOps) {
    if (!text.starts_with(sign)) continue;
    comparison.op = op;
    text.remove_prefix(sign.size());
    break;
  }
  const std::vector<std::string_view> parts = split(text, '.');
  if (parts.size() > 3) return fail(Errc::kInvalid, "`{}` is no version", whole);
  std::size_t given = 0;
  for (; given < parts.size() && parts[given] != "x" && parts[given] != "X" && parts[given] != "*"; ++given) {
    const std::string_view part = parts[given];
    int& number = comparison.from[given];
    const auto [end, error] = std::from_chars(part.data(), part.data() + part.size(), number);
    if (part.empty() || error != std::errc() || end != part.data() + part.size() || number < 0 ||
        number == std::numeric_limits<int>::max()) {
      return fail(Errc::kInvalid, "`{}` is no version", whole);
    }
  }
  comparison.to = comparison.from;
  if (given == 0) {
    comparison.to[0] = std::numeric_limits<int>::max();
  } else {
    ++comparison.to[given - 1];
  }
  return comparison;
}

Result<VersionRange> VersionRange::parse(std::string_view text) {
  VersionRange range;
  std::vector<Comparison> all_of;
  std::string word, sign;  // "> 1.0.0": a sign may stand apart from its version
  for (const std::string_view item : split(text, ' ')) {
    if (item.empty()) continue;
    if (item == "||") {
      if (all_of.empty()) return fail(Errc::kInvalid, "nothing stands before `||`");
      range.any_of_.push_back(std::exchange(all_of, {}));
      continue;
    }
    if (item.find_first_not_of("<>=!") == item.npos) {
      sign = item;
      continue;
    }
    word = std::exchange(sign, {}) + std::string(item);
    TOCSIN_TRY(const Comparison comparison, parse_one(word));
    all_of.push_back(comparison);
  }
  if (!sign.empty()) return fail(Errc::kInvalid, "no version stands behind `{}`", sign);
  if (all_of.empty() && !range.any_of_.empty()) return fail(Errc::kInvalid, "nothing stands behind `||`");
  if (!all_of.empty()) range.any_of_.push_back(std::move(all_of));
  return range;
}

bool VersionRange::contains(const Version& version) const {
  const auto holds = [&](const Comparison& c) {
    switch (c.op) {
      case Op::kLess:
        return version < c.from;
      case Op::kLessEqual:
        return version < c.to;
      case Op::kGreater:
        return version >= c.to;
      case Op::kGreaterEqual:
        return version >= c.from;
      case Op::kEqual:
        return version >= c.from && version < c.to;
      case Op::kNotEqual:
        return version < c.from || version >= c.to;
    }
    return false;
  };
  return any_of_.empty() ||
         std::ranges::any_of(any_of_, [&](const auto& all) { return std::ranges::all_of(all, holds); });
}

}  // namespace tocsin::exporters::sql
