#include "exporters/node/netlink.hpp"

#include <algorithm>
#include <cerrno>
#include <memory>
#include <system_error>

#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

namespace tocsin::exporters::node {
namespace {

constexpr std::size_t kDatagramSize = 32U << 10U;  // what the kernel fills at most for a dump
constexpr std::size_t kMaxAnswer = 64U << 20U;

std::unexpected<Error> os_error(std::string_view what, int code) {
  const bool missing = code == EPROTONOSUPPORT || code == EAFNOSUPPORT || code == ENOENT || code == EOPNOTSUPP ||
                       code == EPERM || code == EACCES || code == EINVAL;
  return fail(missing ? Errc::kUnavailable : Errc::kIo, "netlink: {}: {}", what, std::generic_category().message(code));
}

}  // namespace

Netlink::~Netlink() {
  close();
}

void Netlink::close() {
  if (descriptor_ >= 0) ::close(descriptor_);
  descriptor_ = -1;
}

Result<void> Netlink::dump(std::uint16_t type, std::string_view request, const NetlinkTake& take) {
  return question(type, NLM_F_REQUEST | NLM_F_DUMP, request, take);
}

Result<void> Netlink::ask(std::uint16_t type, std::string_view request, const NetlinkTake& take) {
  return question(type, NLM_F_REQUEST | NLM_F_ACK, request, take);  // the acknowledgement ends the answer
}

Result<void> Netlink::question(std::uint16_t type, unsigned flags, std::string_view request, const NetlinkTake& take) {
  nlmsghdr header{};
  header.nlmsg_len = static_cast<std::uint32_t>(sizeof(header) + request.size());
  header.nlmsg_type = type;
  header.nlmsg_flags = static_cast<std::uint16_t>(flags);
  header.nlmsg_seq = ++sequence_;
  if (descriptor_ < 0) TOCSIN_OK(open());
  auto result = exchange(std::string(bytes_of(header)).append(request), take);
  if (!result) close();  // what is left of the answer goes with the socket
  return result;
}

std::string Netlink::device_name(unsigned index) {
  ifreq request{};
  request.ifr_ifindex = static_cast<int>(index);
  if (descriptor_ < 0 && !open()) return {};
  if (::ioctl(descriptor_, SIOCGIFNAME, &request) != 0) return {};
  return std::string(request.ifr_name, ::strnlen(request.ifr_name, sizeof(request.ifr_name)));
}

Result<void> Netlink::open() {
  descriptor_ = ::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol_);
  if (descriptor_ < 0) return os_error("socket", errno);
  const timeval wait{.tv_sec = 1, .tv_usec = 0};
  ::setsockopt(descriptor_, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait));
  return {};
}

Result<void> Netlink::exchange(std::string_view message, const NetlinkTake& take) {
  if (::send(descriptor_, message.data(), message.size(), 0) < 0) return os_error("send", errno);
  if (buffer_ == nullptr) buffer_ = std::make_unique_for_overwrite<char[]>(kDatagramSize);
  std::size_t total = 0;
  for (;;) {
    sockaddr_nl sender{};
    socklen_t size = sizeof(sender);
    const ssize_t got =
        ::recvfrom(descriptor_, buffer_.get(), kDatagramSize, MSG_TRUNC, reinterpret_cast<sockaddr*>(&sender), &size);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return os_error("receive", errno);
    const auto length = static_cast<std::size_t>(got);
    if (length > kDatagramSize) return fail(Errc::kLimit, "netlink: a datagram of {} bytes", length);
    if (total += length; total > kMaxAnswer) return fail(Errc::kLimit, "netlink: more than {} bytes", kMaxAnswer);
    if (sender.nl_pid != 0) continue;  // not from the kernel
    TOCSIN_TRY(const bool done, parse_netlink({buffer_.get(), length}, sequence_, take));
    if (done) return {};
  }
}

Result<bool> parse_netlink(std::string_view datagram, std::uint32_t sequence, const NetlinkTake& take) {
  while (!datagram.empty()) {
    const auto header = read_struct<nlmsghdr>(datagram);
    if (!header || header->nlmsg_len < sizeof(nlmsghdr) || header->nlmsg_len > datagram.size()) {
      return fail(Errc::kCorrupt, "netlink: a message of the wrong length");
    }
    const std::string_view body = datagram.substr(sizeof(nlmsghdr), header->nlmsg_len - sizeof(nlmsghdr));
    datagram.remove_prefix(std::min<std::size_t>(NLMSG_ALIGN(header->nlmsg_len), datagram.size()));
    if (header->nlmsg_seq != sequence || header->nlmsg_type == NLMSG_NOOP) continue;
    if (header->nlmsg_type == NLMSG_DONE || header->nlmsg_type == NLMSG_ERROR) {
      // Both begin with an error number, negative; an acknowledgement is the error 0.
      const auto code = read_struct<int>(body);
      if (!code && header->nlmsg_type == NLMSG_ERROR) return fail(Errc::kCorrupt, "netlink: an error without a number");
      if (code.value_or(0) < 0) return os_error("refused", -*code);
      return true;
    }
    take(header->nlmsg_type, body);
  }
  return false;
}

void for_each_attribute(std::string_view bytes, const NetlinkTake& take) {
  for (;;) {
    const auto header = read_struct<rtattr>(bytes);
    if (!header || header->rta_len < sizeof(rtattr) || header->rta_len > bytes.size()) return;
    take(header->rta_type & NLA_TYPE_MASK, bytes.substr(sizeof(rtattr), header->rta_len - sizeof(rtattr)));
    bytes.remove_prefix(std::min<std::size_t>(RTA_ALIGN(header->rta_len), bytes.size()));
  }
}

void append_attribute(std::string& out, std::uint16_t type, std::string_view value) {
  rtattr header{};
  header.rta_len = static_cast<unsigned short>(sizeof(header) + value.size());
  header.rta_type = type;
  out.append(bytes_of(header)).append(value);
  out.resize((out.size() + 3) / 4 * 4);
}

}  // namespace tocsin::exporters::node
