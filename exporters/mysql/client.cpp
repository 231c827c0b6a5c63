#include "exporters/mysql/client.hpp"

#include <algorithm>
#include <vector>

#include <dlfcn.h>
#include <mariadb/mysql.h>
#include <poll.h>
#include <sys/socket.h>

#include "exporters/mysql/greeting.hpp"

namespace tocsin::exporters::mysql {
namespace {

constexpr std::size_t kMaxAnswerBytes = 64U << 20U;
constexpr std::size_t kMaxAnswerRows = 1'000'000;
constexpr std::size_t kMaxPacketBytes = 16U << 20U;

#define TOCSIN_MYSQL_FUNCTIONS(X)                                                                                      \
  X(mysql_init)                                                                                                        \
  X(mysql_optionsv)                                                                                                    \
  X(mysql_real_connect_start)                                                                                          \
  X(mysql_real_connect_cont)                                                                                           \
  X(mysql_real_query_start)                                                                                            \
  X(mysql_real_query_cont) X(mysql_use_result) X(mysql_fetch_row_start) X(mysql_fetch_row_cont) X(mysql_fetch_lengths) \
      X(mysql_fetch_fields) X(mysql_num_fields) X(mysql_field_count) X(mysql_free_result) X(mysql_close)               \
          X(mysql_errno) X(mysql_error) X(mysql_sqlstate) X(mysql_get_socket) X(mysql_get_timeout_value_ms)            \
              X(mysql_get_ssl_cipher)

/// The functions of libmariadb that are used, by their names.
struct Library {
#define X(name) decltype(&::name) name = nullptr;
  TOCSIN_MYSQL_FUNCTIONS(X)
#undef X
  std::string error;  // why it is of no use

  Library() {
    void* const handle = ::dlopen("libmariadb.so.3", RTLD_NOW | RTLD_LOCAL);
    if (handle == nullptr) {
      error = fmt::format("{} (package libmariadb3)", ::dlerror());
      return;
    }
#define X(name) load(handle, #name, name);
    TOCSIN_MYSQL_FUNCTIONS(X)
#undef X
    if (error.empty()) mysql_close(mysql_init(nullptr));  // its global state, while nobody else calls it
  }

  template <typename Function>
  void load(void* handle, const char* name, Function& function) {
    function = reinterpret_cast<Function>(::dlsym(handle, name));
    if (function == nullptr && error.empty()) error = fmt::format("libmariadb.so.3 lacks {}", name);
  }
};

/// Stays until the process ends.
const Library& library() {
  static const Library& loaded = *new Library;
  return loaded;
}

/// A connection that is driven without blocking, so that any call ends by its deadline.
class Client final : public Connection {
 public:
  Client(const Library& library, const Clock& clock, std::string address)
      : library_(library), clock_(clock), address_(std::move(address)), mysql_(library.mysql_init(nullptr)) {}
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;
  ~Client() override {
    if (broken_) shut_down();  // the farewell that mysql_close() sends must not wait for anybody
    library_.mysql_close(mysql_);
  }

  Result<void> open(const ConnectOptions& options, MonoTime deadline) {
    set_options(options, deadline);
    deadline_ = deadline;
    greeted_ = !options.socket.empty();  // who has the socket's path is trusted
    MYSQL* done = nullptr;
    const char* const host = options.socket.empty() ? options.host.c_str() : nullptr;
    const char* const socket = options.socket.empty() ? nullptr : options.socket.c_str();
    drive(library_.mysql_real_connect_start(&done, mysql_, host, options.user.c_str(),
                                            options.password.reveal().c_str(), nullptr, options.port, socket, 0),
          [&](int status) { return library_.mysql_real_connect_cont(&done, mysql_, status); });
    if (done == nullptr) return failed();
    // The library goes on without TLS when the server has none and its certificate would not be verified.
    if (options.tls.mode == TlsOptions::Mode::kRequired && library_.mysql_get_ssl_cipher(mysql_) == nullptr) {
      broken_ = true;
      return fail(Errc::kIo, "{}: the server does not support TLS", address_);
    }
    return {};
  }

  Result<void> query(std::string_view sql, MonoTime deadline, const RowReader& read) override {
    refused_ = 0;
    if (broken_) return fail(Errc::kIo, "{}: the connection was lost", address_);
    deadline_ = deadline;
    int error = 0;
    drive(library_.mysql_real_query_start(&error, mysql_, sql.data(), sql.size()),
          [&](int status) { return library_.mysql_real_query_cont(&error, mysql_, status); });
    if (error != 0) return failed();
    MYSQL_RES* const answer = library_.mysql_use_result(mysql_);
    if (answer == nullptr) {
      if (library_.mysql_field_count(mysql_) == 0) return {};  // a statement without rows
      return failed();
    }
    Result<void> result = rows(answer, read);
    // Rows that nobody wants would be read by mysql_free_result(): not from a connection that has to end anyway.
    if (!result && !at_end_) {
      broken_ = true;
      shut_down();
    }
    library_.mysql_free_result(answer);
    return result;
  }

