#include "remote/read_job.hpp"

#include <utility>

#include "wire/snappy.hpp"

namespace tocsin::remote {

ReadJob::ReadJob(ReadJobOptions options, std::vector<ReadSelection> selections, model::Labels external,
                 storage::Queryable& store, const Clock& clock)
    : options_(options),
      selections_(std::move(selections)),
      external_(std::move(external)),
      store_(&store),
      clock_(clock) {}

void ReadJob::drop() {
  end_query();
  store_ = nullptr;
}

Result<ReadJob::Step> ReadJob::run() {
  const MonoTime until = clock_.mono() + options_.slice;
  while (query_ < selections_.size()) {
    if (store_ == nullptr) return fail(Errc::kCanceled, "context canceled");
    if (!set_) TOCSIN_OK(begin_query());
    if (!set_->next()) {
      TOCSIN_OK(set_->status());
      end_query();
      ++query_;
      continue;
    }
    TOCSIN_OK(wants_chunks() ? add_chunks() : add_samples());
    if (out_.size() >= options_.piece_bytes || clock_.mono() >= until) return Step::kMore;
  }
  finish();
  return Step::kDone;
}

Result<void> ReadJob::begin_query() {
  const ReadSelection& selection = selections_[query_];
  TOCSIN_TRY(querier_, store_->querier(selection.start, selection.end));
  storage::SelectHints hints = selection.hints;
  hints.function = selection.function;
  hints.sorted = wants_chunks();
  set_ = querier_->select(hints, selection.matchers);
  query_samples_ = 0;
  if (!wants_chunks()) response_.begin_result();
  return {};
}

void ReadJob::end_query() {
  set_.reset();
  querier_.reset();
}

Result<void> ReadJob::add_samples() {
  const ReadSelection& selection = selections_[query_];
  TOCSIN_OK(set_->read(selection.start, selection.end, columns_));
  if (columns_.size() == 0) return {};
  query_samples_ += columns_.size();
  if (options_.sample_limit > 0 && query_samples_ > options_.sample_limit) {
    return fail(Errc::kLimit, "exceeded sample limit ({})", options_.sample_limit);
  }
  merge_labels(set_->labels(), external_, labels_);
  response_.add_series(labels_, columns_.times, columns_.values, columns_.histograms);
  if (response_.size() <= options_.max_answer_bytes) return {};
  return fail(Errc::kLimit, "the answer is larger than {} bytes: ask for less, or for STREAMED_XOR_CHUNKS",
              options_.max_answer_bytes);
}

Result<void> ReadJob::add_chunks() {
  const ReadSelection& selection = selections_[query_];
  TOCSIN_OK(set_->read(selection.start, selection.end, columns_));
  if (columns_.size() == 0) return {};
  merge_labels(set_->labels(), external_, labels_);
  chunks_.clear();
  chunkenc::encode_chunks(columns_, 0, columns_.size(), {}, chunks_);
  frames_.begin_series(labels_);
  for (const chunkenc::EncodedChunk& chunk : chunks_) {
    frames_.add_chunk({chunk.first_time, chunk.last_time, static_cast<std::uint8_t>(chunk.encoding), chunk.data});
    if (frames_.size() >= options_.max_frame_bytes) frames_.end_frame(static_cast<std::int64_t>(query_), out_);
  }
  if (frames_.has_chunks()) frames_.end_frame(static_cast<std::int64_t>(query_), out_);
  return {};
}

void ReadJob::finish() {
  if (!wants_chunks()) wire::snappy_encode(response_.take(), out_);
}

}  // namespace tocsin::remote
