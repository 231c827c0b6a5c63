#include "base/fs.hpp"

#include <filesystem>

#include <catch2/catch.hpp>
#include <fmt/format.h>

#include "base/mem_fs.hpp"
#include "base/system_file.hpp"
#include "base/virtual_loop.hpp"
#include "support/temp_dir.hpp"

using namespace tocsin;

namespace {

/// What every file system must do, in an empty folder of its own.
void check_contract(Fs& fs, const std::string& root) {
  const std::string file = root + "/a/b/file";
  REQUIRE(fs.create_directories(root + "/a/b"));
  REQUIRE(fs.create_directories(root + "/a/b"));
  REQUIRE(fs.create_directories(root + "/p/q//r/"));
  CHECK(fs.info(root + "/p/q/r")->directory);
  CHECK(fs.info(root + "/a")->directory);
  CHECK(fs.read_file(file).error().code == Errc::kNotFound);
  CHECK_THAT(fs.read_file(file).error().message, Catch::Contains(file));
  CHECK_FALSE(fs.open_append(root + "/none/file"));
  CHECK_FALSE(fs.list(root + "/none"));

  {
    auto out = fs.open_append(file);
    REQUIRE(out);
    REQUIRE((*out)->append("hello "));
    REQUIRE((*out)->append(""));
    REQUIRE((*out)->append("world"));
    CHECK((*out)->size() == 11);
    REQUIRE((*out)->sync());
    REQUIRE((*out)->sync());
  }
  {
    auto out = fs.open_append(file);
    REQUIRE(out);
    CHECK((*out)->size() == 11);
    REQUIRE((*out)->truncate(5));
    REQUIRE((*out)->append("!"));
    CHECK((*out)->size() == 6);
  }
  CHECK(fs.read_file(file).value() == "hello!");
  CHECK(fs.read_file(file, 6).value() == "hello!");
  CHECK(fs.read_file(file, 5).error().code == Errc::kLimit);
  CHECK(fs.info(file)->size == 6);
  CHECK_FALSE(fs.info(file)->directory);
  CHECK(fs.exists(file));
  CHECK(fs.real_path(file)->ends_with("/a/b/file"));
  CHECK(fs.real_path(root + "/none").error().code == Errc::kNotFound);

  const auto mapped = fs.map(file);
  REQUIRE(mapped);
  CHECK((*mapped)->bytes() == "hello!");
  const auto random = fs.open_random(file);
  REQUIRE(random);
  char buffer[8] = {};
  CHECK((*random)->read_at(1, buffer, 3).value() == 3);
  CHECK(std::string_view(buffer, 3) == "ell");
  CHECK((*random)->read_at(4, buffer, 8).value() == 2);
  CHECK((*random)->read_at(60, buffer, 8).value() == 0);
  CHECK((*random)->size().value() == 6);

  REQUIRE(fs.write_file_atomic(root + "/a/other", "one"));
  REQUIRE(fs.write_file_atomic(root + "/a/other", "two"));
  CHECK(fs.read_file(root + "/a/other").value() == "two");
  REQUIRE(fs.rename(root + "/a/other", root + "/a/b/moved"));
  CHECK_FALSE(fs.exists(root + "/a/other"));
  CHECK_FALSE(fs.rename(root + "/a/other", root + "/a/b/x"));
  CHECK(fs.list(root + "/a/b").value() == std::vector<std::string>{"file", "moved"});
  CHECK(fs.list(root + "/a").value() == std::vector<std::string>{"b"});
  REQUIRE(fs.sync_directory(root + "/a/b"));

  REQUIRE(fs.link(root + "/a/b/moved", root + "/a/linked"));
  CHECK(fs.read_file(root + "/a/linked").value() == "two");
  CHECK(fs.link(root + "/a/b/moved", root + "/a/linked").error().code == Errc::kExists);
  CHECK(fs.link(root + "/a/none", root + "/a/x").error().code == Errc::kNotFound);
  CHECK(fs.link(root + "/a/b/moved", root + "/none/x").error().code == Errc::kNotFound);
  REQUIRE(fs.write_file_atomic(root + "/a/linked", "three"));  // a new file: the other name keeps the old one
  CHECK(fs.read_file(root + "/a/b/moved").value() == "two");
  REQUIRE(fs.link(root + "/a/b/moved", root + "/a/again"));
  REQUIRE(fs.remove(root + "/a/again"));
  CHECK(fs.read_file(root + "/a/b/moved").value() == "two");
  CHECK(fs.capacity(root).value() > 0);
  CHECK(fs.capacity(root + "/none").error().code == Errc::kNotFound);

  {
    auto shared = fs.make_shared_file(root + "/a/shared", 5);
    REQUIRE(shared);
    const std::span<char> bytes = (*shared)->bytes();
    CHECK(std::string_view(bytes.data(), bytes.size()) == std::string_view("\0\0\0\0\0", 5));
    bytes[0] = 'a';
    bytes[4] = 'z';
    CHECK(fs.read_file(root + "/a/shared").value() == std::string("a\0\0\0z", 5));
    const auto other = fs.make_shared_file(root + "/a/shared", 2);  // another file
    REQUIRE(other);
    bytes[0] = 'b';
    CHECK(fs.read_file(root + "/a/shared").value() == std::string(2, '\0'));
    CHECK_FALSE(fs.make_shared_file(root + "/a/b", 1));  // a folder
    CHECK_FALSE(fs.make_shared_file(root + "/none/x", 1));
    CHECK((*fs.make_shared_file(root + "/a/shared", 0))->bytes().empty());
  }
  REQUIRE(fs.remove(root + "/a/shared"));

  REQUIRE(fs.write_file_atomic(root + "/a/empty", ""));
  CHECK(fs.map(root + "/a/empty").value()->bytes().empty());

  CHECK_FALSE(fs.remove(root + "/a/b"));  // not empty
  REQUIRE(fs.remove(file));
  CHECK(fs.remove(file).error().code == Errc::kNotFound);
  REQUIRE(fs.rename(root + "/a", root + "/c"));
  CHECK(fs.read_file(root + "/c/b/moved").value() == "two");
  CHECK_FALSE(fs.exists(root + "/a"));
  REQUIRE(fs.remove_all(root + "/c"));
  CHECK_FALSE(fs.exists(root + "/c/b/moved"));

  auto lock = fs.lock(root + "/lock");
  REQUIRE(lock);
  CHECK(fs.lock(root + "/lock").error().code == Errc::kExists);
  lock->reset();
  CHECK(fs.lock(root + "/lock"));
}

}  // namespace

