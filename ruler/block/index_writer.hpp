#pragma once
// Writes the file `index` of a block, version 2, from front to end; see index_reader.hpp for the parts. The label
// indices of older writers, which no reader uses, are left out, as Prometheus 3 does.

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "block/block.hpp"
#include "block/buffered_file.hpp"
#include "block/postings_builder.hpp"
#include "block/symbol_numbers.hpp"

namespace tocsin::block {

/// Memory: the symbols, the entries of the postings offset table, and what PostingsBuilder says. Thread: one.
class IndexWriter {
 public:
  static Result<IndexWriter> create(Fs& fs, const std::string& path);
  /// Ascending, each once. Before the first series.
  Result<void> symbols(std::span<const std::string_view> sorted);
  /// In ascending order of labels. @return its ref; kInvalid: labels out of order, or no symbol; kLimit
  Result<SeriesRef> add(const model::Labels& labels, std::span<const ChunkMeta> chunks);
  /// Writes the rest and syncs. @return the checksum of the table of contents
  Result<std::uint32_t> finish();

 private:
  explicit IndexWriter(BufferedFile file) : file_(std::move(file)) {}
  Result<void> collect_pairs(const model::Labels& labels);
  Result<void> write_list(std::string_view name, std::string_view value, std::span<const std::uint32_t> refs);

  struct Pair {
    std::uint32_t name = 0, value = 0, number = 0;
  };
  BufferedFile file_;
  SymbolNumbers symbols_;
  PostingsBuilder postings_;
  model::Labels last_labels_;
  std::vector<Pair> pairs_, last_pairs_;  // of a series and of the one before
  std::vector<std::uint32_t> numbers_;
  std::string body_, head_;
  std::string table_;
  std::uint32_t table_entries_ = 0;
  std::uint64_t symbols_at_ = 0, series_at_ = 0;
};

}  // namespace tocsin::block
