#pragma once
// The answer to a read request, in slices. Both kinds read one series after the other; samples are gathered into one
// message, as their format wants it; chunks go out in frames as they are made.

#include <cstddef>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.hpp"
#include "chunkenc/chunk.hpp"
#include "remote/read_query.hpp"
#include "storage/storage.hpp"
#include "wire/remote_read.hpp"

namespace tocsin::remote {

struct ReadJobOptions {
  wire::ReadResponseType type = wire::ReadResponseType::kSamples;
  std::size_t sample_limit = 50'000'000;       // of one query; 0: none. Not for chunks
  std::size_t max_answer_bytes = 512U << 20U;  // of samples, before compression
  std::size_t max_frame_bytes = 1U << 20U;     // about, of chunks
  std::size_t piece_bytes = 256U << 10U;       // of frames that are handed over together
  Duration slice = std::chrono::milliseconds(10);
};

/// Thread: one at a time. The store outlives it, or drop() was called before the store went.
class ReadJob {
 public:
  ReadJob(ReadJobOptions options, std::vector<ReadSelection> selections, model::Labels external,
          storage::Queryable& store, const Clock& clock);

  wire::ReadResponseType type() const { return options_.type; }

  enum class Step {
    kMore,  // a slice is over; chunks: take() gives what there is of frames
    kDone,  // samples: take() gives the answer, a snappy block
  };
  /// Goes on for about a slice, or until there are frames to send.
  /// @return kLimit for a limit of the answer; else what the store says.
  Result<Step> run();
  std::string take() { return std::exchange(out_, {}); }
  /// Lets go of the store; run() gives kCanceled from then on.
  void drop();

 private:
  Result<void> begin_query();
  Result<void> add_samples();
  Result<void> add_chunks();
  void end_query();
  void finish();
  bool wants_chunks() const { return options_.type == wire::ReadResponseType::kStreamedXorChunks; }

  const ReadJobOptions options_;
  const std::vector<ReadSelection> selections_;
  const model::Labels external_;
  storage::Queryable* store_;
  const Clock& clock_;
  std::size_t query_ = 0;
  std::unique_ptr<storage::Querier> querier_;
  std::unique_ptr<storage::SeriesSet> set_;
  std::size_t query_samples_ = 0;
  std::vector<model::LabelView> labels_;
  storage::SampleColumns columns_;
  std::vector<chunkenc::EncodedChunk> chunks_;
  wire::ReadResponseWriter response_;
  wire::ChunkFrameWriter frames_;
  std::string out_;
};

}  // namespace tocsin::remote
