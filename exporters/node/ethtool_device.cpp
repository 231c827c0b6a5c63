#include "exporters/node/ethtool_device.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <system_error>

#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/strings.hpp"

namespace tocsin::exporters::node {
namespace {

/// Drivers have some thousands at most.
constexpr std::uint32_t kMaxStatistics = 16'384;

/// A text in a field of fixed length.
template <std::size_t size>
std::string text_of(const char (&field)[size]) {
  return {field, ::strnlen(field, size)};
}

/// Room for a command of ethtool with `bytes` behind it.
template <typename Command>
class Buffer {
 public:
  explicit Buffer(std::size_t bytes) : words_((sizeof(Command) + bytes + 7) / 8) {}
  Command* command() { return reinterpret_cast<Command*>(words_.data()); }
  const std::uint8_t* data() { return reinterpret_cast<const std::uint8_t*>(words_.data()) + sizeof(Command); }

 private:
  std::vector<std::uint64_t> words_;
};

/// Puts `word` in place of `direction` where it stands alone between _; not twice in a row, as one _ cannot end a word
/// and begin the next.
std::string replace_direction(std::string_view name, std::string_view direction, std::string_view word) {
  std::string out;
  bool replaced = false;
  for (std::size_t at = 0; at < name.size();) {
    const std::size_t end = std::min(name.find('_', at), name.size());
    const std::string_view part = name.substr(at, end - at);
    replaced = part == direction && !replaced;
    out += replaced ? word : part;
    if (end < name.size()) out += '_';
    at = end + 1;
  }
  return out;
}

}  // namespace

EthtoolSocket::~EthtoolSocket() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

bool EthtoolSocket::ask(const std::string& device, void* command) const {
  ifreq request{};
  if (device.size() >= sizeof(request.ifr_name)) return false;
  std::memcpy(request.ifr_name, device.data(), device.size());
  request.ifr_data = static_cast<char*>(command);
  return ::ioctl(descriptor_, SIOCETHTOOL, &request) == 0;
}

Result<EthtoolDevice> EthtoolSocket::read(const std::string& device) {
  if (descriptor_ < 0) descriptor_ = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (descriptor_ < 0) return fail(Errc::kIo, "ethtool: socket: {}", std::generic_category().message(errno));
  EthtoolDevice out;
  ethtool_cmd link{};
  link.cmd = ETHTOOL_GSET;
  if (ask(device, &link)) out.link = {link.supported, link.advertising, link.autoneg == AUTONEG_ENABLE};
  ethtool_drvinfo driver{};
  driver.cmd = ETHTOOL_GDRVINFO;
  if (!ask(device, &driver)) return out;
  out.driver = {text_of(driver.driver), text_of(driver.version), text_of(driver.fw_version), text_of(driver.bus_info),
                text_of(driver.erom_version)};
  out.statistics = read_statistics(device, driver.n_stats);
  return out;
}

std::vector<std::pair<std::string, std::uint64_t>> EthtoolSocket::read_statistics(const std::string& device,
                                                                                  std::uint32_t count) const {
  if (count == 0 || count > kMaxStatistics) return {};
  // A driver may have got more of them since it was asked how many: the kernel writes as many as it has, so there is
  // room for twice as many.
  Buffer<ethtool_gstrings> names(std::size_t{count} * 2 * ETH_GSTRING_LEN);
  names.command()->cmd = ETHTOOL_GSTRINGS;
  names.command()->string_set = ETH_SS_STATS;
  names.command()->len = count;
  Buffer<ethtool_stats> values(std::size_t{count} * 2 * sizeof(std::uint64_t));
  values.command()->cmd = ETHTOOL_GSTATS;
  values.command()->n_stats = count;
  if (!ask(device, names.command()) || !ask(device, values.command())) return {};
  const std::uint32_t told = std::min({count, names.command()->len, values.command()->n_stats});
  std::vector<std::pair<std::string, std::uint64_t>> out;
  for (std::uint32_t i = 0; i < told; ++i) {
    const auto* const name = reinterpret_cast<const char*>(names.data()) + std::size_t{i} * ETH_GSTRING_LEN;
    std::uint64_t value = 0;
    std::memcpy(&value, values.data() + i * sizeof(value), sizeof(value));
    out.emplace_back(std::string(name, ::strnlen(name, ETH_GSTRING_LEN)), value);
  }
  return out;
}

std::string ethtool_clean_name(std::string_view statistic) {
  constexpr std::string_view kWord = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_";
  std::string out;
  for (std::size_t at = 0; at < statistic.size();) {
    const std::size_t foreign = std::min(statistic.find_first_not_of('_', at), statistic.size());
    const std::size_t end = std::min(statistic.find_first_of(kWord, foreign), statistic.size());
    if (end > foreign) {
      out += '_';
      at = std::min(statistic.find_first_not_of('_', end), statistic.size());
    } else if (foreign > at) {
      out += statistic.substr(at, foreign - at);
      at = foreign;
    } else {
      out += statistic[at++];
    }
  }
  return out;
}

std::string ethtool_metric_name(std::string_view statistic) {
  std::string name = to_lower(ethtool_clean_name(statistic));
  name.erase(0, std::min(name.find_first_not_of('_'), name.size()));
  return "node_ethtool_" + replace_direction(replace_direction(name, "rx", "received"), "tx", "transmitted");
}

}  // namespace tocsin::exporters::node
