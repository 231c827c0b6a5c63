#pragma once
// Templates of alerting rules: the labels and annotations of an alert.
// Source: Prometheus template/template.go and docs/configuration/template_reference.md.

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "base/time.hpp"
#include "model/labels.hpp"
#include "model/sample.hpp"

namespace tocsin::tmpl {

class Value;

/// One element of an instant vector, as `query` hands it to a template.
struct QuerySample {
  model::Labels labels;
  double value = 0;
  model::HistogramPtr histogram = nullptr;  // set: a native histogram, and `value` is not looked at
};

/// Answers `query "up"`: an instant query at the evaluation's time. A scalar is one sample without labels.
using TemplateQueryFn = std::function<Result<std::vector<QuerySample>>(const std::string& expression)>;

/// What one alert's template sees: $labels, $value, $externalLabels, $externalURL (and .Labels, .Value, ...).
struct PromTemplateData {
  model::Labels labels;
  model::Labels external_labels;
  std::string external_url;  // http://host:9090/prefix
  double value = 0;
  model::HistogramPtr histogram;  // set: a native histogram, which $value is then in place of `value`
  TemplateQueryFn query;          // empty: a template that calls query fails
  Timestamp now = 0;              // the evaluation's time
};

/// A rule's template, parsed once and expanded at each evaluation.
/// Thread: any; expand() may run on several threads at once (query is called on the caller's).
class PromTemplate {
 public:
  /// @param name  appears in error texts; Prometheus uses "__alert_" + the alert's name.
  /// @return kInvalid: "error parsing template NAME: template: NAME:1: unclosed action".
  static Result<PromTemplate> parse(std::string name, std::string_view text);
  /// @return kExecution: "error executing template NAME: template: NAME:1:2: executing ...".
  Result<std::string> expand(const PromTemplateData& data) const;
  /// The text has no actions: expand() returns it whatever the data.
  bool is_plain() const;

 private:
  struct Impl;
  std::shared_ptr<const Impl> impl_;
};

/// Parses and expands at once.
Result<std::string> expand(std::string name, std::string_view text, const PromTemplateData& data);
/// As expand(), with any data as the dot and without $labels and the others.
Result<std::string> expand_bare(std::string name, std::string_view text, const Value& dot,
                                const PromTemplateData& data);
/// As expand_bare(), as an HTML template: how Prometheus expands console pages. `tmpl NAME DATA` calls a template by a
/// name that is computed.
Result<std::string> expand_bare_html(std::string name, std::string_view text, const Value& dot,
                                     const PromTemplateData& data);
/// Parses only; the same errors as PromTemplate::parse.
Result<void> check(std::string name, std::string_view text);

}  // namespace tocsin::tmpl
