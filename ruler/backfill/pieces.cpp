#include "backfill/pieces.hpp"

#include <algorithm>
#include <utility>

#include "expo/openmetrics_parser.hpp"

namespace tocsin::backfill {
namespace {

/// The last TYPE of a text that begins and ends with a line. A text that is wrong somewhere fails the import elsewhere.
std::optional<model::MetricType> last_type(std::string_view text) {
  constexpr std::string_view kType = "# TYPE ";
  std::size_t end = text.size();
  while (true) {
    const std::size_t at = text.substr(0, end).rfind(kType);
    if (at == std::string_view::npos) return std::nullopt;
    end = at;
    if (at > 0 && text[at - 1] != '\n') continue;
    const std::string_view line = text.substr(at, text.find('\n', at) + 1 - at);
    expo::OpenMetricsParser parser(line);
    expo::Row row;
    if (parser.next(row) == expo::RowKind::kType) return row.type;
  }
}

}  // namespace

Result<std::unique_ptr<Pieces>> Pieces::open(Fs& fs, const std::string& path, std::size_t piece_bytes) {
  TOCSIN_TRY(auto file, fs.open_random(path));
  TOCSIN_TRY(const std::uint64_t size, file->size());
  return std::unique_ptr<Pieces>(new Pieces(std::move(file), path, size, std::max<std::size_t>(piece_bytes, 1)));
}

Result<void> Pieces::read(std::uint64_t offset, std::size_t size, std::string& out) const {
  out.resize(size);
  std::size_t have = 0;
  while (have < size) {
    TOCSIN_TRY(const std::size_t got, file_->read_at(offset + have, out.data() + have, size - have));
    if (got == 0) return fail(Errc::kIo, "{}: the file became shorter while it was read", path_);
    have += got;
  }
  return {};
}

Result<bool> Pieces::next(Piece& out) {
  const std::lock_guard lock(mutex_);
  // A file of nothing is one piece, which lacks its end.
  if (offset_ == size_ && !places_.empty()) return false;
  for (std::size_t wanted = piece_bytes_;; wanted *= 2) {
    const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(wanted, size_ - offset_));
    TOCSIN_OK(read(offset_, size, out.text));
    out.is_last = offset_ + size == size_;
    if (out.is_last) break;
    if (const std::size_t newline = out.text.rfind('\n'); newline != std::string::npos) {
      out.text.resize(newline + 1);
      break;
    }
    if (wanted >= kMaxLineBytes) {
      return fail(Errc::kLimit, "{}: the line at byte {} is longer than {} bytes", path_, offset_, kMaxLineBytes);
    }
  }
  out.offset = offset_;
  out.index = places_.size();
  places_.push_back({offset_, out.text.size(), false, {}});
  offset_ += out.text.size();
  // The parser would do so with a copy.
  if (!out.text.empty() && out.text.back() != '\n') out.text += '\n';
  return true;
}

void Pieces::note_type(const Piece& piece, std::optional<model::MetricType> type) {
  const std::lock_guard lock(mutex_);
  places_[piece.index].is_read = true;
  places_[piece.index].type = type;
}

Result<model::MetricType> Pieces::type_before(const Piece& piece) {
  std::string text;
  for (std::size_t i = piece.index; i > 0; --i) {
    Place place;
    {
      const std::lock_guard lock(mutex_);
      place = places_[i - 1];
    }
    if (!place.is_read) {
      // Somebody is at it: no more than one piece for each thread.
      TOCSIN_OK(read(place.offset, place.size, text));
      place.type = last_type(text);
    }
    if (place.type) return *place.type;
  }
  return model::MetricType::kUnknown;
}

Result<std::uint64_t> Pieces::lines_before(std::uint64_t offset) const {
  std::uint64_t lines = 0;
  constexpr std::uint64_t kStep = 1U << 20U;
  std::string text;
  for (std::uint64_t at = 0; at < offset; at += text.size()) {
    TOCSIN_OK(read(at, static_cast<std::size_t>(std::min(kStep, offset - at)), text));
    lines += static_cast<std::uint64_t>(std::count(text.begin(), text.end(), '\n'));
  }
  return lines;
}

}  // namespace tocsin::backfill
