// Arithmetic and comparisons of two vectors. The "one" side of the matching is kept, by signature; the "many" side (for
// one-to-one: the left) flows past it. Signatures and result labels are made once per series or pair, not per step.
// Source: Prometheus promql/engine.go, VectorBinop.

#include <algorithm>
#include <map>
#include <optional>
#include <utility>

#include "promql/aggregate.hpp"
#include "promql/binary.hpp"
#include "promql/functions.hpp"
#include "promql/label_ops.hpp"
#include "promql/materialize.hpp"

namespace tocsin::promql {
namespace {

using parser::Cardinality;

class MatchedBinary final : public VectorOperator {
 public:
  MatchedBinary(QueryContext& context, const Grid& grid, const parser::BinaryExpr& expr, VectorOperatorPtr left,
                VectorOperatorPtr right)
      : context_(context),
        grid_(grid),
        expr_(expr),
        matching_(*expr.matching),
        swapped_(matching_.card == Cardinality::kOneToMany),
        many_(std::move(swapped_ ? right : left)),
        one_(std::move(swapped_ ? left : right)),
        signatures_(match_grouping(matching_)),
        kept_(context) {}

  Result<bool> next(Column& out) override {
    if (!started_) TOCSIN_OK(start(out));
    while (stage_ == Stage::kMany) {
      TOCSIN_TRY(const bool any, next_pair(out));
      if (any) return true;
    }
    while (stage_ == Stage::kUnmatched) {
      TOCSIN_TRY(const bool any, next_unmatched(out));
      if (any) return true;
    }
    return false;
  }

 private:
  enum class Stage { kMany, kUnmatched, kDone };
  /// Of the kept side: the columns with one signature, and which of them has each step.
  struct Signature {
    std::vector<std::uint32_t> columns;
    std::vector<std::uint32_t> owner;  // by step, index + 1 into kept columns; empty while there is one column
  };
  struct Duplicate {
    std::uint32_t first = 0, second = 0;
  };

  Result<void> start(Column& scratch) {
    started_ = true;
    many_seen_.assign(grid_.count, 0);
    TOCSIN_OK(kept_.drain(*one_, scratch));
    for (std::uint32_t c = 0; c < kept_.columns.size(); ++c) index(c);
    return {};
  }

  void index(std::uint32_t c) {
    const StoredColumn& column = kept_.columns[c];
    const std::size_t id = signatures_.find(column.labels());
    if (id >= kept_signatures_.size()) kept_signatures_.resize(id + 1);
    Signature& signature = kept_signatures_[id];
    if (!signature.columns.empty()) {
      if (signature.owner.empty()) {
        signature.owner.resize(grid_.count);
        claim_steps(signature, signature.columns.front());
      }
      claim_steps(signature, c);
    }
    signature.columns.push_back(c);
  }

  /// Two samples with one signature at one step are an error, if the other side has anything at that step.
  void claim_steps(Signature& signature, std::uint32_t c) {
    const StoredColumn& column = kept_.columns[c];
    for (std::size_t i = column.begin(); i < column.end(); ++i) {
      if (!column.has(i)) continue;
      if (signature.owner[i] != 0) {
        duplicates_.try_emplace(i, Duplicate{signature.owner[i] - 1, c});
      } else {
        signature.owner[i] = c + 1;
      }
    }
  }

  /// The current series of the many side with the next series of its signature; at the end with the fill value.
  Result<bool> next_pair(Column& out) {
    if (!has_many_) {
      TOCSIN_TRY(has_many_, many_->next(many_column_));
      if (!has_many_) {
        TOCSIN_OK(check_duplicates());
        stage_ = matching_.fill_left ? Stage::kUnmatched : Stage::kDone;
        return false;
      }
      for (std::size_t i = many_column_.begin; i < many_column_.end; ++i) many_seen_[i] |= many_column_.present[i];
      signature_ = signatures_.find(many_column_.labels);
      if (signature_ >= kept_signatures_.size()) kept_signatures_.resize(signature_ + 1);
      pair_ = 0;
    }
    TOCSIN_OK(context_.spend(many_column_.span()));
    const std::vector<std::uint32_t>& columns = kept_signatures_[signature_].columns;
    if (pair_ < columns.size()) return combine(&kept_.columns[columns[pair_++]], out);
    has_many_ = false;
    if (matching_.fill_right) return combine(nullptr, out);
    return false;
  }

