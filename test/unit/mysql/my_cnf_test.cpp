#include "exporters/mysql/my_cnf.hpp"

#include <catch2/catch.hpp>

namespace tocsin::exporters::mysql {
namespace {

Result<MyCnf> parse(std::string_view text) {
  return MyCnf::parse(text, "my.cnf", [](const std::string& name) { return name == "PW" ? "from env" : ""; });
}

}  // namespace

TEST_CASE("an option file has sections, keys with or without values, comments and quotes", "[mysql]") {
  const auto cnf = parse(
      "\xEF\xBB\xBF# comment\n; another\n!includedir /etc/mysql/conf.d/\n"
      "[client]\r\nuser = app\r\npassword=\"a#b;c\"\nHOST : db1\nport=3307\nenable_cleartext_plugin\n"
      "[client.replica]\nhost='db2'\nsocket=\n[ other ]\nuser=x\npassword=${PW}$$1\nuser=y\n");
  REQUIRE(cnf);
  CHECK(cnf->has("client"));
  CHECK(cnf->has("other"));
  CHECK_FALSE(cnf->has("mysqld"));
  CHECK(cnf->get("client", "password") == "a#b;c");
  CHECK(cnf->get("client", "enable-cleartext-plugin") == "");
  CHECK(cnf->get("other", "user") == "y");
  CHECK(cnf->get("other", "password") == "from env$1");
  CHECK_FALSE(cnf->get("other", "host"));

  const auto child = cnf->options("client.replica");
  REQUIRE(child);
  CHECK(child->user == "app");
  CHECK(child->address() == "db2:3307");
  CHECK(child->cleartext_password);
  CHECK(cnf->options("other")->address() == "localhost:3306");
}

TEST_CASE("a section says how to connect and to what", "[mysql]") {
  const auto options = [](const std::string& lines) { return parse("[client]\nuser=u\n" + lines)->options("client"); };
  CHECK(options("socket=/run/s.sock")->address() == "unix:///run/s.sock");
  CHECK(options("host=::1")->address() == "[::1]:3306");
  CHECK(options("")->tls.mode == TlsOptions::Mode::kOff);
  CHECK(options("tls=preferred")->tls.mode == TlsOptions::Mode::kPreferred);
  CHECK(options("tls=skip-verify")->tls == TlsOptions{.mode = TlsOptions::Mode::kRequired, .verify = false});
  CHECK(options("ssl-skip-verfication=true")->tls.verify == false);
  const auto tls = options("ssl-ca=/ca\nssl-cert=/cert\nssl-key=/key\ntls-min-version=TLSv1.2")->tls;
  CHECK(tls == TlsOptions{.mode = TlsOptions::Mode::kRequired,
                          .verify = true,
                          .ca_file = "/ca",
                          .cert_file = "/cert",
                          .key_file = "/key",
                          .versions = "TLSv1.2,TLSv1.3"});
}

TEST_CASE("wrong option files say where and what, and never a value that may be a password", "[mysql]") {
  const auto message = [](const std::string& text) {
    const auto cnf = parse(text);
    if (!cnf) return cnf.error().message;
    const auto options = cnf->options("client");
    return options ? std::string("fine") : options.error().message;
  };
  CHECK(message("\nsecret=1\n") == "my.cnf:2: a line outside of any section");
  CHECK(message("[client\nuser=a") == "my.cnf:1: broken section head");
  CHECK(message("[]") == "my.cnf:1: broken section head");
  CHECK(message("[") == "my.cnf:1: broken section head");
  CHECK(message("") == "my.cnf: there is no section [client]");
  CHECK(message("[client]\npassword=secret") == "my.cnf: section [client]: no user");
  CHECK(message("[client]\nuser=a\nport=70000") == "my.cnf: section [client]: \"70000\" is no port");
  CHECK(message("[client]\nuser=a\nport=0") == "my.cnf: section [client]: \"0\" is no port");
  CHECK(message("[client]\nuser=a\ntls=maybe") ==
        "my.cnf: section [client]: tls is \"maybe\", none of true, false, skip-verify, preferred");
  CHECK(message("[client]\nuser=a\ntls-min-version=SSLv3") ==
        "my.cnf: section [client]: the TLS version SSLv3 is not one of TLSv1.0, TLSv1.1, TLSv1.2, TLSv1.3");
  CHECK(message("[client]\nuser=a\ntls-min-version=TLSv1.3\ntls-max-version=TLSv1.2") ==
        "my.cnf: section [client]: the lowest TLS version must not be higher than the highest: TLSv1.3 > TLSv1.2");
  CHECK(message("[client]\nuser=a\nhost=h\ntls-server-name=other") ==
        "my.cnf: section [client]: tls-server-name differs from the host, which libmariadb cannot verify");
  CHECK(message("[client]\nuser=a\nhost=h\ntls-server-name=h") == "fine");
}

}  // namespace tocsin::exporters::mysql
