#include <map>

#include <catch2/catch.hpp>

#include "base/mem_fs.hpp"
#include "notify/aws_credentials.hpp"

using namespace tocsin;
using namespace tocsin::notify;

namespace {

config::Environment environment_of(std::map<std::string, std::string> variables) {
  return [variables = std::move(variables)](const std::string& name) {
    const auto found = variables.find(name);
    return found == variables.end() ? std::string() : found->second;
  };
}

}  // namespace

TEST_CASE("a request is signed as AWS' published example is") {
  // Source: AWS Signature Version 4 documentation, the request of ListUsers with its signature.
  net::HttpRequest request("GET", "https://iam.amazonaws.com/?Action=ListUsers&Version=2010-05-08");
  request.headers.set("Content-Type", "application/x-www-form-urlencoded; charset=utf-8");
  const AwsCredentials keys = {"AKIDEXAMPLE", Secret("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"), Secret()};
  REQUIRE(sign_v4(request, keys, "us-east-1", "iam", 1'440'938'160'000));
  CHECK(request.headers.get("X-Amz-Date") == "20150830T123600Z");
  CHECK(request.headers.get("Authorization") ==
        "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/iam/aws4_request, "
        "SignedHeaders=content-type;host;x-amz-date, "
        "Signature=5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7");
}

TEST_CASE("AWS keys and the region come from the configuration, the environment, the files, in that order") {
  MemFs fs;
  REQUIRE(fs.create_directories("/home/me/.aws"));
  REQUIRE(fs.write_file_atomic(
      "/home/me/.aws/credentials",
      "# keys\n[default]\naws_access_key_id = D\naws_secret_access_key=d-secret\n"
      "[other]\naws_access_key_id=O\naws_secret_access_key=o-secret\naws_session_token=o-token\n"));
  REQUIRE(fs.write_file_atomic(
      "/home/me/.aws/config",
      "[default]\nregion = eu-west-1\ns3 =\n  region = nested\n[profile other]\nregion=eu-north-1\n"));
  config::Sigv4Config config;
  const auto home = environment_of({{"HOME", "/home/me"}});
  auto access = load_aws_access(fs, config, home);
  REQUIRE(access);
  CHECK(access->credentials == AwsCredentials{"D", Secret("d-secret"), Secret()});
  CHECK(access->region == "eu-west-1");

  config.profile = "other";
  access = load_aws_access(
      fs, config, environment_of({{"HOME", "/home/me"}, {"AWS_ACCESS_KEY_ID", "E"}, {"AWS_SECRET_ACCESS_KEY", "e"}}));
  REQUIRE(access);
  CHECK(access->credentials.session_token.reveal() == "o-token");
  CHECK(access->region == "eu-north-1");

  config.profile = "";
  access = load_aws_access(
      fs, config,
      environment_of(
          {{"HOME", "/home/me"}, {"AWS_ACCESS_KEY_ID", "E"}, {"AWS_SECRET_ACCESS_KEY", "e"}, {"AWS_REGION", "r"}}));
  REQUIRE(access);
  CHECK(access->credentials.access_key == "E");
  CHECK(access->region == "r");

  config.access_key = "C";
  config.secret_key = Secret("c");
  config.region = "own";
  access = load_aws_access(fs, config, home);
  REQUIRE(access);
  CHECK(access->credentials.access_key == "C");
  CHECK(access->region == "own");

  const auto none = load_aws_access(fs, {.region = "r"}, environment_of({{"HOME", "/nobody"}}));
  REQUIRE_FALSE(none);
  CHECK(none.error().message ==
        "no AWS keys: neither access_key in sigv4, nor AWS_ACCESS_KEY_ID, nor profile \"default\" "
        "in /nobody/.aws/credentials has them");
  CHECK_FALSE(load_aws_access(fs, {}, environment_of({})));
}

TEST_CASE("what STS answers is a session, or an error that says why") {
  const auto session = parse_assume_role(
      "<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>A</AccessKeyId><SecretAccessKey>s&amp;s"
      "</SecretAccessKey><SessionToken>t</SessionToken><Expiration>2026-01-02T03:04:05Z</Expiration></Credentials>");
  REQUIRE(session);
  CHECK(session->credentials == AwsCredentials{"A", Secret("s&s"), Secret("t")});
  CHECK(session->expires == 1'767'323'045'000);
  CHECK(parse_assume_role("<Message>no</Message>").error().message == "STS gave no keys: no");
  CHECK_FALSE(parse_assume_role("<AccessKeyId>A</AccessKeyId><SecretAccessKey>s</SecretAccessKey>"));
}
