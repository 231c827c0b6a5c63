#pragma once
// Templates of notifications: Alertmanager's data, functions and default templates.
// Source: Alertmanager 0.34 template/template.go and docs/notifications.md.

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.hpp"
#include "base/thread_annotations.hpp"
#include "base/time.hpp"
#include "model/alert.hpp"
#include "model/labels.hpp"
#include "template/template.hpp"
#include "template/value.hpp"

namespace tocsin::tmpl {

/// What a notification's data is made of.
struct AmAlert {
  model::AlertPtr alert;
  bool resolved = false;  // at the instant of the flush; the end of a firing alert is not shown
};

struct AmInput {
  std::string receiver;
  std::string reason;  // "first notification", ...
  std::vector<AmAlert> alerts;
  model::Labels group_labels;
  std::vector<std::pair<std::string, std::string>> route_labels;  // values are templates
  std::string external_url;
  // None: what the alerts have in common, as it is in a notification.
  std::optional<model::Labels> common_labels, common_annotations;
};

/// .Receiver .Status .Alerts .NotificationReason .GroupLabels .CommonLabels .CommonAnnotations .RouteLabels
/// .ExternalURL Immutable; copies share. Thread: any.
class AmData {
 public:
  const Value& value() const { return value_; }
  bool firing() const { return firing_; }
  /// Rendered, by name.
  std::vector<std::pair<std::string, std::string>> route_labels() const;

 private:
  friend class AmTemplates;
  Value value_;
  bool firing_ = false;
};

/// Plain texts that took the place of those that could not be expanded. Thread: any.
struct PlainTexts {
  std::atomic<std::uint64_t> count{0};
  Mutex mutex;
  std::string last_error TOCSIN_GUARDED_BY(mutex);  // the log tells changes only
};

/// The default templates and those of the user's files. Thread: any, once loaded.
class AmTemplates {
 public:
  /// @param files  name (for error texts) and content, in order; later definitions replace earlier ones.
  /// @return kInvalid "FILE: template: NAME:1: unclosed action".
  static Result<AmTemplates> load(const std::vector<std::pair<std::string, std::string>>& files);

  /// Renders the route labels against the rest. A label that fails is left out and named in `failures`, if given.
  AmData data(const AmInput& input, Timestamp now, std::vector<std::string>* failures = nullptr) const;

  /// Expands a text ("" gives ""). `now` is what the functions now and since see.
  /// @return kInvalid or kExecution with Go's text, kLimit.
  Result<std::string> expand(std::string_view text, const AmData& data, Timestamp now) const;
  /// The text is an HTML template: e-mail's html, Telegram's message.
  Result<std::string> expand_html(std::string_view text, const AmData& data, Timestamp now) const;
  /// From now on a text that cannot be expanded gives a plain one with status, labels and annotations of all alerts in
  /// its place, for a page without form is better than none. Each is counted, and logged when its error is a new one.
  void fall_back_to_plain(std::shared_ptr<PlainTexts> counted) { plain_ = std::move(counted); }
  /// Parses a text as expand() does.
  Result<void> check(std::string_view text) const;
  Result<void> check_html(std::string_view text) const;

  bool has(std::string_view name) const { return set_->has(name); }

 private:
  Result<std::string> or_plain(Result<std::string> expanded, const AmData& data, bool html) const;

  std::shared_ptr<const Template> set_;
  std::shared_ptr<PlainTexts> plain_;  // nullptr: what fails is an error
};

/// The JSON of AmTemplates::data() of the same input, to the byte, without the values in between. For input without
/// route labels.
/// @return kLimit beyond 64 MiB.
Result<std::string> am_data_json(const AmInput& input);

/// The functions that need no data; routeLabels, now and since come with each expansion.
const std::shared_ptr<const FuncMap>& alertmanager_functions();

/// Text of the default templates.
std::string_view default_templates();

}  // namespace tocsin::tmpl
