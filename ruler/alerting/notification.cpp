#include "alerting/notification.hpp"

#include "alerting/metrics.hpp"

namespace tocsin::alerting {

std::string_view notify_reason_text(NotifyReason reason) {
  switch (reason) {
    case NotifyReason::kFirst:
      return "first notification";
    case NotifyReason::kNewAlerts:
      return "new alerts added";
    case NotifyReason::kAllResolved:
      return "all alerts resolved";
    case NotifyReason::kSomeResolved:
      return "some alerts resolved";
    case NotifyReason::kRepeat:
      return "repeat interval elapsed";
  }
  return "";
}

std::string_view failure_reason_text(FailureReason reason) {
  switch (reason) {
    case FailureReason::kClientError:
      return "clientError";
    case FailureReason::kServerError:
      return "serverError";
    case FailureReason::kContextCanceled:
      return "contextCanceled";
    case FailureReason::kContextDeadline:
      return "contextDeadlineExceeded";
    case FailureReason::kAuthError:
      return "authError";
    case FailureReason::kRateLimited:
      return "rateLimited";
    case FailureReason::kOther:
      break;
  }
  return "other";
}

}  // namespace tocsin::alerting
