#pragma once
// One write request on its way into the store, in slices.
//
// What a sender got wrong (a sample out of order, labels that make no series) costs that sample: the others are
// written, and the answer, 400, says what was not. Nobody sends such a request again. What is wrong with the message as
// a whole takes all of it back. What is our own trouble (the log cannot be written) takes all back too and is 500: the
// sender sends it again. Source: Prometheus storage/remote/write_handler.go; remote write 2.0, "Partial Write".

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "remote/ref_cache.hpp"
#include "storage/storage.hpp"
#include "wire/remote_write.hpp"

namespace tocsin::remote {

struct WriteJobOptions {
  wire::WriteVersion version = wire::WriteVersion::k1;
  std::size_t max_decoded_bytes = 32U << 20U;
  Duration slice = std::chrono::milliseconds(10);
  Timestamp newest = 0;     // samples after this are out of bounds
  bool takes_late = false;  // the store has an out-of-order window: what is too old for it has a name of its own
  // Of 2.0; features of Prometheus (config/features.hpp).
  bool type_and_unit_labels = false;  // series get __type__ and __unit__
  bool metadata = false;              // the store is told type, unit and help
};

struct WriteCounts {
  std::uint64_t samples = 0, histograms = 0, exemplars = 0;
};

struct WriteOutcome {
  int status = 204;
  std::string text;     // what is wrong, if something is
  WriteCounts written;  // of a status 5xx: nothing
  std::uint64_t refused = 0;
  std::uint64_t invalid_labels = 0;  // samples and histograms whose labels make no series
};

/// Thread: one at a time. Owns the body; the appender is its own until it is done. The cache is that of the appender's
/// store, and outlives the job; nullptr: series are looked up by their labels.
class WriteJob {
 public:
  WriteJob(WriteJobOptions options, std::string body, storage::Appender& appender, const Clock& clock,
           RefCache* cache = nullptr);

  /// Goes on for about a slice. False when it is done.
  bool run();
  /// Once run() said false.
  WriteOutcome& outcome() { return outcome_; }

 private:
  bool decode();
  void add_series();
  /// Sets ref_ from the cache, or else labels_. False if the series is refused.
  bool find_series();
  bool make_labels();
  void set_type_and_unit();
  /// Appends by ref_, or by labels_ where it names nothing (any more).
  template <typename Append>
  storage::AppendResult append_one(Append append);
  /// For messages.
  std::string series_text();
  void add_samples();
  void add_histograms();
  void add_exemplars();
  void add_exemplar(const wire::WriteExemplar& from);
  void add_metadata();
  void refuse(std::string text);
  void refuse_sample(std::string text);
  void finish();
  void fail_request(int status, std::string text);
  /// Prometheus' words. `value` is null for a histogram.
  std::string status_text(storage::AppendStatus status, Timestamp t, const double* value) const;
  bool is_v2() const { return options_.version == wire::WriteVersion::k2; }

  const WriteJobOptions options_;
  std::string body_, decoded_;
  storage::Appender& appender_;
  const Clock& clock_;
  std::unique_ptr<wire::WriteReader> reader_;
  wire::WriteSeries series_;
  RefCache* const cache_;
  // The series at hand.
  model::Labels labels_;
  bool has_labels_ = false;  // labels_ are its own
  storage::SeriesRef ref_ = 0;
  std::vector<model::LabelView> exemplar_labels_;
  std::uint64_t unsaid_ = 0;  // errors beyond what the answer has room for
  WriteOutcome outcome_;
};

}  // namespace tocsin::remote
