#include <filesystem>

#include <catch2/catch.hpp>

#include "base/fault_fs.hpp"
#include "base/mem_fs.hpp"
#include "discovery/discoverer.hpp"
#include "support/fake_http_client.hpp"
#include "support/log_capture.hpp"
#include "support/temp_dir.hpp"
#include "support/test_loop.hpp"

using namespace std::chrono_literals;
using namespace tocsin;
using discovery::TargetGroup;
using Groups = std::vector<TargetGroup>;

namespace {

TargetGroup group(const std::string& path, int index, const std::string& address) {
  return {path + ":" + std::to_string(index), {{{"__address__", address}}}, {{"__meta_filepath", path}}};
}

TargetGroup gone(const std::string& path, int index) {
  return {path + ":" + std::to_string(index), {}, {}};
}

/// Says that something changed when the test says so.
struct FakeWatcher final : net::FileWatcher {
  std::function<void()> changed;
  std::vector<std::string> folders;
  Result<void> result;
  Result<void> watch(const std::vector<std::string>& f) override {
    folders = f;
    return result;
  }
  void close() override { changed = nullptr; }
};

struct Fixture {
  test::LogCapture log;
  test::TestLoop loop;
  MemFs fs{loop.clock()};
  FaultFs faults{fs};
  test::FakeHttpClient client{loop};
  std::shared_ptr<FakeWatcher> watcher = std::make_shared<FakeWatcher>();
  discovery::Services services{loop, loop.work(), client, faults, "job"};
  config::FileSdConfig config;
  std::vector<Groups> heard;
  std::unique_ptr<discovery::Discoverer> discoverer;

  Fixture() {
    REQUIRE(fs.create_directories("/t"));
    services.watch_files = [this](net::TaskLoop&, std::function<void()> changed) {
      watcher->changed = std::move(changed);
      return Result<std::shared_ptr<net::FileWatcher>>(watcher);
    };
  }
  void write(const std::string& path, const std::string& text) { REQUIRE(fs.write_file_atomic(path, text)); }
  void start(std::vector<std::string> patterns) {
    config.files = std::move(patterns);
    discoverer = discovery::make_file_discoverer(config, services);
    discoverer->start([this](Groups groups) { heard.push_back(std::move(groups)); });
    loop.run_ready();
  }
  void change() {
    watcher->changed();
    loop.advance(50ms);
  }
};

}  // namespace

TEST_CASE("files of all patterns are told at once, each group with its file") {
  Fixture f;
  f.write("/t/a.json", R"([{"targets": ["a:1"]}, {"targets": ["a:2"], "labels": {"x": "y"}}])");
  f.write("/t/b.yml", "- targets: ['b:1']\n");
  f.write("/t/c.YAML", "- targets: ['c:1']\n");
  f.write("/t/ignored.txt", "- targets: ['d:1']\n");
  f.start({"/t/*.json", "/t/*.yml", "/t/*.YAML", "/t/a.json"});
  REQUIRE(f.heard.size() == 1);
  TargetGroup labelled = group("/t/a.json", 1, "a:2");
  labelled.labels = {{"__meta_filepath", "/t/a.json"}, {"x", "y"}};
  CHECK(f.heard[0] ==
        Groups{group("/t/a.json", 0, "a:1"), labelled, group("/t/b.yml", 0, "b:1"), group("/t/c.YAML", 0, "c:1")});
  CHECK(f.watcher->folders == std::vector<std::string>{"/t"});
  CHECK(f.services.stats->file_mtimes.size() == 3);
  CHECK(f.services.stats->file_mtimes.at("/t/a.json") == static_cast<double>(f.loop.clock().now() / 1000));
}

TEST_CASE("no file at all is told too") {
  Fixture f;
  f.start({"/nowhere/*.json"});
  REQUIRE(f.heard.size() == 1);
  CHECK(f.heard[0].empty());
  CHECK(f.log.lines().empty());
}

