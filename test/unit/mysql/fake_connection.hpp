#pragma once
// A server whose answers a test writes down.

#include <deque>
#include <map>
#include <string>
#include <vector>

#include "exporters/mysql/collectors.hpp"

namespace tocsin::test {

/// What a server says to a statement.
struct Answer {
  std::vector<std::string> columns;
  std::vector<std::vector<std::optional<std::string>>> rows;
  std::optional<Error> error;
  unsigned refused = 0;
};

inline Answer refusal(unsigned number) {
  return {{}, {}, Error{Errc::kInvalid, fmt::format("fake:1: Error {} (42000): refused", number)}, number};
}
inline Answer broken(Errc code, std::string text) {
  return {{}, {}, Error{code, std::move(text)}, 0};
}

/// The answers outlive the connection. A statement begins with its key, the longest that fits; others are refused as
/// syntax errors.
class FakeConnection final : public exporters::mysql::Connection {
 public:
  explicit FakeConnection(const std::map<std::string, Answer>& answers, std::vector<std::string>* asked = nullptr)
      : answers_(answers), asked_(asked) {}

  Result<void> query(std::string_view sql, MonoTime, const exporters::mysql::RowReader& read) override {
    if (asked_ != nullptr) asked_->emplace_back(sql);
    const Answer* answer = nullptr;
    for (const auto& [key, candidate] : answers_) {  // a longer key stands behind its beginning
      if (sql.starts_with(key)) answer = &candidate;
    }
    static const Answer kSyntax = refusal(1064);
    if (answer == nullptr) answer = &kSyntax;
    refused_ = answer->refused;
    if (answer->error) {
      usable_ = usable_ && refused_ != 0;
      return fail(*answer->error);
    }
    for (const auto& row : answer->rows) {
      std::vector<exporters::mysql::Row::Cell> cells(row.begin(), row.end());
      TOCSIN_OK(read(exporters::mysql::Row(answer->columns, cells)));
    }
    return {};
  }
  unsigned refused() const override { return refused_; }
  bool usable() const override { return usable_; }

 private:
  const std::map<std::string, Answer>& answers_;
  std::vector<std::string>* asked_;
  unsigned refused_ = 0;
  bool usable_ = true;
};

}  // namespace tocsin::test
