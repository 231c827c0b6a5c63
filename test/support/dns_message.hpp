#pragma once
// DNS messages byte by byte, for a server that says what a test wants. RFC 1035, RFC 2782, RFC 3596.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace tocsin::test::dns {

inline constexpr std::uint16_t kA = 1, kNs = 2, kCname = 5, kMx = 15, kTxt = 16, kAaaa = 28, kSrv = 33, kOpt = 41;
inline constexpr int kNoError = 0, kFormErr = 1, kServFail = 2, kNxDomain = 3, kRefused = 5;

struct Record {
  std::uint16_t type = kA;
  std::string data;  // RDATA
};
/// "10.0.0.1", "2001:db8::1".
Record a(std::string_view address);
Record aaaa(std::string_view address);
Record ns(std::string_view target);
Record cname(std::string_view target);
Record mx(std::uint16_t preference, std::string_view target);
Record srv(std::uint16_t priority, std::uint16_t weight, std::uint16_t port, std::string_view target);
Record txt(std::string_view text);

/// A question as it stood on the wire.
struct Question {
  std::uint16_t id = 0;
  std::string name;  // without the final dot
  std::uint16_t type = 0;
  std::uint16_t udp_size = 512;  // of EDNS0, if it is there
  bool by_tcp = false;
};
/// Throws std::runtime_error if it is none.
Question read_question(std::string_view message);

/// "example.com" as labels.
std::string encode_name(std::string_view name);
/// The answer to a question; the names of records are pointers to it.
std::string encode_answer(const Question& question, int rcode, const std::vector<Record>& records, bool truncated);

}  // namespace tocsin::test::dns
