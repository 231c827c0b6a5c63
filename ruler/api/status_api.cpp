#include "api/status_api.hpp"

#include <memory>
#include <thread>

#include "api/envelope.hpp"
#include "base/version.hpp"

namespace tocsin::api {
namespace {

/// The release of Prometheus whose language and API this is.
constexpr std::string_view kPrometheusLevel = "3.14.0";

using SourcePtr = std::shared_ptr<const StatusSource>;

net::Task<net::HttpResponse> build_info() {
  SuccessBody body;
  body.json().begin_object().key("version").text(kPrometheusLevel).key("revision").text(revision());
  body.json()
      .key("branch")
      .text(fmt::format("tocsin {}", version()))
      .key("buildUser")
      .text("")
      .key("buildDate")
      .text("");
  body.json().key("goVersion").text("").end_object();
  co_return body.finish();
}

net::Task<net::HttpResponse> flags(SourcePtr source) {
  SuccessBody body;
  body.json().begin_object();
  for (const auto& [name, value] : source->flags) body.json().key(name).text(value);
  body.json().end_object();
  co_return body.finish();
}

net::Task<net::HttpResponse> config(SourcePtr source) {
  SuccessBody body;
  body.json().begin_object().key("yaml").text(source->now().config_text).end_object();
  co_return body.finish();
}

net::Task<net::HttpResponse> runtime_info(SourcePtr source) {
  const RuntimeStatus status = source->now();
  SuccessBody body;
  JsonWriter& json = body.json();
  json.begin_object().key("startTime").time(source->started).key("reloadConfigSuccess").boolean(status.reload_ok);
  json.key("lastConfigTime").time(status.last_reload).key("corruptionCount").integer(0);
  json.key("goroutineCount").integer(0).key("GOMAXPROCS").integer(std::thread::hardware_concurrency());
  json.key("GOMEMLIMIT").integer(0).key("GOGC").text("").key("GODEBUG").text("");
  json.key("storageRetention").text(source->retention).end_object();
  co_return body.finish();
}

}  // namespace

void add_status_api(net::HttpRouter& router, StatusSource source) {
  using Captures = net::HttpRouter::Captures;
  const auto shared = std::make_shared<const StatusSource>(std::move(source));
  router.add("GET", "/api/v1/status/buildinfo", [](net::HttpRequest, Captures) { return build_info(); });
  router.add("GET", "/api/v1/status/flags", [shared](net::HttpRequest, Captures) { return flags(shared); });
  router.add("GET", "/api/v1/status/config", [shared](net::HttpRequest, Captures) { return config(shared); });
  router.add("GET", "/api/v1/status/runtimeinfo",
             [shared](net::HttpRequest, Captures) { return runtime_info(shared); });
}

}  // namespace tocsin::api
