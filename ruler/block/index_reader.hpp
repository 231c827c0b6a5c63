#pragma once
// Reads the file `index` of a block, versions 1 to 3.
//
//   magic, version | symbols | series ... | postings lists ... | postings offset table | table of contents
// Version 1 names symbols and series by their offset in the file; 2 and 3 name symbols by their number and series by
// offset / 16. In memory stands every 16th symbol's place and, of each label name, every 32nd value's place in the
// table (of version 1, whose table is not sorted, every one).

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/fs.hpp"
#include "base/quick_reader.hpp"
#include "block/block.hpp"
#include "storage/id_lists.hpp"

namespace tocsin::block {

/// Texts of symbols that were looked up lately: a walk over series asks for few of them again and again. Thread: one.
struct SymbolCache {
  struct Slot {
    std::uint64_t symbol = 0;
    std::string_view text;  // without data(): the slot is empty
  };
  std::array<Slot, 64> slots;
  std::uint64_t next = 0, next_at = 0;  // the symbol behind the one looked up last, and its place; 0: none
};

/// What stands of the times of a chunk that is not the first of its series. Scrapes come at their interval, and chunks
/// are full when they have so many samples: the next one's times, and those of the next series, are mostly the same, or
/// of two lengths where all chunks were cut at once.
struct RepeatedTimes {
  std::uint64_t bytes = 0,
                mask = 0;  // as they stand there: `size` bytes in front, and masked; no mask: nothing is known
  std::size_t size = 0;
  std::int64_t gap = 0, length = 0;  // from the chunk before, and of the chunk
};

/// Where the chunks of a series stand, decoded as far as they are wanted with IndexReader::next_chunks().
struct ChunkPlaces {
  QuickReader in{std::string_view()};
  std::size_t left = 0;
  bool started = false;
  bool failed = false;  // what stands there makes no sense
  ChunkMeta last;
  std::array<RepeatedTimes, 2> repeated;  // of this or of another series, the latest one first
};

/// Immutable. Thread: any. Errors name file and offset. Views live as long as the reader.
class IndexReader {
 public:
  /// Checks the table of contents, the symbols and the postings offset table. @return kCorrupt, kIo
  /// @param is_version_2  the version byte says 1 and means 2 (kMetaVersionOf21).
  static Result<std::unique_ptr<IndexReader>> open(Fs& fs, std::string path, bool is_version_2 = false);

  const std::string& path() const { return path_; }
  int version() const { return version_; }
  std::uint32_t toc_crc() const { return toc_crc_; }
  std::uint64_t bytes() const { return file_->bytes().size(); }

  /// Replaces both. The checksum is compared. Either may be null. @return kCorrupt
  Result<void> series(SeriesRef ref, model::Labels* labels, std::vector<ChunkMeta>* chunks) const;
  /// The value of one label of a series, "" if it has none.
  Result<std::string_view> label_value(SeriesRef ref, std::string_view name) const;
  /// Views of all labels as they stand there, in whatever order; replaces `out`.
  Result<void> label_views(SeriesRef ref, std::vector<model::LabelView>& out) const;

  /// A series taken apart as little as can be: views of its labels as label_views(), chunks for next_chunks();
  /// replaces both. @return kCorrupt
  Result<void> entry(SeriesRef ref, SymbolCache& symbols, std::vector<model::LabelView>& labels,
                     ChunkPlaces& chunks) const;
  /// Whether the labels that stand there are these, as far as bytes tell whose checksum is not compared: the caller
  /// knows the checksum of the labels from elsewhere. Touches no more of the series than its labels.
  bool seems_to_have(SeriesRef ref, SymbolCache& symbols, const model::Labels& labels) const;
  /// Tells the processor that the entry will be wanted soon, or its labels alone.
  void prefetch(SeriesRef ref, bool chunks) const;
  /// Appends the chunks that come next, up to the first that ends at `time` or later, or to the last of all.
  /// @return kCorrupt
  Result<void> next_chunks(SeriesRef ref, ChunkPlaces& places, Timestamp time, std::vector<ChunkMeta>& out) const;

  Result<void> symbols(const std::function<void(std::string_view)>& each) const;
  std::size_t symbol_count() const { return symbol_count_; }

  /// A label name, with the place of its values; `""` is the name of the list of all series.
  struct Name {
    std::string_view name;
    std::uint32_t values = 0;        // how many
    std::uint32_t sample = 0;        // of samples_: the first
    std::uint32_t sample_count = 0;  // and how many
  };
  /// Sorted by name.
  const std::vector<Name>& names() const { return names_; }
  /// nullptr if there is no such.
  const Name* find_name(std::string_view name) const;
  /// Calls each(value, offset of the list) for values from `from` on, ascending, until it returns false. @return
  /// kCorrupt
  Result<void> each_value(const Name& name, std::string_view from,
                          const std::function<bool(std::string_view, std::uint64_t)>& each) const;
  /// Offset of the list of a pair, 0 if there is none.
  Result<std::uint64_t> find_list(const Name& name, std::string_view value) const;
  /// The list at an offset: ascending refs. The checksum is compared. @return kCorrupt
  Result<storage::Ids> list(std::uint64_t offset) const;
  Result<storage::Ids> all_series() const;

 private:
  IndexReader() = default;
  struct Entry {
    std::string_view name, value;
    std::uint64_t offset = 0;
  };
  Result<void> read_toc(bool is_version_2);
  Result<void> read_symbols();
  Result<void> read_postings_table();
  Result<void> add_sorted(const std::vector<std::pair<Entry, std::uint32_t>>& entries);
  void add_entry(const Entry& entry, std::uint32_t at);
  Entry entry_at(std::uint64_t& at) const;
  Result<std::string_view> symbol(std::uint64_t number) const;
  Result<std::string_view> series_body(SeriesRef ref) const;
  Result<std::string_view> symbol(std::uint64_t number, SymbolCache& cache) const;
  /// @param at  within symbols_.
  Result<std::string_view> symbol_at(std::uint64_t at) const;
  /// @param text  of a symbol's number: Result<std::string_view>
  template <typename Text>
  Result<void> read_labels(SeriesRef ref, ByteReader& in, std::vector<model::LabelView>& out, Text&& text) const;
  Result<void> read_chunks(SeriesRef ref, ByteReader& in, std::vector<ChunkMeta>& out) const;
  std::uint64_t series_offset(SeriesRef ref) const { return version_ == 1 ? ref : ref * std::uint64_t{16}; }
  std::unexpected<Error> corrupt(std::uint64_t offset, std::string_view what) const;

  std::string path_;
  std::unique_ptr<MappedFile> file_;
  int version_ = 0;
  std::uint32_t toc_crc_ = 0;
  std::uint64_t symbols_at_ = 0, series_at_ = 0, postings_at_ = 0, table_at_ = 0;
  std::string_view symbols_, table_;  // of each section: what the length counts
  std::uint32_t symbol_count_ = 0;
  std::vector<std::uint32_t> symbol_samples_;  // offsets in symbols_
  std::vector<Name> names_;
  std::vector<std::uint32_t> samples_;  // offsets in table_
  std::uint32_t every_ = 0;             // one sample stands for so many entries
};

}  // namespace tocsin::block
