// Every call of the file system fails in turn, from the start to the end of a life: during the start, the replay,
// commits, syncs, upkeep, a checkpoint and the end. Whatever failed, the next start shows
//   after the death of the process   all that was visible,
//   after a power cut                all that was synced, and of later commits the first ones, each as a whole,
// and never anything of a commit that was refused.
#include <algorithm>
#include <optional>

#include "lives.hpp"

namespace tocsin::tsdb {
namespace {

TsdbOptions small_store(Fs& fs) {
  TsdbOptions options = options_for(fs);
  options.owner_replays = true;
  options.wal_segment_bytes = 3000;
  options.chunk_piece_bytes = 1500;
  options.chunk_file_bytes = 5000;
  options.open_chunk_time = std::chrono::minutes(3);
  options.out_of_order_window = std::chrono::milliseconds(kWindow);
  options.out_of_order_cap_max = 3;
  return options;
}

/// What the next start may show after a power cut: the state at the last sync, and those after later commits.
class Possible {
 public:
  explicit Possible(std::string state) : states_{std::move(state)} {}
  void committed(std::string state) { states_.push_back(std::move(state)); }
  void synced() { states_ = {states_.back()}; }
  bool contains(const std::string& state) const { return std::ranges::find(states_, state) != states_.end(); }

 private:
  std::vector<std::string> states_;
};

/// One life, whose calls may fail at any place. It ends with nothing more reaching the disk.
void live(FaultFs& fs, Twins& twins, Possible& possible) {
  auto opened = Db::open(small_store(fs));
  if (!opened) return;  // the disk refused the start
  Db& db = **opened;
  for (int i = 0; i < 24; ++i) {
    if (twins.round(db)) possible.committed(twins.expected());
    (void)db.replay(9);
    if (i % 5 == 3 && db.sync()) possible.synced();
    if (i % 6 == 5) (void)db.maintain();
    if (i == 14) (void)db.checkpoint();
    if (db.whole()) REQUIRE(test::dump(db) == twins.expected());
  }
  twins.let_go();
  if (db.close()) possible.synced();
  for (const FsCall call : kAllCalls) fs.arm({.call = call, .nth = 1, .stays = true});
}

/// A store in the middle of its life, for all cases the same: a checkpoint, chunk files, several segments.
void grow(MemFs& disk, Twins& twins) {
  Life life(disk);
  for (int i = 0; i < 30; ++i) {
    REQUIRE(twins.round(life.db()));
    if (i % 13 == 12) REQUIRE(life.db().checkpoint());
  }
  REQUIRE(life.db().sync());
  twins.let_go();
  life.kill();
}

/// @return how often each call was made.
std::vector<std::uint64_t> run_case(const std::optional<Fault>& fault, bool power) {
  MemFs disk;
  Twins twins(51);
  grow(disk, twins);
  Possible possible(twins.expected());
  std::vector<std::uint64_t> calls;
  {
    FaultFs fs(disk);
    if (fault) fs.arm(*fault);
    live(fs, twins, possible);
    for (const FsCall call : kAllCalls) calls.push_back(fs.count(call));
  }
  if (power) {
    disk.drop_unsynced(calls.front() % 3 * 7);
  } else {
    disk.drop_handles();
  }
  Life again(disk);
  const std::string shown = test::dump(again.db());
  if (power) {
    REQUIRE(possible.contains(shown));
  } else {
    REQUIRE(shown == twins.expected());
  }
  REQUIRE(again.db().close());
  return calls;
}

TEST_CASE("each call of a life fails in turn, and the next start shows what it must") {
  const Quiet quiet;
  const std::vector<std::uint64_t> calls = run_case(std::nullopt, false);
  for (std::size_t kind = 0; kind < std::size(kAllCalls); ++kind) {
    for (std::uint64_t nth = 1; nth <= calls[kind]; ++nth) {
      // A call that fails for good is a full or dead disk: every fifth place will do.
      for (int way = nth % 5 == 1 ? 0 : 1; way < 2; ++way) {
        const bool stays = way == 0;
        const bool power = (nth + kind) % 2 == 0;
        INFO("call " << kind << ", number " << nth << (stays ? " and all later ones" : "")
                     << (power ? ", power cut" : ""));
        run_case(Fault{.call = kAllCalls[kind], .nth = nth, .stays = stays, .written = nth % 4 * 5}, power);
      }
    }
  }
}

}  // namespace
}  // namespace tocsin::tsdb
