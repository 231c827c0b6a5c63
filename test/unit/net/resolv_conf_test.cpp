#include "net/resolv_conf.hpp"

#include <catch2/catch.hpp>

using namespace tocsin;
using Names = std::vector<std::string>;

TEST_CASE("servers, domains and dots are read; what makes no sense is passed over") {
  const auto conf = net::parse_resolv_conf(
      "# comment\n; another\n\nnameserver 10.0.0.1\nnameserver\t2001:db8::1\nnameserver\n"
      "domain old.example\nsearch a.example b.example\r\noptions timeout:1 ndots:3 ndots:x rotate\nsortlist x\n");
  CHECK(conf.servers == Names{"10.0.0.1", "2001:db8::1"});
  CHECK(conf.search == Names{"a.example", "b.example"});
  CHECK(conf.ndots == 3);
  CHECK(net::parse_resolv_conf("options ndots:99").ndots == 15);
  CHECK(net::parse_resolv_conf("search a\ndomain b\n").search == Names{"b"});
  CHECK(net::parse_resolv_conf("").servers.empty());
}

TEST_CASE("names are tried alone and in the domains, in the order of their dots") {
  net::ResolvConf conf{{}, {"a.example", "b.example."}, 1};
  CHECK(conf.names_for("db") == Names{"db.a.example.", "db.b.example.", "db."});
  CHECK(conf.names_for("db.x") == Names{"db.x.", "db.x.a.example.", "db.x.b.example."});
  CHECK(conf.names_for("db.x.") == Names{"db.x."});
  conf.ndots = 5;
  CHECK(conf.names_for("db.x") == Names{"db.x.a.example.", "db.x.b.example.", "db.x."});
  CHECK(net::ResolvConf{{}, {"."}, 1}.names_for("db") == Names{"db.", "db."});
  CHECK(net::ResolvConf{}.names_for("db") == Names{"db."});
}
