#pragma once
// Data folders as a Prometheus leaves them, in memory.

#include <set>
#include <string>
#include <vector>

#include "chunkenc/chunk.hpp"
#include "lives.hpp"
#include "support/prometheus_files.hpp"

namespace tocsin::tsdb {

inline void put_file(Fs& fs, const std::string& path, std::string_view bytes) {
  REQUIRE(fs.create_directories(path.substr(0, path.rfind('/'))));
  REQUIRE(fs.write_file_atomic(path, bytes));
}

/// Of floats, in one chunk.
inline std::string xor_chunk(const std::vector<std::pair<Timestamp, double>>& samples) {
  storage::SampleColumns columns;
  for (const auto& [t, value] : samples) {
    columns.times.push_back(t);
    columns.values.push_back(value);
  }
  std::vector<chunkenc::EncodedChunk> chunks;
  chunkenc::encode_chunks(columns, 0, columns.size(), {}, chunks);
  REQUIRE(chunks.size() == 1);
  return chunks[0].data;
}

inline void add_chunk(test::PromChunkFile& file, std::uint64_t ref,
                      const std::vector<std::pair<Timestamp, double>>& samples, bool late = false) {
  file.add(ref, samples.front().first, samples.back().first, 1, xor_chunk(samples), late);
}

/// "LABELS VALUE@TIME" of each line of a dump.
inline std::set<std::string> samples_of(const std::string& dump) {
  std::set<std::string> samples;
  std::size_t at = 0;
  while (at < dump.size()) {
    const std::size_t end = dump.find('\n', at);
    const std::string line = dump.substr(at, end - at);
    const std::size_t labels = line.find("} ") + 1;
    for (std::size_t from = labels; from < line.size();) {
      const std::size_t to = std::min(line.find(' ', line.find('@', from)), line.size());
      samples.insert(line.substr(0, labels) + line.substr(from, to - from));
      from = to;
    }
    at = end + 1;
  }
  return samples;
}

}  // namespace tocsin::tsdb