TEST_CASE("a change is seen when it has settled, and only what changed is told") {
  Fixture f;
  f.write("/t/a.json", R"([{"targets": ["a:1"]}])");
  f.write("/t/b.json", R"([{"targets": ["b:1"]}])");
  f.start({"/t/*.json"});
  f.write("/t/a.json", R"([{"targets": ["a:2"]}])");
  f.watcher->changed();
  f.watcher->changed();
  f.loop.advance(49ms);
  CHECK(f.heard.size() == 1);
  f.loop.advance(1ms);
  REQUIRE(f.heard.size() == 2);
  CHECK(f.heard[1] == Groups{group("/t/a.json", 0, "a:2")});
  f.change();
  CHECK(f.heard.size() == 2);
  CHECK(f.services.stats->file_scans.count == 3);
}

TEST_CASE("a change that is not told is seen at the interval") {
  Fixture f;
  f.config.refresh_interval = 1min;
  f.write("/t/a.json", R"([{"targets": ["a:1"]}])");
  f.start({"/t/a.json"});
  f.write("/t/a.json", R"([{"targets": ["a:2"]}])");
  f.loop.advance(59s);
  CHECK(f.heard.size() == 1);
  f.loop.advance(1s);
  CHECK(f.heard.size() == 2);
}

TEST_CASE("groups and files that are not there any more are gone") {
  Fixture f;
  f.write("/t/a.json", R"([{"targets": ["a:1"]}, {"targets": ["a:2"]}, {"targets": ["a:3"]}])");
  f.write("/t/b.json", R"([{"targets": ["b:1"]}])");
  f.start({"/t/*.json"});
  f.write("/t/a.json", R"([{"targets": ["a:1"]}])");
  f.change();
  REQUIRE(f.heard.size() == 2);
  CHECK(f.heard[1] == Groups{gone("/t/a.json", 1), gone("/t/a.json", 2), group("/t/a.json", 0, "a:1")});
  REQUIRE(f.fs.remove("/t/b.json"));
  f.change();
  REQUIRE(f.heard.size() == 3);
  CHECK(f.heard[2] == Groups{gone("/t/b.json", 0)});
  CHECK(!f.services.stats->file_mtimes.contains("/t/b.json"));
}

TEST_CASE("a file that cannot be read keeps its groups; every time counts, the same error is logged once") {
  struct Case {
    const char* text;
    const char* words;
  };
  const Case c = GENERATE(values<Case>({
      {"[{\"targets\": [\"a:1\"", "unexpected end of JSON input"},
      {"", "unexpected end of JSON input"},
      {"[null]", "nil target group item found"},
      {"{}", "cannot unmarshal object"},
  }));
  Fixture f;
  f.write("/t/a.json", R"([{"targets": ["a:1"]}])");
  f.write("/t/b.yml", "- targets: ['b:1']\n");
  f.start({"/t/a.json", "/t/b.yml"});
  f.write("/t/a.json", c.text);
  f.write("/t/b.yml", "- targets: ['b:2']\n");
  f.change();
  f.change();
  REQUIRE(f.heard.size() == 2);
  CHECK(f.heard[1] == Groups{group("/t/b.yml", 0, "b:2")});
  CHECK(f.services.stats->file_read_errors == 2);
  CHECK(f.log.lines().size() == 1);
  CHECK(f.log.contains("Error reading file"));
  CHECK(f.log.contains("path=/t/a.json"));
  CHECK(f.log.contains(c.words));
  f.write("/t/a.json", R"([{"targets": ["a:9"]}])");
  f.change();
  REQUIRE(f.heard.size() == 3);
  CHECK(f.heard[2] == Groups{group("/t/a.json", 0, "a:9")});
}

TEST_CASE("a file that is as it was before it was broken is good again") {
  Fixture f;
  f.write("/t/a.json", R"([{"targets": ["a:1"]}])");
  f.start({"/t/a.json"});
  f.write("/t/a.json", "broken");
  f.change();
  f.write("/t/a.json", R"([{"targets": ["a:1"]}])");
  f.change();
  f.write("/t/a.json", "broken");
  f.change();
  CHECK(f.log.lines().size() == 2);
  CHECK(f.services.stats->file_read_errors == 2);
}