TEST_CASE("the operating system's files keep the contract") {
  const test::TempDir dir;
  check_contract(posix_fs(), dir.path());
}

TEST_CASE("files in memory keep the contract") {
  MemFs fs;
  REQUIRE(fs.create_directories("data"));
  check_contract(fs, "data");
  REQUIRE(fs.create_directories("/abs/data"));
  check_contract(fs, "/abs/data/");
}

TEST_CASE("a power cut takes what was not synced") {
  VirtualLoop clock;
  MemFs fs(clock);
  REQUIRE(fs.create_directories("d"));
  auto file = fs.open_append("d/log").value();
  REQUIRE(file->append("one"));
  REQUIRE(file->sync());
  REQUIRE(file->append("two"));
  auto never = fs.open_append("d/never").value();
  REQUIRE(never->append("x"));
  REQUIRE(fs.write_file_atomic("d/atomic", "whole"));
  REQUIRE(fs.rename("d/atomic", "d/renamed"));

  SECTION("down to the last sync") {
    fs.drop_unsynced();
    CHECK(fs.read_file("d/log").value() == "one");
    CHECK_FALSE(fs.exists("d/never"));
    CHECK(fs.read_file("d/atomic").value() == "whole");
    CHECK_FALSE(fs.exists("d/renamed"));
  }
  SECTION("but for what the disk happened to have written") {
    fs.drop_unsynced(2);
    CHECK(fs.read_file("d/log").value() == "onetw");
  }
  SECTION("and a synced folder keeps its names") {
    REQUIRE(fs.sync_directory("d"));
    fs.drop_unsynced();
    CHECK_FALSE(fs.exists("d/atomic"));
    CHECK(fs.read_file("d/renamed").value() == "whole");
    CHECK(fs.read_file("d/never").value().empty());
  }
  SECTION("and a truncation that was not synced is undone") {
    REQUIRE(file->truncate(1));
    REQUIRE(file->append("ZZZZ"));
    fs.drop_unsynced(2);
    CHECK(fs.read_file("d/log").value() == "one");
  }
  SECTION("and open files are dead") {
    fs.drop_unsynced();
    CHECK(file->append("x").error().code == Errc::kIo);
    CHECK_FALSE(file->sync());
    CHECK(fs.read_file("d/log").value() == "one");
  }
}

TEST_CASE("the death of the process loses nothing and frees its locks") {
  MemFs fs;
  auto file = fs.open_append("log").value();
  REQUIRE(file->append("one"));
  auto lock = fs.lock("lock").value();
  fs.drop_handles();
  CHECK(fs.read_file("log").value() == "one");
  CHECK_FALSE(file->append("two"));
  auto second = fs.lock("lock");
  REQUIRE(second);
  lock.reset();  // the dead process' lock is not the new one's
  CHECK_FALSE(fs.lock("lock"));
}

