#pragma once
// One thread of the first pass: pieces of the input become sorted runs in a temporary file.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "backfill/pieces.hpp"
#include "backfill/run.hpp"
#include "backfill/sample_buffer.hpp"
#include "backfill/series_table.hpp"
#include "expo/openmetrics_parser.hpp"

namespace tocsin::backfill {

/// What is wrong with the input, and where.
struct InputError {
  std::uint64_t offset = 0;  // in bytes
  std::string message;       // without the place
  std::string excerpt;       // the line, from there on
  std::uint64_t column = 1;  // in bytes, from 1
};

/// Thread: one at a time.
class Worker {
 public:
  struct Options {
    model::Labels labels;  // of all series, over their own
    std::int64_t duration = 0;
    std::size_t buffer_samples = 0;
  };
  Worker(Pieces& pieces, const Options& options, Fs& fs, std::string run_path);

  /// Reads pieces until there are none, or one is wrong. @return kIo and the like; what is wrong with the input is
  /// input_error().
  Result<void> run();
  const std::optional<InputError>& input_error() const { return input_error_; }

  const std::string& run_path() const { return run_path_; }
  SeriesTable& table() { return table_; }
  const std::vector<Segment>& segments() const { return segments_; }

 private:
  Result<void> read(const Piece& piece);
  /// The text's number, which may be new. nullopt: input_error_ says why.
  Result<std::optional<std::uint32_t>> find_text(const Piece& piece, expo::OpenMetricsParser& parser,
                                                 const expo::Row& row);
  Result<std::optional<model::Labels>> labels_of(const Piece& piece, expo::OpenMetricsParser& parser,
                                                 const expo::Row& row);
  void refuse(const Piece& piece, std::size_t offset, std::string message);
  Result<void> spill();
  Result<void> spill_block(std::size_t begin, std::size_t end);

  Pieces& pieces_;
  const Options options_;
  Fs& fs_;
  const std::string run_path_;
  std::unique_ptr<AppendFile> file_;
  SeriesTable table_;
  SampleBuffer buffer_;
  SegmentWriter writer_;
  std::vector<Segment> segments_;
  std::optional<InputError> input_error_;
  std::optional<model::MetricType> type_;  // the last TYPE of the piece
  bool knows_type_ = false;                // the parser was told what stands before the piece
  std::uint32_t last_ = SeriesTable::kNone;
  std::vector<model::LabelView> labels_;
  std::vector<ImportSample> samples_;
};

}  // namespace tocsin::backfill
