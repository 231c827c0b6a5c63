#pragma once
// Rows that outlive the answer they came in.

#include <string>
#include <vector>

#include "exporters/postgres/connection.hpp"

namespace tocsin::exporters::postgres {

class RowsCopy final : public Rows {
 public:
  explicit RowsCopy(const Rows& rows) : rows_(rows.rows()) {
    for (std::size_t column = 0; column < rows.columns(); ++column) {
      columns_.push_back({std::string(rows.name(column)), rows.type(column)});
    }
    values_.reserve(rows_ * columns_.size());
    for (std::size_t row = 0; row < rows_; ++row) {
      for (std::size_t column = 0; column < columns_.size(); ++column) values_.emplace_back(rows.value(row, column));
    }
  }
  std::size_t rows() const override { return rows_; }
  std::size_t columns() const override { return columns_.size(); }
  std::string_view name(std::size_t column) const override { return columns_[column].name; }
  std::uint32_t type(std::size_t column) const override { return columns_[column].type; }
  std::optional<std::string_view> value(std::size_t row, std::size_t column) const override {
    return values_[row * columns_.size() + column];
  }

 private:
  struct Described {
    std::string name;
    std::uint32_t type;
  };
  std::size_t rows_;
  std::vector<Described> columns_;
  std::vector<std::optional<std::string>> values_;
};

}  // namespace tocsin::exporters::postgres
