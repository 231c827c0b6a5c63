#include "agent/prober.hpp"

#include <optional>

#include "agent/asked.hpp"
#include "agent/scrape_endpoint.hpp"
#include "web/exposition.hpp"

namespace tocsin::agent {

/// Shared by the task that asks and the request that waits; either may end first.
struct Prober::Call {
  explicit Call(std::shared_ptr<std::size_t> count) : running(std::move(count)) { ++*running; }
  ~Call() { --*running; }
  Call(const Call&) = delete;
  Call& operator=(const Call&) = delete;

  std::shared_ptr<std::size_t> running;
  std::shared_ptr<exporters::Source> source;
  std::shared_ptr<exporters::Target> target;
  MonoTime deadline{0};
  std::optional<Answered> answer;
  net::Waiters waiters;
};

net::Task<void> Prober::run(net::TaskLoop* loop, std::shared_ptr<Call> call) {
  const auto page = std::make_shared<expo::Page>();
  page->limit_series(call->source->options().series_limit);
  call->answer = co_await ask(*loop, call->target, page, call->deadline);
  call->waiters.wake();
}

net::Task<net::HttpResponse> Prober::probe(std::shared_ptr<exporters::Source> source, net::HttpRequest request) {
  if (max_probes_ != 0 && *running_ >= max_probes_) {
    co_return plain_text(503, fmt::format("Limit of concurrent probes reached ({}), try again later.\n", max_probes_));
  }
  const std::string accept(request.headers.get("Accept"));
  auto target = source->probe(request);
  if (!target) co_return plain_text(400, target.error().message + "\n");
  const Duration limit = scrape_limit(request, source->options().deadline);
  const auto call = std::make_shared<Call>(running_);
  call->source = std::move(source);
  call->target = std::move(*target);
  call->deadline = loop_.clock().mono() + limit;
  loop_.spawn("probe", run(&loop_, call));
  if (!call->answer) co_await call->waiters.wait(loop_, call->deadline + kGrace);
  if (!call->answer) co_return plain_text(504, "the target did not answer in time\n");
  const Answered& answer = *call->answer;
  if (!answer.result && answer.page->text.empty()) co_return plain_text(500, answer.result.error().message + "\n");
  expo::MergeOrder order;
  co_return web::expose(accept, std::span(&answer.page, 1), order);
}

}  // namespace tocsin::agent
