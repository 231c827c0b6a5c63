#pragma once
// Writers of what a Prometheus leaves in its data folder: segments of its log, records, files of head chunks. Written
// from the descriptions of the formats, apart from the readers.
// Source: Prometheus tsdb/docs/format/{wal,head_chunks}.md, tsdb/record/record.go.

#include <bit>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <zstd.h>

#include "base/bytes.hpp"
#include "base/hash.hpp"
#include "base/time.hpp"
#include "model/histogram.hpp"
#include "wire/snappy.hpp"

namespace tocsin::test {

template <typename T>
void put_big(std::string& out, T value) {
  using Bits = std::conditional_t<sizeof(T) == 8, std::uint64_t,
                                  std::conditional_t<sizeof(T) == 4, std::uint32_t, std::uint16_t>>;
  put_fixed(out, std::byteswap(std::bit_cast<Bits>(value)));
}

using PromLabels = std::vector<std::pair<std::string, std::string>>;

inline void put_labels(std::string& out, const PromLabels& labels) {
  put_varint(out, labels.size());
  for (const auto& [name, value] : labels) {
    put_text(out, name);
    put_text(out, value);
  }
}

inline std::string series_record(std::uint64_t ref, const PromLabels& labels) {
  std::string out("\x01", 1);
  put_big(out, ref);
  put_labels(out, labels);
  return out;
}

struct PromSample {
  std::uint64_t ref;
  Timestamp t;
  double value = 0;
  Timestamp start = 0;
};

inline std::string samples_record(const std::vector<PromSample>& samples) {
  std::string out("\x02", 1);
  put_big(out, samples[0].ref);
  put_big(out, samples[0].t);
  for (const PromSample& sample : samples) {
    put_signed(out, static_cast<std::int64_t>(sample.ref - samples[0].ref));
    put_signed(out, wrapping_sub(sample.t, samples[0].t));
    put_big(out, sample.value);
  }
  return out;
}

/// Where a sample stands in a record of the second version.
inline void put_place(std::string& out, const std::vector<PromSample>& all, std::size_t i) {
  const PromSample& one = all[i];
  if (i == 0) {
    put_signed(out, static_cast<std::int64_t>(one.ref));
    put_signed(out, one.t);
    put_signed(out, one.start);
    return;
  }
  put_signed(out, static_cast<std::int64_t>(one.ref - all[i - 1].ref));
  put_signed(out, wrapping_sub(one.t, all[0].t));
  if (one.start == 0) {
    out += '\0';
  } else if (one.start == all[i - 1].start) {
    out += '\1';
  } else {
    out += '\2';
    put_signed(out, wrapping_sub(one.start, all[0].start));
  }
}

inline std::string samples_record_2(const std::vector<PromSample>& samples) {
  std::string out("\x0b", 1);
  for (std::size_t i = 0; i < samples.size(); ++i) {
    put_place(out, samples, i);
    put_big(out, samples[i].value);
  }
  return out;
}

inline void put_spans(std::string& out, const std::vector<model::HistogramSpan>& spans) {
  put_varint(out, spans.size());
  for (const auto& span : spans) {
    put_signed(out, span.offset);
    put_varint(out, span.length);
  }
}

inline void put_buckets(std::string& out, bool integer, const std::vector<double>& counts) {
  put_varint(out, counts.size());
  std::int64_t last = 0;
  for (const double count : counts) {
    if (!integer) {
      put_big(out, count);
      continue;
    }
    put_signed(out, static_cast<std::int64_t>(count) - last);
    last = static_cast<std::int64_t>(count);
  }
}

inline void put_histogram(std::string& out, const model::FloatHistogram& h) {
  const auto put_count = [&](double count) {
    h.integer ? put_varint(out, static_cast<std::uint64_t>(count)) : put_big(out, count);
  };
  put_fixed(out, static_cast<std::uint8_t>(h.reset_hint));
  put_signed(out, h.schema);
  put_big(out, h.zero_threshold);
  put_count(h.zero_count);
  put_count(h.count);
  put_big(out, h.sum);
  put_spans(out, h.positive_spans);
  put_spans(out, h.negative_spans);
  put_buckets(out, h.integer, h.positive_buckets);
  put_buckets(out, h.integer, h.negative_buckets);
  if (h.schema != model::kCustomBucketsSchema) return;
  put_varint(out, h.custom_values.size());
  for (const double bound : h.custom_values) put_big(out, bound);
}

/// @param type  7 to 10, or 12 and 13, which have starts.
inline std::string histograms_record(char type, const std::vector<PromSample>& places,
                                     const std::vector<model::FloatHistogram>& histograms) {
  std::string out(1, type);
  if (type < 12) {
    put_big(out, places[0].ref);
    put_big(out, places[0].t);
  }
  for (std::size_t i = 0; i < places.size(); ++i) {
    if (type >= 12) {
      put_place(out, places, i);
    } else {
      put_signed(out, static_cast<std::int64_t>(places[i].ref - places[0].ref));
      put_signed(out, places[i].t - places[0].t);
    }
    put_histogram(out, histograms[i]);
  }
  return out;
}

inline std::string tombstone_record(std::uint64_t ref, Timestamp start, Timestamp end) {
  std::string out("\x03", 1);
  put_big(out, ref);
  put_signed(out, start);
  put_signed(out, end);
  return out;
}

inline std::string exemplar_record(std::uint64_t ref, Timestamp t, double value, const PromLabels& labels) {
  std::string out("\x04", 1);
  put_big(out, ref);
  put_big(out, t);
  put_signed(out, 0);
  put_signed(out, 0);
  put_big(out, value);
  put_labels(out, labels);
  return out;
}

inline std::string mmap_marker_record(std::uint64_t ref, std::uint64_t chunk) {
  std::string out("\x05", 1);
  put_big(out, ref);
  put_big(out, chunk);
  return out;
}

inline std::string metadata_record(std::uint64_t ref, std::uint8_t type, std::string_view unit, std::string_view help) {
  std::string out("\x06", 1);
  put_varint(out, ref);
  put_fixed(out, type);
  put_varint(out, 2);
  put_text(out, "UNIT");
  put_text(out, unit);
  put_text(out, "HELP");
  put_text(out, help);
  return out;
}

/// Records in pages, in fragments, as a segment has them.
class PromSegment {
 public:
  enum Compression { kNone, kSnappy, kZstd };
  void add(std::string record, Compression compression = kNone) {
    if (compression == kSnappy) {
      std::string packed;
      wire::snappy_encode(record, packed);
      record = std::move(packed);
    } else if (compression == kZstd) {
      std::string packed(ZSTD_compressBound(record.size()), '\0');
      packed.resize(ZSTD_compress(packed.data(), packed.size(), record.data(), record.size(), 1));
      record = std::move(packed);
    }
    const auto flag = static_cast<std::uint8_t>(compression == kNone ? 0 : compression == kSnappy ? 8 : 16);
    for (std::size_t at = 0; at < record.size() || at == 0;) {
      std::size_t left = kPage - bytes_.size() % kPage;
      if (left < 8) {
        bytes_.append(left, '\0');
        left = kPage;
      }
      const std::string_view part = std::string_view(record).substr(at, left - 7);
      const bool first = at == 0;
      at += part.size();
      const bool last = at == record.size();
      put_fixed(bytes_, static_cast<std::uint8_t>(flag | (first && last ? 1 : first ? 2 : last ? 4 : 3)));
      put_big(bytes_, static_cast<std::uint16_t>(part.size()));
      put_big(bytes_, crc32c(part));
      bytes_ += part;
    }
  }
  const std::string& bytes() const { return bytes_; }

 private:
  static constexpr std::size_t kPage = 32 * 1024;
  std::string bytes_;
};

/// A file of head chunks.
class PromChunkFile {
 public:
  PromChunkFile() {
    put_big(bytes_, std::uint32_t{0x0130BC91});
    bytes_ += std::string("\x01\0\0\0", 4);
  }
  /// @return the offset of the chunk.
  std::size_t add(std::uint64_t ref, Timestamp first, Timestamp last, std::uint8_t encoding, std::string_view data,
                  bool late = false) {
    const std::size_t at = bytes_.size();
    put_big(bytes_, ref);
    put_big(bytes_, first);
    put_big(bytes_, last);
    put_fixed(bytes_, static_cast<std::uint8_t>(encoding | (late ? 0x80 : 0)));
    put_text(bytes_, data);
    put_big(bytes_, crc32c(std::string_view(bytes_).substr(at)));
    return at;
  }
  const std::string& bytes() const { return bytes_; }

 private:
  std::string bytes_;
};

}  // namespace tocsin::test
