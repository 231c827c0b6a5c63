// One c-ares channel per question, with one server and one try. c-ares builds the packet, checks that the answer is to
// the question, and changes to TCP; its sockets are waited for by Asio, and time is ours: c-ares never sees its own
// timeout.
//
// Who holds whom: the loop's deadline timer holds the Asker, which holds the task that waits, whose frame holds the
// Question, which refers to the Asker weakly. When the loop dies, all of it goes in that order.

#include "net/dns_client.hpp"

#include <map>
#include <utility>

#include <ares.h>
#include <boost/asio/posix/stream_descriptor.hpp>

#include "net/net_error.hpp"

namespace tocsin::net {
namespace {

constexpr int kUdpBytes = 4096;
constexpr int kNever = 24 * 3600 * 1000;  // milliseconds
constexpr int kClassInternet = 1;

int code_of(DnsType type) {
  switch (type) {
    case DnsType::kA:
      return 1;
    case DnsType::kNs:
      return 2;
    case DnsType::kMx:
      return 15;
    case DnsType::kAaaa:
      return 28;
    case DnsType::kSrv:
      return 33;
  }
  return 0;
}

/// Who waits; resumed once, by the answer or by the deadline.
struct Asker {
  std::function<void()> done;
  TimerId timer = 0;
  void resume() {
    if (done) std::exchange(done, nullptr)();
  }
};

/// Thread: the loop's.
class Question : public std::enable_shared_from_this<Question> {
 public:
  Question(TaskLoop& loop, DnsType type) : loop_(loop), type_(type) {}
  ~Question() {
    if (channel_ != nullptr) ares_destroy(channel_);
  }
  Question(const Question&) = delete;
  Question& operator=(const Question&) = delete;

  void ask(const std::string& server, const std::string& name, MonoTime deadline, std::function<void()> done) {
    const auto asker = std::make_shared<Asker>(std::move(done));
    asker_ = asker;
    asker->timer = loop_.call_at(deadline, [asker] { asker->resume(); });
    if (const int status = open(server); status == ARES_SUCCESS) {
      ares_query(channel_, name.c_str(), kClassInternet, code_of(type_), on_answer, this);
    } else {
      answer_ = fail(Errc::kInvalid, "DNS server {}: {}", server, ares_strerror(status));
      is_answered_ = true;
    }
    resume_if_answered();
  }

  Result<DnsAnswer> take_answer() { return std::move(answer_); }

 private:
  /// A socket of c-ares, which opens and closes it.
  struct Socket {
    Socket(TaskLoop& loop, int fd) : descriptor(loop.executor(), fd) {}
    ~Socket() { descriptor.release(); }
    Socket(const Socket&) = delete;
    Socket& operator=(const Socket&) = delete;
    boost::asio::posix::stream_descriptor descriptor;
    bool wants_read = false, wants_write = false;
    bool waits_read = false, waits_write = false;
  };

  int open(const std::string& server) {
    ares_options options{};
    options.flags = ARES_FLAG_EDNS | ARES_FLAG_NOCHECKRESP | ARES_FLAG_NOSEARCH | ARES_FLAG_NOALIASES;
    options.timeout = kNever;
    options.tries = 1;
    options.ednspsz = kUdpBytes;
    options.sock_state_cb = on_socket;
    options.sock_state_cb_data = this;
    char lookups[] = "b";         // DNS alone, no files
    char config[] = "/dev/null";  // servers and domains are the caller's
    options.lookups = lookups;
    options.resolvconf_path = config;
    const int mask = ARES_OPT_FLAGS | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_EDNSPSZ | ARES_OPT_SOCK_STATE_CB |
                     ARES_OPT_LOOKUPS | ARES_OPT_RESOLVCONF;
    if (const int status = ares_init_options(&channel_, &options, mask); status != ARES_SUCCESS) {
      channel_ = nullptr;
      return status;
    }
    return ares_set_servers_ports_csv(channel_, server.c_str());
  }

  static void on_answer(void* self, int status, int, unsigned char* bytes, int size) {
    static_cast<Question*>(self)->take(status, bytes, size);
  }

