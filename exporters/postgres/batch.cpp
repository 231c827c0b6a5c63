#include "exporters/postgres/batch.hpp"

namespace tocsin::exporters::postgres {

Result<void> run_joined(Connection& connection, std::span<const std::string> statements, MonoTime deadline,
                        const std::function<void(std::size_t, const Result<std::unique_ptr<Rows>>&)>& take) {
  std::string message;
  for (std::size_t next = 0; next < statements.size();) {
    message.clear();
    for (const std::string& statement : statements.subspan(next)) {
      message += statement;
      message += ";\n";
    }
    TOCSIN_OK(connection.send(message, deadline));
    const std::size_t first = next;
    for (;;) {
      const Result<std::unique_ptr<Rows>> rows = connection.next(deadline);
      if (!rows && rows.error().code != Errc::kExecution) return fail(rows.error());
      if (rows && *rows == nullptr) break;
      if (next == statements.size()) return fail(Errc::kCorrupt, "more answers than questions");
      take(next++, rows);
    }
    if (next == first) return fail(Errc::kCorrupt, "no answer to a question");
  }
  return {};
}

Result<std::unique_ptr<Rows>> run_text(Connection& connection, const std::string& text, MonoTime deadline) {
  TOCSIN_OK(connection.send(text, deadline));
  std::unique_ptr<Rows> first;
  std::optional<Error> failed;
  for (;;) {
    Result<std::unique_ptr<Rows>> rows = connection.next(deadline);
    if (!rows && rows.error().code != Errc::kExecution) return rows;
    if (!rows) {
      failed = std::move(rows).error();
    } else if (*rows == nullptr) {
      break;
    } else if (first == nullptr && (*rows)->columns() > 0) {
      first = std::move(*rows);
    }
  }
  if (failed) return fail(std::move(*failed));
  if (first == nullptr) return fail(Errc::kExecution, "no statement of it gives rows");
  return first;
}

}  // namespace tocsin::exporters::postgres
