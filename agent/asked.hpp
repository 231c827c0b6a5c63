#pragma once
// What the agent asks when it is scraped, and what it remembers of it.

#include <memory>
#include <string>

#include "base/time.hpp"
#include "exporters/collector/collector.hpp"
#include "exporters/collector/source.hpp"
#include "net/waiters.hpp"

namespace tocsin::agent {

/// A server that is silent until its deadline is reported by its target a moment later: "up 0" is worth that moment.
inline constexpr Duration kGrace = std::chrono::milliseconds(200);

/// A collector of the node, or a server. Thread: the loop's; while `busy`, the page is whose turn it is to fill it.
/// Shared with the call under way, which may outlive everything else.
struct Asked {
  std::string collector;                        // "cpu", "redis": the label, and what collect[] names
  std::string target;                           // the label; "" for the node's collectors
  std::unique_ptr<exporters::Collector> local;  // one of these two
  std::shared_ptr<exporters::Target> remote;
  std::shared_ptr<const exporters::Source> source;  // that `remote` belongs to
  Duration deadline{0};                             // of a call
  Duration min_interval{0};                         // between the beginnings of two calls
  std::shared_ptr<expo::Page> page = std::make_shared<expo::Page>();

  bool busy = false;
  bool late = false;        // the last scrape did not get its values
  bool success = false;     // of the last call that ended
  MonoTime started_at{0};   // of the last call
  MonoTime finished_at{0};  // of the last call that ended
  Duration duration{0};     // of the last call that ended
  std::size_t dropped = 0;  // series beyond the limit, of the last call that ended
  std::string problem;      // of the last call that ended; "" if there was none
  std::shared_ptr<const expo::RenderedPage> last;

  /// When those who wait for the call under way give up.
  MonoTime due() const;
};

/// How a call ended.
struct Answered {
  Result<void> result;
  MonoTime ended{0};
  Duration took{0};
  std::size_t dropped = 0;
  std::shared_ptr<const expo::RenderedPage> page;
};

/// Takes the answer, and logs if it differs in kind from the one before.
void take_answer(Asked& asked, Answered answer);

/// To be called when a scrape goes on without it, after one that did not.
void log_late(const Asked& asked);

/// One question to a server, with its page rendered; an exception is a failure. Thread: the loop's.
net::Task<Answered> ask(net::TaskLoop& loop, std::shared_ptr<exporters::Target> target,
                        std::shared_ptr<expo::Page> page, MonoTime deadline);

}  // namespace tocsin::agent
