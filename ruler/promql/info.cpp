#include "promql/info.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "base/duration.hpp"
#include "promql/materialize.hpp"
#include "promql/parser/parser.hpp"

namespace tocsin::promql {
namespace {

using model::Labels;
using model::Matcher;

/// What tells to whom an info series belongs.
constexpr std::array<std::string_view, 2> kIdentifying = {"instance", "job"};
/// Beyond so many values, series are picked after the selection instead of by it.
constexpr std::size_t kMaxAlternatives = 100;
constexpr std::uint32_t kNone = UINT32_MAX;

bool is_name(const Matcher& matcher) {
  return matcher.name() == model::kMetricName;
}

bool is_positive(const Matcher& matcher) {
  return matcher.op() == model::MatchOp::kEqual || matcher.op() == model::MatchOp::kRegex;
}

/// target_info where nothing is said, something_info where it is only said what not.
Result<std::vector<Matcher>> info_names(const std::vector<Matcher>& matchers) {
  std::vector<Matcher> names;
  std::ranges::copy_if(matchers, std::back_inserter(names), is_name);
  if (names.empty()) return std::vector{Matcher::equal(std::string(model::kMetricName), "target_info")};
  if (std::ranges::none_of(names, is_positive)) {
    TOCSIN_TRY(Matcher any, Matcher::make(model::MatchOp::kRegex, std::string(model::kMetricName), ".+_info"));
    names.insert(names.begin(), std::move(any));
  }
  return names;
}

std::string quoted(std::string_view literal) {
  constexpr std::string_view kSpecial = R"(\.+*?()|[]{}^$)";
  std::string out;
  for (const char c : literal) {
    if (kSpecial.find(c) != std::string_view::npos) out += '\\';
    out += c;
  }
  return out;
}

class Info final : public VectorOperator {
 public:
  Info(QueryContext& context, const Grid& grid, VectorOperatorPtr base, Reference reference,
       std::vector<Matcher> matchers, bool chosen)
      : context_(context),
        grid_(grid),
        base_(std::move(base)),
        reference_(reference),
        matchers_(std::move(matchers)),
        kept_(context),
        infos_(context) {
    for (const Matcher& matcher : matchers_) {
      if (chosen && !is_name(matcher)) data_names_.insert(matcher.name());
    }
  }

  Result<bool> next(Column& out) override {
    if (!started_) TOCSIN_OK(start(out));
    for (;;) {
      if (variant_ < variants_.size()) {
        kept_.columns[at_ - 1].expand(grid_.count, out);
        TOCSIN_OK(context_.spend(out.span()));
        const Variant& variant = variants_[variant_++];
        for (std::size_t i = out.begin; i < out.end; ++i) {
          if (variant_of_step_[i] != variant_ - 1) out.present[i] = 0;
        }
        if (!out.trim()) continue;
        out.labels = variant.labels;
        TOCSIN_OK(guard_.admit(out));
        return true;
      }
      if (at_ == kept_.columns.size()) return false;
      TOCSIN_OK(combine(kept_.columns[at_++]));
    }
  }

 private:
  /// What becomes of a base series as long as the same info series stand beside it.
  struct Variant {
    Labels labels;
    bool dropped = false;  // a label was asked for that it did not get
  };
  using Signature = std::string;

  Result<void> start(Column& scratch) {
    started_ = true;
    TOCSIN_TRY(names_, info_names(matchers_));
    TOCSIN_OK(kept_.drain(*base_, scratch));
    some_base_.assign(grid_.count, 0);
    std::array<std::set<std::string, std::less<>>, kIdentifying.size()> values;
    for (const StoredColumn& column : kept_.columns) {
      for (std::size_t i = column.begin(); i < column.end(); ++i) some_base_[i] |= column.has(i) ? 1 : 0;
      if (is_info(column.labels())) continue;
      for (std::size_t k = 0; k < kIdentifying.size(); ++k) {
        const std::string_view value = column.labels().get(kIdentifying[k]);
        if (!value.empty()) values[k].emplace(value);
      }
    }
    if (std::ranges::all_of(values, [](const auto& one) { return one.empty(); })) return {};
    TOCSIN_OK(read_infos(values, scratch));
    return find_winners();
  }

