#pragma once
// Which devices, mounts or types to show: node_exporter's include and exclude flags.

#include <optional>
#include <string>
#include <string_view>

#include "model/matcher.hpp"

namespace tocsin::exporters::node {

/// Unanchored regular expressions; shows what matches the one and not the other.
class Filter {
 public:
  /// `what` names the flags in messages, such as "--collector.netdev.device".
  static Result<Filter> make(std::string_view what, const std::string& include, const std::string& exclude);
  /// What matches `pattern`, the value of `flag`; everything if it is empty.
  static Result<Filter> only(std::string_view flag, const std::string& pattern);
  /// Everything but what matches `pattern`, the value of `flag`.
  static Result<Filter> except(std::string_view flag, const std::string& pattern);
  bool shows(std::string_view name) const {
    if (exclude_ && exclude_->matches(name)) return false;
    return !include_ || include_->matches(name);
  }

 private:
  std::optional<model::AnchoredRegex> include_, exclude_;
};

}  // namespace tocsin::exporters::node
