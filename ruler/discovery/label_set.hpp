#pragma once
// What discoveries make labels of.

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "model/labels.hpp"

namespace tocsin::discovery {

/// Each character that a label name may not have becomes an underscore; for names that get a prefix.
/// Source: Prometheus util/strutil, SanitizeLabelName.
std::string sanitize_label_name(std::string_view text);

/// "host:port", with brackets around a host that has a colon. Source: Go net.JoinHostPort.
std::string join_host_port(std::string_view host, std::string_view port);
inline std::string join_host_port(std::string_view host, std::int64_t port) {
  return join_host_port(host, std::to_string(port));
}

/// Labels in the making: a later value of a name replaces an earlier one, an empty one removes it. Thread: one.
class LabelSet {
 public:
  LabelSet& add(std::string name, std::string value) {
    pairs_.emplace_back(std::move(name), std::move(value));
    return *this;
  }
  LabelSet& add(std::string name, std::string_view value) { return add(std::move(name), std::string(value)); }
  LabelSet& add(std::string name, const char* value) { return add(std::move(name), std::string(value)); }
  LabelSet& merge(const LabelSet& other) {
    pairs_.insert(pairs_.end(), other.pairs_.begin(), other.pairs_.end());
    return *this;
  }
  model::Labels build() const;

 private:
  std::vector<std::pair<std::string, std::string>> pairs_;
};

}  // namespace tocsin::discovery
