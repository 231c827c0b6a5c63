#include "exporters/collector/credential.hpp"

#include <catch2/catch.hpp>

#include "base/mem_fs.hpp"

namespace tocsin::exporters {
namespace {

Result<std::optional<Credential>> read_text(const std::string& text) {
  auto root = yaml::parse(text, "/etc/agent.yml");
  REQUIRE(root);
  yaml::Fields fields(*root, "target");
  auto credential = Credential::read(fields, "password");
  if (credential) {
    TOCSIN_OK(fields.finish());
  }
  return credential;
}

std::string no_environment(const std::string&) {
  return "";
}

}  // namespace

TEST_CASE("a credential comes from its value, a file beside the configuration, or a variable", "[exporter]") {
  MemFs fs;
  REQUIRE(fs.create_directories("/etc"));
  REQUIRE(fs.write_file_atomic("/etc/password", "from file\r\n"));
  const config::Environment environment = [](const std::string& name) { return name == "PG" ? "from variable" : ""; };
  const auto secret = [&](const std::string& text) { return (*read_text(text))->get(fs, environment)->reveal(); };
  CHECK(secret("password: here") == "here");
  CHECK(secret("password_file: password") == "from file");
  CHECK(secret("password_file: /etc/password") == "from file");
  CHECK(secret("password_env: PG") == "from variable");
  CHECK_FALSE(*read_text("{}"));
}

TEST_CASE("a credential file is read anew for each question", "[exporter]") {
  MemFs fs;
  const auto credential = **read_text("password_file: /password");
  CHECK_FALSE(credential.get(fs, no_environment));
  REQUIRE(fs.write_file_atomic("/password", "one"));
  CHECK(credential.get(fs, no_environment)->reveal() == "one");
  REQUIRE(fs.write_file_atomic("/password", "two"));
  CHECK(credential.get(fs, no_environment)->reveal() == "two");
}

TEST_CASE("a credential that cannot be had says why, without a word of other secrets", "[exporter]") {
  MemFs fs;
  const auto twice = read_text("password: secret\npassword_env: PG\n");
  REQUIRE_FALSE(twice);
  CHECK(twice.error().message ==
        "/etc/agent.yml:1:1: at most one of password, password_file and password_env must be configured");
  const auto unset = (*read_text("password_env: PG"))->get(fs, no_environment);
  REQUIRE_FALSE(unset);
  CHECK(unset.error().message == "the environment variable PG is not set");
  const auto wrong = read_text("password: [1]");
  REQUIRE_FALSE(wrong);
  CHECK(wrong.error().message.starts_with("/etc/agent.yml:1:11: "));
}

}  // namespace tocsin::exporters
