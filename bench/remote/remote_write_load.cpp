// Sends series by remote write to a server on this machine, round after round as a Prometheus would, and prints what
// CPU time the server's process took for a million samples. One kept connection; requests are made before they are
// timed.
//
//   remote_write_load PORT PID [series=100000] [rounds=20] [version=1] [samples in a request=2000]
//
// Rounds are 15 s of data time apart and end about now. The first one creates the series, and is told apart.

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "support/naive_protobuf.hpp"
#include "wire/snappy.hpp"

namespace {

using tocsin::test::Pb;
using Labels = std::vector<std::pair<std::string, std::string>>;

[[noreturn]] void give_up(std::string_view why) {
  fmt::print(stderr, "remote_write_load: {}\n", why);
  std::exit(1);
}

/// About 190 bytes of names and values, as a cluster's metrics have them.
Labels labels_of(std::size_t series) {
  static constexpr const char* kCodes[] = {"200", "301", "404", "500", "503"};
  return {{"__name__", "http_requests_total"},
          {"cluster", "production-eu-west-1"},
          {"code", kCodes[series % 5]},
          {"instance", fmt::format("10.0.{}.{}:8080", series / 1000 % 250, series / 50 % 250)},
          {"job", "checkout"},
          {"method", series % 2 == 0 ? "GET" : "POST"},
          {"path", fmt::format("/api/v1/orders/{}", series % 50)},
          {"pod", fmt::format("checkout-7d9f8b6c5-{:06x}", series)}};
}

double value_of(std::size_t series, std::size_t round) {
  return static_cast<double>(series % 1000) + static_cast<double>(round * (1 + series % 37));
}

class Sender {
 public:
  Sender(int port, int version) : version_(version) {
    socket_ = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) give_up("cannot connect");
  }
  ~Sender() { ::close(socket_); }
  Sender(const Sender&) = delete;
  Sender& operator=(const Sender&) = delete;

  void send(const std::string& body) {
    const std::string head = fmt::format(
        "POST /api/v1/write HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-protobuf{}\r\n"
        "Content-Encoding: snappy\r\nX-Prometheus-Remote-Write-Version: {}\r\nContent-Length: {}\r\n\r\n",
        version_ == 2 ? ";proto=io.prometheus.write.v2.Request" : "", version_ == 2 ? "2.0.0" : "0.1.0", body.size());
    write_all(head);
    write_all(body);
    std::string answer;
    while (answer.find("\r\n\r\n") == std::string::npos) {
      char bytes[4096];
      const auto got = ::read(socket_, bytes, sizeof bytes);
      if (got <= 0) give_up("the server closed the connection");
      answer.append(bytes, static_cast<std::size_t>(got));
    }
    if (!answer.starts_with("HTTP/1.1 204")) give_up(answer);
  }

 private:
  void write_all(std::string_view bytes) const {
    while (!bytes.empty()) {
      const auto put = ::write(socket_, bytes.data(), bytes.size());
      if (put <= 0) give_up("cannot send");
      bytes.remove_prefix(static_cast<std::size_t>(put));
    }
  }

  int socket_ = -1;
  const int version_;
};

/// Requests of one round, compressed.
class Rounds {
 public:
  Rounds(std::size_t series, std::size_t per_request, int version) : per_request_(per_request), version_(version) {
    for (std::size_t i = 0; i < series; ++i) {
      Pb encoded;
      for (const auto& [name, value] : labels_of(i)) encoded.message(1, Pb().text(1, name).text(2, value));
      labels_.push_back(encoded.str());
    }
  }

  std::vector<std::string> make(std::size_t round, std::int64_t t) const {
    std::vector<std::string> out;
    for (std::size_t from = 0; from < labels_.size(); from += per_request_) {
      const std::size_t to = std::min(labels_.size(), from + per_request_);
      tocsin::wire::snappy_encode(version_ == 2 ? message2(from, to, round, t) : message1(from, to, round, t),
                                  out.emplace_back());
    }
    return out;
  }

 private:
  std::string message1(std::size_t from, std::size_t to, std::size_t round, std::int64_t t) const {
    Pb message;
    for (std::size_t i = from; i < to; ++i) {
      message.message(1, Pb().raw(labels_[i]).message(2, Pb().real(1, value_of(i, round)).number(2, t)));
    }
    return message.str();
  }
  static std::string message2(std::size_t from, std::size_t to, std::size_t round, std::int64_t t) {
    std::vector<std::string> symbols = {""};
    std::unordered_map<std::string, std::uint64_t> known = {{"", 0}};
    const auto ref = [&](const std::string& text) {
      const auto [at, added] = known.emplace(text, symbols.size());
      if (added) symbols.push_back(text);
      return at->second;
    };
    Pb series;
    for (std::size_t i = from; i < to; ++i) {
      std::vector<std::uint64_t> refs;
      for (const auto& [name, value] : labels_of(i)) {
        refs.push_back(ref(name));
        refs.push_back(ref(value));
      }
      series.message(5, Pb().packed_numbers(1, refs)
                            .message(2, Pb().real(1, value_of(i, round)).number(2, t))
                            .message(5, Pb().number(1, 1)));
    }
    Pb message;
    for (const std::string& symbol : symbols) message.text(4, symbol);
    return message.raw(series.str()).str();
  }

  const std::size_t per_request_;
  const int version_;
  std::vector<std::string> labels_;
};

/// User and system time of a process, in seconds.
double cpu_seconds(const std::string& pid) {
  std::ifstream file("/proc/" + pid + "/stat");
  std::string line;
  std::getline(file, line);
  std::size_t at = line.rfind(')');
  if (at == std::string::npos) give_up("no process " + pid);
  for (int i = 0; i < 12; ++i) at = line.find(' ', at + 1);
  char* rest = nullptr;
  const unsigned long long user = std::strtoull(line.c_str() + at, &rest, 10);
  const unsigned long long system = std::strtoull(rest, nullptr, 10);
  return static_cast<double>(user + system) / static_cast<double>(::sysconf(_SC_CLK_TCK));
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) give_up("PORT PID [series] [rounds] [version] [samples in a request]");
  const auto argument = [&](int i, long otherwise) { return argc > i ? std::atol(argv[i]) : otherwise; };
  const auto series = static_cast<std::size_t>(argument(3, 100'000));
  const auto rounds = static_cast<std::size_t>(argument(4, 20));
  const int version = static_cast<int>(argument(5, 1));
  const Rounds maker(series, static_cast<std::size_t>(argument(6, 2'000)), version);
  Sender sender(std::atoi(argv[1]), version);
  const auto now = std::chrono::system_clock::now().time_since_epoch() / std::chrono::milliseconds(1);
  double first = 0, later = 0, bytes = 0;
  for (std::size_t round = 0; round < rounds; ++round) {
    const auto requests = maker.make(round, now - static_cast<std::int64_t>(rounds - round) * 15'000);
    const double before = cpu_seconds(argv[2]);
    for (const std::string& request : requests) sender.send(request);
    (round == 0 ? first : later) += cpu_seconds(argv[2]) - before;
    for (const std::string& request : requests) bytes += static_cast<double>(request.size());
  }
  const double million = static_cast<double>(series) / 1e6;
  fmt::print("version {} series {} rounds {} bytes/sample {:.1f} new_cpu_s/M {:.3f} known_cpu_s/M {:.3f}\n", version,
             series, rounds, bytes / static_cast<double>(series * rounds), first / million,
             rounds > 1 ? later / (million * static_cast<double>(rounds - 1)) : 0);
  return 0;
}
