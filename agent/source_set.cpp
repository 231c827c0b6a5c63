#include "agent/source_set.hpp"

#include <algorithm>
#include <set>
#include <string_view>

#include "base/version.hpp"

namespace tocsin::agent {

namespace {

constexpr Duration kLongestDeadline = std::chrono::hours(1);

}  // namespace

SourceSet::SourceSet(net::Runtime& runtime, Fs& fs, std::shared_ptr<exporters::LoopAnchor> anchor)
    : runtime_(runtime), fs_(fs), anchor_(std::move(anchor)) {}

SourceSet::~SourceSet() = default;

const exporters::Services& SourceSet::services() {
  if (services_) return *services_;
  const std::shared_ptr<net::Resolver> resolver = net::make_system_resolver(runtime_.loop());
  net::HttpClientOptions options;
  options.user_agent = fmt::format("tocsin-agent/{}", version());
  options.work = &runtime_.work();
  options.resolver = resolver;
  http_ = net::make_http_client(runtime_.loop(), std::move(options));
  services_ = std::make_unique<exporters::Services>(exporters::Services{.loop = runtime_.loop(),
                                                                        .work = runtime_.work(),
                                                                        .http = *http_,
                                                                        .resolver = resolver,
                                                                        .fs = fs_,
                                                                        .anchor = anchor_});
  return *services_;
}

Result<RunningSource> SourceSet::make(SourceSection section) {
  TOCSIN_TRY(std::shared_ptr<exporters::Source> source, section.info.make(section.node, services()));
  RunningSource running{std::move(section), std::move(source), {}};
  const exporters::SectionOptions& options = running.source->options();
  if (options.deadline <= Duration::zero() || options.deadline > kLongestDeadline) {
    return running.section.node["deadline"].error("deadline must be more than 0 and at most 1h");
  }
  std::set<std::string_view> servers;
  const bool several = running.source->targets().size() > 1;
  for (const auto& [server, target] : running.source->targets()) {
    if (!servers.insert(server).second) {
      return running.section.node.error("{}: two targets of the name {}", running.section.info.kind, server);
    }
    auto asked = std::make_shared<Asked>();
    asked->collector = running.section.info.kind;
    asked->target = server;
    asked->remote = target;
    asked->source = running.source;
    asked->deadline = options.deadline;
    asked->min_interval = options.min_interval;
    asked->page->limit_series(options.series_limit);
    if (several) asked->page->set_constant_labels({{"server", server}});
    running.targets.push_back(std::move(asked));
  }
  return running;
}

Result<std::vector<RunningSource>> SourceSet::prepare(std::vector<SourceSection> sections) {
  std::vector<RunningSource> made;
  for (SourceSection& section : sections) {
    const RunningSource* before = find(section.info.kind);
    if (before != nullptr && is_same(before->section, section)) {
      made.push_back(*before);
      continue;
    }
    TOCSIN_TRY(RunningSource source, make(std::move(section)));
    made.push_back(std::move(source));
  }
  return made;
}

const RunningSource* SourceSet::find(std::string_view kind) const {
  const auto found = std::find_if(running_.begin(), running_.end(),
                                  [&](const RunningSource& source) { return source.section.info.kind == kind; });
  return found == running_.end() ? nullptr : &*found;
}

void SourceSet::close() {
  running_.clear();
  services_.reset();
  http_.reset();
}

}  // namespace tocsin::agent
