#include <algorithm>
#include <utility>

#include "base/duration.hpp"
#include "base/hash.hpp"
#include "base/log.hpp"
#include "scrape/failure_log.hpp"
#include "scrape/request.hpp"
#include "scrape/scrape_core.hpp"

namespace tocsin::scrape {
namespace {

/// Of a pool; targets that make up more are taken to write any.
constexpr std::size_t kMaxNames = 100'000;

/// Whether all series of a target have its labels as they are.
bool keeps_target_labels(const config::ScrapeConfig& config) {
  using config::RelabelAction;
  return !config.honor_labels && std::ranges::all_of(config.metric_relabel_configs, [](const auto& rule) {
    return rule.action == RelabelAction::kKeep || rule.action == RelabelAction::kDrop ||
           rule.action == RelabelAction::kKeepEqual || rule.action == RelabelAction::kDropEqual;
  });
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
  for (const auto& [id, t, late, slot] : due) {
    const auto target = by_id_.find(id);
    if (closed_ || target == by_id_.end()) continue;
    if (target->second->running) {
      ++stats_.scrapes_skipped;
      continue;
    }
    if (late) ++stats_.scrapes_late;
    note_start(*target->second, slot);
    loop_.spawn("scrape", scrape(std::make_unique<Running>(shared_from_this(), target->second),
                                 options_.adjust_timestamps ? t : loop_.clock().now()));
  }
}

void ScrapeCore::note_start(ScrapeTarget& target, Timestamp slot) {
  const MonoTime now = loop_.clock().mono();
  start_delays_.observe(now, static_cast<double>(std::max<Timestamp>(loop_.clock().now() - slot, 0)) / 1000);
  if (target.last_start) {
    interval_lengths_[format_go_duration(target.spec.interval)].observe(now, to_seconds(now - *target.last_start));
  }
  target.last_start = now;
}

const ScrapeCore::Pool* ScrapeCore::pool_of(const ScrapeTarget& target) const {
  const auto pool = pools_.find(target.pool);
  return pool == pools_.end() ? nullptr : &pool->second;
}

net::Task<void> ScrapeCore::scrape(std::unique_ptr<Running> running, Timestamp t) {
  const auto core = running->core;
  const auto target = running->target;
  const Pool* pool = core->pool_of(*target);
  ScrapeInput input{.rules = target->rules, .t = t, .started = core->loop_.clock().mono()};
  input.timeout = target->spec.timeout;
  if (pool != nullptr) input.error = pool->limit_error;
  const bool is_refused = !input.error.empty();
  ScrapeBody body(core->body_budget_, input.rules->config->body_size_limit, target->page_bytes);
  const auto work = std::make_shared<PageWork>(std::move(input), std::move(body));
  if (!is_refused) co_await fetch(core, target, work);

  std::optional<Turnstile::Pass> heavy;
  std::optional<ScrapeOutcome> outcome;
  while (!outcome) {
    auto step = [core, target, work, is_heavy = heavy.has_value()] {
      return work->step(target->ingest, core->storage_, core->loop_.clock(), is_heavy);
    };
    outcome = co_await net::run_on(core->loop_, core->work_.lane(Lane::kScrape), std::move(step));
    if (!outcome && !heavy) heavy.emplace(co_await Turnstile::enter(core->heavy_));
  }
  if (work->page_bytes() > 0) target->page_bytes = work->page_bytes();
  if (!work->fetch_error().empty()) core->note_failure(*target, *work);
  core->count(*outcome);
  if (outcome->commit_error.empty()) core->notify(*target, outcome->fresh_names);
  target->finish(t, std::move(*outcome));
}

/// Puts the answer's body, or the reason why there is none, into the work.
net::Task<void> ScrapeCore::fetch(std::shared_ptr<ScrapeCore> core, TargetPtr target, std::shared_ptr<PageWork> work) {
  const Pool* pool = core->pool_of(*target);
  const std::shared_ptr<net::HttpClient> client = pool != nullptr ? pool->client : nullptr;
  if (client == nullptr) {
    work->fail("the scrape pool is gone");
    co_return;
  }
  const config::ScrapeConfig& config = *work->input().rules->config;
  net::HttpClient::Sink sink = [work](std::string_view piece) { return work->body().take(piece); };
  auto answer =
      co_await client->stream(make_request(config, target->spec), make_send_options(target->spec), std::move(sink));
  if (!work->body().failure().empty()) {
    work->expect_page("");
  } else if (!answer) {
    work->fail(fetch_error(answer.error(), target->spec.url, work->body().got_some()));
  } else if (auto checked = check_status(*answer); !checked) {
    work->fail(std::move(checked.error().message));
  } else {
    if (answer->headers.get("Content-Encoding") == "gzip") work->body().expect_gzip();
    work->expect_page(std::string(answer->headers.get("Content-Type")));
  }
}

void ScrapeCore::note_failure(const ScrapeTarget& target, const PageWork& work) {
  const Pool* pool = pool_of(target);
  if (pool == nullptr || pool->failures == nullptr) return;
  pool->failures->write(failure_line({loop_.clock().now(), target.pool, target.spec.url, work.fetch_error()}));
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
    core->notify(*target, {});
  } else {
    log::warn("scrape", "ending the series of a target that went failed",
              {{"scrape_pool", target->pool}, {"target", target->spec.url}, {"err", markers.error().message}});
  }
}

void ScrapeCore::notify(const ScrapeTarget& target, const std::vector<std::uint64_t>& fresh_names) {
  static const model::Labels kUnknown;
  const auto found = pools_.find(target.pool);
  if (found == pools_.end()) {
    if (options_.on_stored) options_.on_stored({target.id, kUnknown, nullptr, 0});
    return;
  }
  Pool& pool = found->second;
  const std::size_t before = pool.names.size();
  if (pool.names.empty()) {
    for (const std::string_view name : report_names()) pool.names.insert(xxhash64(name));
  }
  if (pool.names.size() <= kMaxNames) pool.names.insert(fresh_names.begin(), fresh_names.end());
  if (pool.names.size() != before) pool.names_version = ++last_names_version_;
  if (!options_.on_stored) return;
  options_.on_stored({target.id, keeps_target_labels(*pool.config) ? target.spec.labels : kUnknown,
                      pool.names.size() <= kMaxNames ? &pool.names : nullptr, pool.names_version});
}

void ScrapeCore::count(const ScrapeOutcome& outcome) {
  ++stats_.scrapes;
  if (!outcome.error.empty()) ++stats_.scrapes_failed;
  if (!outcome.commit_error.empty()) ++stats_.commit_failures;
  if (outcome.error == kBodySizeLimitError) ++stats_.exceeded_body_size_limit;
  if (outcome.error_code == Errc::kLimit) {
    ++(outcome.error == kSampleLimitError   ? stats_.exceeded_sample_limit
       : outcome.error == kBucketLimitError ? stats_.exceeded_bucket_limit
                                            : stats_.exceeded_label_limits);
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
