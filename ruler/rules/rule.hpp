#pragma once
// What recording and alerting rules have in common: an expression, and samples to store at each evaluation.

#include <cstdint>
#include <memory>
#include <string>

#include "base/result.hpp"
#include "model/labels.hpp"
#include "promql/value.hpp"
#include "rules/rule_file.hpp"
#include "rules/sinks.hpp"

namespace tocsin::rules {

/// What the configuration gives to all rules. Immutable once shared.
struct Environment {
  model::Labels external_labels;
  std::string external_url;              // http://host:9090/prefix, no slash at the end
  Duration query_offset{0};              // global.rule_query_offset
  promql::parser::ParserOptions parser;  // of expressions in templates
  // Of groups that do not say it themselves.
  EvaluationMode evaluation = EvaluationMode::kInterval;
  Duration evaluation_min_interval = std::chrono::milliseconds(10);  // on_scrape: from one evaluation to the next
};

/// One evaluation.
struct Evaluation {
  const QueryFn& query;
  storage::Queryable& store;
  const Environment& environment;
  Timestamp slot = 0;        // when it is, as alerts and templates see it
  Timestamp query_time = 0;  // slot minus query offset: of the query and of the samples
  std::int64_t limit = 0;    // of series or alerts; 0: none
  std::string_view file, group;
};

/// Thread: evaluate() from one at a time, the rest as the subclass says.
class Rule {
 public:
  /// @param label_texts  of the group and the rule together, sorted by name; an empty text removes a label of the
  /// result.
  Rule(const RuleSpec& spec, Texts label_texts);
  virtual ~Rule() = default;
  Rule(const Rule&) = delete;
  Rule& operator=(const Rule&) = delete;

  /// The samples to store at query_time; their own times do not count. Errors are the query's, kExecution for equal
  /// label sets, kLimit; then nothing is stored.
  virtual Result<promql::Vector> evaluate(const Evaluation& evaluation) = 0;

  const std::string& name() const { return name_; }
  /// Of the group and the rule, templates not expanded.
  const model::Labels& labels() const { return labels_; }
  const Texts& label_texts() const { return label_texts_; }
  const promql::parser::Expr& expr() const { return *expr_; }
  const std::string& query_text() const { return query_text_; }
  /// Name and labels: who is who when a group changes.
  std::string identity() const;

 private:
  std::string name_;
  Texts label_texts_;
  model::Labels labels_;
  std::shared_ptr<const promql::parser::Expr> expr_;
  std::string query_text_;  // canonical
};

/// Runs the expression, whose text is `text`; a scalar is one sample without labels.
Result<promql::Vector> query_vector(const Evaluation& evaluation, const promql::parser::Expr& expr,
                                    std::string_view text, Timestamp t);

model::Labels to_labels(const Texts& texts);
/// Empty ones stay (model/annotations.hpp).
model::Labels to_annotations(const Texts& texts);

/// The labels of a group with those of a rule on top, sorted by name.
Texts merge_labels(const Texts& group, const Texts& rule);

}  // namespace tocsin::rules
