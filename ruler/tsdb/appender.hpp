#pragma once
// storage::Appender of the head: gathers a batch and hands it to the committer.

#include <cstdint>
#include <memory>

#include "storage/storage.hpp"
#include "tsdb/committer.hpp"
#include "tsdb/head.hpp"
#include "tsdb/series_reader.hpp"

namespace tocsin::tsdb {

class HeadAppender final : public storage::Appender {
 public:
  HeadAppender(Head& head, Committer& committer);
  ~HeadAppender() override;

  storage::AppendResult append(storage::SeriesRef ref, const model::Labels* labels, Timestamp t, double value,
                               Timestamp start) override;
  storage::AppendResult append_histogram(storage::SeriesRef ref, const model::Labels* labels, Timestamp t,
                                         model::HistogramPtr histogram, Timestamp start) override;
  storage::SeriesRef find(const model::Labels& labels) override;
  storage::AppendStatus append_exemplar(storage::SeriesRef ref, const storage::Exemplar& exemplar) override;
  void set_metadata(storage::SeriesRef ref, const storage::Metadata& metadata) override;
  Result<void> commit() override;
  void rollback() override;

 private:
  struct Target {
    SeriesPage* page = nullptr;  // null: `result` says why
    SeriesId id = kNoId;
    storage::AppendResult result;
  };
  enum class Place : std::uint8_t {
    kInOrder,
    kLate,
    kThere,  // the same sample is there already
  };
  /// What late samples are compared with: the series as they are committed when the first of the batch comes.
  struct LateView {
    explicit LateView(Head& head) : view(head), reader(head, view) {}
    const ReadView view;
    SeriesReader reader;
    storage::SampleColumns found;
  };
  Batch& batch();
  Target find(storage::SeriesRef ref, const model::Labels* labels);
  storage::AppendStatus judge(const Target& target, const SampleIn& sample, Place& place);
  storage::AppendStatus judge_late(const Target& target, const SampleIn& sample, Place& place);
  storage::AppendResult add(storage::SeriesRef ref, const model::Labels* labels, SampleIn sample);
  /// The zero at the start of a sample that is about to be added, if there is to be one.
  void add_start_zero(const Target& target, const SampleIn& sample);

  Head& head_;
  Committer& committer_;
  const std::uint16_t slot_;
  std::unique_ptr<Batch> batch_;         // null between batches
  std::unique_ptr<LateView> late_view_;  // null if the batch has no late samples
  // The last zero of the batch: what follows of the series with the same start needs no other.
  SeriesId zero_id_ = kNoId;
  Timestamp zero_time_ = 0;
};

/// Refs are ids, counted from 1.
inline storage::SeriesRef ref_of(SeriesId id) {
  return storage::SeriesRef{id} + 1;
}
inline SeriesId id_of(storage::SeriesRef ref) {
  return ref == 0 || ref > kNoId ? kNoId : static_cast<SeriesId>(ref - 1);
}

}  // namespace tocsin::tsdb
