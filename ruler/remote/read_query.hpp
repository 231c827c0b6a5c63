#pragma once
// One query of a read request, as the store is asked it and as its series are told.

#include <vector>

#include "base/result.hpp"
#include "model/labels.hpp"
#include "model/matcher.hpp"
#include "storage/storage.hpp"
#include "wire/remote_read.hpp"

namespace tocsin::remote {

struct ReadSelection {
  Timestamp start = 0, end = 0;  // both included
  storage::SelectHints hints;
  std::string function;  // what hints.function is a view of
  std::vector<model::Matcher> matchers;
};

/// An equality with the value of an external label asks for series that lack the label: the label is added to the
/// answer and stands in no series. Hints narrow the times. @return kInvalid for a matcher that is none. Source:
/// Prometheus storage/remote/read_handler.go, filterExtLabelsFromMatchers.
Result<ReadSelection> make_selection(const wire::ReadQuery& query, const model::Labels& external);

/// The first accepted type that is known; samples if nothing is said. @return kInvalid with Prometheus' text.
Result<wire::ReadResponseType> negotiate_response(const std::vector<std::uint32_t>& accepted);

/// Replaces `out` by the labels of a series and the external ones that it lacks, in order of names. Views.
void merge_labels(const model::Labels& series, const model::Labels& external, std::vector<model::LabelView>& out);

}  // namespace tocsin::remote
