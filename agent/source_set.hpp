#pragma once
// The servers of agent.yml, as they are asked now.

#include <memory>
#include <string>
#include <vector>

#include "agent/asked.hpp"
#include "agent/config.hpp"
#include "net/runtime.hpp"

namespace tocsin::agent {

/// One section, made.
struct RunningSource {
  SourceSection section;
  std::shared_ptr<exporters::Source> source;
  std::vector<std::shared_ptr<Asked>> targets;
};

/// Thread: the loop's. close() when the loop has ended, before the runtime goes.
class SourceSet {
 public:
  SourceSet(net::Runtime& runtime, Fs& fs, std::shared_ptr<exporters::LoopAnchor> anchor);
  ~SourceSet();

  /// Makes what the sections say, or nothing: kInvalid with the position. A section that says the same as before keeps
  /// its targets, with their connections and last pages. Nothing is in force before commit().
  Result<std::vector<RunningSource>> prepare(std::vector<SourceSection> sections);
  void commit(std::vector<RunningSource> sources) { running_ = std::move(sources); }

  const std::vector<RunningSource>& running() const { return running_; }
  /// nullptr if there is no such section.
  const RunningSource* find(std::string_view kind) const;
  void close();

 private:
  Result<RunningSource> make(SourceSection section);
  const exporters::Services& services();

  net::Runtime& runtime_;
  Fs& fs_;
  std::shared_ptr<exporters::LoopAnchor> anchor_;
  std::unique_ptr<net::HttpClient> http_;          // with the first source
  std::unique_ptr<exporters::Services> services_;  // likewise
  std::vector<RunningSource> running_;
};

}  // namespace tocsin::agent
