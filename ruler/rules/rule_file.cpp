#include "rules/rule_file.hpp"

#include <algorithm>
#include <set>

#include "base/strings.hpp"
#include "model/labels.hpp"
#include "template/prometheus.hpp"
#include "yaml/node.hpp"

namespace tocsin::rules {
namespace {

/// Reads one file and collects what is wrong. Thread: one.
class Reader {
 public:
  Reader(const std::string& file, const RuleFileOptions& options) : file_(file), options_(options) {}

  RuleFile read(std::string text);

 private:
  void read_groups(const yaml::Node& root);
  void read_group(const yaml::Node& node);
  void read_evaluation(yaml::Fields& fields, GroupSpec& group);
  RuleSpec read_rule(const yaml::Node& node, const GroupSpec& group, std::size_t number);
  Texts read_texts(const yaml::Node& node, std::string_view what);
  void check_rule(const yaml::Node& node, const GroupSpec& group, std::size_t number, RuleSpec& rule);
  void check_recording_rule(const yaml::Node& node, const RuleSpec& rule);
  void check_expression(const yaml::Node& node, RuleSpec& rule);
  void check_labels(const yaml::Node& labels);
  void check_annotations(const yaml::Node& annotations);
  void check_templates(const yaml::Node& texts, std::string_view kind, const RuleSpec& rule);
  void finish(yaml::Fields& fields);

  bool is_valid_label(std::string_view name) const {
    return options_.legacy_names ? model::is_legacy_label_name(name) : model::is_valid_name(name);
  }
  bool is_valid_metric(std::string_view name) const {
    return options_.legacy_names ? model::is_legacy_metric_name(name) : model::is_valid_name(name);
  }
  void add(std::string text) {
    if (out_.errors.size() < kMaxErrors) {
      out_.errors.push_back(std::move(text));
    } else if (!too_many_) {
      too_many_ = true;
      out_.errors.back() = fmt::format("{}: there are more than {} errors", file_, kMaxErrors - 1);
    }
  }
  void add(const yaml::Node& at, std::string_view text) {
    add(fmt::format("{}: {}{}", at.where(), rule_prefix_, text));
  }

