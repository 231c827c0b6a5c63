#include "agent/config.hpp"

#include <catch2/catch.hpp>

#include "agent/bus_address.hpp"
#include "agent/flags.hpp"
#include "base/mem_fs.hpp"
#include "fake_source.hpp"

namespace tocsin::agent {
namespace {

Result<AgentConfig> read(const std::string& text, const exporters::node::NodeOptions& flags = {}) {
  MemFs fs;
  REQUIRE(fs.create_directories("/etc"));
  REQUIRE(fs.write_file_atomic("/etc/agent.yml", text));
  const std::array kinds{test::FakeSource::info("fake"), test::FakeSource::info("other")};
  return read_config(fs, "/etc/agent.yml", flags, kinds);
}

std::string error_of(const std::string& text) {
  const auto config = read(text);
  return config ? "no error" : config.error().message;
}

}  // namespace

TEST_CASE("an empty agent.yml is a node exporter", "[agent]") {
  for (const char* text : {"", "# nothing\n", "node:\n", "{}"}) {
    const auto config = read(text);
    REQUIRE(config);
    CHECK(config->node_enabled);
    CHECK(config->sources.empty());
  }
}

TEST_CASE("the node's section has its flags, which stand above those of the command line", "[agent]") {
  exporters::node::NodeOptions flags;
  flags.procfs = "/host/proc";
  flags.enabled["loadavg"] = false;
  const auto config = read(
      "node:\n"
      "  collector.loadavg: true\n"
      "  collector.cpu: false\n"
      "  collector.diskstats.device-exclude: ^ram\n"
      "  collector.stat.softirq: true\n"
      "  collector.filesystem.fs-types-exclude: ''\n"
      "  collector.netdev.device-exclude: --x\n"
      "  collector.filesystem.mount-timeout: 2s\n"
      "  collector.textfile.directory: [/a, /b]\n",
      flags);
  REQUIRE(config);
  CHECK(config->node.procfs == "/host/proc");
  CHECK(config->node.is_enabled("loadavg"));
  CHECK_FALSE(config->node.is_enabled("cpu"));
  CHECK(config->node.diskstats_device_exclude == "^ram");
  CHECK(config->node.stat_softirq);
  CHECK(config->node.filesystem_fs_types_exclude.empty());
  CHECK(config->node.netdev_device_exclude == "--x");
  CHECK(config->node.filesystem_mount_timeout == std::chrono::seconds(2));
  CHECK(config->node.textfile_directories == std::vector<std::string>{"/a", "/b"});
}

TEST_CASE("the node can be off, and its collectors be chosen one by one", "[agent]") {
  CHECK_FALSE(read("node: {enabled: false}")->node_enabled);
  const auto config = read("node: {collector.disable-defaults: true, collector.cpu: true}");
  REQUIRE(config);
  CHECK(config->node.is_enabled("cpu"));
  CHECK_FALSE(config->node.is_enabled("meminfo"));
}

TEST_CASE("sections come with their kinds, in the order of the table", "[agent]") {
  const auto config = read("other: {}\nfake: {probe: true}\n");
  REQUIRE(config);
  REQUIRE(config->sources.size() == 2);
  CHECK(config->sources[0].info.kind == "fake");
  CHECK(config->sources[1].info.kind == "other");
}

TEST_CASE("what is wrong in agent.yml is told with its place", "[agent]") {
  struct Case {
    const char* text;
    const char* error;
  };
  const Case cases[] = {
      {"redis: {}\n", "/etc/agent.yml:1:1: field redis not found in type agent configuration"},
      {"[1]\n", "/etc/agent.yml:1:1: cannot unmarshal !!seq into agent configuration"},
      {"fake: {}\nfake: {}\n", "/etc/agent.yml:2:1: "},
      {"node: 1\n", "/etc/agent.yml:1:7: cannot unmarshal !!int `1` into node section"},
      {"node: {enabled: maybe}\n", "/etc/agent.yml:1:17: cannot unmarshal !!str `maybe` into bool"},
      {"node: {collector.nonsense: true}\n",
       "/etc/agent.yml:1:8: field collector.nonsense not found in type node section"},
      {"node: {no-collector.cpu: true}\n", "/etc/agent.yml:1:8: field no-collector.cpu not found in type node section"},
      {"node: {collector.cpu: yess}\n", "/etc/agent.yml:1:23: cannot unmarshal !!str `yess` into bool"},
      {"node:\n  collector.filesystem.mount-timeout: soon\n", "/etc/agent.yml:2:39: "},
      {"node: {config.file: x}\n", "/etc/agent.yml:1:8: field config.file not found in type node section"},
      {"node: {help: true}\n", "/etc/agent.yml:1:8: field help not found in type node section"},
  };
  for (const Case& c : cases) {
    INFO(c.text);
    CHECK_THAT(error_of(c.text), Catch::StartsWith(c.error));
  }
}

TEST_CASE("a flag that a collector refuses is told with its place, if it stands in the file", "[agent]") {
  MemFs fs;
  const auto error_of_collectors = [&](const std::string& text, const exporters::node::NodeOptions& flags = {}) {
    const auto config = read(text, flags);
    REQUIRE(config);
    const auto made = make_collectors(*config, fs);
    return made ? "no error" : made.error().message;
  };
  CHECK(error_of_collectors("node:\n  collector.netdev: true\n  collector.netdev.device-exclude: (\n") ==
        "/etc/agent.yml:3:36: --collector.netdev.device-exclude: error parsing regexp: missing closing ): `(`");
  CHECK(error_of_collectors("node: {collector.perf: true, collector.perf.cpus: abc}\n") ==
        "/etc/agent.yml:1:51: --collector.perf.cpus: not a list of CPUs: \"abc\"");
  exporters::node::NodeOptions flags;
  flags.netdev_device_include = "eth";
  CHECK_THAT(error_of_collectors("node: {collector.netdev.device-exclude: lo}\n", flags),
             Catch::StartsWith("/etc/agent.yml:1:41: --collector.netdev.device-exclude and "));
  flags.netdev_device_include = "(";
  CHECK_THAT(error_of_collectors("node: {collector.netdev: true}\n", flags),
             Catch::StartsWith("--collector.netdev.device-include: "));
  CHECK(error_of_collectors("node: {enabled: false, collector.netdev.device-exclude: (}\n") == "no error");
}

TEST_CASE("the flags of node_exporter are taken as they are", "[agent]") {
  const auto parsed = [](std::vector<const char*> words) {
    words.insert(words.begin(), "tocsin-agent");
    return parse_flags(static_cast<int>(words.size()), words.data());
  };
  const auto flags =
      parsed({"--collector.diskstats.device-exclude=", "--collector.ipvs.backend-labels=",
              "--collector.filesystem.ignored-mount-points=^/x", "--collector.filesystem.ignored-fs-types", "^y$",
              "--collector.diskstats.device-include=a=b", "--no-web.disable-exporter-metrics",
              "--no-collector.disable-defaults", "--runtime.gomaxprocs=2", "--web.telemetry-path=/m"});
  REQUIRE(flags);
  CHECK(flags->node.diskstats_device_exclude.empty());
  CHECK(flags->node.ipvs_backend_labels.empty());
  CHECK(flags->node.filesystem_mount_points_exclude == "^/x");
  CHECK(flags->node.filesystem_fs_types_exclude == "^y$");
  CHECK(flags->node.diskstats_device_include == "a=b");
  CHECK(flags->node.is_enabled("cpu"));
  for (const char* wrong : {"--web.telemetry-path=metrics", "--web.telemetry-path=", "--web.telemetry-path=/{x}",
                            "--collector.filesystem.mount-timeout=1", "--web.enable-lifecycle=", "--nonsense"}) {
    INFO(wrong);
    CHECK_FALSE(parsed({wrong}));
  }
}

TEST_CASE("the bus is found by its address", "[agent]") {
  CHECK(bus_socket_path("unix:path=/run/bus,guid=0123") == "/run/bus");
  CHECK(bus_socket_path("tcp:host=h,port=1;unix:guid=1,path=/a%20b") == "/a b");
  CHECK(bus_socket_path("unix:abstract=name") == "@name");
  for (const char* none : {"", "unix:", "unix:path", "unix:path=%2", "unixexec:path=/bin/x", ";;,="}) {
    CHECK(bus_socket_path(none).empty());
  }
}

TEST_CASE("sections are the same by what they say, not by their layout", "[agent]") {
  const auto section = [](const std::string& text) { return *yaml::parse(text, "f"); };
  CHECK(is_same(section("a: [1, x]\nb: {c: d}\n"), section("# changed\na:\n- 1\n- x\nb:\n  c: d\n")));
  CHECK(is_same(section(""), section("# nothing")));
  for (const char* other : {"a: [1, y]\nb: {c: d}", "a: [1]\nb: {c: d}", "a: [1, x]\nb: {e: d}",
                            "a: ['1', x]\nb: {c: d}", "a: [1, x]", "- a"}) {
    INFO(other);
    CHECK_FALSE(is_same(section("a: [1, x]\nb: {c: d}\n"), section(other)));
  }
}

}  // namespace tocsin::agent
