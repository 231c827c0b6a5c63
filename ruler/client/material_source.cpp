#include "client/material_source.hpp"

#include <algorithm>

#include "base/check.hpp"

namespace tocsin::client {
namespace {

constexpr Duration kLookEvery = std::chrono::seconds(1);
constexpr std::int64_t kSettledAfterMs = 2000;
constexpr std::size_t kMaxFileBytes = 4U << 20U;  // bundles of certificates are the largest

/// The system's words begin with a capital, Go's do not: "open /x: no such file or directory".
std::string as_go(std::string message) {
  const std::size_t at = message.rfind(": ");
  if (at != std::string::npos && at + 2 < message.size()) {
    char& first = message[at + 2];
    if (first >= 'A' && first <= 'Z') first = static_cast<char>(first - 'A' + 'a');
  }
  return message;
}

}  // namespace

MaterialSource::MaterialSource(std::shared_ptr<const config::HttpClientConfig> config, Services services)
    : config_(std::move(config)), services_(std::move(services)) {
  for (std::string& path : files_of(*config_)) {
    const bool known = std::ranges::any_of(files_, [&](const File& file) { return file.path == path; });
    if (known) continue;
    File file;
    file.path = std::move(path);
    files_.push_back(std::move(file));
  }
  const FileText none = [](const std::string&) -> Result<std::string> {
    return fail(Errc::kInternal, "there is no file");
  };
  made_ = is_fixed() ? make_material(*config_, none, nullptr) : fail(Errc::kInternal, "not looked yet");
}

net::Task<MaterialSource::Made> MaterialSource::look(std::shared_ptr<MaterialSource> self, MonoTime deadline) {
  if (self->is_fixed()) co_return self->made_;
  const MonoTime now = self->services_.loop.clock().mono();
  if (!self->looked_at_ || now - *self->looked_at_ >= kLookEvery) {
    if (!self->reading_) {
      self->reading_ = true;
      self->services_.loop.spawn("read files of an HTTP client", read(self));
    }
    // It may have ended within spawn().
    if (self->reading_ && !co_await self->waiters_.wait(self->services_.loop, deadline)) {
      co_return fail(Errc::kTimeout, "context deadline exceeded");
    }
  }
  co_return self->made_;
}

net::Task<void> MaterialSource::read(std::shared_ptr<MaterialSource> self) {
  std::function<Look()> job = [fs = &self->services_.fs, now = self->services_.loop.clock().now(),
                               config = self->config_, files = self->files_,
                               made = self->made_] { return look_at(*fs, now, *config, files, made); };
  Look look = co_await net::run_on(self->services_.loop, self->services_.work.lane(Lane::kScrape), std::move(job));
  self->files_ = std::move(look.files);
  self->made_ = std::move(look.made);
  self->looked_at_ = self->services_.loop.clock().mono();
  self->reading_ = false;
  self->waiters_.wake();
}

/// Whether the text may be another. Thread: a worker.
bool MaterialSource::refresh(Fs& fs, Timestamp now, File& file) {
  const auto info = fs.info(file.path);
  const bool same =
      info && file.text && file.settled && info->size == file.info.size && info->modified == file.info.modified;
  if (same) return false;
  auto text = fs.read_file(file.path, kMaxFileBytes);
  if (!text) text = fail(text.error().code, "{}", as_go(std::move(text.error().message)));
  if (info) file.info = *info;
  file.settled = info && now - info->modified > kSettledAfterMs;
  const bool changed =
      text ? !file.text || *text != *file.text : file.text || text.error().message != file.text.error().message;
  file.text = std::move(text);
  return changed;
}

MaterialSource::Look MaterialSource::look_at(Fs& fs, Timestamp now, const config::HttpClientConfig& config,
                                             std::vector<File> files, Made made) {
  bool changed = false;
  for (File& file : files) changed = refresh(fs, now, file) || changed;
  if (!changed) return {std::move(files), std::move(made)};
  const FileText text = [&files](const std::string& path) -> Result<std::string> {
    const auto found = std::ranges::find(files, path, &File::path);
    check(found != files.end(), "BUG: a file that was not read");
    return found->text;
  };
  Made next = make_material(config, text, made ? made->get() : nullptr);
  return {std::move(files), std::move(next)};
}

}  // namespace tocsin::client
