#pragma once
// Late samples of a series: those that came after newer ones, within the out-of-order window. And what was deleted of
// it.
//
// The series' own chunks hold samples in order of time; late ones are kept beside them, each with the number of its
// commit, and go to chunk files when there are enough of them that everybody sees: chunks of their own, linked among
// themselves (ChunkHeader::late). The log has them in a section of their own. Readers put the two together; of two
// samples at one time the one in order wins, then the one that was committed first.

#include <cstdint>
#include <vector>

#include "base/time.hpp"
#include "tsdb/chunk_record.hpp"
#include "tsdb/row_chunk.hpp"

namespace tocsin::tsdb {

/// What a series had in start <= t <= end when this was committed is deleted. Samples in order that come later lie
/// after `end`; late ones that come later have a greater number, or lie in chunks from `chunks_end` on.
struct Deletion {
  Timestamp start = 0, end = 0;
  std::uint64_t commit = 0;  // 0: from before the start of the process, seen by all
  ChunkRef chunks_end = 0;

  bool covers(Timestamp t) const { return t >= start && t <= end; }
};

/// Locks as SeriesExtra.
struct LateSamples {
  struct Sample {
    Row row;
    std::uint64_t commit = 0;  // 0: replayed at start
    bool deleted_by(const Deletion& deletion) const { return deletion.covers(row.t) && commit < deletion.commit; }
  };
  std::vector<Sample> open;          // in order of time, then of commits; not in chunk files
  ChunkRef tail = 0;                 // the newest chunk of late samples
  Timestamp newest = kMinTimestamp;  // of all that were late
  std::uint8_t open_segment = 0;     // code of the oldest segment of the log with one of `open`
};

/// What was cut into blocks of all late samples: those before a time that were committed, and not in chunk files or in
/// them, when it was done.
struct LateCut {
  std::uint64_t commit = 0;
  ChunkRef chunks_end = 0;
  Timestamp before = kMinTimestamp;
};

/// Forgets deletions of times before `below`, and those that a later one contains, which all snapshots see.
void tidy_deletions(std::vector<Deletion>& deletions, std::uint64_t seen_by_all, Timestamp below);

/// Puts a sample in its place. @return false if there is one at that time already that is not deleted.
bool insert_late(LateSamples& late, const std::vector<Deletion>& deletions, Row row, std::uint64_t commit);

/// Takes out of `open` what all snapshots see, which are those that see commits up to `seen_by_all`: into `rows`, in
/// order of time, but for what is deleted for all of them.
void take_settled(LateSamples& late, const std::vector<Deletion>& deletions, std::uint64_t seen_by_all,
                  std::vector<Row>& rows);

}  // namespace tocsin::tsdb
