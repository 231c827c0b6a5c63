#pragma once
// The page of ngx_http_stub_status_module.

#include <cstdint>
#include <string_view>

#include "base/result.hpp"
#include "expo/writer.hpp"

namespace tocsin::exporters::nginx {

struct StubStatus {
  std::uint64_t active = 0, accepted = 0, handled = 0, requests = 0, reading = 0, writing = 0, waiting = 0;
};

/// kCorrupt for anything else. Source: nginx.org, "Module ngx_http_stub_status_module".
Result<StubStatus> parse_stub_status(std::string_view page);

/// As nginx-prometheus-exporter has it.
void put_stub_status(expo::Page& page, const StubStatus& status);

}  // namespace tocsin::exporters::nginx
