// The keys that every section of agent.yml has.

#include <catch2/catch.hpp>

#include "exporters/collector/source.hpp"

using namespace tocsin;

namespace {

Result<exporters::SectionOptions> read(const std::string& text) {
  TOCSIN_TRY(const yaml::Node node, yaml::parse(text, "agent.yml"));
  exporters::SectionOptions options;
  yaml::Fields fields(node, "section");
  options.read(fields);
  TOCSIN_OK(fields.finish());
  return options;
}

}  // namespace

TEST_CASE("an address to listen at is checked where it stands") {
  for (const std::string good : {"127.0.0.1:9187", ":9187", "[::1]:0", "db.example:65535", ""}) {
    INFO(good);
    const auto options = read("{listen: '" + good + "'}");
    REQUIRE(options);
    CHECK(options->listen == good);
  }
  for (const auto& [wrong, reason] :
       std::vector<std::pair<std::string, std::string>>{{"nonsense", "address nonsense: missing port in address"},
                                                        {"[::1]", "address [::1]: missing port in address"},
                                                        {"::1:9187", "address ::1:9187: too many colons in address"},
                                                        {"127.0.0.1:http", "address 127.0.0.1:http: invalid port"},
                                                        {"127.0.0.1:65536", "address 127.0.0.1:65536: invalid port"},
                                                        {"127.0.0.1:", "address 127.0.0.1:: invalid port"}}) {
    INFO(wrong);
    const auto options = read("{series_limit: 5, listen: '" + wrong + "'}");
    REQUIRE_FALSE(options);
    CHECK(options.error().message == "agent.yml:1:27: listen tcp: " + reason);
  }
}