  void take(int status, const unsigned char* bytes, int size) {
    if (status == ARES_EDESTRUCTION) return;  // nobody waits any more
    is_answered_ = true;
    if (status == ARES_SUCCESS && bytes != nullptr) {
      answer_ = parse_dns_answer(type_, {reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(size)});
    } else if (status == ARES_ENODATA) {
      answer_ = DnsAnswer{};
    } else if (status == ARES_ENOTFOUND) {
      answer_ = DnsAnswer{.exists = false, .records = {}};
    } else {
      answer_ = fail(status == ARES_EBADNAME ? Errc::kInvalid : Errc::kIo, "{}", ares_strerror(status));
    }
  }

  /// c-ares begins or ends to be interested in a socket; it closes the socket after the end.
  static void on_socket(void* self, ares_socket_t fd, int read, int write) {
    static_cast<Question*>(self)->watch(fd, read != 0, write != 0);
  }

  void watch(int fd, bool read, bool write) {
    if (!read && !write) {
      sockets_.erase(fd);
      return;
    }
    std::shared_ptr<Socket>& socket = sockets_[fd];
    if (!socket) socket = std::make_shared<Socket>(loop_, fd);
    socket->wants_read = read;
    socket->wants_write = write;
    wait(socket, fd);
  }

  void wait(const std::shared_ptr<Socket>& socket, int fd) {
    using boost::asio::posix::descriptor_base;
    if (socket->wants_read && !std::exchange(socket->waits_read, true)) {
      socket->descriptor.async_wait(descriptor_base::wait_read, Ready{weak_from_this(), socket, fd, false});
    }
    if (socket->wants_write && !std::exchange(socket->waits_write, true)) {
      socket->descriptor.async_wait(descriptor_base::wait_write, Ready{weak_from_this(), socket, fd, true});
    }
  }

  /// A socket can be read or written.
  struct Ready {
    std::weak_ptr<Question> question;
    std::weak_ptr<Socket> socket;
    int fd;
    bool to_write;
    void operator()(const boost::system::error_code& error) const {
      const auto owner = question.lock();
      if (!error && owner) owner->process(socket, fd, to_write);
    }
  };

  void process(const std::weak_ptr<Socket>& waited, int fd, bool to_write) {
    {
      const auto socket = waited.lock();
      if (!socket) return;
      (to_write ? socket->waits_write : socket->waits_read) = false;
    }
    ares_process_fd(channel_, to_write ? ARES_SOCKET_BAD : fd, to_write ? fd : ARES_SOCKET_BAD);
    if (const auto socket = waited.lock()) wait(socket, fd);
    resume_if_answered();
  }

  /// Never inside a call of c-ares: the task may destroy the channel.
  void resume_if_answered() {
    const auto asker = is_answered_ ? asker_.lock() : nullptr;
    if (!asker) return;
    loop_.cancel(asker->timer);
    asker->resume();
  }

  TaskLoop& loop_;
  const DnsType type_;
  std::weak_ptr<Asker> asker_;
  ares_channel channel_ = nullptr;
  std::map<int, std::shared_ptr<Socket>> sockets_;
  bool is_answered_ = false;
  Result<DnsAnswer> answer_ = fail(Errc::kTimeout, "{}", kDeadlineText);
};

Task<Result<DnsAnswer>> ask_server(TaskLoop& loop, std::string server, std::string name, DnsType type,
                                   MonoTime deadline) {
  auto question = std::make_shared<Question>(loop, type);
  std::function<void(std::function<void()>)> start = [question, &server, &name, deadline](std::function<void()> done) {
    question->ask(server, name, deadline, std::move(done));
  };
  co_await detail::wait_for_callback(std::move(start));
  co_return question->take_answer();
}

class AresClient final : public DnsClient {
 public:
  explicit AresClient(TaskLoop& loop) : loop_(loop) {
    static const int initialized = ares_library_init(ARES_LIB_INIT_ALL);
    (void)initialized;
  }

  Task<Result<DnsAnswer>> ask(std::string server, std::string name, DnsType type, MonoTime deadline) override {
    return ask_server(loop_, std::move(server), std::move(name), type, deadline);
  }

 private:
  TaskLoop& loop_;
};

}  // namespace

std::unique_ptr<DnsClient> make_dns_client(TaskLoop& loop) {
  return std::make_unique<AresClient>(loop);
}

}  // namespace tocsin::net
