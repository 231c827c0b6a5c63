#pragma once
// The seam to a MySQL or MariaDB server: statements go out, rows come back.

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "base/time.hpp"

namespace tocsin::exporters::mysql {

/// A row of an answer. Views die when the reader returns.
class Row {
 public:
  using Cell = std::optional<std::string_view>;  // nothing: NULL
  Row(std::span<const std::string> columns, std::span<const Cell> cells) : columns_(columns), cells_(cells) {}

  std::span<const std::string> columns() const { return columns_; }
  std::span<const Cell> cells() const { return cells_; }
  /// The text at a place; "" for NULL and for places that the row lacks.
  std::string_view text(std::size_t place) const {
    return place < cells_.size() && cells_[place] ? *cells_[place] : std::string_view{};
  }
  /// The text of a column, whose name is compared without case; "" if there is none.
  std::string_view text(std::string_view column) const;

 private:
  std::span<const std::string> columns_;
  std::span<const Cell> cells_;
};

/// Where a column stands, its name compared without case.
std::optional<std::size_t> find_column(std::span<const std::string> columns, std::string_view name);

/// Called for each row; an error ends the query with it.
using RowReader = std::function<Result<void>(const Row& row)>;

/// Thread: one at a time.
class Connection {
 public:
  virtual ~Connection() = default;
  /// Runs one statement. kInvalid: the server refuses it, with its number and text. kTimeout by the deadline, kIo,
  /// kLimit (an answer of more than 64 MiB or a million rows): the connection is of no use any more. No error tells the
  /// password.
  virtual Result<void> query(std::string_view sql, MonoTime deadline, const RowReader& read) = 0;
  /// The server's number of the last error it refused a statement with (1064, 1142, ...); 0 if there was none.
  virtual unsigned refused() const = 0;
  /// Whether another statement may be run.
  virtual bool usable() const = 0;
};

/// `text` as a string of SQL: quoted, with quotes and backslashes doubled. Without NO_BACKSLASH_ESCAPES it is the text;
/// with it, a text with backslashes finds nothing.
std::string quote(std::string_view text);
/// `name` as an identifier in backticks.
std::string quote_name(std::string_view name);

}  // namespace tocsin::exporters::mysql
