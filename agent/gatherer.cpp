#include "agent/gatherer.hpp"

#include <algorithm>
#include <array>

#include "base/log.hpp"

namespace tocsin::agent {
namespace {

/// All of the node's collectors may hang, each with a thread, and one more thread is left.
constexpr std::size_t kMaxThreads = 100;

/// One call of a collector, on a thread where it may hang.
Answered ask_here(Asked& asked, MonoTime began) {
  Answered answer;
  asked.page->begin();
  answer.result = asked.local->collect(*asked.page);
  asked.page->end();
  answer.page = asked.page->share();
  answer.ended = system_clock().mono();
  answer.took = answer.ended - began;
  return answer;
}

}  // namespace

bool Selection::has(const Asked& asked) const {
  const auto names = [&](const auto& set) {
    return set.contains(asked.collector) || (asked.local && set.contains(kNode));
  };
  return only.empty() ? !names(without) : names(only);
}

/// A scrape that waits.
struct Gatherer::Round {
  std::vector<std::shared_ptr<Asked>> missing;  // from the last to the first that was asked: the last goes first
  net::Waiters waiters;

  bool misses(const std::shared_ptr<Asked>& asked) const { return std::ranges::find(missing, asked) != missing.end(); }
  /// False if it was not missing.
  bool take(const std::shared_ptr<Asked>& asked) {
    const auto found = std::find(missing.rbegin(), missing.rend(), asked);
    if (found == missing.rend()) return false;
    missing.erase(std::next(found).base());
    return true;
  }

  MonoTime due() const {
    MonoTime last = MonoTime::min();
    for (const auto& asked : missing) last = std::max(last, asked->due());
    return last;
  }
};

Gatherer::Gatherer(net::TaskLoop& loop, std::shared_ptr<exporters::LoopAnchor> anchor, GatherOptions options)
    : loop_(loop),
      anchor_(std::move(anchor)),
      options_(options),
      self_(std::make_shared<Gatherer*>(this)),
      replies_(std::make_shared<ReplyBatch>([anchor = anchor_, self = self_](std::vector<Reply> replies) {
        anchor->post([self, replies = std::move(replies)]() mutable { take_replies(self, std::move(replies)); });
      })),
      threads_(
          kMaxThreads,
          [replies = replies_](const std::shared_ptr<Asked>& asked, MonoTime began) {
            Answered answer = ask_here(*asked, began);
            const MonoTime ended = answer.ended;
            replies->add({asked, std::move(answer)});
            return ended;
          },
          [replies = replies_] { replies->flush(); }) {}

Gatherer::~Gatherer() {
  *self_ = nullptr;
}

void Gatherer::set_collectors(exporters::Collectors collectors) {
  std::vector<std::shared_ptr<Asked>> all;
  for (auto& collector : collectors) {
    auto asked = std::make_shared<Asked>();
    asked->collector = collector->name();
    asked->local = std::move(collector);
    asked->deadline = options_.deadline;
    all.push_back(std::move(asked));
  }
  std::sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a->collector < b->collector; });
  const std::size_t local = all.size();
  all.insert(all.end(), asked_.begin() + static_cast<std::ptrdiff_t>(local_), asked_.end());
  asked_ = std::move(all);
  local_ = local;
}

void Gatherer::set_targets(std::vector<std::shared_ptr<Asked>> targets) {
  asked_.resize(local_);
  asked_.insert(asked_.end(), std::make_move_iterator(targets.begin()), std::make_move_iterator(targets.end()));
}

bool Gatherer::has(std::string_view name) const {
  if (name == kNode && local_ > 0) return true;
  return std::any_of(asked_.begin(), asked_.end(), [&](const auto& asked) { return asked->collector == name; });
}

void Gatherer::start(const std::shared_ptr<Asked>& asked, MonoTime now) {
  asked->busy = true;
  asked->started_at = now;
  if (asked->local) {
    asked->local->set_asked_at(now);
    return start_on_thread(asked);
  }
  loop_.spawn("ask " + asked->collector, run_task(self_, &loop_, asked));
}

net::Task<void> Gatherer::run_task(std::shared_ptr<Gatherer*> self, net::TaskLoop* loop, std::shared_ptr<Asked> asked) {
  Answered answer = co_await ask(*loop, asked->remote, asked->page, asked->started_at + asked->deadline);
  if (*self != nullptr) (*self)->finished(asked, std::move(answer));
}

void Gatherer::start_on_thread(const std::shared_ptr<Asked>& asked) {
  ++on_threads_;
  threads_.post(asked);
  if (!watching_) watch();
}

