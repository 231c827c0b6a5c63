#include "discovery/kubernetes_informer.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

#include "base/log.hpp"
#include "base/strings.hpp"
#include "discovery/line_splitter.hpp"
#include "discovery/wakeup.hpp"
#include "net/http_text.hpp"

namespace tocsin::discovery::kubernetes {
namespace {

constexpr std::size_t kLoopBytes = 32U << 10U;  // more JSON than this is a lane's work
constexpr Duration kListTimeout = std::chrono::minutes(1);
constexpr Duration kShortestWatch = std::chrono::seconds(1);
constexpr Duration kWatchGrace = std::chrono::seconds(15);  // the server ends a watch; later than that we do
constexpr Duration kLongestRetryAfter = std::chrono::minutes(5);
constexpr int kRefusalsBeforeList = 3;

/// Source: kubernetes.io, "API groups and versioning".
std::string_view api_of(Kind kind) {
  switch (kind) {
    case Kind::kEndpointSlice:
      return "/apis/discovery.k8s.io/v1";
    case Kind::kIngress:
      return "/apis/networking.k8s.io/v1";
    case Kind::kReplicaSet:
      return "/apis/apps/v1";
    case Kind::kJob:
      return "/apis/batch/v1";
    default:
      return "/api/v1";
  }
}

std::string_view role_of(Kind kind) {
  switch (kind) {
    case Kind::kPod:
      return "pod";
    case Kind::kService:
      return "service";
    case Kind::kEndpoints:
      return "endpoints";
    case Kind::kEndpointSlice:
      return "endpointslice";
    case Kind::kNode:
      return "node";
    case Kind::kIngress:
      return "ingress";
    default:
      return "";
  }
}

Duration retry_after(const net::HttpResponse& response) {
  const std::string_view text = trim(response.headers.get("Retry-After"));
  std::int64_t seconds = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (error != std::errc() || end != text.data() + text.size() || seconds < 0) return Duration(0);
  return std::min<Duration>(std::chrono::seconds(std::min<std::int64_t>(seconds, 3600)), kLongestRetryAfter);
}

Error refusal(const net::HttpResponse& response) {
  const Status status = parse_status(response.status, response.body.view());
  const std::string_view phrase = net::reason_phrase(response.status);
  std::string message = fmt::format("server returned HTTP status {}", response.status);
  if (!phrase.empty()) message.append(" ").append(phrase);
  if (!status.message.empty()) message.append(": ").append(status.message);
  return Error{Errc::kUnavailable, std::move(message)};
}

/// The job of a lane: owns what it reads.
struct ReadPage {
  Kind kind;
  net::Body body;
  Result<Page> operator()() const { return parse_page(kind, body.view()); }
};

struct ReadEvents {
  Kind kind;
  std::vector<std::string> lines;
  /// Up to the first that is wrong.
  std::vector<Result<Event>> operator()() const {
    std::vector<Result<Event>> out;
    for (const std::string& line : lines) {
      out.push_back(parse_event(kind, line));
      if (!out.back()) break;
    }
    return out;
  }
};

/// What a new list changes. Objects that are as they were stay the ones they are.
struct Difference {
  std::shared_ptr<Informer::Objects> objects;
  std::vector<std::string> added, updated, removed;
};

struct Compare {
  std::shared_ptr<const Informer::Objects> known;  // nobody changes it while a list is read
  std::vector<ObjectPtr> listed;
  Difference operator()() const {
    Difference out{std::make_shared<Informer::Objects>(), {}, {}, {}};
    out.objects->reserve(listed.size());
    for (const ObjectPtr& object : listed) {
      std::string key = object->key();
      const auto old = known->find(key);
      const bool is_known = old != known->end();
      const bool is_same = is_known && *old->second == *object;
      if (!is_same) (is_known ? out.updated : out.added).push_back(key);
      out.objects->insert_or_assign(std::move(key), is_same ? old->second : object);
    }
    for (const auto& [key, object] : *known) {
      if (!out.objects->contains(key)) out.removed.push_back(key);
    }
    return out;
  }
};

}  // namespace

/// One watch under way.
struct Informer::Watch {
  explicit Watch(const InformerLimits& limits) : lines(limits.event_bytes, limits.waiting_bytes) {}
  LineSplitter lines;
  bool draining = false;
  bool got_some = false;  // an event that made sense
  bool expired = false;
  std::optional<Error> error;
  std::optional<Result<net::HttpResponse>> response;  // once the exchange has ended
  Wakeup wakeup;
  bool makes_no_sense() const { return expired || error; }
  /// All is read, or there is no use in reading on.
  bool is_over() const { return makes_no_sense() || (response && !draining); }