  /// Info series themselves are handed through.
  bool is_info(const Labels& labels) const {
    return std::ranges::all_of(names_, [&](const Matcher& matcher) { return matcher.matches(labels); });
  }

  Result<void> read_infos(const auto& values, Column& scratch) {
    Selection selection{names_, reference_, "info", false};
    std::ranges::copy_if(matchers_, std::back_inserter(selection.matchers),
                         [](const Matcher& m) { return !is_name(m); });
    for (std::size_t k = 0; k < kIdentifying.size(); ++k) {
      if (values[k].empty() || values[k].size() > kMaxAlternatives) continue;
      std::string alternatives;
      for (const std::string& value : values[k]) alternatives += (alternatives.empty() ? "" : "|") + quoted(value);
      TOCSIN_TRY(Matcher one_of,
                 Matcher::make(model::MatchOp::kRegex, std::string(kIdentifying[k]), std::move(alternatives)));
      selection.matchers.push_back(std::move(one_of));
    }
    const VectorOperatorPtr source = make_instant_selector(context_, grid_, std::move(selection), Take::kFloatTime);
    for (;;) {
      TOCSIN_TRY(const bool more, source->next(scratch));
      if (!more) return {};
      bool wanted = true;
      for (std::size_t k = 0; k < kIdentifying.size(); ++k) {
        wanted = wanted && (values[k].empty() || values[k].contains(scratch.labels.get(kIdentifying[k])));
      }
      if (!wanted) continue;
      if (scratch.has_histograms()) return fail(Errc::kExecution, "info sample should be float");
      TOCSIN_OK(infos_.add(std::move(scratch)));
    }
  }

  static Signature signature(std::string_view name, const Labels& labels) {
    std::string out(name);
    for (const std::string_view label : kIdentifying) (out += '\0') += labels.get(label);
    return out;
  }

  /// Of the info series with one signature the one with the newest sample counts, at each step.
  Result<void> find_winners() {
    for (std::uint32_t c = 0; c < infos_.columns.size(); ++c) {
      const StoredColumn& info = infos_.columns[c];
      const std::string_view name = info.labels().metric_name();
      metrics_.emplace(name);
      auto& winners = winners_[signature(name, info.labels())];
      if (winners.empty()) winners.assign(grid_.count, kNone);
      TOCSIN_OK(context_.spend(info.span()));
      for (std::size_t i = info.begin(); i < info.end(); ++i) {
        if (!info.has(i) || some_base_[i] == 0) continue;
        if (winners[i] != kNone) {
          const StoredColumn& other = infos_.columns[winners[i]];
          if (other.value(i) == info.value(i)) return duplicate(other, info, i);
          if (other.value(i) > info.value(i)) continue;
        }
        winners[i] = c;
      }
    }
    return {};
  }

  static Result<void> duplicate(const StoredColumn& a, const StoredColumn& b, std::size_t i) {
    const auto ms = [i](const StoredColumn& column) { return static_cast<std::int64_t>(column.value(i)); };
    return fail(Errc::kExecution, "found duplicate series for info metric: existing {} @ {}, new {} @ {}",
                a.labels().to_string(), ms(a), b.labels().to_string(), ms(b));
  }

  /// Sets the variants of one base series, and which of them each step has.
  Result<void> combine(const StoredColumn& base) {
    variants_.clear();
    variant_ = 0;
    variant_of_step_.assign(grid_.count, kNone);
    TOCSIN_OK(context_.spend(base.span()));
    std::vector<const std::vector<std::uint32_t>*> candidates;
    if (!is_info(base.labels())) {
      for (const std::string& metric : metrics_) {
        const auto found = winners_.find(signature(metric, base.labels()));
        if (found != winners_.end()) candidates.push_back(&found->second);
      }
    }
    std::map<std::vector<std::uint32_t>, std::size_t> known;  // variants by the info series beside
    std::vector<std::uint32_t> beside(candidates.size());
    for (std::size_t i = base.begin(); i < base.end(); ++i) {
      if (!base.has(i)) continue;
      for (std::size_t c = 0; c < candidates.size(); ++c) beside[c] = (*candidates[c])[i];
      const auto [entry, is_new] = known.try_emplace(beside, variants_.size());
      if (is_new) {
        TOCSIN_TRY(Variant variant, variant_with(base.labels(), beside));
        variants_.push_back(std::move(variant));
      }
      if (!variants_[entry->second].dropped) variant_of_step_[i] = static_cast<std::uint32_t>(entry->second);
    }
    return {};
  }

