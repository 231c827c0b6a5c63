#pragma once
// An alert on its way from a rule (or a client of API v2) to routing. Immutable once shared.

#include <memory>
#include <string>

#include "base/time.hpp"
#include "model/labels.hpp"

namespace tocsin::model {

struct Alert {
  Labels labels;  // with alertname
  Labels annotations;
  Timestamp starts_at = 0;
  Timestamp ends_at = 0;     // 0: not known
  Timestamp updated_at = 0;  // when it was received
  std::string generator_url;
  bool timeout = false;  // ends_at was set by resolve_timeout, not by the sender

  bool resolved_at(Timestamp now) const { return ends_at != 0 && ends_at <= now; }
  bool operator==(const Alert&) const = default;
};

using AlertPtr = std::shared_ptr<const Alert>;

}  // namespace tocsin::model
