#include "config/checksum.hpp"

#include <catch2/catch.hpp>

#include "base/mem_fs.hpp"

using namespace tocsin;

namespace {

void write(MemFs& fs, const std::string& file, std::string_view text) {
  REQUIRE(fs.write_file_atomic(file, text));
}

std::string sum(MemFs& fs) {
  const auto checksum = config::prometheus_checksum(fs, "conf/p.yml");
  INFO((checksum ? "" : checksum.error().message));
  REQUIRE(checksum);
  return *checksum;
}

}  // namespace

TEST_CASE("the checksum follows every file of a configuration") {
  MemFs fs;
  REQUIRE(fs.create_directories("conf/rules"));
  REQUIRE(fs.create_directories("conf/jobs"));
  write(fs, "conf/p.yml", "rule_files: [rules/*.yml]\nscrape_config_files: [jobs/*.yml]\n");
  const std::string first = sum(fs);
  CHECK(sum(fs) == first);

  write(fs, "conf/rules/a.yml", "x");
  const std::string with_rule = sum(fs);
  CHECK(with_rule != first);
  write(fs, "conf/rules/a.yml", "y");
  CHECK(sum(fs) != with_rule);
  write(fs, "conf/rules/a.yml", "x");
  CHECK(sum(fs) == with_rule);
  REQUIRE(fs.rename("conf/rules/a.yml", "conf/rules/b.yml"));
  CHECK(sum(fs) != with_rule);
  REQUIRE(fs.remove("conf/rules/b.yml"));
  CHECK(sum(fs) == first);

  write(fs, "conf/jobs/a.yml", "x");
  CHECK(sum(fs) != first);
  REQUIRE(fs.remove("conf/jobs/a.yml"));
  write(fs, "conf/rules/other.txt", "x");
  CHECK(sum(fs) == first);
}

TEST_CASE("a configuration need not be good to have a checksum, but it must be YAML and readable") {
  MemFs fs;
  REQUIRE(fs.create_directories("conf"));
  CHECK_FALSE(config::prometheus_checksum(fs, "conf/p.yml"));
  write(fs, "conf/p.yml", "nonsense: 1\nrule_files: {a: b}\n");
  CHECK_FALSE(sum(fs).empty());
  write(fs, "conf/p.yml", "a: [");
  CHECK_FALSE(config::prometheus_checksum(fs, "conf/p.yml"));
}

TEST_CASE("templates belong to alertmanager.yml") {
  MemFs fs;
  REQUIRE(fs.create_directories("conf"));
  write(fs, "conf/a.yml", "templates: ['*.tmpl']");
  const auto before = config::alertmanager_checksum(fs, "conf/a.yml");
  write(fs, "conf/x.tmpl", "x");
  const auto after = config::alertmanager_checksum(fs, "conf/a.yml");
  REQUIRE(before);
  REQUIRE(after);
  CHECK(*before != *after);
}
