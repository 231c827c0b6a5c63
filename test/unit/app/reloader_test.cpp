#include "app/reloader.hpp"

#include <catch2/catch.hpp>

#include "support/log_capture.hpp"
#include "support/test_loop.hpp"

using namespace tocsin;
using namespace std::chrono_literals;

namespace {

/// A set of files that is played: what its checksum is, and how a reload ends.
struct Files {
  std::string sum = "one";
  bool readable = true;
  bool good = true;
  int reloads = 0;
  int at_once = 0;  // reloads that run

  Result<std::string> checksum() const {
    if (!readable) return fail(Errc::kIo, "gone");
    return sum;
  }
};

net::Task<Result<void>> reload(Files* files, net::TaskLoop* loop) {
  check(++files->at_once == 1, "two reloads at once");
  co_await net::sleep_for(*loop, 100ms);
  ++files->reloads;
  --files->at_once;
  if (!files->good) co_return fail(Errc::kInvalid, "f.yml:1:1: bad");
  co_return Result<void>();
}

app::ReloadPart part(Files& files, net::TaskLoop& loop) {
  return {"f.yml", [&files] { return files.checksum(); }, [&files, &loop] { return reload(&files, &loop); }, "one"};
}

}  // namespace

TEST_CASE("every part is reloaded on demand, and the first error is told") {
  test::TestLoop loop;
  test::LogCapture log;
  Files first;
  Files second;
  app::Reloader reloader(loop, loop, {part(first, loop), part(second, loop)});
  CHECK(loop.run(reloader.reload()));
  CHECK(first.reloads == 1);
  CHECK(second.reloads == 1);
  first.good = false;
  const auto failed = loop.run(reloader.reload());
  REQUIRE_FALSE(failed);
  CHECK(failed.error().message == "f.yml:1:1: bad");
  CHECK(second.reloads == 2);  // an error of one does not keep the other from being taken
}

TEST_CASE("two reloads run one after the other") {
  test::TestLoop loop;
  Files files;
  app::Reloader reloader(loop, loop, {part(files, loop)});
  auto one = loop.start(reloader.reload());
  auto other = loop.start(reloader.reload());
  loop.advance(1s);
  CHECK(one.done());
  CHECK(other.done());
  CHECK(files.reloads == 2);
}

TEST_CASE("files are watched: a change reloads its part once") {
  test::TestLoop loop;
  test::LogCapture log;
  Files first;
  Files second;
  app::Reloader reloader(loop, loop, {part(first, loop), part(second, loop)});
  reloader.watch(30s);
  loop.advance(2min);
  CHECK(first.reloads == 0);
  first.sum = "two";
  loop.advance(2min);
  CHECK(first.reloads == 1);
  CHECK(second.reloads == 0);
}

TEST_CASE("what is wrong is tried again when it changes, not before") {
  test::TestLoop loop;
  test::LogCapture log;
  Files files;
  app::Reloader reloader(loop, loop, {part(files, loop)});
  reloader.watch(30s);
  files.sum = "two";
  files.good = false;
  loop.advance(5min);
  CHECK(files.reloads == 1);
  files.readable = false;
  loop.advance(5min);
  CHECK(files.reloads == 2);
  files.readable = true;
  files.good = true;
  files.sum = "three";
  loop.advance(5min);
  CHECK(files.reloads == 3);
}

TEST_CASE("what was reloaded on demand is no change for the watch") {
  test::TestLoop loop;
  test::LogCapture log;
  Files files;
  app::Reloader reloader(loop, loop, {part(files, loop)});
  reloader.watch(30s);
  files.sum = "two";
  CHECK(loop.run(reloader.reload()));
  loop.advance(5min);
  CHECK(files.reloads == 1);
}
