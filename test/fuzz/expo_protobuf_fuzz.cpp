// Any bytes as a page of protobuf, read with all options: the parser must not crash, must not lose itself when series
// are tried first, and gives histograms whose spans cover their buckets.

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "expo/protobuf_parser.hpp"

using namespace tocsin;

namespace {

void require(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "%s\n", what);
  std::abort();
}

bool is_series(expo::RowKind kind) {
  return kind == expo::RowKind::kSeries || kind == expo::RowKind::kHistogram;
}

std::size_t covered(const std::vector<model::HistogramSpan>& spans) {
  std::size_t out = 0;
  for (const auto& span : spans) out += span.length;
  return out;
}

/// Everything that a reader asks of a row. @return the row's kind; kError if its labels are wrong.
expo::RowKind look_into(expo::Parser& parser, const expo::Row& row) {
  if (!is_series(row.kind)) return row.kind;
  std::vector<model::LabelView> labels;
  if (parser.labels(row, labels) == expo::ParseErrc::kProtobuf) return expo::RowKind::kError;
  for (std::size_t i = 1; i < labels.size(); ++i) require(labels[i - 1].name <= labels[i].name, "labels out of order");
  std::vector<expo::ExemplarText> exemplars;
  if (row.kind == expo::RowKind::kHistogram) {
    const auto histogram = parser.histogram();
    require(histogram != nullptr, "no histogram");
    require(covered(histogram->positive_spans) == histogram->positive_buckets.size(), "positive spans");
    require(covered(histogram->negative_spans) == histogram->negative_buckets.size(), "negative spans");
    parser.histogram_exemplars(exemplars);
  } else if (!row.exemplar.labels.empty()) {
    exemplars.push_back(row.exemplar);
  }
  for (const auto& exemplar : exemplars) parser.exemplar_labels(exemplar, labels);
  return row.kind;
}

void read_page(const std::string& page, const expo::HistogramOptions& options) {
  std::vector<std::string> series;
  std::vector<expo::RowKind> kinds;
  expo::Row row;
  expo::ProtobufParser parser(page, options);
  do {
    parser.next(row);
    series.emplace_back(is_series(row.kind) ? row.series : "");
    kinds.push_back(look_into(parser, row));
  } while (kinds.back() != expo::RowKind::kEnd && kinds.back() != expo::RowKind::kError);
  if (kinds.back() == expo::RowKind::kError) {
    require(!parser.describe_error(page).empty(), "an error without words");
    require(parser.error().offset <= page.size(), "an error outside of the page");
  }
  expo::ProtobufParser again(page, options);
  for (std::size_t i = 0; i < kinds.size(); ++i) {
    const std::string_view text = series[i];
    const bool taken = again.next_known(text.substr(0, text.size() / 3), text.substr(text.size() / 3), row);
    require(taken == !text.empty(), "a known series is another");
    if (!taken) again.next(row);
    require(look_into(again, row) == kinds[i], "read twice, the rows differ");
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  // A copy of exactly this size, so that a read behind the page is seen.
  const std::string page(reinterpret_cast<const char*>(data), size);
  for (unsigned bits = 0; bits < 8; ++bits) {
    read_page(page,
              {.native = (bits & 1U) != 0, .classic = (bits & 2U) != 0, .convert = (bits & 4U) != 0, .starts = true});
  }
  return 0;
}
