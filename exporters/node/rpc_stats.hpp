#pragma once
// The files of the kernel's NFS client and server, /proc/net/rpc/nfs and nfsd: lines of a name and numbers.

#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "expo/writer.hpp"
#include "exporters/node/source_file.hpp"

namespace tocsin::exporters::node {

/// Thread: one at a time.
class RpcStats {
 public:
  explicit RpcStats(std::string path) : path_(std::move(path)) {}
  /// Takes the place of what was read before. Numbers with a fraction, and what follows them in a line, are left out:
  /// those of "th" have no meaning any more.
  Result<void> read(std::string_view text);
  /// The number at this place of that line; 0 if the kernel does not write it.
  double at(std::string_view line, std::size_t place) const;
  /// Puts a counter for each of `methods` from `first` on that has a name. The line begins with how many numbers
  /// follow.
  void put_methods(expo::CachedFamily& family, std::string_view proto, std::string_view line,
                   std::span<const std::string_view> methods, std::size_t first = 0) const;

 private:
  std::string path_;
  std::map<std::string, std::vector<double>, std::less<>> lines_;
};

/// In the order of the lines proc2 and proc3.
std::span<const std::string_view> nfs2_methods();
std::span<const std::string_view> nfs3_methods();

}  // namespace tocsin::exporters::node
