// What is left after the process dies, the power goes, the disk fails or lies.
#include <algorithm>
#include <set>
#include <sstream>

#include "lives.hpp"

namespace tocsin::tsdb {
namespace {

TEST_CASE("all that was committed is there after the process died, again and again") {
  const Quiet quiet;
  for (const std::uint64_t seed : {1, 2, 3}) {
    MemFs disk;
    Twins twins(seed);
    for (int life = 0; life < 12; ++life) {
      Life now(disk);
      CHECK(now.db().messages().empty());
      REQUIRE(test::dump(now.db()) == twins.expected());
      for (int i = 0; i < 40; ++i) {
        REQUIRE(twins.round(now.db()));
        if (twins.rng().next() % 12 == 0) twins.remove(now.db());
        if (twins.rng().next() % 10 == 0) REQUIRE(now.db().maintain());
        if (twins.rng().next() % 30 == 0) REQUIRE(now.db().checkpoint());
      }
      REQUIRE(test::dump(now.db()) == twins.expected());
      twins.let_go();
      if (life % 4 == 3) {
        REQUIRE(now.db().close());
      } else {
        now.kill();
      }
    }
  }
}

TEST_CASE("after a power cut all that was synced is there, and of later commits the first ones as a whole") {
  const Quiet quiet;
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    MemFs disk;
    Twins twins(seed);
    std::vector<std::string> possible;
    {
      Life now(disk);
      const int rounds = 5 + static_cast<int>(seed * 2);
      for (int i = 0; i < rounds; ++i) {
        REQUIRE(twins.round(now.db()));
        possible.push_back(twins.expected());
        if (twins.rng().next() % 12 == 0) REQUIRE(now.db().maintain());
        if (twins.rng().next() % 7 == 0) {
          REQUIRE(now.db().sync());
          possible = {twins.expected()};
        }
      }
      if (possible.size() == static_cast<std::size_t>(rounds)) possible.insert(possible.begin(), "");
      twins.let_go();
      now.cut_power(seed % 3 == 0 ? 0 : twins.rng().next() % 300);
    }
    Life again(disk);
    const std::string got = test::dump(again.db());
    INFO("seed " << seed);
    REQUIRE(std::ranges::find(possible, got) != possible.end());
  }
}

/// A life in which one call fails: what was refused is not there, all else is, then and after a kill or a power cut.
void check_one_failure(FsCall call, std::uint64_t nth, bool stays, bool power) {
  MemFs disk;
  Twins twins(7);
  {
    Life now(disk);
    now.fs().arm({.call = call, .nth = nth, .stays = stays, .written = nth % 2 == 0 ? 11U : 0U});
    for (int i = 0; i < 60; ++i) {
      twins.round(now.db());
      if (i % 6 == 5) (void)now.db().sync();
      if (i % 10 == 9) (void)now.db().maintain();
      if (stays && i == 45) now.fs().heal();
    }
    REQUIRE(test::dump(now.db()) == twins.expected());
    now.fs().heal();
    REQUIRE(twins.round(now.db()));
    REQUIRE(now.db().sync());
    REQUIRE(now.db().maintain());
    twins.let_go();
    if (power) {
      now.cut_power(twins.rng().next() % 50);
    } else {
      now.kill();
    }
  }
  Life again(disk);
  REQUIRE(test::dump(again.db()) == twins.expected());
  REQUIRE(again.db().close());
}

TEST_CASE("each call of the file system may fail in turn") {
  const Quiet quiet;
  for (const FsCall call : kAllCalls) {
    MemFs disk;
    std::uint64_t calls = 0;
    {
      Twins twins(7);
      Life now(disk);
      const std::uint64_t before = now.fs().count(call);
      for (int i = 0; i < 60; ++i) {
        REQUIRE(twins.round(now.db()));
        if (i % 6 == 5) REQUIRE(now.db().sync());
        if (i % 10 == 9) REQUIRE(now.db().maintain());
      }
      calls = now.fs().count(call) - before;
      twins.let_go();
      now.kill();
    }
    for (std::uint64_t nth = 1; nth <= calls; ++nth) {
      INFO("call " << static_cast<int>(call) << ", number " << nth);
      check_one_failure(call, nth, false, nth % 2 == 0);
    }
    for (std::uint64_t nth = 1; nth <= calls; nth += 1 + calls / 8) {
      INFO("call " << static_cast<int>(call) << " from number " << nth);
      check_one_failure(call, nth, true, nth % 2 == 1);
    }
  }
}

TEST_CASE("on a full disk commits are refused with the reason, queries go on, and later commits work") {
  const Quiet quiet;
  MemFs disk;
  Life now(disk);
  const model::Labels labels{{"__name__", "m"}};
  REQUIRE(add(now.db(), labels, 1000, 1) == storage::AppendStatus::kOk);
  now.fs().arm({.call = FsCall::kAppend, .nth = 1, .stays = true});
  auto appender = now.db().appender();
  const model::Labels fresh{{"__name__", "new"}};
  REQUIRE(appender->append(0, &labels, 2000, 2).status == storage::AppendStatus::kOk);
  REQUIRE(appender->append(0, &fresh, 2000, 2).status == storage::AppendStatus::kOk);
  const auto refused = appender->commit();
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == Errc::kIo);
  CHECK(refused.error().message.find("No space left on device") != std::string::npos);
  CHECK(test::dump(now.db()) == "{__name__=\"m\"} 1@1000\n");
  CHECK(now.db().stats().commits_failed == 1);
  now.fs().heal();
  REQUIRE(appender->append(0, &labels, 3000, 3).status == storage::AppendStatus::kOk);
  REQUIRE(appender->append(0, &fresh, 3000, 3).status == storage::AppendStatus::kOk);
  REQUIRE(appender->commit());
  const std::string expected = "{__name__=\"m\"} 1@1000 3@3000\n{__name__=\"new\"} 3@3000\n";
  CHECK(test::dump(now.db()) == expected);
  appender = nullptr;
  now.kill();
  Life again(disk);
  CHECK(test::dump(again.db()) == expected);
}

