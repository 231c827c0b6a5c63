#include "support/dns_message.hpp"

#include <array>
#include <stdexcept>

#include <arpa/inet.h>

namespace tocsin::test::dns {
namespace {

std::string number(std::uint16_t value) {
  return {static_cast<char>(value >> 8U), static_cast<char>(value & 0xffU)};
}

std::uint16_t number_at(std::string_view bytes, std::size_t at) {
  if (at + 2 > bytes.size()) throw std::runtime_error("DNS question is too short");
  return static_cast<std::uint16_t>(static_cast<unsigned char>(bytes[at]) << 8U |
                                    static_cast<unsigned char>(bytes[at + 1]));
}

std::string address(int family, std::string_view text, std::size_t size) {
  std::string bytes(size, '\0');
  if (::inet_pton(family, std::string(text).c_str(), bytes.data()) != 1) throw std::runtime_error("no address");
  return bytes;
}

constexpr std::size_t kHeader = 12;

}  // namespace

std::string encode_name(std::string_view name) {
  std::string out;
  while (!name.empty()) {
    const std::size_t end = std::min(name.find('.'), name.size());
    if (end > 0) out.append(1, static_cast<char>(end)).append(name.substr(0, end));
    name.remove_prefix(std::min(end + 1, name.size()));
  }
  return out + '\0';
}

Record a(std::string_view text) {
  return {kA, address(AF_INET, text, 4)};
}
Record aaaa(std::string_view text) {
  return {kAaaa, address(AF_INET6, text, 16)};
}
Record ns(std::string_view target) {
  return {kNs, encode_name(target)};
}
Record cname(std::string_view target) {
  return {kCname, encode_name(target)};
}
Record mx(std::uint16_t preference, std::string_view target) {
  return {kMx, number(preference) + encode_name(target)};
}
Record srv(std::uint16_t priority, std::uint16_t weight, std::uint16_t port, std::string_view target) {
  return {kSrv, number(priority) + number(weight) + number(port) + encode_name(target)};
}
Record txt(std::string_view text) {
  return {kTxt, std::string(1, static_cast<char>(text.size())) + std::string(text)};
}

Question read_question(std::string_view message) {
  Question question;
  question.id = number_at(message, 0);
  std::size_t at = kHeader;
  while (at < message.size() && message[at] != 0) {
    const auto size = static_cast<std::size_t>(message[at]);
    if (!question.name.empty()) question.name += '.';
    question.name += message.substr(at + 1, size);
    at += size + 1;
  }
  question.type = number_at(message, at + 1);
  at += 5;
  // The only additional record is EDNS0's: the root, OPT, the size where others have their class.
  if (number_at(message, 10) > 0 && number_at(message, at + 1) == kOpt) question.udp_size = number_at(message, at + 3);
  return question;
}

std::string encode_answer(const Question& question, int rcode, const std::vector<Record>& records, bool truncated) {
  const auto flags = static_cast<std::uint16_t>(0x8180 | (truncated ? 0x0200 : 0) | rcode);
  std::string out = number(question.id) + number(flags) + number(1) +
                    number(static_cast<std::uint16_t>(records.size())) + number(0) + number(0);
  out += encode_name(question.name) + number(question.type) + number(1);
  for (const Record& record : records) {
    out += number(0xc000 | kHeader) + number(record.type) + number(1) + number(0) + number(60);
    out += number(static_cast<std::uint16_t>(record.data.size())) + record.data;
  }
  return out;
}

}  // namespace tocsin::test::dns
