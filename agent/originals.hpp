#pragma once
// What the exporter of one kind would serve: its page, its probe path, a page to begin with.

#include "agent/gatherer.hpp"
#include "agent/prober.hpp"
#include "agent/scrape_endpoint.hpp"
#include "agent/source_set.hpp"

namespace tocsin::agent {

/// Thread: the loop's.
class Originals {
 public:
  Originals(Gatherer& gatherer, SourceSet& sources, Prober& prober)
      : gatherer_(gatherer), sources_(sources), prober_(prober) {}

  /// "/", "/metrics" and the probe path of the kind. 404 for another path, or if the kind is no longer configured.
  /// @param endpoint  counts the scrapes, and tells of the process.
  net::Task<net::HttpResponse> serve(std::string kind, std::string path, ScrapeEndpoint* endpoint,
                                     net::HttpRequest request);

 private:
  net::Task<Result<Pages>> pages(std::string kind, net::HttpRequest request);
  Gatherer& gatherer_;
  SourceSet& sources_;
  Prober& prober_;
};

}  // namespace tocsin::agent