TEST_CASE("files in memory have the clock's times, and bytes can rot") {
  VirtualLoop clock(1000);
  MemFs fs(clock);
  REQUIRE(fs.write_file_atomic("f", "abc"));
  clock.advance(std::chrono::seconds(5));
  CHECK(fs.info("f")->modified == 1000);
  auto file = fs.open_append("f").value();
  REQUIRE(file->append("d"));
  CHECK(fs.info("f")->modified == 6000);
  fs.corrupt("f", 1, "X");
  CHECK(fs.read_file("f").value() == "aXcd");
}

TEST_CASE("a file of the system that is replaced or longer is another version") {
  test::TempDir dir;
  const auto version_of = [&](const std::string& path) {
    const auto file = posix_fs().open_random(path);
    REQUIRE(file);
    const auto version = dynamic_cast<const SystemFile&>(**file).version();
    REQUIRE(version);
    return *version;
  };
  const std::string path = dir.write("file", "hello");
  const FileVersion first = version_of(path);
  CHECK(first == version_of(path));
  CHECK(first.size == 5);
  CHECK(first.modified_ns / 1'000'000 == posix_fs().info(path)->modified);
  dir.write("file", "hello, world");
  CHECK(first != version_of(path));
  std::filesystem::rename(dir.write("other", "hello"), path);
  CHECK(first != version_of(path));
}

TEST_CASE("a file of the system can be read with one call, which is short at its end") {
  test::TempDir dir;
  dir.write("file", "hello");
  const auto file = posix_fs().open_random(dir.path() + "/file");
  REQUIRE(file);
  const auto* const once = dynamic_cast<const SystemFile*>(file->get());
  REQUIRE(once != nullptr);
  char buffer[16] = {};
  CHECK(once->read_once(buffer, sizeof(buffer)).value() == 5);
  CHECK(std::string_view(buffer, 5) == "hello");
  CHECK(once->read_once(buffer, 3).value() == 3);
  dir.write("file", "new");
  CHECK(once->read_once(buffer, sizeof(buffer)).value() == 3);
  const auto folder = posix_fs().open_random(dir.path());
  if (folder) CHECK(dynamic_cast<const SystemFile&>(**folder).read_once(buffer, 1).error().code == Errc::kIo);
}

TEST_CASE("a folder that was opened is listed as it is now") {
  test::TempDir dir;
  const std::string path = dir.path() + "/folder";
  REQUIRE(posix_fs().create_directories(path + "/b"));
  const auto folder = posix_fs().open_random(path);
  REQUIRE(folder);
  const auto& open = dynamic_cast<const SystemFile&>(**folder);
  using Names = std::vector<std::string>;
  CHECK(open.names().value() == Names{"b"});
  dir.write("folder/a", "");
  CHECK(open.names().value() == Names{"a", "b"});
  for (int i = 0; i < 2000; ++i) dir.write(fmt::format("folder/of_many_{}", i), "");
  CHECK(open.names().value() == posix_fs().list(path).value());
  CHECK(open.names()->size() == 2002);

  SECTION("until it is removed") {
    REQUIRE(posix_fs().remove_all(path));
    CHECK(open.names().error().code == Errc::kNotFound);
    REQUIRE(posix_fs().create_directories(path + "/c"));
    CHECK(open.names().error().code == Errc::kNotFound);
  }
  SECTION("until another takes its place") {
    REQUIRE(posix_fs().rename(path, dir.path() + "/moved"));
    CHECK(open.names().error().code == Errc::kNotFound);
    REQUIRE(posix_fs().create_directories(path + "/c"));
    CHECK(open.names().error().code == Errc::kNotFound);
  }
}

TEST_CASE("a file that was opened has no names") {
  test::TempDir dir;
  const auto file = posix_fs().open_random(dir.write("file", "hello"));
  REQUIRE(file);
  CHECK(dynamic_cast<const SystemFile&>(**file).names().error().code == Errc::kIo);
}

TEST_CASE("folders of the kernel are listed twice as once") {
  for (const std::string path : {"/sys", "/sys/class", "/sys/class/net", "/sys/fs", "/proc/self/fd", "/proc/sys/net"}) {
    const auto names = posix_fs().list(path);
    if (!names) continue;  // not every container has it
    CAPTURE(path);
    const auto folder = posix_fs().open_random(path);
    REQUIRE(folder);
    const auto& open = dynamic_cast<const SystemFile&>(**folder);
    if (path != "/proc/self/fd") CHECK(open.names().value() == *names);
    CHECK(open.names().value() == open.names().value());
  }
}
