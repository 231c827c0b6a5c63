// info(): labels of info metrics beside the series of the same job and instance.

#include <algorithm>
#include <set>

#include "model/matcher.hpp"
#include "promql/parser/functions.hpp"
#include "promql/parser/parser.hpp"
#include "support/promql_twin.hpp"

namespace tocsin::test {
namespace {

using namespace promql::parser;
using model::Labels;
using model::Matcher;
using model::MatchOp;

/// The moment that the first selector within looks at, by its modifiers and those of the subqueries around it.
struct Moment {
  const VectorSelector* selector = nullptr;
  AtModifier at;
  std::int64_t offset_ms = 0;
};

std::int64_t plain_ms(const DurationValue& duration) {
  return to_ms(duration.value);
}

Moment first_moment(const Expr& expr) {
  if (expr.kind == NodeKind::kVectorSelector) {
    const auto& selector = static_cast<const VectorSelector&>(expr);
    return {&selector, selector.at, plain_ms(selector.offset)};
  }
  for (const Expr* const child : children(expr)) {
    Moment found = first_moment(*child);
    if (found.selector == nullptr) continue;
    if (expr.kind == NodeKind::kSubquery && found.at.kind == AtKind::kNone) {
      const auto& subquery = static_cast<const SubqueryExpr&>(expr);
      found.offset_ms += plain_ms(subquery.offset);
      found.at = subquery.at;
    }
    return found;
  }
  return {};
}

bool is_positive(const Matcher& matcher) {
  return matcher.op() == MatchOp::kEqual || matcher.op() == MatchOp::kRegex;
}

}  // namespace

TwinVector PromqlTwin::info(const Call& call, Timestamp t) const {
  const TwinVector base = vector(*call.args[0], t);
  std::vector<Matcher> names, data;
  if (call.args.size() > 1) {
    for (const Matcher& matcher : static_cast<const VectorSelector&>(*call.args[1]).matchers) {
      (matcher.name() == model::kMetricName ? names : data).push_back(matcher);
    }
  }
  if (names.empty()) {
    names.push_back(*Matcher::make(MatchOp::kEqual, std::string(model::kMetricName), "target_info"));
  } else if (std::none_of(names.begin(), names.end(), is_positive)) {
    names.push_back(*Matcher::make(MatchOp::kRegex, std::string(model::kMetricName), ".+_info"));
  }
  const Moment moment = first_moment(*call.args[0]);
  const Timestamp at = reference(DurationValue{Duration(0), nullptr}, moment.at, t) - moment.offset_ms;

  // The newest of each name, job and instance.
  std::map<std::pair<std::string, Labels>, std::pair<Timestamp, const Labels*>> newest_info;
  for (const auto& [labels, series] : data_) {
    if (!model::match_all(names, labels) || !model::match_all(data, labels)) continue;
    const auto sample = newest(series, at);
    if (!sample) continue;
    auto& best = newest_info[{std::string(labels.get("__name__")), labels.keep({"instance", "job"})}];
    if (best.second != nullptr && best.first == sample->first) throw TwinError("duplicate info series");
    if (best.second == nullptr || best.first < sample->first) best = {sample->first, &labels};
  }
  const bool may_miss = std::all_of(data.begin(), data.end(), [](const Matcher& m) { return m.matches(""); });
  const auto is_wanted = [&](std::string_view label) {
    return data.empty() || std::any_of(data.begin(), data.end(), [&](const Matcher& m) { return m.name() == label; });
  };
  TwinVector out;
  for (const auto& [labels, value] : base) {
    const bool is_info = std::all_of(names.begin(), names.end(), [&](const Matcher& m) { return m.matches(labels); });
    std::map<std::string, std::string> found;
    bool any = false;
    for (const auto& [key, newest] : newest_info) {
      if (is_info || key.second != labels.keep({"instance", "job"})) continue;
      any = true;
      for (const model::LabelView& label : *newest.second) {
        if (label.name == model::kMetricName || !is_wanted(label.name)) continue;
        const std::string name(label.name), text(label.value);
        if (found.contains(name) && found[name] != text) throw TwinError("conflicting label");
        if (labels.get(label.name).empty()) found[name] = text;
      }
    }
    if (!is_info && !any && !may_miss) continue;
    model::LabelsBuilder builder(labels);
    for (const auto& [name, text] : found) builder.set(name, text);
    if (!out.emplace(builder.build(), value).second) throw TwinError("the same labels twice");
  }
  return out;
}

}  // namespace tocsin::test
