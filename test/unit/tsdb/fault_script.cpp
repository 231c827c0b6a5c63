#include "fault_script.hpp"

namespace tocsin::tsdb {
namespace {

/// Files, all of them durable, and what the actor knew.
struct Prepared {
  std::vector<std::pair<std::string, std::string>> files;
  Ledger ledger;
  Timestamp now = 0;
  int rounds = 0;
};

void list_files(MemFs& disk, const std::string& folder, Prepared& out) {
  for (const std::string& name : *disk.list(folder)) {
    const std::string path = folder + "/" + name;
    if (disk.info(path)->directory) {
      list_files(disk, path, out);
    } else {
      out.files.emplace_back(path, *disk.read_file(path));
    }
  }
}

Prepared prepare(const Script& script) {
  MemFs disk;
  Actor actor(disk, Ledger(), script.options);
  Prepared out;
  if (script.prepare) {
    script.prepare(actor);
    list_files(disk, "/data", out);
  }
  out.ledger = actor.ledger();
  out.ledger.synced();
  out.now = actor.now();
  out.rounds = actor.rounds();
  return out;
}

void restore(const Prepared& from, MemFs& disk) {
  for (const auto& [path, bytes] : from.files) {
    REQUIRE(disk.create_directories(path.substr(0, path.rfind('/'))));
    REQUIRE(disk.write_file_atomic(path, bytes));
  }
}

/// What the next starts show.
void check_starts(MemFs& disk, const Actor& actor, const Ledger& ledger, const TsdbOptions& of, bool power) {
  TsdbOptions options = of;
  options.fs = &disk;
  options.owner_replays = false;
  Ledger::Bits shown;
  {
    const auto again = open_db(options);
    shown = ledger.read(*again);
    if (power) {
      REQUIRE(
          std::ranges::any_of(ledger.possible(), [&](const Ledger::State& one) { return ledger.fits(shown, one); }));
    } else {
      REQUIRE(ledger.fits(shown, ledger.now()));
    }
    REQUIRE(again->maintain());
    REQUIRE(ledger.same(ledger.read(*again), shown));
    REQUIRE(again->close());
  }
  REQUIRE(ledger.same(ledger.read(*open_db(options)), shown));
  for (const auto& [folder, state] : actor.snapshots()) {
    options.path = folder;
    REQUIRE(ledger.fits(ledger.read(*open_db(options)), state));
  }
}

/// @return how often each call was made.
std::vector<std::uint64_t> live(const Script& script, const Prepared& prepared, const std::optional<Fault>& fault,
                                bool power) {
  MemFs disk;
  restore(prepared, disk);
  std::vector<std::uint64_t> calls;
  Actor actor(disk, prepared.ledger, script.options);
  actor.set_clock(prepared.now, prepared.rounds);
  if (fault) actor.arm(*fault);
  script.live(actor);
  for (const FsCall call : kEveryCall) calls.push_back(actor.fs().count(call));
  actor.die();
  if (power) {
    disk.drop_unsynced(calls.front() % 3 * 7);
  } else {
    disk.drop_handles();
  }
  check_starts(disk, actor, actor.ledger(), actor.options(), power);
  return calls;
}

}  // namespace

void fail_each_call(const Script& script) {
  const Quiet quiet;
  const Prepared prepared = prepare(script);
  const std::vector<std::uint64_t> calls = live(script, prepared, std::nullopt, false);
  live(script, prepared, std::nullopt, true);
  std::uint64_t lives = 0;
  for (std::size_t kind = 0; kind < std::size(kEveryCall); ++kind) {
    for (std::uint64_t nth = 1; nth <= calls[kind]; ++nth) {
      const bool even = nth % 2 == 0;
      struct Way {
        bool stays, dies, power;
      };
      for (const Way& way :
           {Way{false, false, even}, {true, false, !even}, {false, true, false}, {false, true, true}}) {
        INFO("call " << kind << ", number " << nth << (way.stays ? " and all later ones" : "")
                     << (way.dies ? " and death" : "") << (way.power ? ", power cut" : ""));
        live(script, prepared,
             Fault{.call = kEveryCall[kind], .nth = nth, .stays = way.stays, .dies = way.dies, .written = nth % 4 * 5},
             way.power);
        ++lives;
      }
    }
  }
  CHECK(lives > 100);
}

}  // namespace tocsin::tsdb
