#pragma once
// Stores what rules answer, and ends the series that they no longer answer.

#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "model/labels.hpp"
#include "promql/value.hpp"
#include "rules/group_view.hpp"
#include "storage/storage.hpp"

namespace tocsin::rules {

/// The series of one rule's last result, and what the appender calls them.
using WrittenSeries = std::unordered_map<model::Labels, storage::SeriesRef, model::LabelsHash>;

struct WriteReport {
  std::string error;  // the last sample's that was refused; "" if all were taken
  // Samples that were refused, by the reason.
  std::size_t out_of_order = 0, too_old = 0, duplicates = 0, others = 0;
};

/// Appends all samples at `t` in one batch; series of `series` that are not among them get a stale marker. A refused
/// sample does not keep the others back. On success `series` becomes what was written.
/// @param stored  gets what was stored, stale markers included; may be nullptr.
/// @return the error of the commit: then nothing was stored and `series` is as before.
Result<WriteReport> write_samples(storage::Appendable& store, const promql::Vector& samples, Timestamp t,
                                  WrittenSeries& series, std::vector<OwnSample>* stored);

/// Ends series at `t`; those that another rule writes by now are left alone.
Result<void> write_stale_markers(storage::Appendable& store, const std::vector<model::Labels>& series, Timestamp t);

/// Prometheus' text: "out of order sample", ...
std::string_view refusal_text(storage::AppendStatus status);

}  // namespace tocsin::rules
