#include <utility>

#include "base/log.hpp"
#include "scrape/request.hpp"
#include "scrape/scrape_core.hpp"

namespace tocsin::scrape {
namespace {

/// Puts the page of an answer, or the reason why there is none, into the input.
void take_answer(Result<net::HttpResponse> answer, ScrapeInput& input, ScrapeStats& stats) {
  if (!answer) {
    if (answer.error().code == Errc::kLimit) {
      ++stats.exceeded_body_size_limit;
      input.error = "body size limit exceeded";
    } else {
      input.error = std::move(answer.error().message);
    }
  } else if (auto checked = check_response(*input.rules->config, *answer); !checked) {
    input.error = std::move(checked.error().message);
  } else {
    input.page = std::move(answer->body);
    return;
  }
  if (input.error.empty()) input.error = "scrape failed";
}

}  // namespace

/// A target that is being worked on, from before its task starts until the task is gone.
class ScrapeCore::Running {
 public:
  Running(std::shared_ptr<ScrapeCore> owner, TargetPtr which) : core(std::move(owner)), target(std::move(which)) {
    target->running = true;
    ++core->running_;
  }
  ~Running() {
    target->running = false;
    --core->running_;
  }
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;

  const std::shared_ptr<ScrapeCore> core;
  const TargetPtr target;
};

void ScrapeCore::begin(const std::vector<SlotScheduler::Due>& due) {
  ++stats_.wake_ups;
  for (const auto& [id, t, late] : due) {
    const auto target = by_id_.find(id);
    if (closed_ || target == by_id_.end()) continue;
    if (target->second->running) {
      ++stats_.scrapes_skipped;
      continue;
    }
    if (late) ++stats_.scrapes_late;
    loop_.spawn("scrape", scrape(std::make_unique<Running>(shared_from_this(), target->second), t));
  }
}

std::string ScrapeCore::refusal(const ScrapeTarget& target) const {
  const auto pool = pools_.find(target.pool);
  return pool == pools_.end() ? "" : pool->second.limit_error;
}

net::Task<void> ScrapeCore::scrape(std::unique_ptr<Running> running, Timestamp t) {
  const auto core = running->core;
  const auto target = running->target;
  ScrapeInput input{.rules = target->rules, .t = t, .started = core->loop_.clock().mono()};
  input.error = core->refusal(*target);
  if (input.error.empty()) {
    const config::ScrapeConfig& config = *input.rules->config;
    const Duration timeout = target->spec.timeout;
    auto answer = co_await core->client_.send(make_request(config, target->spec.url, timeout),
                                              make_send_options(config, timeout));
    take_answer(std::move(answer), input, core->stats_);
  }
  auto work = [core, target, input = std::move(input)] {
    return target->ingest.scrape(input, core->storage_, core->loop_.clock());
  };
  ScrapeOutcome outcome = co_await net::run_on(core->loop_, core->work_.lane(Lane::kScrape), std::move(work));
  core->count(outcome);
  target->finish(t, std::move(outcome));
}

/// The last scrape of a target that went may still be under way when its series are to end: then a little later.
void ScrapeCore::spawn_end(const TargetPtr& target, Timestamp t) {
  if (closed_) return;
  if (target->running) {
    loop_.call_after(std::chrono::seconds(1), [self = shared_from_this(), target, t] { self->spawn_end(target, t); });
    return;
  }
  loop_.spawn("scrape: end of a target", end_series(std::make_unique<Running>(shared_from_this(), target), t));
}

net::Task<void> ScrapeCore::end_series(std::unique_ptr<Running> running, Timestamp t) {
  const auto core = running->core;
  const auto target = running->target;
  auto work = [core, target, rules = target->rules, t] { return target->ingest.end(*rules, t, core->storage_); };
  const Result<std::uint64_t> markers =
      co_await net::run_on(core->loop_, core->work_.lane(Lane::kScrape), std::move(work));
  if (markers) {
    core->stats_.stale_markers += *markers;
  } else {
    log::warn("scrape", "ending the series of a target that went failed",
              {{"scrape_pool", target->pool}, {"target", target->spec.url}, {"err", markers.error().message}});
  }
}

void ScrapeCore::count(const ScrapeOutcome& outcome) {
  ++stats_.scrapes;
  if (!outcome.error.empty()) ++stats_.scrapes_failed;
  if (!outcome.commit_error.empty()) ++stats_.commit_failures;
  if (outcome.error_code == Errc::kLimit) {
    ++(outcome.error == kSampleLimitError ? stats_.exceeded_sample_limit : stats_.exceeded_label_limits);
  }
  const PageCounts& counts = outcome.counts;
  stats_.samples_scraped += counts.scraped;
  stats_.samples_appended += outcome.error.empty() ? counts.after_relabel : 0;
  stats_.series_added += counts.series_added;
  stats_.stale_markers += counts.stale_markers;
  stats_.out_of_order += counts.out_of_order;
  stats_.duplicates += counts.duplicates;
  stats_.out_of_bounds += counts.out_of_bounds;
  stats_.exemplars_out_of_order += counts.exemplars_out_of_order;
  stats_.series_limit += counts.series_limit;
  stats_.rows_by_position += counts.by_position;
  stats_.rows_by_text += counts.by_text;
  stats_.rows_new += counts.fresh;
}

}  // namespace tocsin::scrape