/// A small store with several of everything, and what was in it after each commit.
std::vector<std::string> make_small_store(MemFs& disk, bool checkpoints) {
  std::vector<std::string> states{""};
  Twins twins(11);
  Life now(disk);
  for (int i = 0; i < 25; ++i) {
    REQUIRE(twins.round(now.db()));
    states.push_back(twins.expected());
    if (checkpoints && i % 8 == 7) REQUIRE(now.db().checkpoint());
  }
  twins.let_go();
  now.kill();
  return states;
}

std::vector<std::string> files_of(MemFs& disk, const std::string& folder) {
  std::vector<std::string> paths;
  const auto names = disk.list(folder);
  REQUIRE(names);
  for (const std::string& name : *names) {
    const std::string path = folder + "/" + name;
    if (disk.info(path)->directory) {
      for (const std::string& inner : files_of(disk, path)) paths.push_back(inner);
    } else if (name != "lock") {
      paths.push_back(path);
    }
  }
  return paths;
}

void copy_files(MemFs& from, MemFs& to) {
  for (const std::string& path : files_of(from, "/data")) {
    REQUIRE(to.create_directories(path.substr(0, path.rfind('/'))));
    REQUIRE(to.write_file_atomic(path, *from.read_file(path, 1U << 30U)));
  }
}

TEST_CASE("a log that ends at any byte gives the commits before it") {
  const Quiet quiet;
  MemFs disk;
  const std::vector<std::string> states = make_small_store(disk, false);
  std::vector<std::string> segments;
  for (const std::string& path : files_of(disk, "/data")) {
    if (path.ends_with(".wal")) segments.push_back(path);
  }
  REQUIRE(segments.size() >= 2);
  const std::string last = segments.back();
  const std::string whole = *disk.read_file(last, 1U << 20U);
  for (std::size_t cut = 0; cut <= whole.size(); ++cut) {
    MemFs copy;
    copy_files(disk, copy);
    REQUIRE(copy.write_file_atomic(last, std::string_view(whole).substr(0, cut)));
    Life again(copy);
    const std::string got = test::dump(again.db());
    INFO("cut at " << cut << " of " << whole.size());
    REQUIRE(std::ranges::find(states, got) != states.end());
    if (cut == whole.size()) CHECK(got == states.back());
    REQUIRE(add(again.db(), {{"__name__", "after"}}, 5'000'000, 1) == storage::AppendStatus::kOk);
  }
}

