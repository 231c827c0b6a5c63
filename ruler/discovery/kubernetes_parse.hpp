#pragma once
// JSON of the Kubernetes API: pages of lists, events of watches, and what it says when it refuses.

#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "discovery/kubernetes_object.hpp"

namespace tocsin::discovery::kubernetes {

struct Page {
  std::vector<ObjectPtr> objects;
  std::string resource_version;
  std::string continue_token;  // "" on the last page
};

/// One page of a list. A single object that does not make sense spoils the page: a part would look like a loss.
/// Thread: any.
Result<Page> parse_page(Kind kind, std::string_view body);

/// What the API server says instead of an object. Source: apimachinery meta/v1, Status.
struct Status {
  int code = 0;
  std::string reason, message;
};

struct Event {
  enum class Type { kChanged, kDeleted, kBookmark, kError };
  Type type = Type::kBookmark;
  ObjectPtr object;              // of kChanged and kDeleted
  std::string resource_version;  // after this event; not of kError
  Status status;                 // of kError
};

/// One line of a watch. Thread: any.
Result<Event> parse_event(Kind kind, std::string_view line);

/// The body of an answer that is not 200; if it is no Status, its beginning is the message.
Status parse_status(int http_status, std::string_view body);

}  // namespace tocsin::discovery::kubernetes
