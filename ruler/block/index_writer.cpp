#include "block/index_writer.hpp"

#include <limits>

#include "block/format.hpp"

namespace tocsin::block {
namespace {

constexpr std::uint64_t kMaxSection = std::numeric_limits<std::uint32_t>::max();

std::size_t varint_bytes(std::uint64_t value) {
  std::size_t bytes = 1;
  for (; value >= 0x80; value >>= 7U) ++bytes;
  return bytes;
}

/// A section: its length, itself, its checksum.
Result<void> append_section(BufferedFile& file, std::string_view body, std::string& scratch) {
  scratch.clear();
  put_be32(scratch, static_cast<std::uint32_t>(body.size()));
  TOCSIN_OK(file.append(scratch));
  TOCSIN_OK(file.append(body));
  scratch.clear();
  put_be32(scratch, crc32c(body));
  return file.append(scratch);
}

}  // namespace

Result<IndexWriter> IndexWriter::create(Fs& fs, const std::string& path) {
  TOCSIN_TRY(BufferedFile file, BufferedFile::create(fs, path));
  std::string header;
  put_be32(header, kIndexMagic);
  header += '\x02';
  TOCSIN_OK(file.append(header));
  return IndexWriter(std::move(file));
}

Result<void> IndexWriter::symbols(std::span<const std::string_view> sorted) {
  std::uint64_t bytes = 4;
  for (std::size_t i = 0; i < sorted.size(); ++i) {
    bytes += varint_bytes(sorted[i].size()) + sorted[i].size();
    if (i > 0 && sorted[i - 1] >= sorted[i]) return fail(Errc::kInvalid, "symbol \"{}\" out-of-order", sorted[i]);
  }
  if (bytes > kMaxSection)
    return fail(Errc::kLimit, "the symbol table would have {} bytes, 4 GiB are the limit", bytes);
  symbols_at_ = file_.position();
  std::string piece;
  put_be32(piece, static_cast<std::uint32_t>(bytes));
  TOCSIN_OK(file_.append(piece));
  piece.clear();
  put_be32(piece, static_cast<std::uint32_t>(sorted.size()));
  std::uint32_t crc = crc32c(piece);
  TOCSIN_OK(file_.append(piece));
  for (const std::string_view symbol : sorted) {
    piece.clear();
    put_text(piece, symbol);
    crc = crc32c(piece, crc);
    TOCSIN_OK(file_.append(piece));
  }
  piece.clear();
  put_be32(piece, crc);
  TOCSIN_OK(file_.append(piece));
  symbols_ = SymbolNumbers(sorted);
  series_at_ = file_.position();
  return {};
}

/// Series come in order of labels, so most pairs are those of the series before.
Result<void> IndexWriter::collect_pairs(const model::Labels& labels) {
  std::swap(pairs_, last_pairs_);
  pairs_.clear();
  numbers_.clear();
  for (const model::LabelView& label : labels) {
    const std::size_t i = pairs_.size();
    const Pair* const last = i < last_pairs_.size() ? &last_pairs_[i] : nullptr;
    Pair pair;
    if (last && symbols_.text(last->name) == label.name) {
      pair = *last;
      if (symbols_.text(last->value) == label.value) {
        pairs_.push_back(pair);
        numbers_.push_back(pair.number);
        continue;
      }
    } else {
      const auto name = symbols_.find(label.name);
      if (!name) return fail(Errc::kInvalid, "symbol entry for \"{}\" does not exist", label.name);
      pair.name = *name;
    }
    const auto value = symbols_.find(label.value);
    if (!value) return fail(Errc::kInvalid, "symbol entry for \"{}\" does not exist", label.value);
    pair.value = *value;
    pair.number = postings_.pair(pair.name, pair.value);
    pairs_.push_back(pair);
    numbers_.push_back(pair.number);
  }
  if (pairs_.size() > std::numeric_limits<std::uint16_t>::max()) {
    return fail(Errc::kLimit, "a series has {} labels", pairs_.size());
  }
  return {};
}

Result<SeriesRef> IndexWriter::add(const model::Labels& labels, std::span<const ChunkMeta> chunks) {
  if (labels <= last_labels_) {
    return fail(Errc::kInvalid, "out-of-order series added with label set {}, last label set {}", labels.to_string(),
                last_labels_.to_string());
  }
  TOCSIN_OK(collect_pairs(labels));
  TOCSIN_OK(file_.align(kSeriesAlign));
  const std::uint64_t ref = file_.position() / kSeriesAlign;
  if (ref > kMaxSection) return fail(Errc::kLimit, "the index would have more than 64 GiB of series");

  body_.clear();
  put_varint(body_, pairs_.size());
  for (const Pair& pair : pairs_) {
    put_varint(body_, pair.name);
    put_varint(body_, pair.value);
  }
  put_varint(body_, chunks.size());
  ChunkMeta last;
  for (const ChunkMeta& chunk : chunks) {
    const bool first = &chunk == chunks.data();
    const std::int64_t passed = wrapping_sub(chunk.min_time, last.max_time);
    first ? put_signed(body_, chunk.min_time) : put_varint(body_, static_cast<std::uint64_t>(passed));
    put_varint(body_, static_cast<std::uint64_t>(wrapping_sub(chunk.max_time, chunk.min_time)));
    first ? put_varint(body_, chunk.ref) : put_signed(body_, static_cast<std::int64_t>(chunk.ref - last.ref));
    last = chunk;
  }
  head_.clear();
  put_varint(head_, body_.size());
  put_be32(body_, crc32c(body_));
  TOCSIN_OK(file_.append(head_));
  TOCSIN_OK(file_.append(body_));
  postings_.add(static_cast<std::uint32_t>(ref), numbers_);
  last_labels_ = labels;
  return static_cast<SeriesRef>(ref);
}

Result<void> IndexWriter::write_list(std::string_view name, std::string_view value,
                                     std::span<const std::uint32_t> refs) {
  TOCSIN_OK(file_.align(kPostingsAlign));
  put_varint(table_, kPostingsKeys);
  put_text(table_, name);
  put_text(table_, value);
  put_varint(table_, file_.position());
  ++table_entries_;
  if (refs.size() >= kMaxSection / 4) return fail(Errc::kLimit, "a postings list of {} series", refs.size());
  body_.clear();
  put_be32(body_, static_cast<std::uint32_t>(refs.size()));
  for (const std::uint32_t ref : refs) put_be32(body_, ref);
  return append_section(file_, body_, head_);
}

Result<std::uint32_t> IndexWriter::finish() {
  const std::uint64_t label_indices_at = file_.position();  // there are none
  TOCSIN_OK(file_.align(kPostingsAlign));
  const std::uint64_t postings_at = file_.position();
  put_be32(table_, 0);  // the number of entries
  TOCSIN_OK(write_list("", "", postings_.refs()));
  TOCSIN_OK(postings_.each([this](std::uint32_t name, std::uint32_t value, std::span<const std::uint32_t> refs) {
    return write_list(symbols_.text(name), symbols_.text(value), refs);
  }));
  const std::uint64_t table_at = file_.position();
  if (table_.size() > kMaxSection) {
    return fail(Errc::kLimit, "the postings offset table would have {} bytes, 4 GiB are the limit", table_.size());
  }
  std::string count;
  put_be32(count, table_entries_);
  table_.replace(0, count.size(), count);
  TOCSIN_OK(append_section(file_, table_, head_));

  std::string toc;
  // In order: symbols, series, label indices, their table, postings, postings offset table.
  for (const std::uint64_t at : {symbols_at_, series_at_, label_indices_at, table_at, postings_at, table_at}) {
    put_be64(toc, at);
  }
  const std::uint32_t crc = crc32c(toc);
  put_be32(toc, crc);
  TOCSIN_OK(file_.append(toc));
  TOCSIN_OK(file_.finish());
  return crc;
}

}  // namespace tocsin::block
