// Files and folders that are looked at again and again.

#include <catch2/catch.hpp>

#include "base/mem_fs.hpp"
#include "base/virtual_loop.hpp"
#include "exporters/node/shared_link_stats.hpp"
#include "exporters/node/shared_source_file.hpp"
#include "exporters/node/source_file.hpp"
#include "exporters/node/source_folder.hpp"
#include "support/temp_dir.hpp"

using namespace tocsin;
using namespace tocsin::exporters::node;

namespace {

using Names = std::vector<std::string>;

/// The same for a file system whose folders can be kept open, and for one whose folders cannot.
void check_folder(Fs& fs, const std::string& root) {
  const std::string path = root + "/folder";
  const auto write = [&](const std::string& name) { REQUIRE(fs.write_file_atomic(path + "/" + name, "text")); };
  SourceFolder folder(fs, path);
  CHECK(folder.list().error().code == Errc::kNotFound);
  CHECK(folder.list().error().code == Errc::kNotFound);
  CHECK_THAT(folder.list().error().message, Catch::Contains(path));
  CHECK(folder.names().empty());
  REQUIRE(fs.create_directories(path));
  write("b");
  CHECK(folder.list().value() == Names{"b"});
  write("a");
  CHECK(folder.list().value() == Names{"a", "b"});
  REQUIRE(fs.remove(path + "/b"));
  CHECK(folder.list().value() == Names{"a"});

  REQUIRE(fs.remove_all(path));
  CHECK(folder.list().error().code == Errc::kNotFound);
  REQUIRE(fs.create_directories(path));
  write("c");
  CHECK(folder.list().value() == Names{"c"});

  REQUIRE(fs.remove_all(path));  // and made anew before anybody looks
  REQUIRE(fs.create_directories(path));
  write("d");
  CHECK(folder.list().value() == Names{"d"});
}

}  // namespace

TEST_CASE("a folder that comes, changes, goes and comes again is listed as it is") {
  test::TempDir dir;
  check_folder(posix_fs(), dir.path());
  MemFs memory;
  check_folder(memory, "/root");
}

TEST_CASE("a folder that was moved away is no longer listed, the one in its place is") {
  test::TempDir dir;
  dir.write("folder/a", "");
  SourceFolder folder(posix_fs(), dir.path() + "/folder");
  CHECK(folder.names() == Names{"a"});
  REQUIRE(posix_fs().rename(dir.path() + "/folder", dir.path() + "/other"));
  CHECK(folder.list().error().code == Errc::kNotFound);
  dir.write("folder/b", "");
  CHECK(folder.names() == Names{"b"});
}

TEST_CASE("what is no folder cannot be listed") {
  test::TempDir dir;
  SourceFolder folder(posix_fs(), dir.write("file", "text"));
  for (int i = 0; i < 2; ++i) CHECK(folder.list().error().code == Errc::kIo);
}

TEST_CASE("a file that comes, goes and comes again is read as it is") {
  test::TempDir dir;
  const std::string path = dir.path() + "/file";
  SourceFile file(posix_fs(), path);
  SourceFiles files(posix_fs());
  const auto absent = [&] {
    CHECK(file.read().error().code == Errc::kNotFound);
    CHECK_THAT(file.read().error().message, Catch::Contains(path));
    CHECK(files.read(path).error().code == Errc::kNotFound);
    CHECK_THAT(files.read(path).error().message, Catch::Contains(path));
  };
  const auto holds = [&](std::string_view text) {
    CHECK(file.read().value() == text);
    CHECK(files.read(path).value() == text);
  };
  absent();
  dir.write("file", "one");
  holds("one");
  dir.write("file", "two");
  holds("two");
}

TEST_CASE("a file that is replaced, removed or made anew is read as it is, though it stays open") {
  test::TempDir dir;
  const std::string path = dir.write("file", "one");
  SourceFile file(posix_fs(), path);
  SourceFiles files(posix_fs());
  const auto holds = [&](std::string_view text) {
    CHECK(file.read().value() == text);
    CHECK(files.read(path).value() == text);
  };
  holds("one");
  for (const std::string_view text : {"two", "six"}) {  // of the same size, and maybe within a tick of the clock
    REQUIRE(posix_fs().rename(dir.write("new", std::string(text)), path));
    holds(text);
    holds(text);
  }
  REQUIRE(posix_fs().remove(path));
  CHECK(file.read().error().code == Errc::kNotFound);
  CHECK(files.read(path).error().code == Errc::kNotFound);
  dir.write("file", "ten");
  holds("ten");
}

TEST_CASE("more absent files than are remembered are absent, until they come") {
  test::TempDir dir;
  SourceFiles files(posix_fs(), 3);
  const auto path = [&](int i) { return dir.path() + "/" + std::to_string(i); };
  for (int round = 0; round < 2; ++round) {
    for (int i = 0; i < 10; ++i) CHECK(files.read(path(i)).error().code == Errc::kNotFound);
  }
  for (int i = 0; i < 10; ++i) dir.write(std::to_string(i), std::to_string(i));
  for (int i = 0; i < 10; ++i) CHECK(files.read(path(i)).value() == std::to_string(i));
}

TEST_CASE("a shared file is read once per scrape, and anew for the next one") {
  test::TempDir dir;
  VirtualLoop clock{1'700'000'000'000};
  SharedSourceFiles files(posix_fs(), clock);
  const std::shared_ptr<SharedSourceFile> file = files.get(dir.path() + "/file");
  CHECK(files.get(dir.path() + "/file") == file);
  CHECK(files.get(dir.path() + "/other") != file);

  const MonoTime first = clock.mono();
  CHECK(file->read(first).error().code == Errc::kNotFound);
  dir.write("file", "one");
  const auto one = file->read(first);
  CHECK(**one == "one");
  dir.write("file", "two");
  CHECK(**file->read(first) == "one");
  CHECK(**file->read(MonoTime::max()) == "two");

  clock.advance(std::chrono::milliseconds(1));
  const MonoTime second = clock.mono();
  dir.write("file", "three");
  const auto three = file->read(second);
  CHECK(**three == "three");
  CHECK(**one == "one");
  dir.write("file", "four");
  CHECK(**file->read(second) == "three");
  clock.advance(std::chrono::milliseconds(1));
  CHECK(**file->read(clock.mono()) == "four");
  CHECK(**three == "three");
}

TEST_CASE("counters of links are good for the scrape in which they were asked for, not for the next one") {
  SharedLinkStats stats;
  std::string seen;
  const auto see = [&](std::string_view name, std::string_view bytes) { seen.append(name).append(bytes); };
  CHECK_FALSE(stats.for_each(MonoTime(0), see));
  std::vector<SharedLinkStats::Device> devices = {{"lo", "1"}, {"eth0", "2"}};
  stats.keep(devices, MonoTime(10));
  CHECK(devices.empty());
  CHECK_FALSE(stats.for_each(MonoTime(11), see));
  CHECK_FALSE(stats.for_each(MonoTime::max(), see));
  CHECK(seen.empty());
  CHECK(stats.for_each(MonoTime(10), see));
  CHECK(seen == "lo1eth02");
}
