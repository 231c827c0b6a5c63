#include "exporters/nginx/access_log.hpp"

namespace tocsin::exporters::nginx {
namespace {

using Type = model::MetricType;
constexpr Duration kInterval = std::chrono::seconds(1);

Result<std::vector<double>> read_buckets(const yaml::Node& node) {
  std::vector<double> buckets;
  for (const yaml::Node& element : node.elements()) {
    TOCSIN_TRY(const double bound, element.as_double());
    if (!(bound >= 0) || (!buckets.empty() && bound <= buckets.back())) {
      return element.error("buckets are numbers, each more than the one before");
    }
    buckets.push_back(bound);
  }
  if (buckets.empty() || buckets.size() > 100) return node.error("1 to 100 buckets are expected");
  return buckets;
}

}  // namespace

Result<AccessLogOptions> AccessLogOptions::read(const yaml::Node& node) {
  AccessLogOptions options;
  std::string file, format = "combined";
  yaml::Fields fields(node, "access log");
  fields.read("file", file)
      .read("syslog", options.syslog)
      .read("format", format)
      .read("hosts", options.stats.hosts)
      .read("max_hosts", options.stats.max_hosts)
      .child("duration_buckets",
             [&](const yaml::Node& list) -> Result<void> {
               TOCSIN_TRY(options.stats.duration_buckets, read_buckets(list));
               return {};
             })
      .child("size_buckets", [&](const yaml::Node& list) -> Result<void> {
        TOCSIN_TRY(options.stats.size_buckets, read_buckets(list));
        return {};
      });
  TOCSIN_OK(fields.finish());
  if (file.empty() == options.syslog.empty()) return node.error("one of file and syslog must be configured");
  if (!file.empty()) options.file = node.beside(file);
  auto parsed = LogFormat::parse(format);
  if (!parsed) return node["format"].error("{}", parsed.error().message);
  options.format = std::move(*parsed);
  return options;
}

AccessLog::Reader::Reader(Fs& fs, AccessLogOptions options)
    : stats(std::move(options.stats)),
      format(std::move(options.format)),
      tail(fs, options.file, [this](std::string_view line) { take(line); }) {}

void AccessLog::Reader::take(std::string_view line) {
  LogEntry entry;
  if (format.read(line, entry)) {
    stats.add(entry);
  } else {
    stats.add_bad_line();
  }
}

AccessLog::AccessLog(const Services& services, AccessLogOptions options)
    : services_(services),
      file_(options.file),
      syslog_(options.syslog),
      reader_(std::make_shared<Reader>(services.fs, std::move(options))) {}

void AccessLog::start() {
  services_.loop.spawn("nginx access log", follow(weak_from_this(), services_.loop));
}

net::Task<void> AccessLog::follow(std::weak_ptr<AccessLog> weak, net::TaskLoop& loop) {
  for (;;) {
    {
      const auto self = weak.lock();
      if (!self) co_return;
      if (self->file_.empty()) {
        self->listen();
      } else if (!self->is_looking_) {
        co_await look(self);
      }
    }
    co_await net::sleep_for(loop, kInterval);
  }
}

/// After a reload the log of the configuration before it may still have the address for a moment.
void AccessLog::listen() {
  if (listener_) return;
  auto opened = SyslogListener::open(syslog_, services_.fs, [reader = reader_](std::string_view line) {
    const std::lock_guard lock(reader->mutex);
    reader->take(line);
  });
  if (opened) {
    listener_ = std::move(*opened);
    last_ = {};
  } else {
    last_ = fail(std::move(opened).error());
  }
}

net::Task<void> AccessLog::look(std::shared_ptr<AccessLog> self) {
  self->is_looking_ = true;
  std::function<Result<void>()> job = [reader = self->reader_] {
    const std::lock_guard lock(reader->mutex);
    return reader->tail.poll();
  };
  self->last_ = co_await net::run_on(self->services_.loop, self->services_.work.lane(Lane::kScrape), std::move(job));
  self->is_looking_ = false;
  self->waiters_.wake();
}

net::Task<Result<void>> AccessLog::put(std::shared_ptr<expo::Page> page, MonoTime deadline) {
  const auto self = shared_from_this();
  if (!file_.empty()) {
    if (!is_looking_) services_.loop.spawn("nginx access log", look(self));
    while (is_looking_ && services_.loop.clock().mono() < deadline) {
      co_await waiters_.wait(services_.loop, deadline);
    }
    if (is_looking_) last_ = fail(Errc::kTimeout, "reading it takes too long");
  }
  reader_->stats.put(*page);
  if (!file_.empty() && !is_looking_) {
    const std::lock_guard lock(reader_->mutex);
    page->family("tocsin_nginx_access_log_lag_bytes", "Bytes of the access log that were not read yet.", Type::kGauge)
        .put(static_cast<double>(reader_->tail.lag()));
    page->family("tocsin_nginx_access_log_skipped_bytes_total",
                 "Bytes of the access log that were given up, because it grew faster than it was read.", Type::kCounter)
        .put(static_cast<double>(reader_->tail.skipped()));
  }
  page->family("tocsin_nginx_access_log_up", "Whether the access log can be read.", Type::kGauge)
      .put(last_.has_value() ? 1 : 0);
  if (!last_) co_return fail(Error(last_.error()).wrap("access log"));
  co_return Result<void>();
}

}  // namespace tocsin::exporters::nginx
