#pragma once
// --web.config.file: TLS, users, fields and rate of a listener.
// Source: prometheus/exporter-toolkit docs/web-configuration.md; verdicts and texts as web/tls_config.go, with the
// place in the file before them.

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/fs.hpp"
#include "base/time.hpp"
#include "net/tls_server.hpp"

namespace tocsin::web {

/// Name to bcrypt hash.
using Users = std::map<std::string, Secret, std::less<>>;

struct RateLimitOptions {
  Duration interval{0};  // 0: no limit
  std::int64_t burst = 0;
  bool operator==(const RateLimitOptions&) const = default;
};

/// A file that was looked at, as it was then.
struct SeenFile {
  std::string path;
  bool exists = false;
  std::uint64_t size = 0;
  Timestamp modified = 0;
  bool operator==(const SeenFile&) const = default;
};
SeenFile look_at(Fs& fs, const std::string& path);

/// Immutable. Thread: any.
struct WebConfig {
  std::shared_ptr<const net::TlsServerContext> tls;  // nullptr: plain HTTP
  net::TlsServerOptions tls_options;
  bool http2 = true;  // only HTTP/1.1 is spoken, whatever it says
  std::vector<std::pair<std::string, std::string>> headers;
  RateLimitOptions rate_limit;
  Users users;
};

/// Reads the file and those it names, relative to its folder. Blocks; a few milliseconds of CPU. Thread: any.
/// @param seen  all files that had a say, also when the verdict is bad; they were looked at before they were read.
Result<std::shared_ptr<const WebConfig>> load_web_config(Fs& fs, const std::string& path,
                                                         std::vector<SeenFile>* seen = nullptr);

/// What Go's HTTP/2 server demands when it starts, and the toolkit's start therefore too: an AES-128-GCM suite.
Result<void> check_http2_ciphers(const WebConfig& config);

}  // namespace tocsin::web
