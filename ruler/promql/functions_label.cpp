// label_replace, label_join: functions of labels alone, done once for each series.

#include <utility>

#include "promql/functions.hpp"

namespace tocsin::promql {
namespace {

/// Nested replacements grow a value without end; no useful label is longer.
constexpr std::size_t kMaxValue = 1U << 20U;
/// What is made of longer values counts against the budget of samples, which else knows nothing of labels.
constexpr std::size_t kFreeValue = 256;
constexpr std::size_t kBytesPerSample = 16;

class LabelOperator : public VectorOperator {
 public:
  LabelOperator(QueryContext& context, VectorOperatorPtr input, std::string target)
      : context_(context), held_(context), input_(std::move(input)), target_(std::move(target)) {}

  Result<bool> next(Column& out) final {
    TOCSIN_TRY(const bool more, input_->next(out));
    if (!more) return false;
    TOCSIN_OK(context_.spend(out.span()));
    value_.clear();
    if (value_of(out.labels, value_)) {
      if (value_.size() > kMaxValue) {
        return fail(Errc::kLimit, "label {} would get a value of {} bytes; at most {} are allowed", target_,
                    value_.size(), kMaxValue);
      }
      if (value_.size() > kFreeValue) {
        TOCSIN_OK(held_.add(value_.size() / kBytesPerSample));
        TOCSIN_OK(context_.spend(value_.size() / kBytesPerSample));
      }
      out.labels = model::LabelsBuilder(out.labels).set(target_, value_).build();
      if (target_ == model::kMetricName) out.drop_name = false;
    }
    TOCSIN_OK(guard_.admit(out));
    return true;
  }

 protected:
  /// False if the series stays as it is.
  virtual bool value_of(const model::Labels& labels, std::string& value) const = 0;

 private:
  QueryContext& context_;
  HeldSamples held_;
  VectorOperatorPtr input_;
  std::string target_;
  std::string value_;
  DuplicateGuard guard_;
};

class LabelReplace final : public LabelOperator {
 public:
  LabelReplace(QueryContext& context, VectorOperatorPtr input, std::string target, std::string replacement,
               std::string source, model::AnchoredRegex regex)
      : LabelOperator(context, std::move(input), std::move(target)),
        replacement_(std::move(replacement)),
        source_(std::move(source)),
        regex_(std::move(regex)) {}

 protected:
  bool value_of(const model::Labels& labels, std::string& value) const override {
    return regex_.expand(labels.get(source_), replacement_, value);
  }

 private:
  std::string replacement_, source_;
  model::AnchoredRegex regex_;
};

class LabelJoin final : public LabelOperator {
 public:
  LabelJoin(QueryContext& context, VectorOperatorPtr input, std::string target, std::string separator,
            std::vector<std::string> sources)
      : LabelOperator(context, std::move(input), std::move(target)),
        separator_(std::move(separator)),
        sources_(std::move(sources)) {}

 protected:
  bool value_of(const model::Labels& labels, std::string& value) const override {
    for (std::size_t i = 0; i < sources_.size(); ++i) {
      if (i > 0) value += separator_;
      value += labels.get(sources_[i]);
    }
    return true;
  }

 private:
  std::string separator_;
  std::vector<std::string> sources_;
};

}  // namespace

Result<VectorOperatorPtr> make_label_replace(QueryContext& context, VectorOperatorPtr input, std::string target,
                                             std::string replacement, std::string source, const std::string& regex) {
  Result<model::AnchoredRegex> compiled = model::AnchoredRegex::make(regex);
  if (!compiled) return fail(Errc::kExecution, "invalid regular expression in label_replace(): {}", regex);
  if (!model::is_valid_name(target)) {
    return fail(Errc::kExecution, "invalid destination label name in label_replace(): {}", target);
  }
  return std::make_unique<LabelReplace>(context, std::move(input), std::move(target), std::move(replacement),
                                        std::move(source), std::move(*compiled));
}

Result<VectorOperatorPtr> make_label_join(QueryContext& context, VectorOperatorPtr input, std::string target,
                                          std::string separator, std::vector<std::string> sources) {
  for (const std::string& source : sources) {
    if (!model::is_valid_name(source)) {
      return fail(Errc::kExecution, "invalid source label name in label_join(): {}", source);
    }
  }
  if (!model::is_valid_name(target)) {
    return fail(Errc::kExecution, "invalid destination label name in label_join(): {}", target);
  }
  return std::make_unique<LabelJoin>(context, std::move(input), std::move(target), std::move(separator),
                                     std::move(sources));
}

}  // namespace tocsin::promql