  const std::string& file_;
  const RuleFileOptions& options_;
  RuleFile out_;
  std::set<std::string> group_names_;
  std::string rule_prefix_;  // `group "x", rule 1, "y": ` while a rule is checked
  bool too_many_ = false;
};

RuleFile Reader::read(std::string text) {
  const auto documents = yaml::parse_all(std::move(text), file_);
  if (!documents) {
    add(documents.error().message);
    return std::move(out_);
  }
  if (documents->size() > 1) {
    out_.warnings.push_back(fmt::format("{}: only the first document of a rule file is read", (*documents)[1].where()));
  }
  if (!documents->empty()) read_groups(documents->front());
  return std::move(out_);
}

void Reader::finish(yaml::Fields& fields) {
  if (auto finished = fields.finish(); !finished) {
    const bool unknown = finished.error().message.find(" not found in type ") != std::string::npos;
    if (!unknown || !options_.ignore_unknown_fields) add(std::move(finished.error().message));
  }
}

void Reader::read_groups(const yaml::Node& root) {
  yaml::Fields fields(root, "rulefmt.RuleGroups");
  const yaml::Node groups = fields.take("groups");
  finish(fields);
  if (groups.is_null()) return;
  if (!groups.is_sequence()) {
    add(groups.wrong_type("[]rulefmt.RuleGroup").error().message);
    return;
  }
  for (const yaml::Node& group : groups.elements()) read_group(group);
}

void Reader::read_group(const yaml::Node& node) {
  GroupSpec group;
  group.file = file_;
  yaml::Fields fields(node, "rulefmt.RuleGroup");
  fields.read("name", group.name).read("interval", group.interval).read("query_offset", group.query_offset);
  fields.read("limit", group.limit);
  read_evaluation(fields, group);
  const yaml::Node labels = fields.take("labels");
  const yaml::Node rules = fields.take("rules");
  finish(fields);
  if (!node.is_map()) return;

  if (group.name.empty()) add(node, "Groupname must not be empty");
  if (!group_names_.insert(group.name).second) {
    add(node, fmt::format("groupname: \"{}\" is repeated in the same file", group.name));
  }
  group.labels = read_texts(labels, "labels");
  check_labels(labels);
  if (!rules.is_null() && !rules.is_sequence()) {
    add(rules.wrong_type("[]rulefmt.Rule").error().message);
  } else {
    std::size_t number = 0;
    for (const yaml::Node& rule : rules.elements()) {
      if (rule.is_null()) continue;  // as Go's YAML does: there is nothing
      group.rules.push_back(read_rule(rule, group, ++number));
    }
  }
  if (group.evaluation == EvaluationMode::kOnScrape && !group.has_alerts()) {
    add(node["evaluation"],
        fmt::format("group {}: evaluation on_scrape is for groups with an alerting rule", go_quote(group.name)));
  }
  out_.groups.push_back(std::move(group));
}

/// The keys that are not Prometheus' (docs/rules.md).
void Reader::read_evaluation(yaml::Fields& fields, GroupSpec& group) {
  fields.read("evaluation_min_interval", group.evaluation_min_interval);
  const yaml::Node mode = fields.take("evaluation");
  if (mode.is_null()) return;
  group.evaluation = parse_evaluation_mode(mode.is_map() || mode.is_sequence() ? "" : mode.text());
  if (!group.evaluation) add(mode, "evaluation must be \"interval\" or \"on_scrape\"");
}

RuleSpec Reader::read_rule(const yaml::Node& node, const GroupSpec& group, std::size_t number) {
  RuleSpec rule;
  yaml::Fields fields(node, "rulefmt.Rule");
  fields.read("record", rule.record).read("alert", rule.alert).read("expr", rule.expr_text);
  fields.read("for", rule.hold).read("keep_firing_for", rule.keep_firing_for);
  const yaml::Node labels = fields.take("labels");
  const yaml::Node annotations = fields.take("annotations");
  finish(fields);
  if (!node.is_map()) return rule;
  rule.labels = read_texts(labels, "labels");
  rule.annotations = read_texts(annotations, "annotations");
  check_rule(node, group, number, rule);
  return rule;
}

Texts Reader::read_texts(const yaml::Node& node, std::string_view what) {
  Texts texts;
  if (node.is_null()) return texts;
  if (!node.is_map()) {
    add(node.wrong_type("map[string]string").error().message);
    return texts;
  }
  for (const auto& entry : node.entries()) {
    auto value = entry.value.as_string();
    if (!value) {
      add(fmt::format("{} (in {})", value.error().message, what));
      continue;
    }
    texts.emplace_back(entry.key.text(), std::move(*value));
  }
  return texts;
}

void Reader::check_rule(const yaml::Node& node, const GroupSpec& group, std::size_t number, RuleSpec& rule) {
  rule_prefix_ = fmt::format("group {}, rule {}, {}: ", go_quote(group.name), number, go_quote(rule.name()));
  if (!rule.record.empty() && !rule.alert.empty()) {
    add(node["record"], "only one of 'record' and 'alert' must be set");
  }
  if (rule.record.empty() && rule.alert.empty()) add(node, "one of 'record' or 'alert' must be set");
  check_expression(node, rule);
  if (!rule.record.empty()) check_recording_rule(node["record"], rule);
  check_labels(node["labels"]);
  check_annotations(node["annotations"]);
  if (!rule.alert.empty()) {
    check_templates(node["labels"], "label", rule);
    check_templates(node["annotations"], "annotation", rule);
  }
  rule_prefix_.clear();
}

void Reader::check_expression(const yaml::Node& node, RuleSpec& rule) {
  const yaml::Node expr = node["expr"];
  if (rule.expr_text.empty()) {
    add(expr ? expr : node, "field 'expr' must be set in rule");
    return;
  }
  auto parsed = promql::parser::parse_expr(rule.expr_text, options_.parser);
  if (parsed) {
    rule.expr = std::move(*parsed);
  } else {
    add(expr, "could not parse expression: " + parsed.error().message);
  }
}

void Reader::check_recording_rule(const yaml::Node& node, const RuleSpec& rule) {
  if (!rule.annotations.empty()) add(node, "invalid field 'annotations' in recording rule");
  if (rule.hold != Duration{0}) add(node, "invalid field 'for' in recording rule");
  if (rule.keep_firing_for != Duration{0}) add(node, "invalid field 'keep_firing_for' in recording rule");
  if (!is_valid_metric(rule.record)) add(node, "invalid recording rule name: " + rule.record);
  if (rule.record.find_first_of("{}") != std::string::npos) {
    add(node, "braces present in the recording rule name; should it be in expr?: " + rule.record);
  }
}

void Reader::check_labels(const yaml::Node& labels) {
  if (!labels.is_map()) return;
  for (const auto& [key, value] : labels.entries()) {
    if (!is_valid_label(key.text()) || key.text() == model::kMetricName) {
      add(key, "invalid label name: " + key.text());
    }
    if (!is_valid_utf8(value.text())) add(value, "invalid label value: " + value.text());
  }
}

void Reader::check_annotations(const yaml::Node& annotations) {
  if (!annotations.is_map()) return;
  for (const auto& entry : annotations.entries()) {
    if (!is_valid_label(entry.key.text())) add(entry.key, "invalid annotation name: " + entry.key.text());
  }
}

void Reader::check_templates(const yaml::Node& texts, std::string_view kind, const RuleSpec& rule) {
  if (!texts.is_map()) return;
  const std::string name = "__alert_" + rule.alert;
  const std::string prefix = fmt::format("error parsing template {}: ", name);
  for (const auto& [key, value] : texts.entries()) {
    const auto checked = tmpl::check(name, value.text());
    if (checked) continue;
    std::string_view message = checked.error().message;
    if (message.starts_with(prefix)) message.remove_prefix(prefix.size());
    add(value, fmt::format("{} {}: {}", kind, go_quote(key.text()), message));
  }
}

}  // namespace

std::optional<EvaluationMode> parse_evaluation_mode(std::string_view text) {
  if (text == "interval") return EvaluationMode::kInterval;
  if (text == "on_scrape") return EvaluationMode::kOnScrape;
  return std::nullopt;
}

RuleFile parse_rule_file(std::string text, const std::string& file, const RuleFileOptions& options) {
  return Reader(file, options).read(std::move(text));
}

RuleFile read_rule_file(Fs& fs, const std::string& file, const RuleFileOptions& options) {
  auto text = fs.read_file(file);
  if (text) return parse_rule_file(std::move(*text), file, options);
  RuleFile out;
  out.errors.push_back(std::move(text.error().message));
  return out;
}

Result<std::vector<GroupSpec>> load_rule_files(Fs& fs, const std::vector<std::string>& patterns,
                                               const RuleFileOptions& options) {
  std::vector<GroupSpec> groups;
  std::vector<std::string> errors;
  std::set<std::string> seen;
  for (const std::string& pattern : patterns) {
    TOCSIN_TRY(const auto files, glob(fs, pattern));
    for (const std::string& file : files) {
      if (!seen.insert(file).second) continue;
      RuleFile read = read_rule_file(fs, file, options);
      std::ranges::move(read.errors, std::back_inserter(errors));
      std::ranges::move(read.groups, std::back_inserter(groups));
    }
  }
  if (!errors.empty()) return fail(Errc::kInvalid, "{}", fmt::join(errors, "\n"));
  return groups;
}

}  // namespace tocsin::rules
