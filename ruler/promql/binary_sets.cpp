// and, or, unless: which series have a partner is all that matters.

#include <utility>

#include "promql/aggregate.hpp"
#include "promql/binary.hpp"

namespace tocsin::promql {
namespace {

/// The steps at which some series with a signature has a sample.
class SignaturePresence {
 public:
  SignaturePresence(QueryContext& context, Grouping grouping) : held_(context), signatures_(std::move(grouping)) {}

  Result<void> add(const Column& column) {
    const std::size_t id = signatures_.find(column.labels);
    if (id >= steps_.size()) steps_.resize(id + 1);
    GroupSteps<std::uint8_t>& steps = steps_[id];
    const std::size_t before = steps.size();
    steps.cover(column.begin, column.end);
    TOCSIN_OK(held_.add((steps.size() - before + 7) / 8));
    for (std::size_t i = column.begin; i < column.end; ++i) steps[i] |= column.present[i];
    return {};
  }

  /// Keeps of the column what has (or has not) a partner. False if nothing is left.
  bool filter(Column& column, bool keep_matched) {
    const std::size_t id = signatures_.find(column.labels);
    if (id >= steps_.size()) steps_.resize(id + 1);
    const GroupSteps<std::uint8_t>& steps = steps_[id];
    for (std::size_t i = column.begin; i < column.end; ++i) {
      const bool matched = i >= steps.begin() && i < steps.end() && steps[i] != 0;
      if (matched != keep_matched) column.present[i] = 0;
    }
    return column.trim();
  }

 private:
  HeldSamples held_;
  GroupTable signatures_;
  std::vector<GroupSteps<std::uint8_t>> steps_;
};

/// and, unless: the right side's presence, then the left side through it.
class FilterOperator final : public VectorOperator {
 public:
  FilterOperator(QueryContext& context, const parser::BinaryExpr& expr, VectorOperatorPtr left, VectorOperatorPtr right)
      : context_(context),
        left_(std::move(left)),
        right_(std::move(right)),
        keep_matched_(expr.op == parser::BinaryOp::kAnd),
        presence_(context, match_grouping(*expr.matching)) {}

  Result<bool> next(Column& out) override {
    while (!ready_) {
      TOCSIN_TRY(const bool more, right_->next(out));
      ready_ = !more;
      if (!more) break;
      TOCSIN_OK(context_.spend(out.span()));
      TOCSIN_OK(presence_.add(out));
    }
    for (;;) {
      TOCSIN_TRY(const bool more, left_->next(out));
      if (!more) return false;
      TOCSIN_OK(context_.spend(out.span()));
      if (presence_.filter(out, keep_matched_)) return true;
    }
  }
  bool whole() const override { return left_->whole(); }

 private:
  QueryContext& context_;
  VectorOperatorPtr left_, right_;
  bool keep_matched_;
  SignaturePresence presence_;
  bool ready_ = false;
};

/// or: the left side as it is, then what of the right side has no partner there.
class OrOperator final : public VectorOperator {
 public:
  OrOperator(QueryContext& context, const parser::BinaryExpr& expr, VectorOperatorPtr left, VectorOperatorPtr right)
      : context_(context),
        left_(std::move(left)),
        right_(std::move(right)),
        presence_(context, match_grouping(*expr.matching)) {}

  Result<bool> next(Column& out) override {
    if (!left_done_) {
      TOCSIN_TRY(const bool more, left_->next(out));
      if (more) {
        TOCSIN_OK(context_.spend(out.span()));
        TOCSIN_OK(presence_.add(out));
        return true;
      }
      left_done_ = true;
    }
    for (;;) {
      TOCSIN_TRY(const bool more, right_->next(out));
      if (!more) return false;
      TOCSIN_OK(context_.spend(out.span()));
      if (presence_.filter(out, false)) return true;
    }
  }

 private:
  QueryContext& context_;
  VectorOperatorPtr left_, right_;
  SignaturePresence presence_;
  bool left_done_ = false;
};

}  // namespace

VectorOperatorPtr make_set_operator(QueryContext& context, const Grid&, const parser::BinaryExpr& expr,
                                    VectorOperatorPtr left, VectorOperatorPtr right) {
  if (expr.op == parser::BinaryOp::kOr) {
    return std::make_unique<OrOperator>(context, expr, std::move(left), std::move(right));
  }
  return std::make_unique<FilterOperator>(context, expr, std::move(left), std::move(right));
}

}  // namespace tocsin::promql
