// When and where an answer is compressed.

#include "base/strings.hpp"
#include "net/gzip.hpp"
#include "net/http_session.hpp"
#include "net/zstd.hpp"

namespace tocsin::net {
namespace {

constexpr std::size_t kWorthwhileBytes = 1024;
constexpr std::size_t kLoopBytes = 32U << 10U;  // beyond this (50 µs of CPU) it is not the loop's work

/// Formats that are compressed in themselves.
bool is_dense(std::string_view content_type) {
  if (content_type.starts_with("image/")) return !content_type.starts_with("image/svg");
  for (const std::string_view dense : {"video/", "audio/", "font/woff", "application/gzip", "application/zip",
                                       "application/octet-stream", "application/x-protobuf"}) {
    if (content_type.starts_with(dense)) return true;
  }
  return false;
}

bool worth_compressing(const HttpServerOptions& options, const HttpResponse& response) {
  if (!options.gzip || response.body.size() <= kWorthwhileBytes) return false;
  if (response.status < 200 || response.status == 204 || response.status == 304) return false;
  return !response.headers.has("Content-Encoding") && !response.headers.has("Content-Range") &&
         !is_dense(response.headers.get("Content-Type"));
}

std::string compressed(std::string_view text, ContentCoding coding) {
  return coding == ContentCoding::kZstd ? zstd(text) : gzip(text);
}

}  // namespace

Task<void> compress_answer(std::shared_ptr<HttpServerCore> core, HttpResponse* response, ContentCoding coding) {
  if (!worth_compressing(core->options, *response)) co_return;
  std::string packed;
  if (core->options.work != nullptr && response->body.size() > kLoopBytes) {
    auto body = std::make_shared<Body>(std::move(response->body));  // the job's too: it may outlive this task
    std::function<std::string()> job = [body, coding] { return compressed(body->view(), coding); };
    packed = co_await run_on(core->loop, core->options.work->lane(Lane::kQuery), std::move(job));
  } else {
    packed = compressed(response->body.view(), coding);
  }
  response->body = Body(std::move(packed));
  response->headers.set("Content-Encoding", coding_name(coding));
  const std::string_view vary = response->headers.get("Vary");
  if (to_lower(vary).find("accept-encoding") == std::string::npos) {
    response->headers.set("Vary", vary.empty() ? "Accept-Encoding" : std::string(vary) + ", Accept-Encoding");
  }
}

}  // namespace tocsin::net
