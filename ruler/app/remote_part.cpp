#include "app/remote_part.hpp"

#include <algorithm>
#include <thread>

namespace tocsin::app {
namespace {

remote::WriteOptions write_options(const Flags& flags) {
  remote::WriteOptions options;
  options.accept_v1 = flags.accept_remote_write_v1;
  options.accept_v2 = flags.accept_remote_write_v2;
  options.type_and_unit_labels = flags.features.type_and_unit_labels;
  options.metadata = flags.features.metadata_wal_records;
  // As many as there are workers (net/runtime.hpp), less one that stays free for scrapes and rules.
  options.max_concurrency = std::max(2U, std::thread::hardware_concurrency()) - 1;
  return options;
}

remote::ReadOptions read_options(const Flags& flags) {
  remote::ReadOptions options;
  options.sample_limit = flags.remote_read_sample_limit;
  options.concurrent_limit = flags.remote_read_concurrent_limit;
  options.max_bytes_in_frame = flags.remote_read_max_bytes_in_frame;
  return options;
}

double number(std::uint64_t value) {
  return static_cast<double>(value);
}

void put_write_metrics(telemetry::Sink& sink, const remote::WriteStats& stats) {
  sink.counter("prometheus_api_remote_write_invalid_labels_samples_total",
               "The total number of received remote write samples and histogram samples which were rejected due to "
               "invalid labels.",
               number(stats.samples_with_invalid_labels));
  sink.counter("tocsin_remote_write_requests_total", "Write requests received.", number(stats.requests));
  const auto failed = [&](std::string_view why, std::uint64_t count) {
    sink.counter("tocsin_remote_write_failed_requests_total",
                 "Write requests answered with an error: by what was sent (client; parts of it may be written), by us "
                 "(server; it is sent again).",
                 {{"by", why}}, number(count));
  };
  failed("client", stats.requests_refused);
  failed("server", stats.requests_failed);
  const auto written = [&](std::string_view type, std::uint64_t count) {
    sink.counter("tocsin_remote_write_written_total", "What write requests brought and was written.", {{"type", type}},
                 number(count));
  };
  written("sample", stats.written.samples);
  written("histogram", stats.written.histograms);
  written("exemplar", stats.written.exemplars);
  sink.counter("tocsin_remote_write_refused_samples_total",
               "Samples and histograms of write requests that the store refused.", number(stats.samples_refused));
  sink.counter("tocsin_remote_write_received_bytes_total", "Bodies of write requests, compressed.",
               number(stats.bytes));
  sink.gauge("tocsin_remote_write_requests", "Write requests under way.", {{"state", "running"}},
             number(stats.running));
  sink.gauge("tocsin_remote_write_requests", "Write requests under way.", {{"state", "waiting"}},
             number(stats.waiting));
  sink.gauge("tocsin_remote_write_cached_series", "Series that write requests find without looking at their labels.",
             number(stats.cached_series));
}

void put_read_metrics(telemetry::Sink& sink, const remote::ReadStats& stats) {
  sink.gauge("prometheus_remote_read_handler_queries",
             "The current number of remote read queries that are either in execution or queued on the handler.",
             number(stats.queries));
  sink.counter("tocsin_remote_read_requests_total", "Read requests received.", number(stats.requests));
  sink.counter("tocsin_remote_read_failed_requests_total", "Read requests answered with an error.",
               number(stats.failures));
  sink.counter("tocsin_remote_read_cut_streams_total",
               "Streams that ended before all was told: the reader went, or an error.", number(stats.streams_cut));
}

}  // namespace

RemotePart::RemotePart(RemotePartDeps deps)
    : read_(deps.runtime.loop(), deps.runtime.work(), deps.db, std::move(deps.external_labels),
            read_options(deps.flags)) {
  if (!deps.flags.enable_remote_write_receiver) return;
  remote::WriteOptions options = write_options(deps.flags);
  options.takes_late = std::move(deps.takes_late);
  write_ =
      std::make_unique<remote::WriteHandler>(deps.runtime.loop(), deps.runtime.work(), deps.db, std::move(options));
}

void RemotePart::add_to(net::HttpRouter& router) {
  if (write_) {
    write_->add_to(router);
  } else {
    remote::add_closed_write_handler(router);
  }
  read_.add_to(router);
}

void RemotePart::add_metrics(telemetry::Registry& registry) {
  registry.add([this](telemetry::Sink& sink) {
    if (write_) put_write_metrics(sink, write_->stats());
    put_read_metrics(sink, read_.stats());
  });
}

}  // namespace tocsin::app
