#include "base/line_log.hpp"

#include <algorithm>

#include <catch2/catch.hpp>

#include "base/fault_fs.hpp"
#include "base/mem_fs.hpp"
#include "base/virtual_loop.hpp"
#include "support/log_capture.hpp"

using namespace tocsin;

namespace {

struct Bench {
  test::LogCapture logged;
  VirtualLoop loop;
  MemFs files;
  FaultFs fs{files};
  std::shared_ptr<LineLog> log = make("/f.json");

  std::shared_ptr<LineLog> make(const std::string& path) {
    return std::make_shared<LineLog>(fs, loop.lane(Lane::kQuery), path, "test", "the test log");
  }
  std::string text() { return files.read_file("/f.json").value_or("none"); }
};

}  // namespace

TEST_CASE("lines are written together off the loop, and those beyond a MiB that waits are dropped") {
  Bench bench;
  const std::string line = std::string(1000, 'e') + "\n";
  for (int i = 0; i < 2000; ++i) bench.log->write(line);
  CHECK(bench.text() == "none");
  bench.loop.run_ready();
  const std::string text = bench.text();
  const auto written = std::count(text.begin(), text.end(), '\n');
  CHECK(text.size() <= 1U << 20U);
  CHECK(written > 900);
  CHECK(bench.log->dropped() == 2000 - static_cast<std::uint64_t>(written));
  bench.log->write("later\n");
  bench.loop.run_ready();
  CHECK(bench.text() == text + "later\n");
}

TEST_CASE("a file of lines begins anew where it was moved away, with the next line") {
  Bench bench;
  bench.log->write("1\n");
  bench.loop.run_ready();
  REQUIRE(bench.files.rename("/f.json", "/f.json.1").has_value());
  bench.log->write("2\n");
  bench.loop.run_ready();
  bench.log->reopen();
  bench.loop.run_ready();
  CHECK_FALSE(bench.files.exists("/f.json"));
  bench.log->write("3\n");
  bench.loop.run_ready();
  CHECK(bench.files.read_file("/f.json.1").value() == "1\n2\n");
  CHECK(bench.text() == "3\n");
}

TEST_CASE("a file of lines that cannot be written is complained about once, and tried again") {
  Bench bench;
  Fault full;
  full.stays = true;
  bench.fs.arm(full);
  for (int i = 0; i < 3; ++i) {
    bench.log->write("lost\n");
    bench.loop.run_ready();
  }
  CHECK(bench.log->dropped() == 3);
  CHECK(bench.logged.lines().size() == 1);
  CHECK(bench.logged.contains("can't write the test log: lines are dropped"));
  bench.fs.heal();
  bench.log->write("kept\n");
  bench.loop.run_ready();
  CHECK(bench.text() == "kept\n");
  CHECK(bench.log->dropped() == 3);
}

TEST_CASE("whether a file of lines can be opened may be asked at once") {
  Bench bench;
  CHECK(bench.log->open().has_value());
  CHECK(bench.text().empty());
  CHECK(bench.make("/no/such/folder/f")->open().error().message.find("/no/such/folder/f") != std::string::npos);
}