  /// @param one  null: the fill value, where no series of the signature has a sample.
  Result<bool> combine(const StoredColumn* one, Column& out) {
    out.reset(grid_.count);
    const std::size_t begin = one == nullptr ? many_column_.begin : std::max(many_column_.begin, one->begin());
    const std::size_t end = one == nullptr ? many_column_.end : std::min(many_column_.end, one->end());
    bool any = false;
    for (std::size_t i = begin; i < end; ++i) {
      if (many_column_.present[i] == 0 || !(one == nullptr ? one_is_missing(i) : one->has(i))) continue;
      const bool many_histogram = many_column_.is_histogram(i);
      const bool one_histogram = one != nullptr && one->histogram(i) != nullptr;
      const double one_value = one == nullptr ? *matching_.fill_right : one->value(i);
      if (many_histogram || one_histogram) {
        const Operand many{many_column_.values[i], many_histogram ? many_column_.histograms[i].get() : nullptr};
        any |= mix(i, many, {one_value, one_histogram ? one->histogram(i).get() : nullptr}, out);
        continue;
      }
      out.set(i, one_value);
      any = true;
    }
    if (!any) return false;
    out.finish();
    out.labels = one == nullptr ? result_labels(many_column_.labels, match_labels(many_column_.labels))
                                : result_labels(many_column_.labels, one->labels());
    return finish(out, [this](std::size_t i, double one_value) { return apply(many_column_.values[i], one_value); });
  }

  /// Calculates with a histogram at once; finish() leaves it as it is. False if there is nothing to calculate.
  bool mix(std::size_t i, const Operand& many, const Operand& one, Column& out) {
    const Operand& left = swapped_ ? one : many;
    MixedResult result = apply_binary(context_, expr_, left, swapped_ ? many : one);
    if (!result.defined) return false;
    if (mixed_.empty()) mixed_.resize(grid_.count);
    mixed_[i] = 1;
    if (result.histogram != nullptr) {
      out.set_histogram(i, std::move(result.histogram));
    } else if (expr_.return_bool) {
      out.set(i, result.keep ? 1 : 0);
    } else if (result.keep) {
      out.set_histogram(i, std::make_shared<const model::FloatHistogram>(*left.histogram));
    } else {
      out.set(i, 0);
      mixed_[i] = 2;  // matched, but not kept
    }
    return true;
  }

  /// Whether the step was calculated by mix(), which is forgotten.
  bool take_mixed(std::size_t i, Column& out) {
    if (mixed_.empty() || mixed_[i] == 0) return false;
    if (mixed_[i] == 2) out.present[i] = 0;
    mixed_[i] = 0;
    return true;
  }

  bool one_is_missing(std::size_t i) const {
    const std::vector<std::uint32_t>& columns = kept_signatures_[signature_].columns;
    return std::none_of(columns.begin(), columns.end(), [&](std::uint32_t c) { return kept_.columns[c].has(i); });
  }

  /// Series of the one side that found no partner, with the fill value on the many side.
  Result<bool> next_unmatched(Column& out) {
    if (unmatched_ == kept_.columns.size()) {
      stage_ = Stage::kDone;
      return false;
    }
    const StoredColumn& one = kept_.columns[unmatched_++];
    TOCSIN_OK(context_.spend(one.span()));
    signature_ = signatures_.find(one.labels());
    out.reset(grid_.count);
    bool any = false;
    for (std::size_t i = one.begin(); i < one.end(); ++i) {
      if (!one.has(i) || matched_.claimed(signature_, i)) continue;
      if (one.histogram(i) != nullptr) {
        any |= mix(i, {*matching_.fill_left, nullptr}, {0, one.histogram(i).get()}, out);
        continue;
      }
      out.set(i, one.value(i));
      any = true;
    }
    if (!any) return false;
    out.finish();
    out.labels = result_labels(match_labels(one.labels()), one.labels());
    return finish(out, [this](std::size_t, double one_value) { return apply(*matching_.fill_left, one_value); });
  }

  /// `out` holds the one side's values where both sides have one: checks that the match is unique, and calculates.
  template <typename Apply>
  Result<bool> finish(Column& out, Apply calculate) {
    out.drop_name = expr_.return_bool;
    TOCSIN_OK(check_unique(out));
    const bool comparison = parser::is_comparison(expr_.op);
    for (std::size_t i = out.begin; i < out.end; ++i) {
      if (out.present[i] == 0 || take_mixed(i, out)) continue;
      const BinaryResult result = calculate(i, out.values[i]);
      out.values[i] = comparison && expr_.return_bool ? (result.keep ? 1 : 0) : result.value;
      if (!result.keep && !(comparison && expr_.return_bool)) out.present[i] = 0;
    }
    if (!out.trim()) return false;
    TOCSIN_OK(guard_.admit(out));
    return true;
  }

