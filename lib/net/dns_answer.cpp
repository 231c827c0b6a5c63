#include <array>
#include <limits>
#include <memory>

#include <ares.h>
#include <arpa/inet.h>
#include <netdb.h>

#include "net/dns_client.hpp"

namespace tocsin::net {
namespace {

/// A message as c-ares takes it.
struct Bytes {
  const unsigned char* data;
  int size;
};

using Records = std::vector<DnsRecord>;

/// An A record takes 16 bytes at least, an AAAA record 28.
std::size_t most_records(Bytes message) {
  return static_cast<std::size_t>(message.size) / 16 + 1;
}

std::string rooted(const char* name) {
  std::string out(name == nullptr ? "" : name);
  if (!out.ends_with('.')) out += '.';
  return out;
}

int read_a(Bytes message, Records& out) {
  std::vector<ares_addrttl> found(most_records(message));
  int count = static_cast<int>(found.size());
  const int status = ares_parse_a_reply(message.data, message.size, nullptr, found.data(), &count);
  for (int i = 0; status == ARES_SUCCESS && i < count; ++i) {
    std::array<char, INET_ADDRSTRLEN> text{};
    ::inet_ntop(AF_INET, &found[static_cast<std::size_t>(i)].ipaddr, text.data(), text.size());
    out.push_back({text.data(), "", 0});
  }
  return status;
}

int read_aaaa(Bytes message, Records& out) {
  std::vector<ares_addr6ttl> found(most_records(message));
  int count = static_cast<int>(found.size());
  const int status = ares_parse_aaaa_reply(message.data, message.size, nullptr, found.data(), &count);
  for (int i = 0; status == ARES_SUCCESS && i < count; ++i) {
    std::array<char, INET6_ADDRSTRLEN> text{};
    ::inet_ntop(AF_INET6, &found[static_cast<std::size_t>(i)].ip6addr, text.data(), text.size());
    out.push_back({text.data(), "", 0});
  }
  return status;
}

int read_srv(Bytes message, Records& out) {
  ares_srv_reply* found = nullptr;
  const int status = ares_parse_srv_reply(message.data, message.size, &found);
  const std::unique_ptr<void, void (*)(void*)> owner(found, ares_free_data);
  for (const ares_srv_reply* at = found; at != nullptr; at = at->next) out.push_back({"", rooted(at->host), at->port});
  return status;
}

int read_mx(Bytes message, Records& out) {
  ares_mx_reply* found = nullptr;
  const int status = ares_parse_mx_reply(message.data, message.size, &found);
  const std::unique_ptr<void, void (*)(void*)> owner(found, ares_free_data);
  for (const ares_mx_reply* at = found; at != nullptr; at = at->next) out.push_back({"", rooted(at->host), 0});
  return status;
}

int read_ns(Bytes message, Records& out) {
  hostent* found = nullptr;
  const int status = ares_parse_ns_reply(message.data, message.size, &found);
  const std::unique_ptr<hostent, void (*)(hostent*)> owner(found, ares_free_hostent);
  if (found == nullptr) return status;
  for (char** alias = found->h_aliases; *alias != nullptr; ++alias) out.push_back({"", rooted(*alias), 0});
  return status;
}

int read(DnsType type, Bytes message, Records& out) {
  switch (type) {
    case DnsType::kA:
      return read_a(message, out);
    case DnsType::kAaaa:
      return read_aaaa(message, out);
    case DnsType::kSrv:
      return read_srv(message, out);
    case DnsType::kMx:
      return read_mx(message, out);
    case DnsType::kNs:
      return read_ns(message, out);
  }
  return ARES_EBADQUERY;
}

}  // namespace

Result<DnsAnswer> parse_dns_answer(DnsType type, std::string_view message) {
  if (message.size() > std::numeric_limits<std::uint16_t>::max()) return fail(Errc::kIo, "DNS answer is too long");
  DnsAnswer answer;
  const Bytes bytes{reinterpret_cast<const unsigned char*>(message.data()), static_cast<int>(message.size())};
  const int status = read(type, bytes, answer.records);
  if (status != ARES_SUCCESS && status != ARES_ENODATA) return fail(Errc::kIo, "{}", ares_strerror(status));
  return answer;
}

}  // namespace tocsin::net
