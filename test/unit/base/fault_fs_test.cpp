#include "base/fault_fs.hpp"

#include <catch2/catch.hpp>

#include "base/mem_fs.hpp"

using namespace tocsin;

TEST_CASE("the n-th call fails, and only that") {
  MemFs memory;
  FaultFs fs(memory);
  auto file = fs.open_append("f").value();
  REQUIRE(file->append("a"));
  fs.arm({.call = FsCall::kAppend, .nth = 2});
  REQUIRE(file->append("b"));
  const auto failed = file->append("c");
  REQUIRE_FALSE(failed);
  CHECK(failed.error().message == "write f: No space left on device");
  CHECK(failed.error().code == Errc::kIo);
  REQUIRE(file->append("d"));
  CHECK(memory.read_file("f").value() == "abd");
  CHECK(fs.count(FsCall::kAppend) == 4);
}

TEST_CASE("a full disk stays full until it is healed, and takes a part of the write") {
  MemFs memory;
  FaultFs fs(memory);
  auto file = fs.open_append("f").value();
  fs.arm({.call = FsCall::kAppend, .stays = true, .written = 2});
  CHECK_FALSE(file->append("abcdef"));
  CHECK_FALSE(file->append("x"));
  CHECK(memory.read_file("f").value() == "abx");
  fs.heal();
  CHECK(file->append("y"));
}

TEST_CASE("after a call in which the process died every call fails, until it is healed") {
  MemFs inner;
  FaultFs fs(inner);
  REQUIRE(inner.create_directories("/d"));
  const auto file = *fs.open_append("/d/f");
  fs.arm({.call = FsCall::kAppend, .nth = 2, .dies = true, .written = 3});
  REQUIRE(file->append("whole"));
  CHECK_FALSE(file->append("partial"));
  CHECK_FALSE(file->append("nothing"));
  CHECK_FALSE(file->sync());
  CHECK_FALSE(fs.list("/d"));
  CHECK_FALSE(fs.open_append("/d/g"));
  CHECK(fs.count(FsCall::kAppend) == 3);
  CHECK(*inner.read_file("/d/f") == "wholepar");
  fs.heal();
  CHECK(fs.list("/d"));
}

TEST_CASE("each kind of call can fail") {
  MemFs memory;
  REQUIRE(memory.write_file_atomic("f", "x"));
  FaultFs fs(memory);
  const auto fails_once = [&](FsCall call, auto use) {
    fs.arm({.call = call, .code = Errc::kCorrupt, .message = "bad sector"});
    const auto result = use();
    REQUIRE_FALSE(result);
    CHECK(result.error().code == Errc::kCorrupt);
    CHECK_THAT(result.error().message, Catch::EndsWith(": bad sector"));
    CHECK(use());
  };
  char byte = 0;
  auto file = fs.open_append("g").value();
  auto random = fs.open_random("f").value();
  fails_once(FsCall::kOpen, [&] { return fs.open_append("g"); });
  fails_once(FsCall::kOpen, [&] { return fs.read_file("f"); });
  fails_once(FsCall::kOpen, [&] { return fs.map("f"); });
  fails_once(FsCall::kOpen, [&] { return fs.make_shared_file("s", 2); });
  fails_once(FsCall::kSync, [&] { return file->sync(); });
  fails_once(FsCall::kTruncate, [&] { return file->truncate(0); });
  fails_once(FsCall::kRead, [&] { return random->read_at(0, &byte, 1); });
  fails_once(FsCall::kList, [&] { return fs.list("."); });
  fails_once(FsCall::kCreateDirectories, [&] { return fs.create_directories("d"); });
  fails_once(FsCall::kSyncDirectory, [&] { return fs.sync_directory("."); });
  fails_once(FsCall::kRename, [&] { return fs.rename("g", "h"); });
  fails_once(FsCall::kLink, [&] { return fs.link("f", fs.exists("k") ? "l" : "k"); });
  fails_once(FsCall::kRemove, [&] { return fs.remove("h"); });
}

TEST_CASE("an atomic write that fails at any step leaves the old file") {
  for (const FsCall call : {FsCall::kOpen, FsCall::kAppend, FsCall::kSync, FsCall::kRename}) {
    MemFs memory;
    REQUIRE(memory.write_file_atomic("f", "old"));
    FaultFs fs(memory);
    fs.arm({.call = call, .written = 1});
    CHECK_FALSE(fs.write_file_atomic("f", "new text"));
    CHECK(memory.read_file("f").value() == "old");
    CHECK(fs.write_file_atomic("f", "new text"));
    CHECK(memory.read_file("f").value() == "new text");
  }
}
