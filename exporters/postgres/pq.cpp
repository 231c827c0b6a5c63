#include "exporters/postgres/pq.hpp"

#include <algorithm>
#include <atomic>
#include <limits>
#include <thread>
#include <vector>

#include <dlfcn.h>
#include <libpq-fe.h>
#include <poll.h>
#include <sys/ioctl.h>

#include "base/strings.hpp"

namespace tocsin::exporters::postgres {

namespace {

/// What one message may be answered with.
constexpr std::uint64_t kMaxAnswerBytes = 64U << 20U;

#define TOCSIN_PQ_FUNCTIONS(X)                                                                                      \
  X(PQcancel)                                                                                                       \
  X(PQclear)                                                                                                        \
  X(PQconnectPoll)                                                                                                  \
  X(PQconnectStartParams) X(PQconsumeInput) X(PQerrorMessage) X(PQfinish) X(PQflush) X(PQfname) X(PQfreeCancel)     \
      X(PQftype) X(PQgetCancel) X(PQgetResult) X(PQgetisnull) X(PQgetlength) X(PQgetvalue) X(PQisBusy) X(PQnfields) \
          X(PQntuples) X(PQresultErrorField) X(PQresultErrorMessage) X(PQresultStatus) X(PQsendQuery)               \
              X(PQserverVersion) X(PQsetNoticeProcessor) X(PQsetnonblocking) X(PQsocket) X(PQstatus)

/// The functions of the library. Never unloaded: OpenSSL and Kerberos leave handlers behind.
struct Pq {
#define X(name) decltype(&::name) name = nullptr;
  TOCSIN_PQ_FUNCTIONS(X)
#undef X

  static Result<const Pq*> load() {
    static const Result<Pq> loaded = open();
    if (!loaded) return fail(loaded.error());
    return &*loaded;
  }

