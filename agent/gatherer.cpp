#include "agent/gatherer.hpp"

#include <algorithm>
#include <mutex>

#include "base/log.hpp"

namespace tocsin::agent {

/// One collector. The page is the collector thread's while `busy`, the rest the loop's.
struct Gatherer::State {
  std::unique_ptr<exporters::Collector> collector;
  expo::Page page;
  bool busy = false;
  bool late = false;     // the last scrape did not get its values
  bool success = false;  // of the last run that ended
  Duration duration{0};
  MonoTime finished_at{0};
  std::string problem;
  std::shared_ptr<const expo::RenderedPage> last;
};

/// A scrape that waits for collectors.
struct Gatherer::Round {
  std::set<const State*> missing;
  std::function<void()> wake;
  TimerId timer = 0;
  bool woken = false;

  void finish() {
    if (woken) return;
    woken = true;
    if (wake) wake();
  }
};

/// A collector may hang for longer than the gatherer or the loop live; its thread looks here before it posts.
struct Gatherer::Anchor {
  std::mutex mutex;
  Gatherer* gatherer = nullptr;  // null once closed
};

Gatherer::Gatherer(Loop& loop, exporters::Collectors collectors, GatherOptions options)
    : loop_(loop), options_(options), threads_(collectors.size() + 1), anchor_(std::make_shared<Anchor>()) {
  anchor_->gatherer = this;
  for (auto& collector : collectors) {
    auto state = std::make_shared<State>();
    const std::string name(collector->name());
    state->collector = std::move(collector);
    states_.emplace(name, std::move(state));
  }
}

Gatherer::~Gatherer() {
  close();
}

void Gatherer::close() {
  std::lock_guard lock(anchor_->mutex);
  anchor_->gatherer = nullptr;
}

std::vector<std::string> Gatherer::names() const {
  std::vector<std::string> names;
  for (const auto& [name, state] : states_) names.push_back(name);
  return names;
}

void Gatherer::start(const std::shared_ptr<State>& state) {
  state->busy = true;
  ++running_;
  threads_.post([&loop = loop_, state, anchor = anchor_] {
    const MonoTime began = system_clock().mono();
    state->page.begin();
    auto result = state->collector->collect(state->page);
    state->page.end();
    auto rendered = std::make_shared<expo::RenderedPage>();
    state->page.render(*rendered);
    const Duration took = system_clock().mono() - began;
    std::lock_guard lock(anchor->mutex);
    if (anchor->gatherer == nullptr) return;
    loop.post([state, anchor, took, rendered = std::move(rendered),
               problem = result ? std::string() : result.error().message,
               has_nothing = !result && result.error().code == Errc::kUnavailable]() mutable {
      if (anchor->gatherer == nullptr) return;
      if (!problem.empty() && problem != state->problem) {
        log::write(has_nothing ? log::Level::kDebug : log::Level::kError, "collector",
                   has_nothing ? "collector has no data" : "collector failed",
                   {{"name", state->collector->name()}, {"err", problem}});
      }
      state->problem = std::move(problem);
      state->success = state->problem.empty();
      state->duration = took;
      state->last = std::move(rendered);
      anchor->gatherer->finished(state);
    });
  });
  if (!watching_) watch();
}

/// While collectors run, looks now and then whether one holds up the others.
void Gatherer::watch() {
  watching_ = true;
  loop_.call_after(options_.stuck_after / 2, [anchor = anchor_] {
    if (anchor->gatherer == nullptr) return;
    Gatherer& gatherer = *anchor->gatherer;
    gatherer.watching_ = false;
    gatherer.threads_.replace_stuck(gatherer.options_.stuck_after);
    if (gatherer.running_ > 0) gatherer.watch();
  });
}

void Gatherer::finished(const std::shared_ptr<State>& state) {
  state->busy = false;
  --running_;
  state->finished_at = loop_.clock().mono();
  std::erase_if(rounds_, [](const std::weak_ptr<Round>& round) { return round.expired(); });
  for (const std::weak_ptr<Round>& waiting : rounds_) {
    const auto round = waiting.lock();
    if (round && round->missing.erase(state.get()) > 0 && round->missing.empty()) round->finish();
  }
}

net::Task<std::vector<std::shared_ptr<const expo::RenderedPage>>> Gatherer::gather(std::set<std::string> wanted,
                                                                                   Duration limit) {
  std::vector<std::shared_ptr<State>> states;
  for (const auto& [name, state] : states_) {
    if (wanted.empty() || wanted.contains(name)) states.push_back(state);
  }
  auto round = std::make_shared<Round>();
  for (const auto& state : states) {
    round->missing.insert(state.get());
    if (!state->busy) start(state);
  }
  if (!round->missing.empty()) {
    rounds_.push_back(round);
    const Duration wait = std::min(limit, options_.deadline);
    std::function<void(std::function<void()>)> sleep = [this, round, wait](std::function<void()> wake) {
      round->wake = [this, round = std::weak_ptr(round), wake = std::move(wake)] {
        if (const auto still = round.lock()) loop_.cancel(still->timer);
        loop_.post(wake);
      };
      round->timer = loop_.call_after(wait, [round = std::weak_ptr(round)] {
        if (const auto still = round.lock()) still->finish();
      });
    };
    co_await net::detail::wait_for_callback(std::move(sleep));
  }
  std::vector<std::shared_ptr<const expo::RenderedPage>> pages;
  for (const auto& state : states) {
    const bool late = round->missing.contains(state.get());
    if (late && !state->late) {
      log::warn("collector", "collector is late, its last values are served", {{"name", state->collector->name()}});
    }
    state->late = late;
    if (state->last) pages.push_back(state->last);
  }
  pages.push_back(about(states));
  co_return pages;
}

std::shared_ptr<const expo::RenderedPage> Gatherer::about(const std::vector<std::shared_ptr<State>>& states) {
  about_page_.begin();
  auto& duration = about_page_.family("node_scrape_collector_duration_seconds",
                                      "node_exporter: Duration of a collector scrape.", model::MetricType::kGauge);
  auto& success = about_page_.family("node_scrape_collector_success", "node_exporter: Whether a collector succeeded.",
                                     model::MetricType::kGauge);
  auto& age = about_page_.family("tocsin_agent_collector_age_seconds",
                                 "Age of the values served for a collector that was late.", model::MetricType::kGauge);
  const MonoTime now = loop_.clock().mono();
  for (const auto& state : states) {
    const std::string_view name = state->collector->name();
    duration.put({{"collector", name}}, to_seconds(state->duration));
    success.put({{"collector", name}}, state->success && !state->late ? 1 : 0);
    if (state->late && state->last) age.put({{"collector", name}}, to_seconds(now - state->finished_at));
  }
  about_page_.end();
  auto page = std::make_shared<expo::RenderedPage>();
  about_page_.render(*page);
  return page;
}

}  // namespace tocsin::agent