TEST_CASE("a disk that fails is an error of the file, and its groups stay") {
  Fixture f;
  f.write("/t/a.json", R"([{"targets": ["a:1"]}])");
  f.start({"/t/a.json"});
  f.faults.arm({.call = FsCall::kOpen, .nth = 1, .message = "Input/output error"});
  f.change();
  CHECK(f.heard.size() == 1);
  CHECK(f.services.stats->file_read_errors == 1);
  CHECK(f.log.contains("Input/output error"));
}

TEST_CASE("a pattern that is none is logged once; the others are read") {
  Fixture f;
  f.write("/t/a.json", R"([{"targets": ["a:1"]}])");
  f.start({"/t/[.json", "/t/a.json"});
  f.change();
  REQUIRE(f.heard.size() == 1);
  CHECK(f.heard[0] == Groups{group("/t/a.json", 0, "a:1")});
  CHECK(f.log.lines().size() == 1);
  CHECK(f.log.contains("Error expanding glob"));
}

TEST_CASE("where nothing can be watched the interval remains, and it is said once") {
  Fixture f;
  f.write("/t/a.json", R"([{"targets": ["a:1"]}])");
  SECTION("not at all") {
    f.services.watch_files = [](net::TaskLoop&, const std::function<void()>&) {
      return Result<std::shared_ptr<net::FileWatcher>>(fail(Errc::kIo, "inotify_init1: Too many open files"));
    };
  }
  SECTION("not this folder") {
    f.watcher->result = fail(Errc::kIo, "inotify_add_watch /t: No space left on device");
  }
  f.start({"/t/a.json"});
  f.write("/t/a.json", R"([{"targets": ["a:2"]}])");
  f.loop.advance(11min);
  CHECK(f.heard.size() == 2);
  CHECK(f.log.contains("Error adding file watch"));
  CHECK(f.services.stats->file_watcher_errors >= 1);
}

TEST_CASE("a file discoverer may go at any time") {
  Fixture f;
  f.write("/t/a.json", R"([{"targets": ["a:1"]}])");
  f.config.files = {"/t/a.json"};
  f.discoverer = discovery::make_file_discoverer(f.config, f.services);
  f.discoverer->start([&f](Groups groups) { f.heard.push_back(std::move(groups)); });
  SECTION("before its first look is over") {
    f.discoverer = nullptr;
    f.loop.advance(1h);
    CHECK(f.heard.empty());
  }
  SECTION("between two looks") {
    f.loop.advance(1s);
    f.watcher->changed();
    f.discoverer = nullptr;
    f.loop.advance(1h);
    CHECK(f.heard.size() == 1);
  }
  CHECK(f.watcher->changed == nullptr);
  CHECK(f.services.stats->file_mtimes.empty());
}

TEST_CASE("with files of the system, a replaced file is heard without waiting for the interval") {
  test::TempDir dir;
  test::TestLoop loop;
  test::FakeHttpClient client(loop);
  const std::string path = dir.write("a.json", R"([{"targets": ["a:1"]}])");
  discovery::Services services{loop, loop.work(), client, posix_fs(), "job"};
  std::vector<Groups> heard;
  const auto discoverer = discovery::make_file_discoverer({.files = {dir.path() + "/*.json"}}, services);
  discoverer->start([&heard](Groups groups) { heard.push_back(std::move(groups)); });
  loop.run_ready();
  REQUIRE(heard.size() == 1);
  dir.write("next", R"([{"targets": ["a:2"]}])");
  std::filesystem::rename(dir.path() + "/next", path);
  const MonoTime before = loop.clock().mono();
  loop.pump_until([&] {
    loop.advance(10ms);
    return heard.size() > 1;
  });
  CHECK(heard[1] == Groups{group(path, 0, "a:2")});
  CHECK(loop.clock().mono() - before < Duration(1min));
}
