#pragma once
// HTTP as an http_config says it: credentials, headers, TLS, proxy. Scrapes, discovery, receivers and senders to
// Alertmanagers all talk through one of these.

#include <memory>

#include "base/clock.hpp"
#include "base/fs.hpp"
#include "config/environment.hpp"
#include "config/http_client_config.hpp"
#include "net/http.hpp"
#include "net/task.hpp"

namespace tocsin::client {

/// The references outlive the clients and their sends.
struct Services {
  net::TaskLoop& loop;
  WorkPool& work;           // reads files there
  net::HttpClient& client;  // does the sending
  Fs& fs;
  config::Environment environment = config::process_environment();  // for proxy_from_environment
};

/// An HttpClient that adds to every request what the configuration says and sends it through `services.client`; of the
/// caller's options tls, proxy and follow_redirects give way. Fields that the caller set stay. Files are read when a
/// request is made and read again when they have changed, so that a rotated secret needs no reload. Thread: the loop's;
/// a send keeps what it needs, so the client may go before it ends.
/// Errors beside those of the sending: kInvalid "unable to read ..." for a file.
/// Source: prometheus/common config/http_config.go, NewRoundTripperFromConfig.
std::shared_ptr<net::HttpClient> make_client(config::HttpClientConfig config, Services services);

}  // namespace tocsin::client
