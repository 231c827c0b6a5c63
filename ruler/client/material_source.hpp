#pragma once
// The material of a configuration, kept up to date with its files.

#include <memory>
#include <optional>

#include "client/client.hpp"
#include "client/material.hpp"
#include "net/waiters.hpp"

namespace tocsin::client {

/// Looks at the files at most once a second, however many requests there are; reads those that have changed, on a lane.
/// A file that cannot be read fails the requests until it can. Thread: the loop's; owned by a shared_ptr.
class MaterialSource : public std::enable_shared_from_this<MaterialSource> {
 public:
  using Made = Result<std::shared_ptr<const Material>>;

  MaterialSource(std::shared_ptr<const config::HttpClientConfig> config, Services services);

  /// Nothing to look at: now() is the answer for ever.
  bool is_fixed() const { return files_.empty(); }
  const Made& now() const { return made_; }
  /// kTimeout "context deadline exceeded" if the look takes longer.
  static net::Task<Made> look(std::shared_ptr<MaterialSource> self, MonoTime deadline);

 private:
  struct File {
    std::string path;
    bool settled = false;  // not so young that another write could leave the same time and size
    FileInfo info;
    Result<std::string> text = fail(Errc::kInternal, "not read yet");
  };
  struct Look {
    std::vector<File> files;
    Made made;
  };
  static net::Task<void> read(std::shared_ptr<MaterialSource> self);
  static bool refresh(Fs& fs, Timestamp now, File& file);
  static Look look_at(Fs& fs, Timestamp now, const config::HttpClientConfig& config, std::vector<File> files,
                      Made made);

  const std::shared_ptr<const config::HttpClientConfig> config_;
  const Services services_;
  std::vector<File> files_;
  Made made_;
  std::optional<MonoTime> looked_at_;
  bool reading_ = false;
  net::Waiters waiters_;
};

}  // namespace tocsin::client
