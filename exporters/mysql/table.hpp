#pragma once
// Answers whose rows are metrics as they are: some columns are labels, the others values.

#include <functional>
#include <span>
#include <string>
#include <string_view>

#include "exporters/mysql/collectors.hpp"

namespace tocsin::exporters::mysql {

struct LabelColumn {
  std::string_view column, label;
};
struct ValueColumn {
  std::string_view column, name, help;
  MetricType type = MetricType::kCounter;
  double scale = 1;      // what the server's unit is multiplied by; below 1 as a divisor, see kPicoseconds
  LabelView extra = {};  // one label more, which tells the column's values from those of others
};

/// Timers of the performance schema; divided by, as the peers do, so that the last digits are theirs.
inline constexpr double kPicoseconds = 1e-12;

/// Changes the value of the label at a place.
using LabelEdit = std::function<void(std::size_t place, std::string& value)>;

/// Puts each row of the answer. Columns that the answer lacks, and values that are NULL, are left out: servers differ.
/// kCorrupt for a value that is no number; the other rows are put.
Result<void> collect_table(const Round& round, std::string_view sql, std::span<const LabelColumn> labels,
                           std::span<const ValueColumn> values, const LabelEdit& edit = nullptr);

}  // namespace tocsin::exporters::mysql
