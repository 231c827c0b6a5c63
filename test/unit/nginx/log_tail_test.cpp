#include "exporters/nginx/log_tail.hpp"

#include <catch2/catch.hpp>

#include "base/mem_fs.hpp"
#include "support/temp_dir.hpp"

namespace tocsin::exporters::nginx {
namespace {

/// A log in a folder of the operating system, whose files live on when they are renamed.
struct Log {
  test::TempDir folder;
  const std::string path = folder.path() + "/access.log";
  std::string seen;
  LogTail tail{posix_fs(), path, [this](std::string_view line) { seen += std::string(line) + ";"; }};

  void append(std::string_view bytes, const std::string& to = "") {
    auto file = posix_fs().open_append(to.empty() ? path : to);
    REQUIRE(file);
    REQUIRE((*file)->append(bytes));
  }
  std::string poll() {
    seen.clear();
    const auto polled = tail.poll();
    return polled ? seen : "error " + seen;
  }
};

}  // namespace

TEST_CASE("a log is read from where it ended when we came", "[nginx]") {
  Log log;
  log.append("old\n");
  CHECK(log.poll().empty());
  log.append("one\ntw");
  CHECK(log.poll() == "one;");
  log.append("o\n\nthree\n");
  CHECK(log.poll() == "two;;three;");
  CHECK(log.poll().empty());
}

TEST_CASE("a log that comes later is read from its beginning", "[nginx]") {
  Log log;
  CHECK(log.poll() == "error ");
  log.append("one\n");
  CHECK(log.poll() == "one;");
}

TEST_CASE("what is written to a renamed log is read, then its successor", "[nginx]") {
  Log log;
  log.append("x\n");
  CHECK(log.poll().empty());
  log.append("one\n");
  REQUIRE(posix_fs().rename(log.path, log.path + ".1"));
  log.append("two\n", log.path + ".1");
  CHECK(log.poll() == "error one;two;");  // there is no log of that name now
  log.append("three\n", log.path + ".1");
  log.append("four\n");
  CHECK(log.poll() == "three;four;");
  log.append("late\n", log.path + ".1");
  log.append("five\n");
  CHECK(log.poll() == "late;five;");
  log.append("too late\n", log.path + ".1");
  log.append("six\n");
  CHECK(log.poll() == "six;");
}

TEST_CASE("a successor as long as its predecessor is another file all the same", "[nginx]") {
  Log log;
  log.append("aaaa\n");
  CHECK(log.poll().empty());
  REQUIRE(posix_fs().rename(log.path, log.path + ".1"));
  log.append("bbbb\n");
  CHECK(log.poll() == "bbbb;");
}

TEST_CASE("a log that is cut in place is read from its beginning", "[nginx]") {
  Log log;
  log.append("a long line that was there\n");
  CHECK(log.poll().empty());
  auto file = posix_fs().open_append(log.path);
  REQUIRE((*file)->truncate(0));
  log.append("one\n");
  CHECK(log.poll() == "one;");
}

TEST_CASE("a line that is too long is one bad line, and does no harm to the next", "[nginx]") {
  Log log;
  log.append("");
  CHECK(log.poll().empty());
  log.append(std::string(100'000, 'x'));
  CHECK(log.poll() == ";");
  log.append(std::string(100'000, '\0') + "\nnext\n");
  CHECK(log.poll() == "next;");
  log.append(std::string(70'000, 'y') + "\n");
  CHECK(log.poll() == ";");
}

TEST_CASE("a log that grew a lot is read in pieces", "[nginx]") {
  Log log;
  log.append("");
  CHECK(log.poll().empty());
  std::string text;
  while (text.size() < (20U << 20U)) text += std::string(1000, 'z') + "\n";
  log.append(text);
  log.poll();
  CHECK(log.tail.lag() == text.size() - (16U << 20U));
  log.poll();
  CHECK(log.tail.lag() == 0);
  CHECK(log.tail.skipped() == 0);
}

}  // namespace tocsin::exporters::nginx
