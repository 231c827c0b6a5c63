// Collectors that ask over D-Bus: its messages, and services that this test plays.

#include <map>

#include <catch2/catch.hpp>
#include <unistd.h>

#include "exporters/node/dbus.hpp"
#include "unit/node/dbus_imposter.hpp"
#include "unit/node/host.hpp"

using namespace tocsin;
using namespace tocsin::exporters::node;
using test::dbus_variant;
using test::dbus_variant32;
using test::dbus_variant64;
using test::DbusBody;
using test::DbusImposter;
using test::Host;

namespace {

/// One answer by question; an error to any other.
DbusImposter::Handler answers(std::map<std::string, DbusImposter::Answer> known) {
  return [known = std::move(known)](const std::string& question) -> std::optional<DbusImposter::Answer> {
    const auto found = known.find(question);
    if (found != known.end()) return found->second;
    return DbusImposter::Answer{"", "no such property", "org.freedesktop.DBus.Error.UnknownProperty"};
  };
}

void unit(DbusBody& out, const std::string& name, const std::string& load, const std::string& active) {
  out.structure().text(name).text("what it is").text(load).text(active).text("sub").text("");
  out.text("/unit/" + name).number32(0).text("").text("/");
}

std::map<std::string, DbusImposter::Answer> systemd_answers() {
  const std::string manager = "Get org.freedesktop.systemd1.Manager ", root = " /org/freedesktop/systemd1";
  const std::string service = "Get org.freedesktop.systemd1.Service ";
  DbusBody units;
  units.array([](DbusBody& out) {
    unit(out, "web.service", "loaded", "active");
    unit(out, "broken.service", "loaded", "failed");
    unit(out, "gone.service", "not-found", "inactive");
    unit(out, "tmp.mount", "loaded", "active");
    unit(out, "daily.timer", "loaded", "active");
    unit(out, "web.socket", "loaded", "reloading");
  });
  return {
      {manager + "Version" + root, {"v", dbus_variant("252.38-1~deb12u1"), ""}},
      {manager + "Virtualization" + root, {"v", dbus_variant(""), ""}},
      {manager + "SystemState" + root, {"v", dbus_variant("running"), ""}},
      {"ListUnits", {"a(ssssssouso)", units.bytes(), ""}},
      {service + "Type /unit/web.service", {"v", dbus_variant("notify"), ""}},
      {service + "NRestarts /unit/web.service", {"v", dbus_variant32('u', 3), ""}},
      {service + "TasksCurrent /unit/web.service", {"v", dbus_variant64(7), ""}},
      {service + "TasksMax /unit/web.service", {"v", dbus_variant64(~0ULL), ""}},
      {"Get org.freedesktop.systemd1.Unit ActiveEnterTimestamp /unit/web.service",
       {"v", dbus_variant64(1'700'000'000'500'000), ""}},
      {"Get org.freedesktop.systemd1.Timer LastTriggerUSec /unit/daily.timer", {"v", dbus_variant64(2'500'000), ""}},
      {"Get org.freedesktop.systemd1.Socket NAccepted /unit/web.socket", {"v", dbus_variant32('u', 11), ""}},
      {"Get org.freedesktop.systemd1.Socket NConnections /unit/web.socket", {"v", dbus_variant32('u', 2), ""}},
      {"Get org.freedesktop.systemd1.Socket NRefused /unit/web.socket", {"v", dbus_variant32('u', 0), ""}},
  };
}

}  // namespace

TEST_CASE("a question to D-Bus is read back as it was asked") {
  const std::string call = encode_dbus_call(get_property("a.b", "/p", "i.f", "Prop"), 77);
  std::string_view rest = call;
  const auto message = take_dbus_message(rest);
  REQUIRE(message);
  REQUIRE(*message);
  CHECK(rest.empty());
  CHECK((*message)->type == DbusMessage::kCall);
  CHECK((*message)->signature == "ss");
  DbusReader reader(**message);
  CHECK(reader.text() == "i.f");
  CHECK(reader.text() == "Prop");
  CHECK(reader.good());
  CHECK(reader.text().empty());
  CHECK_FALSE(reader.good());
  for (std::size_t length = 0; length < call.size(); ++length) {
    const std::string beginning = call.substr(0, length);
    std::string_view cut = beginning;
    const auto part = take_dbus_message(cut);
    REQUIRE(part);
    CHECK_FALSE(*part);
  }
}

TEST_CASE("bytes that are no message of D-Bus are an error, and lengths beyond reason a limit") {
  using namespace std::string_literals;
  for (const std::string& bytes :
       {"HTTP/1.1 400 Bad Request\r\n"s, "l\2\0\2\0\0\0\0\1\0\0\0\0\0\0\0"s, "l\0\0\1\0\0\0\0\1\0\0\0\0\0\0\0"s}) {
    std::string_view rest = bytes;
    const auto wrong = take_dbus_message(rest);
    REQUIRE_FALSE(wrong);
    CHECK(wrong.error().code == Errc::kCorrupt);
  }
  const std::string huge = "l\2\0\1\xff\xff\xff\x7f\1\0\0\0\0\0\0\0"s;
  std::string_view rest = huge;
  CHECK(take_dbus_message(rest).error().code == Errc::kLimit);
}

TEST_CASE("values of any type are passed over, and those without an end are an error") {
  const std::string body =
      DbusBody().number32(1).array([](DbusBody& out) { out.structure().text("k").number32(5); }).text("after").bytes();
  DbusReader reader(body, true);
  for (std::string_view signature : {"u", "a(su)"}) {
    reader.skip(signature);
    CHECK(signature.empty());
  }
  CHECK(reader.text() == "after");
  CHECK(reader.good());
  for (const std::string_view type : {"a()", "(", "a", "v", "((((((((((((((((((((((((((((((((((((((((u", ""}) {
    INFO(type);
    const std::string bytes("\x08\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 16);
    DbusReader wrong(bytes, true);
    std::string_view signature = type;
    wrong.skip(signature);
    CHECK_FALSE(wrong.good());
  }
}

TEST_CASE("systemd: units with their states, types and numbers") {
  Host host("systemd");
  host.options.dbus_socket = host.dir.path() + "/bus";
  host.options.systemd_restarts = host.options.systemd_tasks = host.options.systemd_start_time = true;
  DbusImposter bus(host.options.dbus_socket, answers(systemd_answers()));
  const auto done = host.collect();
  INFO((done ? std::string() : done.error().message));
  REQUIRE(done);
  const std::string lines = host.lines();
  for (const char* const line :
       {"node_systemd_version{version=\"252.38-1~deb12u1\"} 252.38\n",
        "node_systemd_virtualization_info{virtualization_type=\"none\"} 1\n", "node_systemd_system_running 1\n",
        "node_systemd_units{state=\"active\"} 3\n", "node_systemd_units{state=\"activating\"} 0\n",
        "node_systemd_units{state=\"failed\"} 1\n", "node_systemd_units{state=\"reloading\"} 1\n",
        "node_systemd_unit_state{name=\"web.service\",state=\"active\",type=\"notify\"} 1\n",
        "node_systemd_unit_state{name=\"web.service\",state=\"failed\",type=\"notify\"} 0\n",
        "node_systemd_unit_state{name=\"broken.service\",state=\"failed\",type=\"\"} 1\n",
        "node_systemd_service_restart_total{name=\"web.service\"} 3\n",
        "node_systemd_unit_tasks_current{name=\"web.service\"} 7\n",
        "node_systemd_unit_start_time_seconds{name=\"web.service\"} 1.7000000005e+09\n",
        "node_systemd_unit_start_time_seconds{name=\"broken.service\"} 0\n",
        "node_systemd_timer_last_trigger_seconds{name=\"daily.timer\"} 2.5\n",
        "node_systemd_socket_accepted_connections_total{name=\"web.socket\"} 11\n",
        "node_systemd_socket_current_connections{name=\"web.socket\"} 2\n",
        "node_systemd_socket_refused_connections_total{name=\"web.socket\"} 0\n"}) {
    CHECK_THAT(lines, Catch::Contains(line));
  }
  CHECK_THAT(lines, !Catch::Contains("tasks_max"));  // unlimited
  CHECK_THAT(lines, !Catch::Contains("gone.service"));
  CHECK_THAT(lines, !Catch::Contains("tmp.mount"));  // left out by default
}

TEST_CASE("systemd: its own socket has no bus to greet, and a service that was started anew is asked again") {
  Host host("systemd");
  host.options.systemd_private = true;
  host.options.systemd_private_socket = host.dir.path() + "/private";
  host.options.systemd_unit_include = "web\\..*";
  DbusImposter systemd(host.options.systemd_private_socket, answers(systemd_answers()));
  REQUIRE(host.collect());
  const std::string lines = host.lines();
  CHECK_THAT(lines, !Catch::Contains("broken.service"));
  CHECK(systemd.questions().front() != "Hello");
  systemd.drop_connection();
  REQUIRE(host.collect());
  CHECK(host.lines() == lines);
}

TEST_CASE("systemd: where there is no bus, root asks systemd itself, and the bus again when that is gone") {
  Host host("systemd");
  host.options.dbus_socket = host.dir.path() + "/bus";
  host.options.systemd_private_socket = host.dir.path() + "/private";
  const bool root = ::geteuid() == 0;
  {
    DbusImposter systemd(host.options.systemd_private_socket, answers(systemd_answers()));
    CHECK(host.collect().has_value() == root);
    if (root) CHECK(systemd.questions().front() != "Hello");
  }
  DbusImposter bus(host.options.dbus_socket, answers(systemd_answers()));
  CHECK(host.collect());
  CHECK(bus.questions().front() == "Hello");
}

TEST_CASE("systemd: no bus is no data, an answer that makes no sense and an error are errors") {
  Host host("systemd");
  host.options.dbus_socket = host.dir.path() + "/bus";
  host.options.systemd_private_socket = host.dir.path() + "/private";
  const auto nothing = host.collect();
  REQUIRE_FALSE(nothing);
  CHECK(nothing.error().code == Errc::kUnavailable);
  auto known = systemd_answers();
  SECTION("an error") {
    known.erase("ListUnits");
    DbusImposter bus(host.options.dbus_socket, answers(known));
    const auto wrong = host.collect();
    REQUIRE_FALSE(wrong);
    CHECK_THAT(wrong.error().message, Catch::Contains("UnknownProperty: no such property"));
  }
  SECTION("units of another kind") {
    known["ListUnits"].signature = "a(s)";
    DbusImposter bus(host.options.dbus_socket, answers(known));
    CHECK(host.collect().error().code == Errc::kCorrupt);
  }
  SECTION("units that are cut") {
    known["ListUnits"].body.resize(100);
    DbusImposter bus(host.options.dbus_socket, answers(known));
    CHECK(host.collect().error().code == Errc::kCorrupt);
  }
}

TEST_CASE("a service on D-Bus that stays silent is left after the limit") {
  test::TempDir dir;
  DbusImposter silent(dir.path() + "/bus", [](const std::string&) { return std::nullopt; });
  Dbus dbus(system_clock(), dir.path() + "/bus", true, std::chrono::milliseconds(50));
  const DbusCall call{"a", "/a", "a.b", "Never"};
  const auto late = dbus.ask({&call, 1});
  REQUIRE_FALSE(late);
  CHECK(late.error().code == Errc::kTimeout);
}

TEST_CASE("many questions are answered in their order") {
  test::TempDir dir;
  DbusImposter echo(dir.path() + "/bus", [](const std::string& question) -> std::optional<DbusImposter::Answer> {
    return DbusImposter::Answer{"v", dbus_variant(question), ""};
  });
  Dbus dbus(system_clock(), dir.path() + "/bus", true);
  std::vector<DbusCall> calls;
  for (int i = 0; i < 1000; ++i) calls.push_back(get_property("a", "/a", "i", fmt::format("p{}", i)));
  const auto all = dbus.ask(calls);
  REQUIRE(all);
  for (int i = 0; i < 1000; ++i)
    CHECK(dbus_text((*all)[static_cast<std::size_t>(i)]) == fmt::format("Get i p{} /a", i));
}

TEST_CASE("logind: sessions by seat, remoteness, type and class") {
  Host host("logind");
  host.options.dbus_socket = host.dir.path() + "/bus";
  const std::string get = "Get org.freedesktop.login1.Session ";
  std::map<std::string, DbusImposter::Answer> known = {
      {"ListSeats",
       {"a(so)", DbusBody().array([](DbusBody& out) { out.structure().text("seat0").text("/s"); }).bytes(), ""}},
      {"ListSessions",
       {"a(susso)",
        DbusBody()
            .array([](DbusBody& out) {
              out.structure().text("1").number32(1000).text("me").text("seat0").text("/1");
              out.structure().text("2").number32(1000).text("me").text("").text("/2");
              out.structure().text("3").number32(1000).text("me").text("").text("/gone");
            })
            .bytes(),
        ""}},
      {get + "Remote /1", {"v", dbus_variant32('b', 0), ""}},
      {get + "Type /1", {"v", dbus_variant("wayland"), ""}},
      {get + "Class /1", {"v", dbus_variant("user"), ""}},
      {get + "Remote /2", {"v", dbus_variant32('b', 1), ""}},
      {get + "Type /2", {"v", dbus_variant("hologram"), ""}},
      {get + "Class /2", {"v", dbus_variant("user"), ""}},
  };
  DbusImposter bus(host.options.dbus_socket, answers(known));
  REQUIRE(host.collect());
  const std::string lines = host.lines();
  CHECK_THAT(lines, Catch::Contains(
                        "node_logind_sessions{class=\"user\",remote=\"false\",seat=\"seat0\",type=\"wayland\"} 1\n"));
  CHECK_THAT(lines,
             Catch::Contains("node_logind_sessions{class=\"user\",remote=\"true\",seat=\"\",type=\"other\"} 1\n"));
  CHECK(std::ranges::count(lines, '\n') == 2 * 2 * 7 * 5);
}
