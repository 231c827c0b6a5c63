#pragma once
// The input of an import, cut at line ends into pieces that are read side by side.

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/fs.hpp"
#include "base/result.hpp"
#include "model/metric_type.hpp"

namespace tocsin::backfill {

struct Piece {
  std::size_t index = 0;
  std::uint64_t offset = 0;  // of its first byte in the input
  bool is_last = false;
  std::string text;  // whole lines; the last one gets its newline if it has none
};

/// Thread: any.
class Pieces {
 public:
  /// A line that is longer is an error.
  static constexpr std::size_t kMaxLineBytes = 64U << 20U;

  /// @param piece_bytes  of a piece, unless a line is longer
  static Result<std::unique_ptr<Pieces>> open(Fs& fs, const std::string& path, std::size_t piece_bytes);

  /// The next piece, in order. @return false if there is none.
  Result<bool> next(Piece& out);
  /// A piece was read: what the last TYPE in it says, if there is one.
  void note_type(const Piece& piece, std::optional<model::MetricType> type);
  /// The TYPE that is in force where the piece begins.
  Result<model::MetricType> type_before(const Piece& piece);
  /// How many newlines stand before an offset.
  Result<std::uint64_t> lines_before(std::uint64_t offset) const;

 private:
  struct Place {
    std::uint64_t offset = 0, size = 0;
    bool is_read = false;
    std::optional<model::MetricType> type;  // of the last TYPE
  };
  Pieces(std::unique_ptr<RandomFile> file, std::string path, std::uint64_t size, std::size_t piece_bytes)
      : file_(std::move(file)), path_(std::move(path)), size_(size), piece_bytes_(piece_bytes) {}
  Result<void> read(std::uint64_t offset, std::size_t size, std::string& out) const;

  const std::unique_ptr<RandomFile> file_;
  const std::string path_;
  const std::uint64_t size_;
  const std::size_t piece_bytes_;
  std::mutex mutex_;
  std::uint64_t offset_ = 0;  // of the next piece; guarded by mutex_, as places_
  std::vector<Place> places_;
};

}  // namespace tocsin::backfill