void Gatherer::take_replies(const std::shared_ptr<Gatherer*>& self, std::vector<Reply> replies) {
  for (Reply& reply : replies) {
    if (*self == nullptr) return;
    --(*self)->on_threads_;
    (*self)->finished(reply.asked, std::move(reply.answer));
  }
}

/// While collectors run, looks now and then whether one holds up the others.
void Gatherer::watch() {
  watching_ = true;
  loop_.call_after(options_.stuck_after / 2, [self = self_] {
    if (*self == nullptr) return;
    Gatherer& gatherer = **self;
    gatherer.watching_ = false;
    gatherer.replies_->flush();  // a collector that hangs keeps the answers of those before it
    gatherer.threads_.replace_stuck(gatherer.options_.stuck_after);
    if (gatherer.on_threads_ > 0) gatherer.watch();
  });
}

void Gatherer::finished(const std::shared_ptr<Asked>& asked, Answered answer) {
  take_answer(*asked, std::move(answer));
  std::vector<std::shared_ptr<Round>> done;
  std::erase_if(rounds_, [](const std::weak_ptr<Round>& round) { return round.expired(); });
  for (const std::weak_ptr<Round>& waiting : rounds_) {
    const auto round = waiting.lock();
    if (!round || !round->take(asked)) continue;
    const bool others_are_over = std::ranges::none_of(
        round->missing, [&](const std::shared_ptr<Asked>& other) { return other->due() >= asked->due(); });
    if (others_are_over) done.push_back(round);
  }
  for (const auto& round : done) round->waiters.wake();
}

net::Task<Gathered> Gatherer::gather(Selection selection, Duration limit, Duration fresh_for) {
  const MonoTime now = loop_.clock().mono(), end = now + limit;
  Gathered gathered;
  const auto round = std::make_shared<Round>();
  for (const auto& asked : asked_) {
    if (!selection.has(*asked)) continue;
    const Duration interval = std::max(asked->min_interval, fresh_for);
    const bool early = !asked->busy && asked->last && now - asked->started_at < interval;
    if (!asked->busy && !early) start(asked, now);
    if (asked->busy) round->missing.push_back(asked);
    gathered.items.push_back({.asked = asked, .early = early});
  }
  std::ranges::reverse(round->missing);
  threads_.wake();
  std::erase_if(rounds_, [](const std::weak_ptr<Round>& other) { return other.expired(); });
  rounds_.push_back(round);
  while (!round->missing.empty()) {
    const MonoTime until = std::min(end, round->due());
    if (until <= loop_.clock().mono()) break;
    co_await round->waiters.wait(loop_, until);
  }
  for (Gathered::Item& item : gathered.items) {
    Asked& asked = *item.asked;
    item.late = round->misses(item.asked);
    if (item.late && !asked.late) log_late(asked);
    asked.late = item.late;
    if (asked.last) gathered.pages.push_back(asked.last);
  }
  co_return gathered;
}

std::shared_ptr<const expo::RenderedPage> Gatherer::about(const Gathered& gathered, bool ages_only) {
  using model::MetricType;
  expo::Page& page = ages_only ? ages_page_ : about_page_;
  auto& age = page.family("tocsin_collector_age_seconds",
                          "Age of the values served, where they are not of this scrape.", MetricType::kGauge);
  auto& node_duration = page.family("node_scrape_collector_duration_seconds",
                                    "node_exporter: Duration of a collector scrape.", MetricType::kGauge);
  auto& node_success =
      page.family("node_scrape_collector_success", "node_exporter: Whether a collector succeeded.", MetricType::kGauge);
  auto& duration = page.family("tocsin_collector_duration_seconds", "How long the last question to the target took.",
                               MetricType::kGauge);
  auto& success = page.family("tocsin_collector_success", "Whether the target answered in time and without an error.",
                              MetricType::kGauge);
  auto& dropped =
      page.family("tocsin_collector_dropped_series",
                  "Series of the target beyond series_limit, summed into others or left out.", MetricType::kGauge);
  const MonoTime now = loop_.clock().mono();
  page.begin();
  for (const auto& [asked, late, early] : gathered.items) {
    const std::array labels{model::LabelView{"collector", asked->collector}, model::LabelView{"target", asked->target}};
    const auto known = std::span<const model::LabelView>(labels).first(asked->local ? 1 : 2);
    if ((late || early) && asked->last) age.put(known, to_seconds(now - asked->finished_at));
    if (ages_only) continue;
    (asked->local ? node_duration : duration).put(known, to_seconds(asked->duration));
    if (asked->remote) dropped.put(known, static_cast<double>(asked->dropped));
    (asked->local ? node_success : success).put(known, asked->success && !late ? 1 : 0);
  }
  page.end();
  return page.share();
}

}  // namespace tocsin::agent
