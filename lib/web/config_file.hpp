#pragma once
// The web configuration as it is on disk now. The toolkit reads it for each request; we look whether it or a file that
// it names has changed, when a request or a connection comes and a second has passed since the last look.

#include <memory>
#include <string>
#include <vector>

#include "net/waiters.hpp"
#include "web/web_config.hpp"

namespace tocsin::web {

struct ConfigFileStats {
  bool last_reload_successful = true;
  Timestamp last_success = 0;
};

/// Thread: the loop's; files are read on the query lane. Must outlive the runtime's tasks.
class ConfigFile {
 public:
  /// Reads it for the first time; blocks. An error is one of the start.
  static Result<std::unique_ptr<ConfigFile>> open(net::TaskLoop& loop, WorkPool& work, Fs& fs, std::string path);

  const std::shared_ptr<const WebConfig>& current() const { return current_; }
  /// Looks first, if it is time. A bad file leaves the former configuration in force, and one line in the log. TLS
  /// neither begins nor ends while the process runs. Waits at most 100 ms: then the look goes on, and serves the next.
  net::Task<std::shared_ptr<const WebConfig>> fresh();
  const ConfigFileStats& stats() const { return stats_; }

 private:
  struct Look {
    bool changed = false;
    std::vector<SeenFile> seen;
    std::string error;
    std::shared_ptr<const WebConfig> config;
  };
  ConfigFile(net::TaskLoop& loop, WorkPool& work, Fs& fs, std::string path)
      : loop_(loop), work_(work), fs_(fs), path_(std::move(path)) {}
  static Look look(Fs& fs, const std::string& path, const std::vector<SeenFile>& before);
  net::Task<void> refresh();
  void take(Look look);
  void refuse(const std::string& why);

  net::TaskLoop& loop_;
  WorkPool& work_;
  Fs& fs_;
  const std::string path_;
  std::shared_ptr<const WebConfig> current_;
  std::vector<SeenFile> seen_;
  MonoTime looked_at_{0};
  bool looking_ = false;
  net::Waiters waiters_;  // for the look
  ConfigFileStats stats_;
};

}  // namespace tocsin::web
