#pragma once
// Keeps all objects of one kind in step with the API server: a list in pages, then a watch from there on.
//
//   list ──ok──► watch ──ends, breaks──► watch again from the last resourceVersion
//    ▲  ▲          │
//    │  └─ back-off┤ refused
//    └─────────────┘ 410 Gone, nonsense: the new list is compared with what is known, so that nothing flaps
//
// What fails is counted and logged once until it works again; the objects stay meanwhile.
// Source: kubernetes.io, "Efficient detection of changes"; client-go tools/cache/reflector.go.

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/rng.hpp"
#include "discovery/backoff.hpp"
#include "discovery/discoverer.hpp"
#include "discovery/kubernetes_parse.hpp"

namespace tocsin::discovery::kubernetes {

/// What the informers of one discoverer share. Those of its references outlive the tasks.
struct Api {
  Services services;
  std::shared_ptr<net::HttpClient> client;
  std::string server;
  std::shared_ptr<Rng> rng;
};

/// What is listed.
struct Scope {
  Kind kind = Kind::kPod;
  std::string namespace_;  // "": all
  std::string label_selector, field_selector;
};

struct InformerLimits {
  std::size_t page_objects = 500;
  std::size_t page_bytes = 64U << 20U;
  std::size_t pages = 10'000;
  std::size_t list_bytes = 1U << 30U;  // of all pages
  std::size_t objects = 300'000;
  std::size_t event_bytes = 16U << 20U;    // of one event
  std::size_t waiting_bytes = 64U << 20U;  // of events that came and were not read yet
};

/// Thread: the loop's. Tasks hold it; close() ends them at their next step.
class Informer : public std::enable_shared_from_this<Informer> {
 public:
  using Objects = std::unordered_map<std::string, ObjectPtr>;  // by Object::key()

  Informer(std::shared_ptr<const Api> api, Scope scope, InformerLimits limits = {});
  /// @param changed  an object came, went, or is another now. Called after the store has it.
  /// @param synced   the first list is complete; called once, before any `changed`.
  void start(std::function<void(Kind kind, const std::string& key)> changed, std::function<void()> synced);
  void close();

  const Scope& scope() const { return scope_; }
  bool is_synced() const { return synced_; }
  const Objects& objects() const { return *objects_; }
  ObjectPtr find(const std::string& key) const;

 private:
  using Self = std::shared_ptr<Informer>;
  /// What to do after a list or a watch.
  struct Outcome {
    std::optional<Error> error;  // counted and logged
    Duration retry_after{0};     // the server wants at least this
    bool wait = false;           // before the next step
    bool list = false;           // the watch cannot go on
  };
  struct Watch;

  static net::Task<void> run(Self self);
  static net::Task<void> pause(Self self, Outcome outcome);
  static net::Task<Outcome> list(Self self);
  static net::Task<Result<Page>> read_page(Self self, net::Body body);
  static net::Task<void> take_list(Self self, std::vector<ObjectPtr> listed);
  static net::Task<Outcome> watch(Self self);
  static net::Task<void> stream(Self self, std::shared_ptr<Watch> watch, int seconds);
  static net::Task<void> drain(Self self, std::shared_ptr<Watch> watch);

  bool take_piece(const std::shared_ptr<Watch>& watch, std::string_view piece);
  void take_event(Watch& watch, Result<Event> event);
  void replace(ObjectPtr object);
  void remove(const std::string& key);
  void count_event(const char* event);
  Outcome ended(const Watch& watch, Duration lasted) const;
  void note(std::string_view what, const Error& error);
  void note_success(std::string_view what);
  net::HttpRequest request(std::vector<std::pair<std::string, std::string>> params) const;

  const std::shared_ptr<const Api> api_;
  const Scope scope_;
  const InformerLimits limits_;
  std::function<void(Kind, const std::string&)> on_change_;
  std::function<void()> on_sync_;
  std::shared_ptr<Objects> objects_ = std::make_shared<Objects>();
  std::weak_ptr<Watch> current_;
  std::string resource_version_;
  Backoff backoff_;
  std::string failing_;  // "list" or "watch" while that does not work
  bool synced_ = false, closed_ = false;
};

}  // namespace tocsin::discovery::kubernetes
