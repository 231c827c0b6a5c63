#include "remote/write_content.hpp"

#include <algorithm>

#include "base/strings.hpp"

namespace tocsin::remote {
namespace {

constexpr std::string_view kProtobuf = "application/x-protobuf";

}  // namespace

Result<wire::WriteVersion> write_version(std::string_view message) {
  if (message == kWriteMessage1) return wire::WriteVersion::k1;
  if (message == kWriteMessage2) return wire::WriteVersion::k2;
  return fail(Errc::kInvalid, "unknown type for remote write protobuf message {}, supported: {}, {}", message,
              kWriteMessage1, kWriteMessage2);
}

Result<wire::WriteVersion> write_content(std::string_view content_type) {
  content_type = trim(content_type);
  if (content_type.empty()) return wire::WriteVersion::k1;
  const auto parts = split(content_type, ';');
  if (parts[0] != kProtobuf) {
    return fail(Errc::kUnsupported, "expected {} as the first (media) part, got {} content-type", kProtobuf,
                content_type);
  }
  for (std::size_t i = 1; i < parts.size(); ++i) {
    if (std::count(parts[i].begin(), parts[i].end(), '=') != 1) {
      return fail(Errc::kUnsupported,
                  "as per https://www.rfc-editor.org/rfc/rfc9110#parameter expected parameters to be key-values, got "
                  "{} in {} content-type",
                  parts[i], content_type);
    }
    const std::size_t equal = parts[i].find('=');
    // Prometheus takes no space around a parameter; others write one.
    if (trim(parts[i].substr(0, equal)) != "proto") continue;
    auto version = write_version(trim(parts[i].substr(equal + 1)));
    if (version) return version;
    return fail(Errc::kUnsupported, "got {} content type; {}", content_type, version.error().message);
  }
  return wire::WriteVersion::k1;
}

}  // namespace tocsin::remote
