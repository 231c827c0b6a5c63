#include "exporters/redis/options.hpp"

#include <catch2/catch.hpp>

#include "base/mem_fs.hpp"

namespace tocsin::exporters::redis {
namespace {

std::string shown(const Result<Address>& address) {
  if (!address) return address.error().message;
  return fmt::format("{}{} db{} {}:{}", address->tls ? "tls " : "", address->text(), address->database, address->user,
                     address->password.reveal());
}

std::string keys(std::string_view text) {
  const auto patterns = parse_key_patterns(text);
  if (!patterns) return patterns.error().message;
  std::string out;
  for (const KeyPattern& one : *patterns) out += fmt::format("{}/{} ", one.database, one.key);
  return out;
}

std::string read_error(const std::string& text) {
  MemFs fs;
  yaml::Fields fields(*yaml::parse(text, "agent.yml"), "redis target");
  Options options;
  auto read = options.read(fields, fs);
  if (read) read = fields.finish();
  return read ? "good" : read.error().message;
}

}  // namespace

TEST_CASE("a server is reached by the addresses that redis_exporter takes", "[redis]") {
  CHECK(shown(parse_address("redis://cache:6380")) == "cache:6380 db0 :");
  CHECK(shown(parse_address("cache")) == "cache:6379 db0 :");
  CHECK(shown(parse_address("10.0.0.1:7000")) == "10.0.0.1:7000 db0 :");
  CHECK(shown(parse_address("rediss://app:s%40crt@[::1]:6390/3")) == "tls [::1]:6390 db3 app:s@crt");
  CHECK(shown(parse_address("redis://:secret@cache")) == "cache:6379 db0 :secret");
  CHECK(shown(parse_address("valkeys://v:1")) == "tls v:1 db0 :");
  CHECK(shown(parse_address("valkey://v")) == "v:6379 db0 :");
  CHECK(shown(parse_address("unix:///run/redis.sock")) == "/run/redis.sock db0 :");
  CHECK(shown(parse_address("/run/redis.sock")) == "/run/redis.sock db0 :");
  CHECK(shown(parse_address("redis://")) == "empty address");
  CHECK(shown(parse_address("http://u:secret@cache")) == "unsupported protocol scheme \"http\" in address");
  CHECK(shown(parse_address("u:secret@cache:99999")) == "invalid port in address");
  CHECK(shown(parse_address("u:secret@[::1")) == "missing ']' in address");
  CHECK(shown(parse_address("u:%zz@cache")) == "invalid user or password in address");
  CHECK(shown(parse_address("redis://cache/x")) == "invalid database in address");
}

TEST_CASE("keys are written as in redis_exporter's flags", "[redis]") {
  CHECK(keys("") == "");
  CHECK(keys("db0=user:*,db3=a%2Cb, plain ,,7=x") == "0/user:* 3/a,b 0/plain 7/x ");
  CHECK(keys("db0=") == "");
  CHECK(keys("a=b=c") == "invalid key list argument: a=b=c");
  CHECK(keys("dbx=k") == "invalid database index for db \"x\"");
  CHECK(keys("db0=%zz") == "couldn't parse db/key string: db0=%zz");
  CHECK(KeyPattern{0, "user:*"}.is_pattern());
  CHECK_FALSE(KeyPattern{0, "user:1"}.is_pattern());
}

TEST_CASE("key groups are a line of CSV", "[redis]") {
  CHECK(parse_key_groups(" ^(a)b$ , \"x,(.*)\",, \"q\"\"q\"") == std::vector<std::string>{"^(a)b$", "x,(.*)", "q\"q"});
  CHECK(parse_key_groups("  ").empty());
}

TEST_CASE("options that cannot be are refused with their position", "[redis]") {
  CHECK(read_error("check_keys: 'db0=user:*'\nscript: []\n") == "good");
  CHECK(read_error("check_keys: ['db0=a', 'db1=b']") == "good");
  CHECK(read_error("check_keyz: a").starts_with("agent.yml:1:1: field check_keyz not found"));
  CHECK(read_error("count_keys: 'a=b=c'") == "agent.yml:1:13: count_keys: invalid key list argument: a=b=c");
  CHECK(read_error("script: /none.lua").starts_with("agent.yml:1:9: script: open /none.lua: "));
  CHECK(read_error("check_search_indexes: '('").starts_with("agent.yml:1:23: invalid regular expression: "));
  CHECK(read_error("password: a\npassword_env: B").contains("at most one of password"));
  CHECK(read_error("is_cluster: 7").starts_with("agent.yml:1:13: "));
}

}  // namespace tocsin::exporters::redis
