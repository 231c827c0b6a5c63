// Block::verify: everything that a block says is compared with everything else that it says.
#include <algorithm>
#include <map>
#include <unordered_map>

#include "base/bytes.hpp"
#include "base/hash.hpp"
#include "block/block.hpp"
#include "block/index_reader.hpp"
#include "block/sidecar.hpp"
#include "block/sidecar_format.hpp"
#include "chunkenc/chunk_summary.hpp"

namespace tocsin::block {
namespace {

using Tell = std::function<void(std::string)>;

/// The series of a label pair without their list: how many, and the sum of a hash of each.
struct Members {
  std::uint64_t count = 0, sum = 0;
  void add(SeriesRef ref) {
    ++count;
    sum += (ref + 0x9e3779b97f4a7c15ULL) * 0xbf58476d1ce4e5b9ULL;
  }
  bool operator==(const Members&) const = default;
};

std::string pair_text(std::string_view name, std::string_view value) {
  return model::Labels{{name, value}}.to_string();
}

/// Whether they are stored as the same bytes, and so are the same to the bit.
bool same(const storage::ChunkSummary& a, const storage::ChunkSummary& b) {
  std::string left, right;
  chunkenc::encode_summary(a, left);
  chunkenc::encode_summary(b, right);
  return a.first_time == b.first_time && left == right;
}

class Verifier {
 public:
  Verifier(const Block& block, const Tell& tell) : block_(block), tell_(tell) {}

  std::size_t run() {
    check_symbols();
    check_series();
    check_postings();
    check_tombstones();
    check_stats();
    check_sidecar();
    if (!block_.sidecar_defect().empty()) defect("{}", block_.sidecar_defect());
    return defects_;
  }

 private:
  template <typename... Args>
  void defect(fmt::format_string<Args...> format, Args&&... args) {
    ++defects_;
    tell_(fmt::format(format, std::forward<Args>(args)...));
  }

  void check_symbols() {
    std::string_view last;
    bool first = true;
    // Read at opening: it cannot fail.
    (void)block_.symbols([&](std::string_view symbol) {
      if (!first && symbol <= last && block_.index_version() != 1) {
        defect("{}/index: symbol {:?} is not after {:?}", block_.path(), symbol, last);
      }
      first = false;
      last = symbol;
    });
  }

  void check_series() {
    auto refs = block_.index().all_series();
    if (!refs) return defect("{}", refs.error().message);
    model::Labels last_labels;
    std::uint64_t last_chunk = 0;
    for (const SeriesRef ref : *refs) {
      std::vector<model::LabelView> views;
      std::vector<ChunkMeta> chunks;
      if (auto read = block_.index().label_views(ref, views); !read) {
        defect("{}", read.error().message);
        continue;
      }
      ++series_;
      const model::Labels labels = model::Labels::from(views);
      const std::string name = fmt::format("{}: series {} {}", block_.path(), ref, labels.to_string());
      check_labels(ref, name, views);
      if (labels <= last_labels) defect("{}: not after the series before it, {}", name, last_labels.to_string());
      last_labels = labels;
      if (auto read = block_.series(ref, nullptr, &chunks); !read) {
        defect("{}", read.error().message);
        continue;
      }
      check_chunks(name, chunks, last_chunk);
      check_summaries(ref, name, labels, chunks);
    }
    refs_ = std::move(*refs);
  }

  void check_labels(SeriesRef ref, const std::string& name, const std::vector<model::LabelView>& views) {
    std::string_view last;
    for (const model::LabelView& view : views) {
      if (view.name <= last) defect("{}: label {:?} is not after {:?}", name, view.name, last);
      if (view.value.empty()) defect("{}: label {:?} is empty", name, view.name);
      last = view.name;
      members_[key(view.name, view.value)].add(ref);
    }
  }

  static std::uint64_t key(std::string_view name, std::string_view value) {
    std::string text;
    put_text(text, name);
    text += value;
    return xxhash64(text);
  }

