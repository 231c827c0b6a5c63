#pragma once
// What a write request says of its body.

#include <string_view>

#include "base/result.hpp"
#include "wire/remote_write.hpp"

namespace tocsin::remote {

inline constexpr std::string_view kWriteMessage1 = "prometheus.WriteRequest";
inline constexpr std::string_view kWriteMessage2 = "io.prometheus.write.v2.Request";

/// The version that the name of a message stands for. @return kInvalid with Prometheus' text.
Result<wire::WriteVersion> write_version(std::string_view message);
/// Of a Content-Type; "" and one without a "proto" parameter are 1.0.
/// @return kUnsupported with Prometheus' text. Source: client_golang exp/api/remote, ParseProtoMsg.
Result<wire::WriteVersion> write_content(std::string_view content_type);

}  // namespace tocsin::remote