  unsigned refused() const override { return refused_; }
  bool usable() const override { return !broken_; }

 private:
  void set_options(const ConnectOptions& options, MonoTime deadline) {
    const auto set = [this](enum mysql_option option, const void* value) {
      library_.mysql_optionsv(mysql_, option, value);
    };
    const auto set_number = [this](enum mysql_option option, unsigned value) {
      library_.mysql_optionsv(mysql_, option, &value);
    };
    const auto set_flag = [this](enum mysql_option option, bool on) {
      const my_bool value = on ? 1 : 0;
      library_.mysql_optionsv(mysql_, option, &value);
    };
    set(MYSQL_OPT_NONBLOCK, nullptr);
    set_number(MYSQL_OPT_LOCAL_INFILE, 0);
    set_number(MYSQL_OPT_PROTOCOL, options.socket.empty() ? MYSQL_PROTOCOL_TCP : MYSQL_PROTOCOL_SOCKET);
    const std::size_t packet = kMaxPacketBytes;
    set(MYSQL_OPT_MAX_ALLOWED_PACKET, &packet);
    // For what does not go through drive(): the TLS handshake. In whole seconds.
    const Duration left = std::max(deadline - clock_.mono(), Duration(std::chrono::seconds(1)));
    set_number(MYSQL_OPT_CONNECT_TIMEOUT,
               static_cast<unsigned>(std::clamp<std::int64_t>((to_ms(left) + 999) / 1000, 1, 3600)));
    set(MYSQL_SET_CHARSET_NAME, "utf8mb4");
    library_.mysql_optionsv(mysql_, MYSQL_OPT_CONNECT_ATTR_ADD, "program_name", "tocsin-agent");
    set(MARIADB_OPT_RESTRICTED_AUTH,
        options.cleartext_password
            ? "mysql_native_password,client_ed25519,caching_sha2_password,sha256_password,mysql_clear_password"
            : "mysql_native_password,client_ed25519,caching_sha2_password,sha256_password");
    const TlsOptions& tls = options.tls;
    if (tls.mode == TlsOptions::Mode::kOff) return;
    set_flag(MYSQL_OPT_SSL_ENFORCE, true);
    set_flag(MYSQL_OPT_SSL_VERIFY_SERVER_CERT, tls.verify && tls.mode == TlsOptions::Mode::kRequired);
    if (!tls.ca_file.empty()) set(MYSQL_OPT_SSL_CA, tls.ca_file.c_str());
    if (!tls.cert_file.empty()) set(MYSQL_OPT_SSL_CERT, tls.cert_file.c_str());
    if (!tls.key_file.empty()) set(MYSQL_OPT_SSL_KEY, tls.key_file.c_str());
    if (!tls.versions.empty()) set(MARIADB_OPT_TLS_VERSION, tls.versions.c_str());
  }

  template <typename Continue>
  void drive(int status, const Continue& go_on) {
    while (status != 0) status = go_on(wait(status));
  }

  /// Until what the library waits for; MYSQL_WAIT_TIMEOUT, which ends its call, at the deadline.
  int wait(int status) {
    const Duration left = deadline_ - clock_.mono();
    bool ours = true;
    std::int64_t wait_ms = std::clamp<std::int64_t>(to_ms(left) + 1, 0, 3'600'000);
    if ((status & MYSQL_WAIT_TIMEOUT) != 0) {
      const std::int64_t theirs = library_.mysql_get_timeout_value_ms(mysql_);
      ours = wait_ms <= theirs;
      wait_ms = std::min(wait_ms, theirs);
    }
    const int happened = left > Duration::zero() ? poll_socket(status, wait_ms) : 0;
    if (happened != 0 && (greeted_ || may_read_greeting())) return happened;
    if (happened == 0 && !ours && left > Duration::zero()) return MYSQL_WAIT_TIMEOUT;
    timed_out_ = !no_server_;
    broken_ = true;
    shut_down();
    return MYSQL_WAIT_TIMEOUT;
  }

  /// What has happened of what is waited for; 0 after the time.
  int poll_socket(int status, std::int64_t wait_ms) const {
    pollfd waiting{.fd = library_.mysql_get_socket(mysql_), .events = 0, .revents = 0};
    if ((status & MYSQL_WAIT_READ) != 0) waiting.events |= POLLIN;
    if ((status & MYSQL_WAIT_WRITE) != 0) waiting.events |= POLLOUT;
    if ((status & MYSQL_WAIT_EXCEPT) != 0) waiting.events |= POLLPRI;
    int ready = 0;
    do {
      ready = ::poll(&waiting, 1, static_cast<int>(wait_ms));
    } while (ready < 0 && errno == EINTR);
    if (ready <= 0) return 0;
    int happened = 0;
    if ((waiting.revents & (POLLIN | POLLHUP | POLLERR)) != 0) happened |= MYSQL_WAIT_READ;
    if ((waiting.revents & (POLLOUT | POLLHUP | POLLERR)) != 0) happened |= MYSQL_WAIT_WRITE;
    if ((waiting.revents & POLLPRI) != 0) happened |= MYSQL_WAIT_EXCEPT;
    return happened & status;
  }