  /// Held by a task that is to notify: if the loop goes meanwhile, so does the task that waits.
  struct Duty {
    Watch* watch;
    ~Duty() {
      if (watch != nullptr) watch->wakeup.abandon();
    }
    void done() { std::exchange(watch, nullptr)->wakeup.notify(); }
  };
};

Informer::Informer(std::shared_ptr<const Api> api, Scope scope, InformerLimits limits)
    : api_(std::move(api)), scope_(std::move(scope)), limits_(limits) {}

void Informer::start(std::function<void(Kind kind, const std::string& key)> changed, std::function<void()> synced) {
  on_change_ = std::move(changed);
  on_sync_ = std::move(synced);
  api_->services.loop.spawn("discovery", run(shared_from_this()));
}

void Informer::close() {
  closed_ = true;
  on_change_ = nullptr;
  on_sync_ = nullptr;
  if (const auto watch = current_.lock()) watch->wakeup.notify();
}

ObjectPtr Informer::find(const std::string& key) const {
  const auto found = objects_->find(key);
  return found == objects_->end() ? nullptr : found->second;
}

net::Task<void> Informer::run(Self self) {
  while (!self->closed_) {
    Outcome listed = co_await list(self);
    if (self->closed_) co_return;
    if (listed.error) {
      self->note("list", *listed.error);
      co_await pause(self, std::move(listed));
      continue;
    }
    self->note_success("list");
    for (int refused = 0; !self->closed_ && refused < kRefusalsBeforeList;) {
      Outcome watched = co_await watch(self);
      if (self->closed_) co_return;
      refused = watched.error ? refused + 1 : 0;
      const bool is_lost = watched.list;
      if (watched.error) {
        self->note("watch", *watched.error);
      } else if (!watched.wait) {
        self->note_success("watch");
      }
      if (watched.wait) co_await pause(self, std::move(watched));
      if (is_lost) break;
    }
  }
}

net::Task<void> Informer::pause(Self self, Outcome outcome) {
  Loop& loop = self->api_->services.loop;
  const Duration wait = std::max(self->backoff_.next(loop.clock().mono(), *self->api_->rng), outcome.retry_after);
  co_await net::sleep_for(loop, wait);
}

net::HttpRequest Informer::request(std::vector<std::pair<std::string, std::string>> params) const {
  if (!scope_.label_selector.empty()) params.emplace_back("labelSelector", scope_.label_selector);
  if (!scope_.field_selector.empty()) params.emplace_back("fieldSelector", scope_.field_selector);
  std::sort(params.begin(), params.end());
  std::string url = fmt::format("{}{}", api_->server, api_of(scope_.kind));
  if (!scope_.namespace_.empty()) url.append("/namespaces/").append(query_escape(scope_.namespace_));
  url.append("/").append(resource_of(scope_.kind));
  for (char separator = '?'; const auto& [name, value] : params) {
    url.append(1, std::exchange(separator, '&')).append(name).append("=").append(query_escape(value));
  }
  net::HttpRequest request("GET", std::move(url));
  request.headers.set("Accept", "application/json");
  return request;
}

net::Task<Informer::Outcome> Informer::list(Self self) {
  std::vector<ObjectPtr> listed;
  std::string next, version;
  std::size_t pages = 0, bytes = 0;
  for (bool in_pages = true;;) {
    std::vector<std::pair<std::string, std::string>> params;
    if (in_pages) params.emplace_back("limit", std::to_string(self->limits_.page_objects));
    if (!next.empty()) params.emplace_back("continue", next);
    net::SendOptions options;
    options.timeout = kListTimeout;
    options.max_body_bytes = self->limits_.page_bytes;
    auto response = co_await self->api_->client->send(self->request(std::move(params)), std::move(options));
    if (self->closed_) co_return Outcome{};
    if (!response) co_return Outcome{std::move(response).error()};
    if (response->status == 410 && !next.empty()) {
      // The state that the pages are of is gone; once more, and all at once.
      next.clear();
      listed.clear();
      in_pages = false;
      continue;
    }
    if (response->status != 200) co_return Outcome{refusal(*response), retry_after(*response)};

    bytes += response->body.size();
    auto page = co_await read_page(self, std::move(response->body));
    if (self->closed_) co_return Outcome{};
    if (!page) co_return Outcome{std::move(page).error()};
    listed.insert(listed.end(), std::make_move_iterator(page->objects.begin()),
                  std::make_move_iterator(page->objects.end()));
    version = std::move(page->resource_version);
    next = std::move(page->continue_token);
    if (listed.size() > self->limits_.objects) {
      co_return Outcome{Error{Errc::kLimit, fmt::format("more than {} objects", self->limits_.objects)}};
    }
    if (next.empty()) break;
    if (++pages >= self->limits_.pages || bytes > self->limits_.list_bytes) {
      co_return Outcome{Error{Errc::kLimit, fmt::format("the list does not end: {} pages, {} bytes", pages, bytes)}};
    }
  }
  self->resource_version_ = std::move(version);
  co_await take_list(self, std::move(listed));
  co_return Outcome{};
}

net::Task<Result<Page>> Informer::read_page(Self self, net::Body body) {
  const Services& services = self->api_->services;
  ReadPage job{self->scope_.kind, std::move(body)};
  if (job.body.size() <= kLoopBytes) co_return job();
  co_return co_await net::run_on(services.loop, services.work.lane(Lane::kScrape), std::move(job));
}

net::Task<void> Informer::take_list(Self self, std::vector<ObjectPtr> listed) {
  const Services& services = self->api_->services;
  Compare job{self->objects_, std::move(listed)};
  Difference difference = co_await net::run_on(services.loop, services.work.lane(Lane::kScrape), std::move(job));
  if (self->closed_) co_return;
  self->objects_ = std::move(difference.objects);
  const auto tell = [&self](const std::vector<std::string>& keys, const char* event) {
    for (const std::string& key : keys) {
      self->count_event(event);
      if (self->synced_ && self->on_change_) self->on_change_(self->scope_.kind, key);
    }
  };
  tell(difference.added, "add");
  tell(difference.updated, "update");
  tell(difference.removed, "delete");
  if (!std::exchange(self->synced_, true) && self->on_sync_) self->on_sync_();
}

net::Task<Informer::Outcome> Informer::watch(Self self) {
  Loop& loop = self->api_->services.loop;
  const auto watch = std::make_shared<Watch>(self->limits_);
  self->current_ = watch;
  const MonoTime begun = loop.clock().mono();
  // Five to ten minutes, so that not all watches of a restarted server end together.
  const auto seconds = static_cast<int>(300 * (1 + self->api_->rng->uniform()));
  self->api_->services.loop.spawn("discovery", stream(self, watch, seconds));
  while (!self->closed_ && !watch->is_over()) co_await watch->wakeup.wait();
  if (self->closed_) co_return Outcome{};
  co_return self->ended(*watch, loop.clock().mono() - begun);
}

/// The exchange of a watch. Nobody may wait for it any more when it ends: then its next piece ends it.
net::Task<void> Informer::stream(Self self, std::shared_ptr<Watch> watch, int seconds) {
  Watch::Duty duty{watch.get()};
  std::vector<std::pair<std::string, std::string>> params;
  params.emplace_back("allowWatchBookmarks", "true");
  params.emplace_back("resourceVersion", self->resource_version_);
  params.emplace_back("timeoutSeconds", std::to_string(seconds));
  params.emplace_back("watch", "true");
  net::SendOptions options;
  options.timeout = std::chrono::seconds(seconds) + kWatchGrace;
  net::HttpClient::Sink sink = [self, watch](std::string_view piece) { return self->take_piece(watch, piece); };
  watch->response =
      co_await self->api_->client->stream(self->request(std::move(params)), std::move(options), std::move(sink));
  duty.done();
}

/// False ends the watch.
bool Informer::take_piece(const std::shared_ptr<Watch>& watch, std::string_view piece) {
  if (closed_ || watch->makes_no_sense()) return false;
  if (!watch->lines.add(piece)) {
    const bool one = watch->lines.partial_bytes() > limits_.event_bytes;
    watch->error = Error{Errc::kLimit, one ? fmt::format("an event has more than {} bytes", limits_.event_bytes)
                                           : fmt::format("more than {} bytes of events wait", limits_.waiting_bytes)};
    return false;
  }
  if (!watch->lines.empty() && !std::exchange(watch->draining, true)) {
    api_->services.loop.spawn("discovery", drain(shared_from_this(), watch));
  }
  return true;
}

/// Reads the events that wait, in their order.
net::Task<void> Informer::drain(Self self, std::shared_ptr<Watch> watch) {
  const Services& services = self->api_->services;
  Watch::Duty duty{watch.get()};
  while (!self->closed_ && !watch->makes_no_sense() && !watch->lines.empty()) {
    ReadEvents job{self->scope_.kind, {}};
    std::size_t bytes = 0;
    while (!watch->lines.empty() && bytes <= kLoopBytes) {
      job.lines.push_back(watch->lines.take());
      bytes += job.lines.back().size();
    }
    std::vector<Result<Event>> events;
    if (bytes > kLoopBytes) {
      events = co_await net::run_on(services.loop, services.work.lane(Lane::kScrape), std::move(job));
    } else {
      events = job();
      // Others are to run between two portions.
      co_await net::sleep_for(services.loop, Duration(0));
    }
    for (auto& event : events) {
      if (self->closed_ || watch->makes_no_sense()) break;
      self->take_event(*watch, std::move(event));
    }
  }
  watch->draining = false;
  duty.done();
}

void Informer::take_event(Watch& watch, Result<Event> event) {
  if (!event) {
    watch.error = std::move(event).error();
    return;
  }
  if (event->type == Event::Type::kError) {
    watch.expired = event->status.code == 410;
    if (!watch.expired) {
      watch.error = Error{Errc::kUnavailable, fmt::format("the server ended the watch: {}", event->status.message)};
    }
    return;
  }
  watch.got_some = true;
  note_success("watch");
  resource_version_ = std::move(event->resource_version);
  if (event->type == Event::Type::kChanged) replace(std::move(event->object));
  if (event->type == Event::Type::kDeleted) remove(event->object->key());
  if (objects_->size() > limits_.objects) {
    watch.error = Error{Errc::kLimit, fmt::format("more than {} objects", limits_.objects)};
  }
}

void Informer::replace(ObjectPtr object) {
  std::string key = object->key();
  ObjectPtr& known = (*objects_)[key];
  const bool is_new = known == nullptr;
  const bool is_same = !is_new && *known == *object;
  count_event(is_new ? "add" : "update");
  if (is_same) return;
  known = std::move(object);
  if (on_change_) on_change_(scope_.kind, key);
}

void Informer::remove(const std::string& key) {
  count_event("delete");
  if (objects_->erase(key) > 0 && on_change_) on_change_(scope_.kind, key);
}

void Informer::count_event(const char* event) {
  const std::string_view role = role_of(scope_.kind);
  if (!role.empty()) ++api_->services.stats->kubernetes_events[{std::string(role), event}];
}

Informer::Outcome Informer::ended(const Watch& watch, Duration lasted) const {
  Outcome out;
  if (watch.expired) {
    out.list = true;
    out.wait = !watch.got_some;
  } else if (watch.error) {
    out.error = watch.error;
    out.wait = out.list = true;
  } else if (const auto& response = *watch.response; !response) {
    const bool is_time = response.error().code == Errc::kTimeout && lasted >= kShortestWatch;
    // A connection that breaks after it was good is nothing to tell of, if the next one is good again.
    if (!is_time && !watch.got_some) out.error = response.error();
    out.wait = !is_time;
  } else if (response->status == 410) {
    out.wait = out.list = true;
  } else if (response->status != 200) {
    out.error = refusal(*response);
    out.retry_after = retry_after(*response);
    out.wait = true;
  } else if (lasted < kShortestWatch && !watch.got_some) {
    out.error = Error{Errc::kUnavailable, "very short watch: it ended within a second without an event"};
    out.wait = true;
  }
  return out;
}

void Informer::note(std::string_view what, const Error& error) {
  ++api_->services.stats->kubernetes_failures;
  if (std::exchange(failing_, what) == what) return;
  log::error("discovery", fmt::format("failed to {} {}", what, resource_of(scope_.kind)),
             {{"discovery", "kubernetes"},
              {"config", api_->services.config_name},
              {"namespace", scope_.namespace_},
              {"err", error.message}});
}

void Informer::note_success(std::string_view what) {
  if (failing_ != what) return;
  failing_.clear();
  backoff_.reset();
  log::info("discovery", fmt::format("{} of {} works again", what, resource_of(scope_.kind)),
            {{"discovery", "kubernetes"}, {"config", api_->services.config_name}, {"namespace", scope_.namespace_}});
}

}  // namespace tocsin::discovery::kubernetes
