#include "tsdb/appender.hpp"

#include "base/clock.hpp"

namespace tocsin::tsdb {

using storage::AppendResult;
using storage::AppendStatus;

HeadAppender::HeadAppender(Head& head, Committer& committer)
    : head_(head), committer_(committer), slot_(head.visibility.take_slot()) {}

HeadAppender::~HeadAppender() {
  rollback();
  head_.visibility.release_slot(slot_);
}

Batch& HeadAppender::batch() {
  if (!batch_) {
    batch_ = head_.batches.take();
    batch_->pin = head_.reclaimer.pin();
  }
  return *batch_;
}

HeadAppender::Target HeadAppender::find(storage::SeriesRef ref, const model::Labels* labels) {
  batch();  // its pin keeps what is found
  Target target;
  if (const SeriesId id = id_of(ref); id != kNoId) {
    target.id = id;
    target.page = head_.index.page_of(id);
    target.result.ref = ref;
    if (target.page) [[likely]] {
      return target;
    }
  }
  target.result = {AppendStatus::kUnknownRef, 0, false};
  if (!labels) return target;
  if (labels->empty()) {
    target.result.status = AppendStatus::kInvalidLabels;
    return target;
  }
  SeriesId id = head_.index.find(*labels);
  bool created = false;
  if (id == kNoId) {
    const std::string_view job = labels->get("job");
    const auto made = head_.index.find_or_create(*labels, head_.budget.limits().total, head_.budget.limit_of(job));
    id = made.id;
    created = made.created;
    if (id == kNoId) head_.budget.shed(job, system_clock().mono());
  }
  if (id == kNoId) {
    count(head_.counters.series_limit_hits);
    target.result.status = AppendStatus::kSeriesLimit;
    return target;
  }
  if (created) count(head_.counters.series_created);
  target.id = id;
  target.page = head_.index.page(id >> kSeriesPageBits);
  target.result = {AppendStatus::kOk, ref_of(id), created};
  return target;
}

AppendStatus HeadAppender::judge(const Target& target, const SampleIn& sample, Place& place) {
  if (sample.t < storage::kOldestTime || sample.t > storage::kNewestTime) {
    count(head_.counters.out_of_bounds);
    return AppendStatus::kOutOfBounds;
  }
  const unsigned index = index_in_page(target.id);
  const Timestamp last = target.page->last_time_hint(index);
  if (sample.t >= last && sample.t >= head_.oldest_accepted()) [[likely]] {
    if (sample.t > last) return AppendStatus::kOk;
    if (head_.equals_last(*target.page, index, sample)) {
      place = Place::kThere;
      return AppendStatus::kOk;
    }
    count(head_.counters.duplicates);
    return AppendStatus::kDuplicate;
  }
  const AppendStatus status = head_.judge_late(sample.t);
  if (status == AppendStatus::kOk) return judge_late(target, sample, place);
  count(status == AppendStatus::kTooOld ? head_.counters.too_old : head_.counters.out_of_order);
  return status;
}

AppendStatus HeadAppender::judge_late(const Target& target, const SampleIn& sample, Place& place) {
  if (!late_view_) late_view_ = std::make_unique<LateView>(head_);
  late_view_->reader.take(target.id);
  storage::SampleColumns& found = late_view_->found;
  if (!late_view_->reader.read(sample.t, sample.t, found) || found.size() == 0) {
    place = Place::kLate;
    return AppendStatus::kOk;
  }
  place = Place::kThere;
  if (same_sample(found, 0, sample)) return AppendStatus::kOk;
  count(head_.counters.duplicates);
  return AppendStatus::kDuplicate;
}

void HeadAppender::add_start_zero(const Target& target, const SampleIn& sample) {
  const Timestamp start = sample.start;
  if (start >= sample.t || (target.id == zero_id_ && start == zero_time_)) return;
  if (start < storage::kOldestTime || start < head_.oldest_accepted()) return;
  if (start <= target.page->last_time_hint(index_in_page(target.id))) return;
  zero_id_ = target.id;
  zero_time_ = start;
  Batch& batch = *batch_;
  if (sample.histogram) {
    // With the layout of the sample, so that both fit in one chunk.
    auto zero = std::make_shared<model::FloatHistogram>();
    const model::FloatHistogram& like = **sample.histogram;
    zero->reset_hint = model::CounterReset::kReset;
    zero->integer = like.integer;
    zero->schema = like.schema;
    zero->zero_threshold = like.zero_threshold;
    zero->custom_values = like.custom_values;
    batch.specials.push_back({batch.size(), 0, std::move(zero)});
  }
  batch.add(target.id, start, 0);
}

AppendResult HeadAppender::add(storage::SeriesRef ref, const model::Labels* labels, SampleIn sample) {
  Target target = find(ref, labels);
  if (!target.page) return target.result;
  Place place = Place::kInOrder;
  target.result.status = judge(target, sample, place);
  if (target.result.status != AppendStatus::kOk || place == Place::kThere) return target.result;
  Batch& batch = *batch_;
  if (sample.start != 0) [[unlikely]] {
    const bool as_is =
        head_.takes_any_age.load(std::memory_order_relaxed);  // who wrote it put the zeros that he wanted
    if (head_.options.start_zeros && place == Place::kInOrder && !as_is) add_start_zero(target, sample);
    if (!head_.options.store_starts) sample.start = 0;
  }
  if (place == Place::kLate) {
    batch.late.push_back({target.id, batch.size(), row_of(sample)});
    return target.result;
  }
  if (sample.needs_rows()) {
    batch.specials.push_back(
        {batch.size(), sample.start, sample.histogram ? *sample.histogram : model::HistogramPtr()});
  }
  batch.add(target.id, sample.t, sample.value);
  return target.result;
}

AppendResult HeadAppender::append(storage::SeriesRef ref, const model::Labels* labels, Timestamp t, double value,
                                  Timestamp start) {
  return add(ref, labels, {t, value, start, nullptr});
}

AppendResult HeadAppender::append_histogram(storage::SeriesRef ref, const model::Labels* labels, Timestamp t,
                                            model::HistogramPtr histogram, Timestamp start) {
  if (!histogram || !model::validate(*histogram)) return {AppendStatus::kInvalidHistogram, ref, false};
  return add(ref, labels, {t, 0, start, &histogram});
}

storage::SeriesRef HeadAppender::find(const model::Labels& labels) {
  batch();  // what is found stays until the batch ends
  const SeriesId id = head_.index.find(labels);
  return id == kNoId ? 0 : ref_of(id);
}

AppendStatus HeadAppender::append_exemplar(storage::SeriesRef ref, const storage::Exemplar& exemplar) {
  Batch& to = batch();
  const SeriesId id = id_of(ref);
  if (id == kNoId || !head_.index.page_of(id)) return AppendStatus::kUnknownRef;
  if (!ExemplarStore::labels_fit(exemplar.labels)) return AppendStatus::kInvalidLabels;
  const AppendStatus status = head_.exemplars.check(id, exemplar);
  if (status == AppendStatus::kOk && head_.options.exemplars > 0) to.exemplars.emplace_back(id, exemplar);
  return status;
}

void HeadAppender::set_metadata(storage::SeriesRef ref, const storage::Metadata& metadata) {
  Batch& to = batch();
  const SeriesId id = id_of(ref);
  if (id != kNoId && head_.index.page_of(id)) to.metadata.emplace_back(id, metadata);
}

Result<void> HeadAppender::commit() {
  if (!batch_) return {};
  late_view_ = nullptr;  // what it holds back could go to a chunk file
  auto done = committer_.commit(slot_, *batch_);
  rollback();
  return done;
}

void HeadAppender::rollback() {
  late_view_ = nullptr;
  zero_id_ = kNoId;
  if (batch_) head_.batches.give_back(std::move(batch_));
}

}  // namespace tocsin::tsdb