  /// A TCP server speaks first: the library does not go on before its first bytes have been seen. True as well if the
  /// connection has failed or ended: it tells why, and goes on to the host's next address. False: no_server_, or late.
  /// (A connect() on this host that succeeds at once is not waited for: only then may the library read before us.)
  bool may_read_greeting() {
    while (clock_.mono() < deadline_) {
      pollfd waiting{.fd = library_.mysql_get_socket(mysql_), .events = POLLIN, .revents = 0};
      if (::poll(&waiting, 1, 10) <= 0) continue;
      if ((waiting.revents & POLLERR) != 0) return true;
      char bytes[1024];
      const ssize_t size = ::recv(waiting.fd, bytes, sizeof bytes, MSG_PEEK | MSG_DONTWAIT);
      if (size <= 0) return true;
      const Greeting greeting = check_greeting(std::string_view(bytes, static_cast<std::size_t>(size)));
      greeted_ = greeting == Greeting::kGood;
      no_server_ = greeting == Greeting::kWrong;
      if (greeting != Greeting::kIncomplete) return greeted_;
      ::poll(nullptr, 0, 1);  // what is there stays there, and poll() would not wait
    }
    return false;
  }

  Result<void> rows(MYSQL_RES* answer, const RowReader& read) {
    at_end_ = false;
    const unsigned width = library_.mysql_num_fields(answer);
    const MYSQL_FIELD* const fields = library_.mysql_fetch_fields(answer);
    std::vector<std::string> columns;
    for (unsigned i = 0; i < width; ++i) columns.emplace_back(fields[i].name, fields[i].name_length);
    std::vector<Row::Cell> cells(width);
    std::size_t bytes = 0;
    for (std::size_t count = 0;; ++count) {
      MYSQL_ROW row = nullptr;
      drive(library_.mysql_fetch_row_start(&row, answer),
            [&](int status) { return library_.mysql_fetch_row_cont(&row, answer, status); });
      if (row == nullptr) {
        if (timed_out_ || library_.mysql_errno(mysql_) != 0) return failed();
        at_end_ = true;
        return {};
      }
      const unsigned long* const lengths = library_.mysql_fetch_lengths(answer);
      for (unsigned i = 0; i < width; ++i) {
        cells[i] = row[i] != nullptr ? Row::Cell(std::string_view(row[i], lengths[i])) : std::nullopt;
        bytes += lengths[i];
      }
      if (bytes > kMaxAnswerBytes || count >= kMaxAnswerRows) {
        return fail(Errc::kLimit, "{}: an answer of more than {} MiB or {} rows", address_, kMaxAnswerBytes >> 20U,
                    kMaxAnswerRows);
      }
      TOCSIN_OK(read(Row(columns, cells)));
    }
  }

  /// The error of the last call, in go-sql-driver's form.
  std::unexpected<Error> failed() {
    if (no_server_) return fail(Errc::kIo, "{}: this is no MySQL server", address_);
    if (timed_out_) return fail(Errc::kTimeout, "{}: no answer by the deadline", address_);
    const unsigned number = library_.mysql_errno(mysql_);
    const bool of_client = number >= 2000 && number < 3000;  // CR_*: the connection, not the statement
    if (of_client) broken_ = true;
    if (!of_client) refused_ = number;
    at_end_ = true;
    return fail(of_client ? Errc::kIo : Errc::kInvalid, "{}: Error {} ({}): {}", address_, number,
                library_.mysql_sqlstate(mysql_), library_.mysql_error(mysql_));
  }

  void shut_down() {
    const my_socket socket = library_.mysql_get_socket(mysql_);
    if (socket >= 0) ::shutdown(socket, SHUT_RDWR);
  }

  const Library& library_;
  const Clock& clock_;
  std::string address_;
  MYSQL* mysql_;
  MonoTime deadline_{};  // of the call under way
  bool timed_out_ = false, broken_ = false;
  bool greeted_ = false, no_server_ = false;  // what the first bytes of the server were
  bool at_end_ = true;                        // of the answer
  unsigned refused_ = 0;
};

}  // namespace

std::string ConnectOptions::address() const {
  if (!socket.empty()) return "unix://" + socket;
  const bool v6 = host.find(':') != std::string::npos;
  return fmt::format("{}{}{}:{}", v6 ? "[" : "", host, v6 ? "]" : "", port);
}

Result<std::unique_ptr<Connection>> connect(const ConnectOptions& options, const Clock& clock, MonoTime deadline) {
  const Library& loaded = library();
  if (!loaded.error.empty()) return fail(Errc::kUnsupported, "{}", loaded.error);
  auto client = std::make_unique<Client>(loaded, clock, options.address());
  TOCSIN_OK(client->open(options, deadline));
  return client;
}

}  // namespace tocsin::exporters::mysql
