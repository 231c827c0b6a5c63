#include "backfill/worker.hpp"

#include <algorithm>
#include <utility>

#include "base/hash.hpp"
#include "base/strings.hpp"
#include "storage/storage.hpp"

namespace tocsin::backfill {
namespace {

constexpr std::size_t kExcerptBytes = 80;
/// Longest series text, as for a scrape.
constexpr std::size_t kMaxSeriesBytes = 1U << 20U;

}  // namespace

Worker::Worker(Pieces& pieces, const Options& options, Fs& fs, std::string run_path)
    : pieces_(pieces),
      options_(options),
      fs_(fs),
      run_path_(std::move(run_path)),
      buffer_(options.buffer_samples, options.duration) {}

void Worker::refuse(const Piece& piece, std::size_t offset, std::string message) {
  offset = std::min(offset, piece.text.size());
  const std::string_view text = piece.text;
  const std::size_t newline = text.substr(0, offset).rfind('\n');
  const std::size_t line = newline == std::string_view::npos ? 0 : newline + 1;
  const std::string_view rest = text.substr(line, text.find('\n', offset) - line).substr(0, kExcerptBytes);
  input_error_ = {piece.offset + offset, std::move(message), std::string(rest), offset - line + 1};
}

Result<void> Worker::run() {
  TOCSIN_TRY(file_, fs_.open_append(run_path_));
  Piece piece;
  while (true) {
    TOCSIN_TRY(const bool is_there, pieces_.next(piece));
    if (!is_there) break;
    TOCSIN_OK(read(piece));
    if (input_error_) return {};
    pieces_.note_type(piece, type_);
  }
  TOCSIN_OK(spill());
  file_.reset();
  return {};
}

Result<void> Worker::read(const Piece& piece) {
  expo::OpenMetricsParser parser(piece.text);
  expo::Row row;
  type_.reset();
  knows_type_ = false;
  while (true) {
    std::uint32_t text = last_ == SeriesTable::kNone ? SeriesTable::kNone : table_.next(last_);
    if (text == SeriesTable::kNone || !parser.next_known({}, table_.text(text), row)) {
      switch (parser.next(row)) {
        case expo::RowKind::kSeries:
          break;
        case expo::RowKind::kError: {
          const expo::ParseError error = parser.error();
          // A piece that is not the last one ends like a page that was cut off.
          const bool is_end = error.code == expo::ParseErrc::kNoEof && error.offset >= piece.text.size();
          if (piece.is_last || !is_end) refuse(piece, error.offset, std::string(expo::parse_error_text(error.code)));
          return {};
        }
        case expo::RowKind::kEnd:
          if (!piece.is_last) {
            refuse(piece, piece.text.size(), std::string(expo::parse_error_text(expo::ParseErrc::kAfterEof)));
          }
          return {};
        case expo::RowKind::kType:
          type_ = row.type;
          knows_type_ = true;
          continue;
        default:
          continue;
      }
      TOCSIN_TRY(const auto found, find_text(piece, parser, row));
      if (!found) return {};
      text = *found;
      if (last_ != SeriesTable::kNone) table_.set_next(last_, text);
    }
    last_ = text;
    const auto offset = [&] { return static_cast<std::size_t>(row.series.data() - piece.text.data()); };
    if (!row.has_timestamp) [[unlikely]] {
      refuse(piece, offset(), "expected timestamp for series got none");
      return {};
    }
    if (row.timestamp < storage::kOldestTime || row.timestamp > storage::kNewestTime) [[unlikely]] {
      refuse(piece, offset(), "out of bounds");
      return {};
    }
    buffer_.add(table_.series(text), row.timestamp, row.value);
    if (buffer_.full()) [[unlikely]]
      TOCSIN_OK(spill());
  }
}

Result<std::optional<std::uint32_t>> Worker::find_text(const Piece& piece, expo::OpenMetricsParser& parser,
                                                       const expo::Row& row) {
  const std::uint64_t hash = xxhash64(row.series);
  if (const std::uint32_t known = table_.find(row.series, hash); known != SeriesTable::kNone) return known;
  TOCSIN_TRY(const auto labels, labels_of(piece, parser, row));
  if (!labels) return std::nullopt;
  return table_.add(row.series, hash, *labels);
}

Result<std::optional<model::Labels>> Worker::labels_of(const Piece& piece, expo::OpenMetricsParser& parser,
                                                       const expo::Row& row) {
  const auto offset = static_cast<std::size_t>(row.series.data() - piece.text.data());
  if (row.series.size() > kMaxSeriesBytes) {
    refuse(piece, offset, fmt::format("series is longer than {} bytes", kMaxSeriesBytes));
    return std::nullopt;
  }
  if (!knows_type_ && (row.series.find("le") != std::string_view::npos)) {
    // Numbers in `le` and `quantile` are spelled by the TYPE, which may stand in an earlier piece.
    TOCSIN_TRY(const model::MetricType type, pieces_.type_before(piece));
    parser.set_type(type);
    knows_type_ = true;
  }
  if (parser.labels(row, labels_) == expo::ParseErrc::kDuplicateLabel) {
    const auto twice = std::adjacent_find(labels_.begin(), labels_.end(),
                                          [](const auto& a, const auto& b) { return a.name == b.name; });
    refuse(piece, offset, fmt::format("label name {} is not unique: invalid sample", go_quote(twice->name)));
    return std::nullopt;
  }
  if (options_.labels.empty()) return model::Labels::from(labels_);
  model::LabelsBuilder builder(model::Labels::from(labels_));
  for (const auto& label : options_.labels) builder.set(label.name, label.value);
  return builder.build();
}

Result<void> Worker::spill() {
  buffer_.sort(table_.ranks());
  const auto& items = buffer_.items();
  for (std::size_t begin = 0; begin < items.size();) {
    std::size_t end = begin;
    const std::int64_t block = buffer_.block(items[begin]);
    while (end < items.size() && buffer_.block(items[end]) == block) ++end;
    TOCSIN_OK(spill_block(begin, end));
    begin = end;
  }
  buffer_.clear();
  return {};
}

Result<void> Worker::spill_block(std::size_t begin, std::size_t end) {
  const auto& items = buffer_.items();
  const std::int64_t block = buffer_.block(items[begin]);
  const auto& order = table_.order();
  writer_.begin(block, block * options_.duration);
  while (begin < end) {
    const std::uint64_t key = items[begin].key;
    samples_.clear();
    bool is_sorted = true;
    for (; begin < end && items[begin].key == key; ++begin) {
      is_sorted = is_sorted && (samples_.empty() || samples_.back().t <= items[begin].t);
      samples_.push_back({items[begin].t, items[begin].value});
    }
    if (!is_sorted) {
      std::sort(samples_.begin(), samples_.end(),
                [](const ImportSample& a, const ImportSample& b) { return a.t < b.t; });
    }
    writer_.add(order[buffer_.rank(items[begin - 1])], samples_);
  }
  TOCSIN_TRY(Segment segment, writer_.finish(*file_));
  segments_.push_back(std::move(segment));
  return {};
}

}  // namespace tocsin::backfill
