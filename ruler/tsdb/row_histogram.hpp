#pragma once
// A histogram in the log and in rows. The layout is the same for most samples of a series, and most buckets do not
// move: then a sample stands as its change against the last one, in bits as in a chunk (chunkenc/histogram_fields.hpp),
// some tens of bytes. docs/format/wal.md draws it.

#include <string>
#include <string_view>

#include "model/histogram.hpp"
#include "model/sample.hpp"

namespace tocsin::tsdb {

/// Appends it, as a text. @param last  what the reader will have as well, or nullptr; it is used if it has the same
/// layout and is of the same kind.
void encode_histogram(const model::FloatHistogram& histogram, const model::FloatHistogram* last, std::string& out);

/// Whether decode_histogram() needs the last one.
bool is_histogram_change(std::string_view bytes);

/// @return nullptr if the bytes (of the text) are no valid histogram, or no change to `last`.
model::HistogramPtr decode_histogram(std::string_view bytes, const model::FloatHistogram* last);

}  // namespace tocsin::tsdb
