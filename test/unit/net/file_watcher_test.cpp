#include "net/file_watcher.hpp"

#include <filesystem>

#include <catch2/catch.hpp>

#include "base/fs.hpp"
#include "support/temp_dir.hpp"
#include "support/test_loop.hpp"

using namespace tocsin;
namespace files = std::filesystem;

namespace {

struct Fixture {
  test::TempDir dir;
  test::TestLoop loop;
  int calls = 0;
  std::shared_ptr<net::FileWatcher> watcher = *net::make_file_watcher(loop, [this] { ++calls; });
  ~Fixture() {
    if (watcher) watcher->close();
  }

  std::string path(const std::string& name) const { return dir.path() + "/" + name; }
  void watch(const std::vector<std::string>& folders) { REQUIRE(watcher->watch(folders)); }
  /// Waits for a call, then looks again as a user of the watcher does.
  void expect_change(const std::vector<std::string>& folders) {
    loop.pump_until([this] { return calls > 0; });
    watch(folders);
    settle();
  }
  /// All that has happened by now is told; no call stands for it any more.
  void settle() {
    for (int before = -1; before != calls;) {
      before = calls;
      loop.run_ready();
    }
    calls = 0;
  }
  bool is_quiet() {
    loop.run_ready();
    return calls == 0;
  }
};

}  // namespace

TEST_CASE("a file that comes, changes, is replaced or goes is a change") {
  Fixture f;
  f.watch({f.dir.path()});
  f.settle();
  f.dir.write("a.json", "[]");
  f.expect_change({f.dir.path()});
  f.dir.write("a.json", "[ ]");
  f.expect_change({f.dir.path()});
  f.dir.write("other.tmp", "[ ]");
  f.expect_change({f.dir.path()});
  files::rename(f.path("other.tmp"), f.path("a.json"));
  f.expect_change({f.dir.path()});
  files::remove(f.path("a.json"));
  f.expect_change({f.dir.path()});
}

TEST_CASE("reading is no change") {
  Fixture f;
  f.dir.write("a.json", "[]");
  f.watch({f.dir.path()});
  f.settle();
  CHECK(posix_fs().read_file(f.path("a.json")));
  CHECK(glob(posix_fs(), f.path("*.json")));
  CHECK(f.is_quiet());
}

TEST_CASE("a folder that appears later, in steps, is found") {
  Fixture f;
  const std::vector<std::string> folders{f.path("one/two")};
  f.watch(folders);
  f.settle();
  f.dir.write("unrelated", "x");
  CHECK(f.is_quiet());
  files::create_directory(f.path("one"));
  f.expect_change(folders);
  files::create_directory(f.path("one/two"));
  f.expect_change(folders);
  f.dir.write("one/two/a.json", "[]");
  f.expect_change(folders);
}

TEST_CASE("a folder that is replaced by another is followed") {
  Fixture f;
  const std::vector<std::string> folders{f.path("t")};
  f.dir.write("t/a.json", "[]");
  f.dir.write("new/a.json", "[]");
  f.watch(folders);
  f.settle();
  files::remove_all(f.path("t"));
  f.expect_change(folders);
  files::rename(f.path("new"), f.path("t"));
  f.expect_change(folders);
  f.dir.write("t/a.json", "[ ]");
  f.expect_change(folders);
}

TEST_CASE("a link swapped as Kubernetes swaps a ConfigMap is a change") {
  Fixture f;
  f.dir.write("..2026_01/a.json", "[]");
  f.dir.write("..2026_02/a.json", "[ ]");
  files::create_symlink("..2026_01", f.path("..data"));
  files::create_symlink("..data/a.json", f.path("a.json"));
  f.watch({f.dir.path()});
  f.settle();
  files::create_symlink("..2026_02", f.path("..data_tmp"));
  files::rename(f.path("..data_tmp"), f.path("..data"));
  f.expect_change({f.dir.path()});
}

TEST_CASE("a link to the folder that is swapped is followed") {
  Fixture f;
  f.dir.write("v1/a.json", "[]");
  f.dir.write("v2/a.json", "[]");
  files::create_symlink("v1", f.path("current"));
  const std::vector<std::string> folders{f.path("current")};
  f.watch(folders);
  f.settle();
  files::create_symlink("v2", f.path("next"));
  files::rename(f.path("next"), f.path("current"));
  f.expect_change(folders);
  f.dir.write("v2/a.json", "[ ]");
  f.expect_change(folders);
  f.dir.write("v1/a.json", "[ ]");
  CHECK(f.is_quiet());
}

TEST_CASE("what is not watched any more is silent") {
  Fixture f;
  f.dir.write("a/x", "");
  f.dir.write("b/x", "");
  f.watch({f.path("a")});
  f.watch({f.path("b")});
  f.settle();
  f.dir.write("a/x", "changed");
  CHECK(f.is_quiet());
  f.dir.write("b/x", "changed");
  f.loop.pump_until([&f] { return f.calls > 0; });
}

TEST_CASE("a closed watcher is silent and may outlive its loop") {
  std::shared_ptr<net::FileWatcher> watcher;
  {
    Fixture f;
    f.watch({f.dir.path()});
    f.settle();
    watcher = f.watcher;
    f.dir.write("x", "changed");
    watcher->close();
    watcher->close();
    CHECK(f.is_quiet());
  }
  CHECK(watcher->watch({"/"}));
}

TEST_CASE("a watcher may be closed by its own call") {
  Fixture f;
  int calls = 0;
  std::shared_ptr<net::FileWatcher> watcher;
  watcher = *net::make_file_watcher(f.loop, [&watcher, &calls] {
    ++calls;
    watcher->close();
  });
  REQUIRE(watcher->watch({f.dir.path()}));
  f.dir.write("x", "changed");
  f.loop.pump_until([&calls] { return calls > 0; });
  f.dir.write("x", "again");
  f.loop.run_ready();
  CHECK(calls == 1);
}