 private:
  static Result<Pq> open() {
    void* library = dlopen("libpq.so.5", RTLD_NOW | RTLD_LOCAL);
    if (library == nullptr) {
      return fail(Errc::kUnsupported, "PostgreSQL's client library is needed (Debian's package libpq5): {}", dlerror());
    }
    Pq pq;
#define X(name)                                                         \
  pq.name = reinterpret_cast<decltype(&::name)>(dlsym(library, #name)); \
  if (pq.name == nullptr) return fail(Errc::kUnsupported, "libpq.so.5 lacks {}", #name);
    TOCSIN_PQ_FUNCTIONS(X)
#undef X
    return pq;
  }
};

class PqRows final : public Rows {
 public:
  PqRows(const Pq& pq, PGresult* result) : pq_(pq), result_(result) {}
  ~PqRows() override { pq_.PQclear(result_); }
  PqRows(const PqRows&) = delete;
  PqRows& operator=(const PqRows&) = delete;

  std::size_t rows() const override { return static_cast<std::size_t>(pq_.PQntuples(result_)); }
  std::size_t columns() const override { return static_cast<std::size_t>(pq_.PQnfields(result_)); }
  std::string_view name(std::size_t column) const override { return pq_.PQfname(result_, static_cast<int>(column)); }
  std::uint32_t type(std::size_t column) const override { return pq_.PQftype(result_, static_cast<int>(column)); }
  std::optional<std::string_view> value(std::size_t row, std::size_t column) const override {
    const int r = static_cast<int>(row), c = static_cast<int>(column);
    if (pq_.PQgetisnull(result_, r, c) != 0) return std::nullopt;
    return std::string_view(pq_.PQgetvalue(result_, r, c), static_cast<std::size_t>(pq_.PQgetlength(result_, r, c)));
  }

 private:
  const Pq& pq_;
  PGresult* result_;
};

/// Asks the server to stop a query, on a thread of its own: libpq's call has no deadline, and a server whose postmaster
/// hangs never answers. One at a time; who hangs so has nothing to stop anyway.
void cancel_beside(const Pq& pq, PGconn* connection) {
  static std::atomic<bool> under_way = false;
  if (under_way.exchange(true)) return;
  PGcancel* cancel = pq.PQgetCancel(connection);
  if (cancel == nullptr) {
    under_way = false;
    return;
  }
  std::thread([&pq, cancel] {
    char error[256];
    pq.PQcancel(cancel, error, sizeof error);
    pq.PQfreeCancel(cancel);
    under_way = false;
  }).detach();
}

class PqConnection final : public Connection {
 public:
  PqConnection(const Pq& pq, Clock& clock, Secret password) : pq_(pq), clock_(clock), password_(std::move(password)) {}
  ~PqConnection() override { pq_.PQfinish(connection_); }
  PqConnection(const PqConnection&) = delete;
  PqConnection& operator=(const PqConnection&) = delete;

  Result<void> open(const Dsn& dsn, MonoTime deadline);

  int version() const override { return version_; }

  Result<void> send(const std::string& statements, MonoTime deadline) override {
    received_ = 0;
    if (pq_.PQsendQuery(connection_, statements.c_str()) == 0) return lost();
    for (;;) {
      const int left = pq_.PQflush(connection_);
      if (left == 0) return {};
      if (left < 0) return lost();
      TOCSIN_TRY(const short ready, wait(POLLIN | POLLOUT, deadline));
      if ((ready & POLLIN) != 0 && pq_.PQconsumeInput(connection_) == 0) return lost();
    }
  }

  Result<std::unique_ptr<Rows>> next(MonoTime deadline) override {
    while (pq_.PQisBusy(connection_) != 0) {
      if (auto ready = wait(POLLIN, deadline); !ready) {
        cancel_beside(pq_, connection_);
        return fail(std::move(ready).error());
      }
      int pending = 0;
      if (ioctl(pq_.PQsocket(connection_), FIONREAD, &pending) == 0) received_ += static_cast<std::uint64_t>(pending);
      if (received_ > kMaxAnswerBytes) {
        cancel_beside(pq_, connection_);
        return fail(Errc::kLimit, "an answer of more than {} MiB", kMaxAnswerBytes >> 20U);
      }
      if (pq_.PQconsumeInput(connection_) == 0) return lost();
    }
    PGresult* result = pq_.PQgetResult(connection_);
    if (result == nullptr) return nullptr;
    auto rows = std::make_unique<PqRows>(pq_, result);
    switch (pq_.PQresultStatus(result)) {
      case PGRES_TUPLES_OK:
      case PGRES_COMMAND_OK:
      case PGRES_EMPTY_QUERY:
        return rows;
      case PGRES_BAD_RESPONSE:
      case PGRES_FATAL_ERROR:
        if (pq_.PQstatus(connection_) == CONNECTION_BAD) return lost();
        return fail(Errc::kExecution, "{}", error_text(result));
      default:  // COPY: nobody reads what would follow
        return fail(Errc::kIo, "a statement that copies data");
    }
  }

 private:
  /// Waits for one of the events. kTimeout at the deadline.
  Result<short> wait(int events, MonoTime deadline) {
    for (;;) {
      const MonoTime now = clock_.mono();
      if (now >= deadline) return fail(Errc::kTimeout, "no answer in time");
      const auto left =
          std::min<std::int64_t>((deadline - now).count() / 1'000'000 + 1, std::numeric_limits<int>::max());
      pollfd poll_for{.fd = pq_.PQsocket(connection_), .events = static_cast<short>(events), .revents = 0};
      const int ready = poll(&poll_for, 1, static_cast<int>(left));
      if (ready > 0) return poll_for.revents;
      if (ready < 0 && errno != EINTR) return fail(Errc::kIo, "poll: errno {}", errno);
    }
  }

  std::string clean(std::string text) const {
    if (!password_.empty()) text = replace_all(std::move(text), password_.reveal(), kSecretText);
    text = std::string(trim(text));
    std::ranges::replace_if(text, [](char c) { return c == '\n' || c == '\t'; }, ' ');
    return text;
  }

  std::string error_text(PGresult* result) const {
    const char* message = pq_.PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
    const char* state = pq_.PQresultErrorField(result, PG_DIAG_SQLSTATE);
    if (message == nullptr) return clean(pq_.PQresultErrorMessage(result));
    return clean(state == nullptr ? std::string(message) : fmt::format("{} (SQLSTATE {})", message, state));
  }

  std::unexpected<Error> lost() const {
    std::string text = clean(pq_.PQerrorMessage(connection_));
    return fail(Errc::kUnavailable, "{}", text.empty() ? "the connection is lost" : text);
  }

  const Pq& pq_;
  Clock& clock_;
  Secret password_;
  PGconn* connection_ = nullptr;
  int version_ = 0;
  std::uint64_t received_ = 0;  // bytes that the current message was answered with, about
};

Result<void> PqConnection::open(const Dsn& dsn, MonoTime deadline) {
  // Defaults come first: a keyword that is repeated overrides. Without them libpq looks for Kerberos tickets.
  std::vector<const char*> keywords{"gssencmode", "fallback_application_name"}, values{"disable", "tocsin-agent"};
  for (const auto& [keyword, value] : dsn.parameters) {
    keywords.push_back(keyword.c_str());
    values.push_back(value.c_str());
  }
  if (!password_.empty()) {
    keywords.push_back("password");
    values.push_back(password_.reveal().c_str());
  }
  keywords.push_back(nullptr);
  values.push_back(nullptr);
  connection_ = pq_.PQconnectStartParams(keywords.data(), values.data(), 0);
  if (connection_ == nullptr) return fail(Errc::kLimit, "out of memory");
  if (pq_.PQstatus(connection_) == CONNECTION_BAD) return lost();
  pq_.PQsetNoticeProcessor(connection_, [](void*, const char*) {}, nullptr);
  for (PostgresPollingStatusType state = PGRES_POLLING_WRITING; state != PGRES_POLLING_OK;
       state = pq_.PQconnectPoll(connection_)) {
    if (state == PGRES_POLLING_FAILED) return lost();
    auto ready = wait(state == PGRES_POLLING_READING ? POLLIN : POLLOUT, deadline);
    if (!ready) return fail(ready.error().code, "connecting: {}", ready.error().message);
  }
  if (pq_.PQsetnonblocking(connection_, 1) != 0) return lost();
  version_ = pq_.PQserverVersion(connection_);
  return {};
}

}  // namespace

Connector pq_connector(Clock& clock) {
  return [&clock](const Dsn& dsn, MonoTime deadline) -> Result<std::unique_ptr<Connection>> {
    TOCSIN_TRY(const Pq* pq, Pq::load());
    auto connection = std::make_unique<PqConnection>(*pq, clock, dsn.password);
    TOCSIN_OK(connection->open(dsn, deadline));
    return connection;
  };
}

}  // namespace tocsin::exporters::postgres
