#include <catch2/catch.hpp>

#include "base/mem_fs.hpp"

using namespace tocsin;

TEST_CASE("patterns match within path elements") {
  MemFs fs;
  for (const char* path :
       {"/etc/rules/a.yml", "/etc/rules/b.yml", "/etc/rules/c.yaml", "/etc/rules/sub/d.yml", "/top.yml"}) {
    const std::string text = path;
    REQUIRE(fs.create_directories(text.substr(0, std::max<std::size_t>(1, text.rfind('/')))));
    REQUIRE(fs.write_file_atomic(text, "x"));
  }
  struct Case {
    const char* pattern;
    std::vector<std::string> found;
  };
  const Case cases[] = {
      {"/etc/rules/*.yml", {"/etc/rules/a.yml", "/etc/rules/b.yml"}},
      {"/etc/rules/a.yml", {"/etc/rules/a.yml"}},
      {"/etc/rules/none.yml", {}},
      {"/etc/rules/?.y*ml", {"/etc/rules/a.yml", "/etc/rules/b.yml", "/etc/rules/c.yaml"}},
      {"/etc/rules/[ac].*", {"/etc/rules/a.yml", "/etc/rules/c.yaml"}},
      {"/etc/*/*/*.yml", {"/etc/rules/sub/d.yml"}},
      {"/*.yml", {"/top.yml"}},
      {"/none/*.yml", {}},
      {"/top.yml/*", {}},
      {"", {}},
  };
  for (const Case& c : cases) {
    INFO(c.pattern);
    const auto found = glob(fs, c.pattern);
    REQUIRE(found);
    CHECK(*found == c.found);
  }
  CHECK_FALSE(glob(fs, "/etc/[a"));
  CHECK_FALSE(glob(fs, "/etc/[]x"));
  CHECK_FALSE(glob(fs, "/etc/a\\"));
}

TEST_CASE("relative patterns are seen from the working folder") {
  MemFs fs;
  REQUIRE(fs.create_directories("r"));
  REQUIRE(fs.write_file_atomic("r/a.yml", "x"));
  CHECK(glob(fs, "r/*").value() == std::vector<std::string>{"r/a.yml"});
  CHECK(glob(fs, "*").value() == std::vector<std::string>{"r"});
}

TEST_CASE("paths are resolved against a folder unless they are absolute") {
  CHECK(resolve_path("/etc", "a.yml") == "/etc/a.yml");
  CHECK(resolve_path("/etc/", "a.yml") == "/etc/a.yml");
  CHECK(resolve_path("/etc", "/a.yml") == "/a.yml");
  CHECK(resolve_path("", "a.yml") == "a.yml");
  CHECK(resolve_path("/etc", "").empty());
}