  Result<Variant> variant_with(const Labels& base, const std::vector<std::uint32_t>& beside) const {
    if (is_info(base)) return Variant{base};
    std::map<std::string, std::string, std::less<>> added;
    bool any = false;
    for (const std::uint32_t info : beside) {
      if (info == kNone) continue;
      any = true;
      for (const model::LabelView& label : infos_.columns[info].labels()) {
        if (label.name == model::kMetricName) continue;
        if (!data_names_.empty() && !data_names_.contains(label.name)) continue;
        const auto known = added.find(label.name);
        if (known != added.end() && known->second != label.value) {
          return fail(Errc::kExecution, "conflicting label: {}", label.name);
        }
        if (!base.has(label.name)) added.emplace(label.name, label.value);
      }
    }
    Variant variant;
    variant.dropped = !any && std::ranges::any_of(matchers_, [this](const Matcher& matcher) {
      return data_names_.contains(matcher.name()) && !matcher.matches(std::string_view());
    });
    model::LabelsBuilder labels(base);
    for (const auto& [name, value] : added) labels.set(name, value);
    variant.labels = labels.build();
    return variant;
  }

  QueryContext& context_;
  Grid grid_;
  VectorOperatorPtr base_;
  Reference reference_;
  std::vector<Matcher> matchers_, names_;
  std::set<std::string, std::less<>> data_names_;            // labels that are taken; empty: all
  Materialized kept_, infos_;                                // infos_: the time of the sample in place of its value
  std::vector<std::uint8_t> some_base_;                      // by step
  std::set<std::string, std::less<>> metrics_;               // names of info metrics
  std::map<Signature, std::vector<std::uint32_t>> winners_;  // by step: into infos_
  std::vector<Variant> variants_;                            // of the base series at hand
  std::vector<std::uint32_t> variant_of_step_;
  std::size_t variant_ = 0, at_ = 0;
  DuplicateGuard guard_;
  bool started_ = false;
};

/// The first selector below `expr`, with the subqueries on the way to it.
const parser::VectorSelector* first_selector(const parser::Expr& expr, std::vector<const parser::SubqueryExpr*>& path) {
  if (expr.kind == parser::NodeKind::kVectorSelector) return static_cast<const parser::VectorSelector*>(&expr);
  const bool subquery = expr.kind == parser::NodeKind::kSubquery;
  if (subquery) path.push_back(static_cast<const parser::SubqueryExpr*>(&expr));
  for (const parser::Expr* child : parser::children(expr)) {
    if (const parser::VectorSelector* const found = first_selector(*child, path)) return found;
  }
  if (subquery) path.pop_back();
  return nullptr;
}

}  // namespace

Reference info_reference(const parser::Expr& expr) {
  Reference reference;
  std::vector<const parser::SubqueryExpr*> path;
  const parser::VectorSelector* const selector = first_selector(expr, path);
  if (selector == nullptr) return reference;
  const auto add = [&reference](const parser::DurationValue& offset, const parser::AtModifier& at) {
    reference.offset_ms += to_ms(offset.value);
    if (at.kind != parser::AtKind::kNone) reference.at = at.t;
  };
  add(selector->offset, selector->at);
  for (auto subquery = path.rbegin(); subquery != path.rend() && !reference.at; ++subquery) {
    add((*subquery)->offset, (*subquery)->at);
  }
  return reference;
}

VectorOperatorPtr make_info(QueryContext& context, const Grid& grid, VectorOperatorPtr base, Reference reference,
                            std::vector<Matcher> matchers, bool chosen) {
  return std::make_unique<Info>(context, grid, std::move(base), reference, std::move(matchers), chosen);
}

}  // namespace tocsin::promql
