#pragma once
// Samples as rows: what no other encoding holds. A series of floats that gets one with a start timestamp keeps its open
// chunk as rows; the encoding below is that of chunk files and of the log, which has histograms so as well.
//   row := zigzag(t - previous t) flags u8 [zigzag(t - start)] (value f64 | histogram text)
//   flags: 1 start, 2 histogram (row_histogram.hpp)

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/bytes.hpp"
#include "base/time.hpp"
#include "model/histogram.hpp"
#include "model/sample.hpp"

namespace tocsin::tsdb {

struct Row {
  Timestamp t = 0;
  double value = 0;
  Timestamp start = 0;
  model::HistogramPtr histogram;
};

/// One row against the time of the one before (0 for the first). @param last  as in encode_histogram().
void encode_row(const Row& row, Timestamp previous, const model::FloatHistogram* last, std::string& out);
/// @param change  of a histogram that is a change: its bytes, for decode_histogram(), and the row has none yet; if
/// nullptr, such a row is refused.
/// @return false if the bytes are no row.
bool decode_row(Timestamp previous, ByteReader& in, Row& row, std::string_view* change = nullptr);

void encode_rows(std::span<const Row> rows, std::string& out);
/// Replaces `rows`. @return false if the bytes are not `count` rows in order of time.
bool decode_rows(std::string_view bytes, std::size_t count, std::vector<Row>& rows);

/// Bytes that a row takes in memory, about.
std::size_t row_bytes(const Row& row);

}  // namespace tocsin::tsdb
