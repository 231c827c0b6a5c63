#pragma once
// Samples as rows: what the XOR encoding cannot hold, native histograms and start timestamps. A series that gets such a
// sample keeps its open chunk as rows; the encoding below is that of chunk files and of the log.
//   row := zigzag(t - previous t) flags u8 [zigzag(t - start)] (value f64 | histogram)      flags: 1 start, 2 histogram

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

/// Spans and buckets agree, custom bounds stand with custom buckets alone.
bool valid_histogram(const model::FloatHistogram& histogram);

void encode_histogram(const model::FloatHistogram& histogram, std::string& out);
/// nullptr if the bytes are no valid histogram.
model::HistogramPtr decode_histogram(ByteReader& in);

/// One row against the time of the one before (0 for the first).
void encode_row(const Row& row, Timestamp previous, std::string& out);
/// @return false if the bytes are no row.
bool decode_row(Timestamp previous, ByteReader& in, Row& row);

void encode_rows(std::span<const Row> rows, std::string& out);
/// Replaces `rows`. @return false if the bytes are not `count` rows in order of time.
bool decode_rows(std::string_view bytes, std::size_t count, std::vector<Row>& rows);

/// Bytes that a row takes in memory, about.
std::size_t row_bytes(const Row& row);

}  // namespace tocsin::tsdb
