// Parts of a date, in UTC.

#include <cstdint>
#include <limits>

#include "promql/functions.hpp"

namespace tocsin::promql {
namespace {

struct Moment {
  std::int64_t year = 1970;
  unsigned month = 1, day = 1, week_day = 0, year_day = 1, days_in_month = 31;
  int hour = 0, minute = 0;
};

bool is_leap(std::int64_t year) {
  return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

unsigned days_in(unsigned month, bool leap) {
  constexpr unsigned kDays[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  return month == 2 && leap ? 29 : kDays[month - 1];
}

/// The proleptic Gregorian calendar for any second of 64 bits (std::chrono's years end at 32767). Go counts seconds
/// from the year -292277022399 on, without a sign: what is before that, as is what no integer can tell, lies 2^64
/// seconds later.
Moment moment_of(std::int64_t seconds) {
  constexpr std::int64_t kDay = 86400;
  constexpr std::int64_t kDaysInEra = 146097;  // 400 years
  constexpr std::int64_t kFirstDay = -106751991073094;
  const std::uint64_t since_first = static_cast<std::uint64_t>(seconds) - static_cast<std::uint64_t>(kFirstDay * kDay);
  const std::int64_t days = static_cast<std::int64_t>(since_first / kDay) + kFirstDay;
  const auto rest = static_cast<std::int64_t>(since_first % kDay);
  Moment out;
  out.hour = static_cast<int>(rest / 3600);
  out.minute = static_cast<int>(rest / 60 % 60);
  out.week_day = static_cast<unsigned>(((days % 7) + 11) % 7);  // 1970-01-01 was a Thursday
  const std::int64_t shifted = days + 719468;                   // days since 0000-03-01
  const std::int64_t era = (shifted >= 0 ? shifted : shifted - (kDaysInEra - 1)) / kDaysInEra;
  const std::int64_t day_of_era = shifted - era * kDaysInEra;
  const std::int64_t year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
  const std::int64_t day_of_year =
      day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);  // from March
  const std::int64_t shifted_month = (5 * day_of_year + 2) / 153;
  out.day = static_cast<unsigned>(day_of_year - (153 * shifted_month + 2) / 5 + 1);
  out.month = static_cast<unsigned>(shifted_month < 10 ? shifted_month + 3 : shifted_month - 9);
  out.year = era * 400 + year_of_era + (out.month <= 2 ? 1 : 0);
  const bool leap = is_leap(out.year);
  out.days_in_month = days_in(out.month, leap);
  out.year_day = out.day;
  for (unsigned month = 1; month < out.month; ++month) out.year_day += days_in(month, leap);
  return out;
}

using Part = double (*)(const Moment&);
struct Named {
  std::string_view name;
  Part part;
};
constexpr Named kFunctions[] = {
    {"day_of_month", [](const Moment& m) { return static_cast<double>(m.day); }},
    {"day_of_week", [](const Moment& m) { return static_cast<double>(m.week_day); }},
    {"day_of_year", [](const Moment& m) { return static_cast<double>(m.year_day); }},
    {"days_in_month", [](const Moment& m) { return static_cast<double>(m.days_in_month); }},
    {"hour", [](const Moment& m) { return static_cast<double>(m.hour); }},
    {"minute", [](const Moment& m) { return static_cast<double>(m.minute); }},
    {"month", [](const Moment& m) { return static_cast<double>(m.month); }},
    {"year", [](const Moment& m) { return static_cast<double>(m.year); }},
};

/// Go's conversion on amd64: what does not fit becomes the smallest integer.
std::int64_t to_seconds(double value) {
  constexpr double kLimit = 9223372036854775808.0;
  if (!(value >= -kLimit && value < kLimit)) return std::numeric_limits<std::int64_t>::min();
  return static_cast<std::int64_t>(value);
}

class DateOperator final : public FloatOperator {
 public:
  DateOperator(QueryContext& context, VectorOperatorPtr input, Part part)
      : FloatOperator(context, std::move(input)), part_(part) {}

 protected:
  void transform(Column& column) override {
    for (std::size_t i = column.begin; i < column.end; ++i) {
      if (column.present[i] != 0) column.values[i] = part_(moment_of(to_seconds(column.values[i])));
    }
  }

 private:
  Part part_;
};

/// The part of the date that each step is.
class StepDateOperator final : public VectorOperator {
 public:
  StepDateOperator(const Grid& grid, Part part) : grid_(grid), part_(part) {}

  Result<bool> next(Column& out) override {
    if (done_) return false;
    done_ = true;
    out.reset(grid_.count);
    out.labels = {};
    for (std::size_t i = 0; i < grid_.count; ++i) out.set(i, part_(moment_of(grid_.at(i) / 1000)));
    return out.finish();
  }
  bool whole() const override { return true; }

 private:
  Grid grid_;
  Part part_;
  bool done_ = false;
};

const Named* find(std::string_view name) {
  for (const Named& candidate : kFunctions) {
    if (candidate.name == name) return &candidate;
  }
  return nullptr;
}

}  // namespace

bool is_date_function(std::string_view name) {
  return find(name) != nullptr;
}

VectorOperatorPtr make_date_function(QueryContext& context, const Grid& grid, std::string_view name,
                                     VectorOperatorPtr& input) {
  const Named* const function = find(name);
  if (function == nullptr) return nullptr;
  if (input == nullptr) return std::make_unique<StepDateOperator>(grid, function->part);
  return std::make_unique<DateOperator>(context, std::move(input), function->part);
}

}  // namespace tocsin::promql
