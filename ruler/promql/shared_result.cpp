#include "promql/shared_result.hpp"

#include <utility>

#include "promql/materialize.hpp"
#include "promql/parser/functions.hpp"
#include "promql/parser/parser.hpp"

namespace tocsin::promql {

struct SharedResults::State {
  std::size_t readers = 0;  // that have not finished
  bool evaluated = false;
  bool shareable = false;
  bool whole = false;
  std::optional<Materialized> kept;
  const SampleAccount* account = nullptr;  // of the first evaluation
};

namespace {

/// Texts are made for each node: quadratic in depth, so long queries do without.
constexpr std::size_t kMaxQueryText = 8192;

bool worth_sharing(const parser::Expr& expr) {
  using parser::NodeKind;
  return expr.type() == parser::ValueType::kVector &&
         (expr.kind == NodeKind::kVectorSelector || expr.kind == NodeKind::kCall || expr.kind == NodeKind::kAggregate);
}

std::string key_of(const Scope& scope, const parser::Expr& expr) {
  return scope.text + parser::to_string(expr);
}

void count(const parser::Expr& expr, const Scope& scope, std::unordered_map<std::string, std::size_t>& counts) {
  // What lies within a repeated part is built once with it.
  if (worth_sharing(expr) && ++counts[key_of(scope, expr)] > 1) return;
  if (expr.kind == parser::NodeKind::kMatrixSelector) return;
  const Scope inner = scope.within(expr);
  for (const parser::Expr* child : parser::children(expr)) count(*child, inner, counts);
}

class SharedReader final : public VectorOperator {
 public:
  SharedReader(QueryContext& context, const Grid& grid, std::shared_ptr<SharedResults::State> state,
               SampleAccount& account, VectorOperatorPtr own)
      : context_(context), grid_(grid), state_(std::move(state)), account_(account), own_(std::move(own)) {
    ++state_->readers;
  }
  ~SharedReader() override { leave(); }

  Result<bool> next(Column& out) override {
    if (!state_) return false;
    if (!state_->evaluated) TOCSIN_OK(evaluate(out));
    if (!own_) {
      if (state_->kept && at_ < state_->kept->columns.size()) {
        state_->kept->columns[at_++].expand(grid_.count, out);
        return true;
      }
      leave();
      return false;
    }
    if (!state_->shareable) return own_->next(out);
    account_.take_from(*state_->account);
    own_.reset();
    return next(out);
  }
  bool whole() const override { return own_ ? own_->whole() : state_->whole; }

 private:
  Result<void> evaluate(Column& scratch) {
    state_->evaluated = true;
    state_->account = &account_;
    state_->whole = own_->whole();
    const std::size_t said = context_.annotations().additions();
    state_->kept.emplace(context_);
    TOCSIN_OK(state_->kept->drain(*own_, scratch));
    state_->shareable = context_.annotations().additions() == said;
    own_.reset();
    return {};
  }

  /// The last one out frees the memory.
  void leave() {
    if (!state_) return;
    if (--state_->readers == 0) state_->kept.reset();
    state_.reset();
  }

  QueryContext& context_;
  Grid grid_;
  std::shared_ptr<SharedResults::State> state_;
  SampleAccount& account_;
  VectorOperatorPtr own_;
  std::size_t at_ = 0;
};

}  // namespace

SharedResults::SharedResults(const parser::Expr& root) {
  const std::vector<const parser::VectorSelector*> selectors = parser::selectors(root);
  if (selectors.size() < 2 || parser::to_string(root).size() > kMaxQueryText) return;
  several_selectors_ = true;
  std::unordered_map<std::string, std::size_t> counts;
  count(root, {}, counts);
  for (const auto& [key, times] : counts) {
    if (times > 1) results_.emplace(key, std::make_shared<State>());
  }
}

VectorOperatorPtr SharedResults::share(QueryContext& context, const Grid& grid, const Scope& scope,
                                       const parser::Expr& expr, SampleAccount& account, VectorOperatorPtr own) {
  if (results_.empty() || !worth_sharing(expr)) return own;
  const auto found = results_.find(key_of(scope, expr));
  if (found == results_.end()) return own;
  return std::make_unique<SharedReader>(context, grid, found->second, account, std::move(own));
}

Scope Scope::within(const parser::Expr& expr) const {
  using parser::NodeKind;
  Scope inner = *this;
  if (expr.kind == NodeKind::kStepInvariant) {
    inner.text += "once\n";
  } else if (expr.kind == NodeKind::kSubquery) {
    inner.text += parser::to_string(expr) + '\n';
    inner.buckets = true;
  } else if (expr.kind == NodeKind::kCall) {
    const std::string_view name = static_cast<const parser::Call&>(expr).function->name;
    inner.counts |= name == "histogram_count" || name == "histogram_sum" || name == "histogram_avg";
    inner.buckets |= name == "histogram_quantile" || name == "histogram_quantiles" || name == "histogram_fraction";
  } else if (expr.kind == NodeKind::kBinary) {
    const parser::BinaryOp op = static_cast<const parser::BinaryExpr&>(expr).op;
    inner.buckets |= op == parser::BinaryOp::kTrimUpper || op == parser::BinaryOp::kTrimLower;
  }
  if (inner.counts_only() != counts_only()) inner.text += inner.counts_only() ? "counts\n" : "buckets\n";
  return inner;
}

}  // namespace tocsin::promql