  void check_chunks(const std::string& name, const std::vector<ChunkMeta>& chunks, std::uint64_t& last_ref) {
    if (chunks.empty()) defect("{}: no chunks", name);
    const Meta& meta = block_.meta();
    found_.clear();
    for (const ChunkMeta& chunk : chunks) {
      const bool first = &chunk == chunks.data();
      if (!first && chunk.min_time <= (&chunk - 1)->max_time) {
        defect("{}: chunk {:#x} begins at {}, not after the end of the one before it, {}", name, chunk.ref,
               chunk.min_time, (&chunk - 1)->max_time);
      }
      if (chunk.min_time < meta.min_time || chunk.max_time >= meta.max_time) {
        defect("{}: chunk {:#x} of {} to {} is not within the block's {} to {}", name, chunk.ref, chunk.min_time,
               chunk.max_time, meta.min_time, meta.max_time);
      }
      if (chunks_ > 0 && chunk.ref <= last_ref) defect("{}: chunk {:#x} is not after {:#x}", name, chunk.ref, last_ref);
      last_ref = chunk.ref;
      ++chunks_;
      check_samples(name, chunk);
    }
  }

  void check_samples(const std::string& name, const ChunkMeta& chunk) {
    const std::size_t defects = defects_;
    Found& found = found_.emplace_back();
    read_samples(name, chunk);
    if (defects_ > defects) {
      ++unread_chunks_;
      return;
    }
    found.samples = columns_.size();
    if (columns_.histograms.empty()) found.summary = chunkenc::summarise(columns_.times, columns_.values);
  }

  /// What the sidecar says of a series is compared with the samples. Start timestamps stand there alone: their number
  /// is.
  void check_summaries(SeriesRef ref, const std::string& name, const model::Labels& labels,
                       const std::vector<ChunkMeta>& chunks) {
    const SidecarReader* const sidecar = block_.sidecar();
    if (!sidecar) return;
    SidecarSeries series;
    if (!sidecar->find(ref, series)) return defect("{}: {} has no record of it", name, kSidecarFile);
    ++sidecar_series_;
    if (series.labels_crc != crc32c(labels.encoded())) {
      defect("{}: {}: the checksum of the labels is of others", name, kSidecarFile);
    }
    if (series.chunks != chunks.size()) {
      return defect("{}: {} says {} chunks, the index {}", name, kSidecarFile, series.chunks, chunks.size());
    }
    SidecarSummaries said;
    if (!sidecar->all_summaries(series, said)) {
      return defect("{}: {}: the summaries are damaged", name, kSidecarFile);
    }
    for (std::size_t i = 0; i < chunks.size(); ++i) {
      check_summary(name, chunks[i], said.chunks[i], found_[i]);
      if (!sidecar->starts(ref, i, starts_) || found_[i].samples == 0) continue;
      if (starts_.size() == found_[i].samples) continue;
      defect("{}: chunk {:#x}: {} has {} start timestamps for {} samples", name, chunks[i].ref, kSidecarFile,
             starts_.size(), found_[i].samples);
    }
    check_coarse(name, said);
  }

  struct Found {
    std::size_t samples = 0;        // 0: it could not be read
    storage::ChunkSummary summary;  // of floats
  };
  void check_summary(const std::string& name, const ChunkMeta& chunk, const storage::ChunkSummary& said,
                     const Found& found) {
    if (said.first_time != chunk.min_time || said.last_time != chunk.max_time) {
      return defect("{}: chunk {:#x} is of {} to {}, {} says {} to {}", name, chunk.ref, chunk.min_time, chunk.max_time,
                    kSidecarFile, said.first_time, said.last_time);
    }
    // Who is not known is read.
    if (found.samples == 0 || !said.known() || same(said, found.summary)) return;
    defect("{}: chunk {:#x}: the summary in {} is not that of its samples", name, chunk.ref, kSidecarFile);
  }

  /// Coarse summaries are those of their chunks.
  void check_coarse(const std::string& name, const SidecarSummaries& said) {
    const auto check = [&](const storage::ChunkSummary& coarse, std::size_t from, std::size_t to) {
      storage::ChunkSummary all = said.chunks[from];
      for (std::size_t i = from + 1; i < to; ++i) all = chunkenc::combine(all, said.chunks[i]);
      if (same(coarse, all)) return;
      defect("{}: the summary of chunks {} to {} in {} is not that of these chunks", name, from + 1, to, kSidecarFile);
    };
    const std::size_t count = said.chunks.size();
    check(said.whole, 0, count);
    for (std::size_t g = 0; g < said.groups.size(); ++g) {
      check(said.groups[g], g * sidecar::kGroupChunks, std::min(count, (g + 1) * sidecar::kGroupChunks));
    }
  }

