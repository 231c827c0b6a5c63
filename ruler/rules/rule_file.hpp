#pragma once
// Rule files as values: groups of recording and alerting rules, checked as a whole.
// Source: Prometheus model/rulefmt/rulefmt.go and docs/configuration/recording_rules.md.

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/fs.hpp"
#include "base/result.hpp"
#include "base/time.hpp"
#include "promql/parser/parser.hpp"

namespace tocsin::rules {

/// Names and texts in the order of the file.
using Texts = std::vector<std::pair<std::string, std::string>>;

struct RuleSpec {
  std::string record;  // one of these two is empty
  std::string alert;
  std::string expr_text;  // as written
  std::shared_ptr<const promql::parser::Expr> expr;
  Duration hold{0};             // `for`
  Duration keep_firing_for{0};  // of an alert
  Texts labels;
  Texts annotations;  // of an alert

  const std::string& name() const { return alert.empty() ? record : alert; }
};

/// When a group is evaluated: at its slots alone, or also when a scrape brought something that it reads.
enum class EvaluationMode { kInterval, kOnScrape };
/// "interval", "on_scrape".
std::optional<EvaluationMode> parse_evaluation_mode(std::string_view text);

struct GroupSpec {
  std::string file;
  std::string name;
  Duration interval{0};                  // 0: global.evaluation_interval
  std::optional<Duration> query_offset;  // none: global.rule_query_offset
  std::int64_t limit = 0;                // of series or alerts of one rule; 0: none
  // Not Prometheus'. None: as `global` or the flag says.
  std::optional<EvaluationMode> evaluation;
  std::optional<Duration> evaluation_min_interval;
  Texts labels;  // of all rules; a rule's own win
  std::vector<RuleSpec> rules;

  bool has_alerts() const {
    return std::ranges::any_of(rules, [](const RuleSpec& rule) { return !rule.alert.empty(); });
  }
};

struct RuleFileOptions {
  bool legacy_names = false;           // metric_name_validation_scheme: legacy
  bool ignore_unknown_fields = false;  // promtool's flag of that name
  promql::parser::ParserOptions parser;
};

/// What is in a file, and all that is wrong with it. `groups` is usable only if there is no error.
struct RuleFile {
  std::vector<GroupSpec> groups;
  std::vector<std::string> errors;  // "file:line:column: text", with Prometheus' texts; at most kMaxErrors
  std::vector<std::string> warnings;
};

inline constexpr std::size_t kMaxErrors = 100;

/// Thread: any.
/// @param file  the name in errors, in GroupSpec and in the API.
RuleFile parse_rule_file(std::string text, const std::string& file, const RuleFileOptions& options = {});

/// Reads and parses; a file that cannot be read is an error of it.
RuleFile read_rule_file(Fs& fs, const std::string& file, const RuleFileOptions& options = {});

/// The groups of all files that match the patterns (configuration's rule_files), in the order of patterns and names.
/// @return kInvalid with all errors of all files, one a line.
Result<std::vector<GroupSpec>> load_rule_files(Fs& fs, const std::vector<std::string>& patterns,
                                               const RuleFileOptions& options = {});

}  // namespace tocsin::rules
