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

TEST_CASE("requests are signed as those of AWS' published test suite are") {
  // Source: aws-sig-v4-test-suite, by its names of the cases.
  const std::string token =
      "AQoDYXdzEPT//////////wEXAMPLEtc764bNrC9SAPBSM22wDOk4x4HIZ8j4FZTwdQWLWsKWHGBuFqwAeMicRXmxfpSPfIeoIYRqTflfKD8YUuwt"
      "hAx7mSEI/qkPpKPi/kMcGdQrmGdeehM4IC1NtBmUpp2wUE8phUZampKsburEDy0KPkyQDYwT7WZ0wq5VSXDvp75YU9HFvlRd8Tx6q6fE8YQcHNVX"
      "AkiY9q6d+xo0rKwT38xVqr7ZD0u0iPPkUL64lIZbqBAz+scqKmlzm8FDrypNC9Yjc8fPOLn9FX9KSYvKTr4rvx3iSIlTJabIQwj2ICCR/"
      "oLxBA==";
  struct Case {
    std::string name, method, query, body, token, signed_headers, signature;
  };
  const Case cases[] = {
      {"get-vanilla", "GET", "", "", "", "host;x-amz-date",
       "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"},
      {"get-vanilla-query-order-key-case", "GET", "?Param2=value2&Param1=value1", "", "", "host;x-amz-date",
       "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500"},
      {"post-vanilla", "POST", "", "", "", "host;x-amz-date",
       "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"},
      {"post-x-www-form-urlencoded", "POST", "", "Param1=value1", "", "content-type;host;x-amz-date",
       "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a"},
      {"post-sts-header-before", "POST", "", "", token, "host;x-amz-date;x-amz-security-token",
       "85d96828115b5dc0cfc3bd16ad9e210dd772bbebba041836c64533a82be05ead"},
  };
  for (const Case& c : cases) {
    INFO(c.name);
    net::HttpRequest request(c.method, "https://example.amazonaws.com/" + c.query);
    request.body = c.body;
    if (!c.body.empty()) request.headers.set("Content-Type", "application/x-www-form-urlencoded");
    const AwsCredentials keys = {"AKIDEXAMPLE", Secret("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"), Secret(c.token)};
    REQUIRE(sign_v4(request, keys, "us-east-1", "service", 1'440'938'160'000));
    CHECK(request.headers.get("Authorization") ==
          fmt::format("AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, "
                      "SignedHeaders={}, Signature={}",
                      c.signed_headers, c.signature));
    CHECK(request.headers.get("X-Amz-Security-Token") == c.token);
  }
}

TEST_CASE("the environment names other endpoints than AWS' own") {
  MemFs fs;
  config::Sigv4Config config{.region = "eu-west-1", .access_key = "A", .secret_key = Secret("s")};
  auto access = load_aws_access(fs, config, environment_of({}));
  REQUIRE(access);
  CHECK(access->sns_url == "https://sns.eu-west-1.amazonaws.com/");
  CHECK(access->sts_url == "https://sts.eu-west-1.amazonaws.com/");
  config.use_fips_sts_endpoint = true;
  access = load_aws_access(
      fs, config, environment_of({{"AWS_ENDPOINT_URL", "http://all:1/"}, {"AWS_ENDPOINT_URL_SNS", "http://sns:2"}}));
  CHECK(access->sns_url == "http://sns:2/");
  CHECK(access->sts_url == "http://all:1/");
  config.region = "cn-north-1";
  CHECK(load_aws_access(fs, config, environment_of({}))->sts_url == "https://sts-fips.cn-north-1.amazonaws.com.cn/");
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