  BinaryResult apply(double many, double one) const {
    const BinaryResult result = swapped_ ? apply_binary(expr_.op, one, many) : apply_binary(expr_.op, many, one);
    if (!result.keep && !parser::is_comparison(expr_.op)) {
      context_.annotations().incompatible_types("float", parser::binary_op_text(expr_.op), "float", expr_.pos);
    }
    return result;
  }

  Result<void> check_unique(const Column& column) {
    if (matching_.card == Cardinality::kOneToOne) {
      if (matched_.claim(signature_, column)) return {};
      TOCSIN_OK(check_duplicates());  // the one side is looked at first
      return fail(Errc::kExecution,
                  "multiple matches for labels: many-to-one matching must be explicit (group_left/group_right)");
    }
    if (matching_.fill_left) mark_matched(column);
    const std::uint64_t key = column.labels.hash() * 0x9e3779b97f4a7c15ULL + signature_;
    if (grouped_.claim(key, column)) return {};
    TOCSIN_OK(check_duplicates());
    return fail(Errc::kExecution, "multiple matches for labels: grouping labels must ensure unique matches");
  }

  /// Several of the many side may match at one step; that is one claim.
  void mark_matched(const Column& column) {
    Column fresh(context_.arena());
    fresh.reset(grid_.count);
    for (std::size_t i = column.begin; i < column.end; ++i) {
      if (column.present[i] != 0 && !matched_.claimed(signature_, i)) fresh.present[i] = 1;
    }
    if (fresh.finish()) matched_.claim(signature_, fresh);
  }

  Result<void> check_duplicates() const {
    const bool filled = matching_.fill_left || matching_.fill_right;
    for (const auto& [step, duplicate] : duplicates_) {
      if (many_seen_[step] == 0 && !filled) continue;
      const model::Labels& labels = kept_.columns[duplicate.second].labels();
      std::string first = labels.to_string();
      std::string second = kept_.columns[duplicate.first].labels().to_string();
      if (first > second) std::swap(first, second);
      return fail(Errc::kExecution,
                  "found duplicate series for the match group {} on the {} hand-side of the operation: [{}, {}]"
                  ";many-to-many matching not allowed: matching labels must be unique on one side",
                  match_labels(labels).to_string(), swapped_ ? "left" : "right", first, second);
    }
    return {};
  }

  model::Labels match_labels(const model::Labels& labels) const { return match_grouping(matching_).of(labels); }

  model::Labels result_labels(const model::Labels& many, const model::Labels& one) const {
    const bool drop = changes_metric(expr_.op) || (expr_.return_bool && !context_.settings().delayed_name_removal);
    model::Labels labels = drop ? without_metadata(many) : many;
    if (matching_.card == Cardinality::kOneToOne) {
      labels = matching_.on ? labels.keep(matching_.labels) : labels.without(matching_.labels);
    }
    if (matching_.include.empty()) return labels;
    model::LabelsBuilder builder(labels);
    for (const std::string& name : matching_.include) builder.set(name, one.get(name));
    return builder.build();
  }

  QueryContext& context_;
  Grid grid_;
  const parser::BinaryExpr& expr_;
  const parser::VectorMatching& matching_;
  bool swapped_;
  VectorOperatorPtr many_, one_;
  GroupTable signatures_;
  Materialized kept_;
  std::vector<Signature> kept_signatures_;
  std::map<std::size_t, Duplicate> duplicates_;  // by step
  std::vector<std::uint8_t> many_seen_;          // by step
  Column many_column_{context_.arena()};
  bool has_many_ = false;
  std::size_t signature_ = 0;  // of the series at hand
  std::size_t pair_ = 0;
  std::size_t unmatched_ = 0;
  std::vector<std::uint8_t> mixed_;  // by step, of the pair at hand; empty until there is a histogram
  StepClaims matched_;               // by signature
  StepClaims grouped_;               // by signature and result labels
  DuplicateGuard guard_;
  Stage stage_ = Stage::kMany;
  bool started_ = false;
};

}  // namespace

VectorOperatorPtr make_matched_binary(QueryContext& context, const Grid& grid, const parser::BinaryExpr& expr,
                                      VectorOperatorPtr left, VectorOperatorPtr right) {
  return std::make_unique<MatchedBinary>(context, grid, expr, std::move(left), std::move(right));
}

}  // namespace tocsin::promql
