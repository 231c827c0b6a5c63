#pragma once
// What the readers of Prometheus' head files share: big-endian integers, and files whose names are numbers.

#include <algorithm>
#include <bit>
#include <charconv>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/bytes.hpp"
#include "base/fs.hpp"

namespace tocsin::tsdb {

template <typename T>
T get_big(ByteReader& in) {
  return std::byteswap(in.fixed<T>());
}

/// The number that a name is, if it is nothing else.
inline std::optional<std::uint64_t> number_of_name(std::string_view name) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), number);
  if (error != std::errc() || end != name.data() + name.size()) return std::nullopt;
  return number;
}

/// Numbers and paths, in order.
inline Result<std::vector<std::pair<std::uint64_t, std::string>>> numbered_files(Fs& fs, const std::string& folder) {
  TOCSIN_TRY(const auto names, fs.list(folder));
  std::vector<std::pair<std::uint64_t, std::string>> all;
  for (const std::string& name : names) {
    if (const auto number = number_of_name(name)) all.emplace_back(*number, folder + "/" + name);
  }
  std::ranges::sort(all);
  return all;
}

}  // namespace tocsin::tsdb
