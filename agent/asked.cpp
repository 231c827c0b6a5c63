#include "agent/asked.hpp"

#include "base/log.hpp"

namespace tocsin::agent {
namespace {

/// Once per change; a server that comes back is worth a line too.
void log_change(const Asked& asked, const Result<void>& result) {
  const std::string_view error = result ? std::string_view() : result.error().message;
  if (error == asked.problem) return;
  if (asked.local) {
    if (result) return;
    const bool has_nothing = result.error().code == Errc::kUnavailable;
    log::write(has_nothing ? log::Level::kDebug : log::Level::kError, "collector",
               has_nothing ? "collector has no data" : "collector failed", {{"name", asked.collector}, {"err", error}});
  } else if (result) {
    log::info("collector", "target answers again", {{"source", asked.collector}, {"target", asked.target}});
  } else {
    log::error("collector", "target failed", {{"source", asked.collector}, {"target", asked.target}, {"err", error}});
  }
}

}  // namespace

MonoTime Asked::due() const {
  return started_at + deadline + (remote ? kGrace : Duration::zero());
}

void take_answer(Asked& asked, Answered answer) {
  log_change(asked, answer.result);
  asked.busy = false;
  asked.problem = answer.result ? std::string() : std::move(answer.result).error().message;
  asked.success = answer.result.has_value();
  asked.duration = answer.took;
  asked.dropped = answer.dropped;
  asked.finished_at = answer.ended;
  asked.last = std::move(answer.page);
}

void log_late(const Asked& asked) {
  if (asked.local) {
    log::warn("collector", "collector is late, its last values are served", {{"name", asked.collector}});
  } else {
    log::warn("collector", "target is late, its last values are served",
              {{"source", asked.collector}, {"target", asked.target}});
  }
}

net::Task<Answered> ask(net::TaskLoop& loop, std::shared_ptr<exporters::Target> target,
                        std::shared_ptr<expo::Page> page, MonoTime deadline) {
  const MonoTime began = loop.clock().mono();
  Answered answer;
  page->begin();
  try {
    answer.result = co_await target->collect(page, deadline);
  } catch (const std::exception& defect) {
    answer.result = fail(Errc::kInternal, "BUG: {}", defect.what());
  }
  page->end();
  answer.dropped = page->dropped();
  answer.page = page->share();
  answer.ended = loop.clock().mono();
  answer.took = answer.ended - began;
  co_return answer;
}

}  // namespace tocsin::agent
