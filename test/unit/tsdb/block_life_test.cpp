// From the head to the oldest block and beyond: cut, compaction, retention, deletion, snapshot, start.
#include <algorithm>

#include "base/fault_fs.hpp"
#include "base/log.hpp"
#include "base/rng.hpp"
#include "store.hpp"
#include "support/map_store.hpp"
#include "tsdb/block_set.hpp"

namespace tocsin::tsdb {
namespace {

using model::Labels;
using storage::AppendStatus;

constexpr Timestamp kMinute = 60'000;
constexpr Timestamp kHour = 60 * kMinute;

TsdbOptions block_options(Fs& fs) {
  TsdbOptions options = options_for(fs);
  options.min_block_duration = std::chrono::hours(2);
  options.max_block_duration = std::chrono::hours(18);
  options.wal_segment_time = std::chrono::minutes(15);
  return options;
}

/// Fills a store and a twin alike, minute by minute.
class Filler {
 public:
  explicit Filler(std::uint64_t seed = 1) : rng_(seed) {}

  void minutes(Db& db, int count, Timestamp step = kMinute) {
    auto appender = db.appender();
    auto twin = map.appender();
    for (int i = 0; i < count; ++i, now += step) {
      for (int series = 0; series < 6; ++series) {
        if (rng_.next() % 10 == 0) continue;
        const Labels labels{{"__name__", "m" + std::to_string(series % 2)},
                            {"series", std::to_string(series)},
                            {"era", std::to_string(series < 4 ? 0 : now / (5 * kHour))}};
        if (series == 3) {
          const auto histogram = test::some_histogram(static_cast<double>(now / kMinute));
          REQUIRE(appender->append_histogram(0, &labels, now, histogram).status == AppendStatus::kOk);
          twin->append_histogram(0, &labels, now, histogram);
        } else {
          const double value = series == 2 ? rng_.uniform() : static_cast<double>(now / kMinute);
          REQUIRE(appender->append(0, &labels, now, value).status == AppendStatus::kOk);
          twin->append(0, &labels, now, value);
        }
      }
      REQUIRE(appender->commit());
      REQUIRE(twin->commit());
    }
  }
  test::MapStore map{{.out_of_order_window_ms = 12 * kHour}};
  Timestamp now = 1000 * kHour + 7 * kMinute;

