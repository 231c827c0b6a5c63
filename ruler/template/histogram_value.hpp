#pragma once
// A native histogram as a template of a rule sees it.

#include "model/histogram.hpp"
#include "template/value.hpp"

namespace tocsin::tmpl {

/// A *histogram.FloatHistogram: its fields by their names in Go ($value.Count, $value.Sum), and its text where it is
/// printed; no number, so that humanize and its like fail. Its methods are not there.
Value histogram_value(const model::FloatHistogram& histogram);

}  // namespace tocsin::tmpl
