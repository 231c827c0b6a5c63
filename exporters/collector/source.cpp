#include "exporters/collector/source.hpp"

#include "net/listen_address.hpp"

namespace tocsin::exporters {

void SectionOptions::read(yaml::Fields& fields) {
  fields
      .child("listen",
             [&](const yaml::Node& value) -> Result<void> {
               TOCSIN_TRY(listen, value.as_string());
               if (listen.empty()) return {};
               if (auto good = net::parse_listen_address(listen); !good) return value.error("{}", good.error().message);
               return {};
             })
      .read("web_config_file", web_config_file)
      .read("deadline", deadline)
      .read("min_interval", min_interval)
      .read("series_limit", series_limit);
}

Result<std::shared_ptr<Target>> Source::probe(const net::HttpRequest&) {
  return fail(Errc::kInvalid, "this source answers no probes");
}

}  // namespace tocsin::exporters