 private:
  Rng rng_;
};

struct Quiet {
  Quiet() {
    log::set_sink([](log::Level, std::string_view) {});
  }
  ~Quiet() { log::set_sink(nullptr); }
};

/// What is in the store, but for what chunks say of counter resets: that is about neighbours in a chunk.
std::string contents(std::vector<test::ReadSeries> all) {
  for (auto& series : all) {
    for (auto& histogram : series.samples.histograms) {
      if (!histogram) continue;
      auto plain = std::make_shared<model::FloatHistogram>(*histogram);
      plain->reset_hint = model::CounterReset::kUnknown;
      histogram = std::move(plain);
    }
  }
  return test::describe(all);
}
std::string contents(storage::Queryable& store) {
  return contents(test::read_all(store, 0, 10'000'000 * kHour, {}));
}

/// Where two texts part, or "".
std::string difference(const std::string& a, const std::string& b) {
  if (a == b) return "";
  const auto at = static_cast<std::size_t>(std::ranges::mismatch(a, b).in1 - a.begin());
  const std::size_t line = a.rfind('\n', at) == std::string::npos ? 0 : a.rfind('\n', at) + 1;
  const std::size_t from = at > 60 ? at - 60 : 0;
  return a.substr(line, 60) + " ... " + a.substr(from, 160) + " BUT " + b.substr(from, 160);
}

std::vector<std::pair<Timestamp, Timestamp>> spans(const Db& db) {
  std::vector<std::pair<Timestamp, Timestamp>> out;
  for (const auto& meta : db.blocks()->metas()) out.emplace_back(meta.min_time / kHour, meta.max_time / kHour);
  return out;
}
using Spans = std::vector<std::pair<Timestamp, Timestamp>>;

TEST_CASE("the head is cut into aligned blocks when it spans three hours, and all samples are seen as before") {
  const Quiet quiet;
  MemFs fs;
  auto db = open_db(block_options(fs));
  Filler filler;
  filler.minutes(*db, 173);
  REQUIRE(db->maintain());
  CHECK(spans(*db).empty());
  filler.minutes(*db, 10);
  REQUIRE(db->maintain());
  CHECK(spans(*db) == Spans{{1000, 1002}});
  CHECK(db->stats().min_time == 1002 * kHour);
  CHECK(difference(contents(*db), contents(filler.map)) == "");
  filler.minutes(*db, 200);
  REQUIRE(db->maintain());
  CHECK(spans(*db) == Spans{{1000, 1002}, {1002, 1004}});
  CHECK(difference(contents(*db), contents(filler.map)) == "");
  const auto stats = db->block_stats();
  CHECK(stats.cuts == 2);
  CHECK(stats.blocks == 2);
  CHECK(stats.bytes > 0);
  CHECK(db->messages().empty());
}

TEST_CASE("what begins before the floor is refused, late commits too") {
  const Quiet quiet;
  MemFs fs;
  auto db = open_db(block_options(fs));
  auto late = db->appender();
  const Labels labels{{"__name__", "late"}};
  REQUIRE(late->append(0, &labels, 1001 * kHour, 1).status == AppendStatus::kOk);  // judged before the cut
  Filler filler;
  filler.minutes(*db, 190);
  REQUIRE(db->maintain());
  REQUIRE(late->commit());
  CHECK(db->stats().too_old == 1);
  CHECK(add(*db, labels, 1002 * kHour - 1, 1) == AppendStatus::kTooOld);
  CHECK(difference(contents(*db), contents(filler.map)) == "");
}

TEST_CASE("files of the head that lie in blocks go, and series that have nothing else") {
  const Quiet quiet;
  MemFs fs;
  auto db = open_db(block_options(fs));
  Filler filler;
  for (int i = 0; i < 40; ++i) {
    filler.minutes(*db, 30);
    REQUIRE(db->maintain());
  }
  CHECK(difference(contents(*db), contents(filler.map)) == "");
  CHECK(db->stats().chunk_files <= 4);
  // 4 that stay and 2 of each era of five hours: the eras of four hours ago are gone.
  CHECK(db->stats().series <= 8);
  CHECK(db->stats().series_removed >= 4);
  REQUIRE(db->close());
  db = nullptr;
  db = open_db(block_options(fs));
  CHECK(db->messages().empty());
  CHECK(difference(contents(*db), contents(filler.map)) == "");
}

TEST_CASE("a gap of a year makes no blocks and takes no time") {
  const Quiet quiet;
  MemFs fs;
  TsdbOptions options = block_options(fs);
  options.retention = {};
  auto db = open_db(options);
  Filler filler;
  filler.minutes(*db, 30);
  filler.now += 365 * 24 * kHour;
  filler.minutes(*db, 200);
  REQUIRE(db->maintain());
  CHECK(db->blocks()->blocks.size() == 2);
  CHECK(db->stats().min_time > 1000 * kHour + 365 * 24 * kHour);
  CHECK(difference(contents(*db), contents(filler.map)) == "");
}

TEST_CASE("blocks are compacted threefold, and answers stay") {
  const Quiet quiet;
  MemFs fs;
  TsdbOptions options = block_options(fs);
  auto db = open_db(options);
  Filler filler;
  filler.now = 1008 * kHour;
  filler.minutes(*db, 29 * 60);
  REQUIRE(db->maintain());
  CHECK(spans(*db) == Spans{{1008, 1026}, {1026, 1032}, {1032, 1034}});
  CHECK(difference(contents(*db), contents(filler.map)) == "");
  const auto metas = db->blocks()->metas();
  CHECK(metas[0].compaction.level == 3);
  CHECK(metas[0].compaction.sources.size() == 9);
  CHECK(metas[0].compaction.parents.size() == 3);
  CHECK(metas[1].compaction.level == 2);
  CHECK(db->block_stats().compactions_triggered == 5);
  CHECK(db->block_stats().vertical_compactions == 0);
  // Nothing but blocks and our own folder is left behind.
  const auto names = *fs.list("/data");
  CHECK(std::ranges::count_if(names, [](const auto& name) { return block::Ulid::parse(name).has_value(); }) == 3);
  CHECK(names.size() == 5);  // and lock, tocsin
  db = nullptr;
  CHECK(difference(contents(*open_db(options)), contents(filler.map)) == "");
}

TEST_CASE("a selection reads only what its time needs, and says the same as a plain store") {
  const Quiet quiet;
  MemFs fs;
  auto db = open_db(block_options(fs));
  Filler filler;
  filler.minutes(*db, 9 * 60);
  REQUIRE(db->maintain());
  REQUIRE(db->blocks()->blocks.size() >= 2);
  Rng rng(3);
  const Timestamp first = 1000 * kHour;
  for (int i = 0; i < 60; ++i) {
    const Timestamp start = first + static_cast<Timestamp>(rng.next() % (10 * kHour));
    const Timestamp end = start + static_cast<Timestamp>(rng.next() % (4 * kHour));
    auto ours = *db->querier(start, end);
    auto plain = *filler.map.querier(start, end);
    const auto lines = [&](storage::Querier& querier) {
      auto all = test::read_all(querier, start, end, {test::matcher(model::MatchOp::kRegex, "series", "[0-3]|5")});
      std::erase_if(all, [](const auto& one) { return one.samples.size() == 0; });
      return contents(all);
    };
    CHECK(difference(lines(*ours), lines(*plain)) == "");
  }
  const auto names = [&](storage::Queryable& store) {
    return *(*store.querier(first, first + kHour))->label_values("era", {}, 0);
  };
  CHECK(names(*db) == names(filler.map));
}

TEST_CASE("a querier keeps its view while the head is cut, compacted and its blocks are removed") {
  const Quiet quiet;
  MemFs fs;
  auto db = open_db(block_options(fs));
  Filler filler;
  filler.minutes(*db, 5 * 60);
  std::vector<std::pair<std::unique_ptr<storage::Querier>, std::string>> views;
  for (int i = 0; i < 20; ++i) {
    auto querier = *db->querier(0, filler.now + 1000 * kHour);
    views.emplace_back(std::move(querier), contents(filler.map));
    filler.minutes(*db, 70);
    REQUIRE(db->maintain());
    if (i % 3 == 2) views.erase(views.begin());
    if (i % 5 == 0) REQUIRE(db->checkpoint());
    for (const auto& [view, expected] : views) {
      REQUIRE(difference(contents(test::read_all(*view, 0, filler.now + 1000 * kHour, {})), expected) == "");
    }
  }
}

TEST_CASE("the retention drops whole blocks by time") {
  const Quiet quiet;
  MemFs fs;
  TsdbOptions options = block_options(fs);
  options.retention = std::chrono::hours(10);
  options.max_block_duration = std::chrono::hours(2);
  auto db = open_db(options);
  Filler filler;
  for (int i = 0; i < 30; ++i) {
    filler.minutes(*db, 60);
    REQUIRE(db->maintain());
  }
  CHECK(db->blocks()->blocks.size() == 5);
  CHECK(db->block_stats().time_retentions > 3);
  db->set_retention(std::chrono::hours(4));
  REQUIRE(db->maintain());
  CHECK(db->blocks()->blocks.size() == 2);
}

TEST_CASE("the retention drops the oldest blocks by size, or by share of the disk") {
  const Quiet quiet;
  MemFs fs;
  TsdbOptions options = block_options(fs);
  options.max_block_duration = std::chrono::hours(2);
  auto db = open_db(options);
  Filler filler;
  filler.minutes(*db, 20 * 60);
  REQUIRE(db->maintain());
  const std::size_t all = db->blocks()->blocks.size();
  REQUIRE(all >= 8);
  const std::uint64_t blocks = db->block_stats().bytes;
  std::uint64_t head = 0;
  db->set_retention({}, 1);
  // The size of the head is a part: with a limit of all blocks alone some go.
  db->set_retention({}, blocks);
  REQUIRE(db->maintain());
  const std::size_t left = db->blocks()->blocks.size();
  CHECK(left < all);
  CHECK(db->block_stats().size_retentions == 1);
  head = blocks - db->block_stats().bytes;
  CHECK(head > 0);
  fs.set_capacity(blocks * 2);
  db->set_retention({}, blocks * 100, 0.001);  // the share goes before the bytes
  REQUIRE(db->maintain());
  CHECK(db->blocks()->blocks.empty());
  CHECK(db->block_stats().retention_percentage == 0.001);
}

/// A store of three blocks of 6 hours and what is newer, which are made one of 18 hours when it is said.
struct Compactable {
  explicit Compactable(Fs& fs) : options(block_options(fs)) {
    options.max_block_duration = std::chrono::hours(6);
    filler.now = 1008 * kHour;
    db = open_db(options);
    filler.minutes(*db, 26 * 60);
    REQUIRE(db->maintain());
    REQUIRE(spans(*db) == Spans{{1008, 1014}, {1014, 1020}, {1020, 1026}, {1026, 1028}, {1028, 1030}, {1030, 1032}});
    db = nullptr;
    options.max_block_duration = std::chrono::hours(18);
  }
  TsdbOptions options;
  Filler filler;
  std::unique_ptr<Db> db;
};

/// Of the files beside the blocks.
std::uint64_t head_bytes(Fs& fs, const std::string& folder = "/data/tocsin") {
  std::uint64_t bytes = 0;
  for (const std::string& name : *fs.list(folder)) {
    const auto info = *fs.info(folder + "/" + name);
    bytes += info.directory ? head_bytes(fs, folder + "/" + name) : info.size;
  }
  return bytes;
}

TEST_CASE("a block goes when it ends exactly the retention before the newest, and not a millisecond before that") {
  const Quiet quiet;
  MemFs fs;
  Compactable store(fs);
  store.options.max_block_duration = std::chrono::hours(6);
  // The newest block ends at 1032, the oldest at 1014.
  store.options.retention = std::chrono::hours(18) + std::chrono::milliseconds(1);
  auto db = open_db(store.options);
  CHECK(db->blocks()->blocks.size() == 6);
  db->set_retention(std::chrono::hours(18));
  REQUIRE(db->maintain());
  CHECK(spans(*db).front() == std::pair<Timestamp, Timestamp>(1014, 1020));
  CHECK(db->blocks()->blocks.size() == 5);
}

TEST_CASE("blocks that were compacted do not count beside the one made of them, and no older block goes for them") {
  const Quiet quiet;
  MemFs fs;
  Compactable store(fs);
  auto db = open_db(store.options);
  const std::uint64_t blocks = db->block_stats().bytes;
  const std::uint64_t head = head_bytes(fs);
  db->set_retention({}, head + blocks);  // as much as there is, and the head counts with all of its files
  REQUIRE(db->maintain());
  CHECK(spans(*db) == Spans{{1008, 1026}, {1026, 1028}, {1028, 1030}, {1030, 1032}});
  CHECK(db->block_stats().size_retentions == 0);
  CHECK(difference(contents(*db), contents(store.filler.map)) == "");
  db->set_retention({}, head_bytes(fs) + db->block_stats().bytes - 1);
  REQUIRE(db->maintain());
  CHECK(spans(*db) == Spans{{1026, 1028}, {1028, 1030}, {1030, 1032}});
}

TEST_CASE("parents that a death left beside their compacted block count for nothing and are removed") {
  const Quiet quiet;
  MemFs fs;
  Compactable store(fs);
  REQUIRE(fs.create_directories("/kept"));
  const auto parents = [&](const std::string& from, const std::string& to) {
    for (const std::string& name : *fs.list(from)) {
      if (!block::Ulid::parse(name) || fs.exists(to + "/" + name)) continue;
      REQUIRE(fs.create_directories(to + "/" + name + "/chunks"));
      for (const std::string file : {"meta.json", "index", "tombstones", "chunks/000001"}) {
        REQUIRE(fs.write_file_atomic(to + "/" + name + "/" + file, *fs.read_file(from + "/" + name + "/" + file)));
      }
    }
  };
  parents("/data", "/kept");
  auto db = open_db(store.options);
  REQUIRE(db->maintain());
  REQUIRE(spans(*db).front() == std::pair<Timestamp, Timestamp>(1008, 1026));
  const std::uint64_t blocks = db->block_stats().bytes;
  REQUIRE(db->close());
  db = nullptr;
  parents("/kept", "/data");  // as if nothing had been removed
  store.options.retention = {};
  store.options.retention_bytes = blocks + head_bytes(fs);  // not enough for the parents
  const auto size_of_all = [&] { return fs.list("/data")->size(); };
  const std::size_t before = size_of_all();
  db = open_db(store.options);
  CHECK(size_of_all() == before - 3);
  CHECK(spans(*db) == Spans{{1008, 1026}, {1026, 1028}, {1028, 1030}, {1030, 1032}});
  CHECK(difference(contents(*db), contents(store.filler.map)) == "");
}

TEST_CASE("samples of blocks are deleted by matchers, and the blocks are rewritten without them") {
  const Quiet quiet;
  MemFs fs;
  TsdbOptions options = block_options(fs);
  options.max_block_duration = std::chrono::hours(2);
  auto db = open_db(options);
  Filler filler;
  filler.minutes(*db, 9 * 60);
  REQUIRE(db->maintain());
  const auto blocks = db->blocks()->metas();
  const std::vector<model::Matcher> one{test::matcher(model::MatchOp::kEqual, "series", "1")};
  const Timestamp from = blocks[0].min_time + 30 * kMinute;
  const Timestamp to = blocks[1].min_time + 30 * kMinute;
  auto expected = test::read_all(filler.map, 0, filler.now, {});
  for (auto& series : expected) {
    if (series.labels.get("series") == "1") block::remove_deleted({{from, to}}, series.samples);
  }
  REQUIRE(db->remove(from, to, one));
  CHECK(difference(contents(*db), contents(expected)) == "");
  CHECK(db->blocks()->metas()[0].stats.tombstones == 1);
  db = nullptr;
  db = open_db(options);
  CHECK(difference(contents(*db), contents(expected)) == "");
  REQUIRE(db->clean_tombstones());
  CHECK(difference(contents(*db), contents(expected)) == "");
  const auto after = db->blocks()->metas();
  REQUIRE(after.size() == blocks.size());
  CHECK(after[0].stats.tombstones == 0);
  CHECK(after[0].stats.samples < blocks[0].stats.samples);
  CHECK(after[0].compaction.sources == blocks[0].compaction.sources);
  CHECK(after[2].ulid == blocks[2].ulid);
  CHECK(db->block_stats().tombstone_cleanup_seconds.count == 1);
}

TEST_CASE("a block of which all is deleted vanishes") {
  const Quiet quiet;
  MemFs fs;
  TsdbOptions options = block_options(fs);
  options.max_block_duration = std::chrono::hours(2);
  auto db = open_db(options);
  Filler filler;
  filler.minutes(*db, 9 * 60);
  REQUIRE(db->maintain());
  const auto blocks = db->blocks()->metas();
  REQUIRE(db->remove(0, blocks[0].max_time - 1, {}));
  REQUIRE(db->clean_tombstones());
  REQUIRE(db->blocks()->blocks.size() == blocks.size() - 1);
  CHECK(db->blocks()->blocks[0]->meta().ulid == blocks[1].ulid);
  CHECK_FALSE(fs.exists("/data/" + blocks[0].ulid.text()));
}

TEST_CASE("a snapshot opens as a store with the same samples, and is not touched by what comes") {
  const Quiet quiet;
  MemFs fs;
  auto db = open_db(block_options(fs));
  Filler filler;
  filler.minutes(*db, 9 * 60);
  REQUIRE(db->maintain());
  const std::string expected = contents(filler.map);
  REQUIRE(db->snapshot("/data/snapshots/one", true));
  REQUIRE(db->snapshot("/data/snapshots/blocks", false));
  CHECK(db->snapshot("/data", true).error().message == "cannot snapshot into base directory");
  CHECK(db->snapshot("/x/01ARZ3NDEKTSV4RRFFQ69G5FAV", true).error().message == "dir must not be a valid ULID");
  REQUIRE(db->remove(0, filler.now, {}));
  filler.minutes(*db, 9 * 60);
  REQUIRE(db->maintain());
  TsdbOptions options = block_options(fs);
  options.path = "/data/snapshots/one";
  CHECK(difference(contents(*open_db(options)), expected) == "");
  options.path = "/data/snapshots/blocks";
  CHECK(open_db(options)->blocks()->blocks.size() + 1 == fs.list("/data/snapshots/one")->size() - 2);
}

/// Copies the blocks of one store into the folder of another.
void copy_blocks(MemFs& fs, const std::string& from, const std::string& to) {
  for (const std::string& name : *fs.list(from)) {
    if (!block::Ulid::parse(name)) continue;
    REQUIRE(fs.create_directories(to + "/" + name + "/chunks"));
    for (const std::string file : {"meta.json", "index", "tombstones", "chunks/000001"}) {
      REQUIRE(fs.write_file_atomic(to + "/" + name + "/" + file, *fs.read_file(from + "/" + name + "/" + file)));
    }
  }
}

TEST_CASE("blocks that a tool puts into the folder are seen, and made one with those that they overlap") {
  const Quiet quiet;
  MemFs fs;
  TsdbOptions other = block_options(fs);
  other.path = "/other";
  Filler filler;
  {
    auto source = open_db(other);
    filler.minutes(*source, 9 * 60);
    REQUIRE(source->maintain());
  }
  auto db = open_db(block_options(fs));
  Filler again;  // the same samples, by the same seed
  again.minutes(*db, 9 * 60);
  REQUIRE(db->maintain());
  const std::size_t own = db->blocks()->blocks.size();
  const std::string expected = contents(*db);
  copy_blocks(fs, "/other", "/data");
  REQUIRE(db->reload_blocks());
  CHECK(db->blocks()->blocks.size() == 2 * own);
  CHECK(difference(contents(*db), expected) == "");
  REQUIRE(db->maintain());
  CHECK(db->blocks()->blocks.size() <= own);
  CHECK(db->block_stats().vertical_compactions > 0);
  CHECK(difference(contents(*db), expected) == "");
}

TEST_CASE("a damaged block is left out, told once, not touched, and taken again when it is whole") {
  const Quiet quiet;
  MemFs fs;
  TsdbOptions options = block_options(fs);
  options.max_block_duration = std::chrono::hours(2);
  auto db = open_db(options);
  Filler filler;
  filler.minutes(*db, 9 * 60);
  REQUIRE(db->maintain());
  const std::string all = contents(*db);
  const std::string folder = db->blocks()->blocks[0]->path();
  const std::size_t count = db->blocks()->blocks.size();
  db = nullptr;
  const std::string index = *fs.read_file(folder + "/index");
  REQUIRE(fs.write_file_atomic(folder + "/index", index.substr(0, index.size() / 2)));
  db = open_db(options);
  REQUIRE(db->messages().size() == 1);
  CHECK(db->messages()[0].starts_with("block " + folder +
                                      " cannot be read and is left out; its files stay as they are: "));
  CHECK(db->blocks()->blocks.size() == count - 1);
  CHECK(contents(*db) != all);
  REQUIRE(db->maintain());
  REQUIRE(db->maintain());
  CHECK(db->messages().size() == 1);
  CHECK(fs.read_file(folder + "/index")->size() == index.size() / 2);
  REQUIRE(fs.write_file_atomic(folder + "/index", index));
  REQUIRE(db->reload_blocks());
  CHECK(db->blocks()->blocks.size() == count);
  CHECK(difference(contents(*db), all) == "");
}

TEST_CASE("late samples of before the floor go to blocks of their own, and are seen at each moment") {
  const Quiet quiet;
  MemFs fs;
  TsdbOptions options = block_options(fs);
  options.out_of_order_window = std::chrono::hours(12);
  auto db = open_db(options);
  Filler filler;
  filler.minutes(*db, 9 * 60);
  REQUIRE(db->maintain());
  test::MapStore& map = filler.map;
  Rng rng(5);
  std::unique_ptr<storage::Querier> old = *db->querier(0, 10'000'000 * kHour);
  const std::string before = contents(map);
  std::uint64_t late = 0;
  for (int round = 0; round < 12; ++round) {
    for (int i = 0; i < 80; ++i) {
      const Timestamp t = filler.now - static_cast<Timestamp>(rng.next() % (11 * kHour)) - 1;
      const Labels labels{{"__name__", "late"}, {"series", std::to_string(rng.next() % 3)}};
      const auto value = static_cast<double>(rng.next() % 100);
      if (add(*db, labels, t, value) == AppendStatus::kOk) ++late;
      map.add(labels, t, value);
    }
    filler.minutes(*db, 55);
    if (round == 2) {
      CHECK(difference(contents(test::read_all(*old, 0, 10'000'000 * kHour, {})), before) == "");
      old = nullptr;
    }
    REQUIRE(difference(contents(*db), contents(map)) == "");
    REQUIRE(db->maintain());
    REQUIRE(difference(contents(*db), contents(map)) == "");
    if (round % 4 == 3) {
      REQUIRE(db->checkpoint());
      db = nullptr;
      db = open_db(options);
      REQUIRE(difference(contents(*db), contents(map)) == "");
    }
  }
  CHECK(late > 500);
  CHECK(db->messages().empty());
  CHECK(db->block_stats().blocks > 2);
}

TEST_CASE("a block that Prometheus 2.1 numbered wrongly is put right at the start") {
  const Quiet quiet;
  MemFs fs;
  auto db = open_db(block_options(fs));
  Filler filler;
  filler.minutes(*db, 183);
  REQUIRE(db->maintain());
  REQUIRE(db->blocks()->blocks.size() == 1);
  const std::string folder = db->blocks()->blocks[0]->path();
  db.reset();
  const std::string whole = *fs.read_file(folder + "/meta.json");
  std::string meta = whole;
  meta.replace(meta.find("\"version\": 1"), 12, "\"version\": 2");
  REQUIRE(fs.write_file_atomic(folder + "/meta.json", meta));
  fs.corrupt(folder + "/index", 4, "\x01");
  db = open_db(block_options(fs));
  CHECK(db->blocks()->blocks.size() == 1);
  CHECK(*fs.read_file(folder + "/meta.json") == whole);
  CHECK(difference(contents(*db), contents(filler.map)) == "");
}

/// A store of which one call of the file system fails while blocks are cut and compacted, and then it dies.
void check_failure(FsCall call, std::uint64_t nth, bool stays, bool power) {
  MemFs disk;
  FaultFs fs(disk);
  TsdbOptions options = block_options(fs);
  options.max_block_duration = std::chrono::hours(6);
  Filler filler;
  filler.now = 1002 * kHour;
  std::string expected;
  {
    auto db = open_db(options);
    filler.minutes(*db, 90, 10 * kMinute);
    REQUIRE(db->sync());
    fs.arm({.call = call, .nth = nth, .stays = stays});
    (void)db->maintain();
    CHECK(difference(contents(*db), contents(filler.map)) == "");
    if (!stays) {
      fs.heal();
      REQUIRE(db->maintain());
      CHECK(difference(contents(*db), contents(filler.map)) == "");
      CHECK(db->block_stats().cuts >= 5);
    }
    expected = contents(filler.map);
    for (const FsCall any : {FsCall::kAppend, FsCall::kRename, FsCall::kRemove, FsCall::kSync, FsCall::kOpen}) {
      fs.arm({.call = any, .nth = 1, .stays = true});
    }
  }
  if (power) {
    disk.drop_unsynced();
  } else {
    disk.drop_handles();
  }
  fs.heal();
  auto db = open_db(options);
  CHECK(difference(contents(*db), expected) == "");
  REQUIRE(db->maintain());
  CHECK(difference(contents(*db), expected) == "");
}

TEST_CASE("a call that fails, or a death, while blocks are cut and compacted loses and doubles nothing") {
  const Quiet quiet;
  std::uint64_t calls[kFsCalls] = {};
  constexpr FsCall kCalls[] = {FsCall::kOpen,   FsCall::kAppend, FsCall::kSync,          FsCall::kRename,
                               FsCall::kRemove, FsCall::kList,   FsCall::kSyncDirectory, FsCall::kCreateDirectories};
  {
    MemFs disk;
    FaultFs fs(disk);
    TsdbOptions options = block_options(fs);
    options.max_block_duration = std::chrono::hours(6);
    auto db = open_db(options);
    Filler filler;
    filler.now = 1002 * kHour;
    filler.minutes(*db, 90, 10 * kMinute);
    REQUIRE(db->sync());
    for (const FsCall call : kCalls) calls[static_cast<std::size_t>(call)] = fs.count(call);
    REQUIRE(db->maintain());
    for (const FsCall call : kCalls) {
      calls[static_cast<std::size_t>(call)] = fs.count(call) - calls[static_cast<std::size_t>(call)];
    }
  }
  for (const FsCall call : kCalls) {
    const std::uint64_t all = calls[static_cast<std::size_t>(call)];
    REQUIRE(all > 0);
    for (std::uint64_t nth = 1; nth <= all; nth += 1 + all / 12) {
      INFO("call " << static_cast<int>(call) << " number " << nth << " of " << all);
      check_failure(call, nth, false, nth % 2 == 0);
      check_failure(call, nth, true, nth % 2 == 1);
    }
  }
}

TEST_CASE("what a death left half made or half removed is cleaned at the start") {
  const Quiet quiet;
  MemFs fs;
  for (const std::string name :
       {"01ARZ3NDEKTSV4RRFFQ69G5FAV.tmp-for-creation", "01ARZ3NDEKTSV4RRFFQ69G5FAV.tmp-for-deletion",
        "01ARZ3NDEKTSV4RRFFQ69G5FAV.tmp", "somebody.tmp", "snapshots"}) {
    REQUIRE(fs.create_directories("/data/" + name + "/chunks"));
  }
  auto db = open_db(block_options(fs));
  CHECK(*fs.list("/data") == std::vector<std::string>{"lock", "snapshots", "somebody.tmp", "tocsin"});
}

}  // namespace
}  // namespace tocsin::tsdb
