#include "exporters/node/mount_stats.hpp"

#include <algorithm>
#include <span>

#include "base/strings.hpp"
#include "exporters/node/source_file.hpp"

namespace tocsin::exporters::node {
namespace {

/// Reads numbers until the line or the room ends. @return how many; nothing if a word is none.
std::optional<std::size_t> read_numbers(std::string_view line, std::span<std::uint64_t> numbers) {
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    const std::string_view word = next_word(line);
    if (word.empty()) return i;
    if (!to_number(word, numbers[i])) return std::nullopt;
  }
  return numbers.size();
}

/// The option addr= behind "- nfs4 server:/export" in a line of mountinfo; "" if there is none.
std::string_view address_of(std::string_view line) {
  const std::size_t separator = line.find(" - ");
  if (separator == std::string_view::npos) return {};
  line.remove_prefix(separator + 3);
  next_word(line);
  next_word(line);
  for (const std::string_view option : split(next_word(line), ',')) {
    if (option.starts_with("addr=")) return option.substr(5);
  }
  return {};
}

class Parser {
 public:
  explicit Parser(std::string_view info) : info_(info) {}

  /// False if the line makes no sense.
  bool take(std::string_view line) {
    const std::string_view first = next_word(line);
    if (first.empty()) {
      in_nfs_ = false;
      return true;
    }
    // "no device mounted on …" is a mount too.
    if (first == "device" || first == "no") return start_mount(first, line);
    if (!in_nfs_) return true;
    if (in_operations_) return take_operation(first, line);
    NfsMount& mount = mounts_.back();
    if (first == "age:") return to_number(next_word(line), mount.age_seconds);
    if (first == "bytes:") return read_numbers(line, mount.bytes) == mount.bytes.size();
    if (first == "events:") return read_numbers(line, mount.events) == mount.events.size();
    if (first == "xprt:") return take_transport(line);
    in_operations_ = first == "per-op";
    return true;
  }

  std::vector<NfsMount> mounts() && { return std::move(mounts_); }

 private:
  /// "device server:/export mounted on /mnt with fstype nfs4 statvers=1.1"
  bool start_mount(std::string_view first, std::string_view line) {
    in_nfs_ = in_operations_ = false;
    const std::string_view info = take_line(info_);
    if (first != "device") return true;
    const std::string_view device = next_word(line);
    if (next_word(line) != "mounted" || next_word(line) != "on") return false;
    const std::string_view mount_point = next_word(line);
    if (next_word(line) != "with" || next_word(line) != "fstype") return false;
    const std::string_view type = next_word(line);
    in_nfs_ = (type == "nfs" || type == "nfs4") && next_word(line).starts_with("statvers=");
    if (!in_nfs_) return true;
    NfsMount& mount = mounts_.emplace_back();
    mount.device = device;
    mount.mount_point = mount_point;
    mount.address = address_of(info);
    return true;
  }

  /// UDP has no connections: their count and the two times are not there.
  bool take_transport(std::string_view line) {
    NfsMount::Transport transport;
    transport.protocol = next_word(line);
    auto& numbers = transport.numbers;
    const auto count = read_numbers(line, numbers);
    constexpr std::size_t kLeastTcp = 10, kLeastUdp = 7, kBeforeConnect = 2, kOfConnections = 3;
    const bool udp = transport.protocol == "udp";
    if (!count || *count < (udp ? kLeastUdp : kLeastTcp)) return false;
    if (udp) {
      std::shift_right(numbers.begin() + kBeforeConnect, numbers.end(), kOfConnections);
      std::fill_n(numbers.begin() + kBeforeConnect, kOfConnections, 0);
    }
    // From here on, RDMA counts other things.
    if (transport.protocol == "rdma") std::fill(numbers.begin() + kLeastTcp, numbers.end(), 0);
    mounts_.back().transports.push_back(transport);
    return true;
  }

  bool take_operation(std::string_view name, std::string_view line) {
    NfsMount::Operation operation;
    if (name.ends_with(':')) name.remove_suffix(1);
    operation.name = name;
    if (read_numbers(line, operation.numbers) != operation.numbers.size()) return false;
    mounts_.back().operations.push_back(operation);
    return true;
  }

  std::string_view info_;  // its lines that are left
  std::vector<NfsMount> mounts_;
  bool in_nfs_ = false, in_operations_ = false;
};

}  // namespace

Result<std::vector<NfsMount>> parse_mount_stats(std::string_view path, std::string_view stats, std::string_view info) {
  Parser parser(info);
  for (std::size_t number = 1; !stats.empty(); ++number) {
    const std::string_view line = take_line(stats);
    if (!parser.take(line)) return fail(Errc::kCorrupt, "{}:{}: not understood: \"{}\"", path, number, trim(line));
  }
  return std::move(parser).mounts();
}

}  // namespace tocsin::exporters::node
