#pragma once
// A session with a PostgreSQL server as the reader of metrics sees it: libpq (pq.hpp), or a script in tests.

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "base/time.hpp"
#include "exporters/postgres/dsn.hpp"

namespace tocsin::exporters::postgres {

/// What one statement gave, all values as the server's text. Thread: one. Views live as long as it does.
class Rows {
 public:
  virtual ~Rows() = default;
  virtual std::size_t rows() const = 0;
  virtual std::size_t columns() const = 0;
  virtual std::string_view name(std::size_t column) const = 0;
  /// The OID of the column's type (values.hpp).
  virtual std::uint32_t type(std::size_t column) const = 0;
  /// Nothing for NULL.
  virtual std::optional<std::string_view> value(std::size_t row, std::size_t column) const = 0;
};

/// Thread: one. Every call ends by its deadline; the server is asked to stop what it still does then.
class Connection {
 public:
  virtual ~Connection() = default;
  /// PQserverVersion's form: 150020, 90603.
  virtual int version() const = 0;
  /// Sends one message with one or more statements, of which next() tells what came of them. Only when next() has
  /// returned nothing for the message before.
  virtual Result<void> send(const std::string& statements, MonoTime deadline) = 0;
  /// The answer to the next statement; null when there are no more. kExecution: this statement failed, and those behind
  /// it in the message are not run; go on until null. Any other error: the session is lost.
  virtual Result<std::unique_ptr<Rows>> next(MonoTime deadline) = 0;
};

/// Opens sessions. @return kUnavailable or kTimeout with the server's reason, without the password.
using Connector = std::function<Result<std::unique_ptr<Connection>>(const Dsn& dsn, MonoTime deadline)>;

}  // namespace tocsin::exporters::postgres
