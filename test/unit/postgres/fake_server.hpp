#pragma once
// A PostgreSQL server that answers from a script: what statement contains which words gives which rows.

#include <map>
#include <string>
#include <vector>

#include "base/strings.hpp"
#include "exporters/postgres/connection.hpp"

namespace tocsin::exporters::postgres::test {

struct FakeRows {
  struct Column {
    std::string name;
    std::uint32_t type = 25;  // text
  };
  std::vector<Column> columns;
  std::vector<std::vector<std::optional<std::string>>> rows;
};

class ScriptedRows final : public Rows {
 public:
  explicit ScriptedRows(FakeRows rows) : rows_(std::move(rows)) {}
  std::size_t rows() const override { return rows_.rows.size(); }
  std::size_t columns() const override { return rows_.columns.size(); }
  std::string_view name(std::size_t column) const override { return rows_.columns[column].name; }
  std::uint32_t type(std::size_t column) const override { return rows_.columns[column].type; }
  std::optional<std::string_view> value(std::size_t row, std::size_t column) const override {
    return rows_.rows[row][column];
  }

 private:
  FakeRows rows_;
};

/// Thread: one. Outlives its sessions.
struct FakeServer {
  struct Answer {
    std::string words;  // the first answer whose words the statement has is given
    Result<FakeRows> rows;
  };
  std::vector<Answer> answers;
  int version = 150000;
  std::optional<Error> refuses;             // new sessions
  std::optional<Error> breaks;              // each message
  std::vector<std::string> messages = {};   // as sent, of all sessions
  std::vector<std::string> databases = {};  // of new sessions
  std::vector<std::string> passwords = {};

  void answer(std::string words, Result<FakeRows> rows) { answers.push_back({std::move(words), std::move(rows)}); }
  Connector connector();
};

class FakeConnection final : public Connection {
 public:
  explicit FakeConnection(FakeServer& server) : server_(server) {}
  int version() const override { return server_.version; }
  Result<void> send(const std::string& statements, MonoTime) override {
    if (server_.breaks) return fail(*server_.breaks);
    server_.messages.push_back(statements);
    left_.clear();
    for (const std::string_view statement : split(statements, ';')) {
      if (!trim(statement).empty()) left_.emplace_back(statement);
    }
    return {};
  }
  Result<std::unique_ptr<Rows>> next(MonoTime) override {
    if (left_.empty()) return nullptr;
    const std::string statement = left_.front();
    left_.erase(left_.begin());
    for (const FakeServer::Answer& answer : server_.answers) {
      if (!statement.contains(answer.words)) continue;
      if (answer.rows) return std::make_unique<ScriptedRows>(*answer.rows);
      left_.clear();
      return fail(answer.rows.error());
    }
    if (statement.contains("SELECT version()")) {
      return std::make_unique<ScriptedRows>(FakeRows{{{"version"}}, {{"PostgreSQL 15.0 on a fake"}}});
    }
    return std::make_unique<ScriptedRows>(FakeRows{});
  }

 private:
  FakeServer& server_;
  std::vector<std::string> left_;
};

inline Connector FakeServer::connector() {
  return [this](const Dsn& dsn, MonoTime) -> Result<std::unique_ptr<Connection>> {
    databases.push_back(dsn.get("dbname"));
    passwords.push_back(dsn.password.reveal());
    if (refuses) return fail(*refuses);
    return std::make_unique<FakeConnection>(*this);
  };
}

}  // namespace tocsin::exporters::postgres::test