/// The samples of a dump, one text each.
std::set<std::string> samples_of(const std::string& dump) {
  std::set<std::string> samples;
  std::istringstream lines(dump);
  for (std::string line; std::getline(lines, line);) {
    const std::size_t end = line.find("} ");
    std::istringstream words(line.substr(end + 2));
    std::string sample;
    int depth = 0;  // a histogram has spaces in it
    for (std::string word; words >> word;) {
      sample += (sample.empty() ? "" : " ") + word;
      depth += static_cast<int>(std::ranges::count(word, '(')) - static_cast<int>(std::ranges::count(word, ')'));
      if (depth > 0) continue;
      samples.insert(line.substr(0, end + 1) + " " + sample);
      sample.clear();
    }
  }
  return samples;
}

/// A series that is made after the damage has its own sample and no other, now and after a restart.
void check_new_series(MemFs& disk, Life& life, std::set<std::string> known) {
  REQUIRE(add(life.db(), {{"__name__", "after"}}, 5'000'000, 1) == storage::AppendStatus::kOk);
  known.insert("{__name__=\"after\"} 1@5000000");
  const std::set<std::string> now = samples_of(test::dump(life.db()));
  REQUIRE(std::ranges::includes(known, now));
  life.kill();
  Life again(disk);
  REQUIRE(samples_of(test::dump(again.db())) == now);
}

TEST_CASE("flipped bits never crash the store nor make samples, and what is missing is told") {
  const Quiet quiet;
  for (const bool checkpoints : {false, true}) {
    MemFs disk;
    const std::string all = make_small_store(disk, checkpoints).back();
    const std::set<std::string> committed = samples_of(all);
    const std::vector<std::string> paths = files_of(disk, "/data");
    Rng rng(5);
    for (int i = 0; i < 700; ++i) {
      const std::string& path = paths[rng.next() % paths.size()];
      std::string bytes = *disk.read_file(path, 1U << 20U);
      if (bytes.empty()) continue;
      const std::size_t at = rng.next() % bytes.size();
      MemFs copy;
      copy_files(disk, copy);
      bytes[at] = static_cast<char>(bytes[at] ^ (1 << (rng.next() % 8)));
      REQUIRE(copy.write_file_atomic(path, bytes));
      Life again(copy);
      const std::string got = test::dump(again.db());
      INFO(path << " at " << at);
      const std::set<std::string> samples = samples_of(got);
      REQUIRE(std::ranges::includes(committed, samples));
      if (got != all) CHECK((!again.db().messages().empty() || again.db().stats().chunks_corrupt > 0));
      if (i % 7 == 0) check_new_series(copy, again, committed);
    }
  }
}

TEST_CASE("a file that ends at any byte, or is not there, never crashes the store nor makes samples") {
  const Quiet quiet;
  MemFs disk;
  std::string all;
  {
    Twins twins(12);
    Life life(disk);
    for (int i = 0; i < 9; ++i) {
      REQUIRE(twins.round(life.db()));
      if (i % 4 == 3) REQUIRE(life.db().checkpoint());
    }
    all = twins.expected();
    twins.let_go();
    life.kill();
  }
  const std::set<std::string> committed = samples_of(all);
  int lossy = 0;
  for (const std::string& path : files_of(disk, "/data")) {
    const std::string bytes = *disk.read_file(path, 1U << 20U);
    for (std::size_t cut = 0; cut <= bytes.size(); ++cut) {
      MemFs copy;
      copy_files(disk, copy);
      if (cut == bytes.size()) {
        REQUIRE(copy.remove(path));
      } else {
        REQUIRE(copy.write_file_atomic(path, std::string_view(bytes).substr(0, cut)));
      }
      Life again(copy);
      INFO(path << " cut at " << cut << " of " << bytes.size());
      const std::set<std::string> samples = samples_of(test::dump(again.db()));
      REQUIRE(std::ranges::includes(committed, samples));
      lossy += samples.size() < committed.size() ? 1 : 0;
      if (cut % 32 == 0) check_new_series(copy, again, committed);
    }
  }
  CHECK(lossy > 0);
}

}  // namespace
}  // namespace tocsin::tsdb
