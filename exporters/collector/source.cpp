#include "exporters/collector/source.hpp"

namespace tocsin::exporters {

void SectionOptions::read(yaml::Fields& fields) {
  fields.read("listen", listen)
      .read("web_config_file", web_config_file)
      .read("deadline", deadline)
      .read("min_interval", min_interval)
      .read("series_limit", series_limit);
}

Result<std::shared_ptr<Target>> Source::probe(const net::HttpRequest&) {
  return fail(Errc::kInvalid, "this source answers no probes");
}

}  // namespace tocsin::exporters
