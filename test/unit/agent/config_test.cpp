#include "agent/config.hpp"

#include <catch2/catch.hpp>

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
      "  collector.filesystem.mount-timeout: 2s\n"
      "  collector.textfile.directory: [/a, /b]\n",
      flags);
  REQUIRE(config);
  CHECK(config->node.procfs == "/host/proc");
  CHECK(config->node.is_enabled("loadavg"));
  CHECK_FALSE(config->node.is_enabled("cpu"));
  CHECK(config->node.diskstats_device_exclude == "^ram");
  CHECK(config->node.stat_softirq);
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