  void check_sidecar() {
    const SidecarReader* const sidecar = block_.sidecar();
    if (!sidecar || sidecar->series() == sidecar_series_) return;
    defect("{}/{}: {} series, of which {} are in the index", block_.path(), kSidecarFile, sidecar->series(),
           sidecar_series_);
  }

  void read_samples(const std::string& name, const ChunkMeta& chunk) {
    const auto data = block_.chunk(chunk.ref);
    if (!data) return defect("{}: {}", name, data.error().message);
    const auto encoding = static_cast<std::uint8_t>(data->encoding);
    if (!chunkenc::is_encoding(encoding))
      return defect("{}: chunk {:#x} of unknown encoding {}", name, chunk.ref, encoding);
    columns_.clear();
    if (!chunkenc::decode_chunk(data->encoding, data->data, columns_)) {
      return defect("{}: chunk {:#x} is no chunk of encoding {}", name, chunk.ref, encoding);
    }
    if (columns_.times.empty()) return defect("{}: chunk {:#x} has no samples", name, chunk.ref);
    samples_ += columns_.size();
    if (columns_.times.front() != chunk.min_time || columns_.times.back() != chunk.max_time) {
      defect("{}: chunk {:#x} is of {} to {}, the index says {} to {}", name, chunk.ref, columns_.times.front(),
             columns_.times.back(), chunk.min_time, chunk.max_time);
    }
  }

  void check_postings() {
    for (const IndexReader::Name& name : block_.index().names()) {
      if (name.name.empty()) continue;
      auto read = block_.index().each_value(name, "", [&](std::string_view value, std::uint64_t offset) {
        check_list(name.name, value, offset);
        return true;
      });
      if (!read) defect("{}", read.error().message);
    }
    for (const auto& [pair, members] : members_) missing_lists_ += members.count > 0;
    if (missing_lists_ > 0)
      defect("{}/index: {} label pairs of series have no list of them", block_.path(), missing_lists_);
  }

  void check_list(std::string_view name, std::string_view value, std::uint64_t offset) {
    auto ids = block_.index().list(offset);
    const auto expected = members_.extract(key(name, value));
    if (!ids) return defect("{}: {}", pair_text(name, value), ids.error().message);
    Members found;
    for (const SeriesRef ref : *ids) found.add(ref);
    if (!expected.empty() && expected.mapped() == found) return;
    defect("{}/index: offset {}: the list of {} has {} series, and {} series have that label", block_.path(), offset,
           pair_text(name, value), found.count, expected.empty() ? 0 : expected.mapped().count);
  }

  void check_tombstones() {
    for (const auto& [ref, intervals] : *block_.tombstones()) {
      if (!std::ranges::binary_search(refs_, ref)) {
        defect("{}/tombstones: there is no series {}", block_.path(), ref);
      }
    }
  }

  void check_stats() {
    const Stats& stats = block_.meta().stats;
    const auto compare = [&](const char* what, std::uint64_t said, std::uint64_t found) {
      if (said != found) defect("{}/meta.json: {} is {}, found {}", block_.path(), what, said, found);
    };
    compare("numSeries", stats.series, series_);
    compare("numChunks", stats.chunks, chunks_);
    if (unread_chunks_ == 0) compare("numSamples", stats.samples, samples_);
  }

  const Block& block_;
  const Tell& tell_;
  std::size_t defects_ = 0;
  std::uint64_t series_ = 0, chunks_ = 0, samples_ = 0, missing_lists_ = 0, unread_chunks_ = 0;
  storage::Ids refs_;
  std::unordered_map<std::uint64_t, Members> members_;  // by hash of the pair
  storage::SampleColumns columns_;
  std::vector<Found> found_;  // in the chunks of the series at hand
  std::vector<Timestamp> starts_;
  std::uint64_t sidecar_series_ = 0;
};

}  // namespace

std::size_t Block::verify(const std::function<void(std::string)>& defect) const {
  return Verifier(*this, defect).run();
}

}  // namespace tocsin::block
