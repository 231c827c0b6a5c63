#pragma once
// Series as targets have them, appended to a store: what the measurements of the head are made of.
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "model/labels.hpp"
#include "storage/storage.hpp"

namespace tocsin::bench {

inline constexpr std::size_t kTarget = 1000;  // series of one target

[[noreturn]] inline void die(const std::string& what) {
  std::fprintf(stderr, "bench: %s\n", what.c_str());
  std::exit(1);
}

inline model::Labels labels_of(std::size_t series, const std::string& generation) {
  const std::size_t of_target = series % kTarget;
  return model::Labels{{"__name__", "synthetic_metric_name_" + std::to_string(of_target / 10)},
                       {"job", "synthetic"},
                       {"instance", "host-" + generation + std::to_string(series / kTarget) + ":9100"},
                       {"device", "device-" + std::to_string(of_target % 10)}};
}

/// The series of a run, as their targets would be scraped.
class Targets {
 public:
  /// Bytes of this class for each series.
  static constexpr std::size_t kOwnBytes = sizeof(storage::SeriesRef) + sizeof(double);

  Targets(storage::Appendable& db, std::size_t series, std::string generation)
      : generation_(std::move(generation)), refs_(series), values_(series) {
    for (std::size_t i = 0; i < (series + kTarget - 1) / kTarget; ++i) appenders_.push_back(db.appender());
  }
  void scrape(Timestamp t) {
    for (std::size_t i = 0; i < refs_.size(); ++i) {
      model::Labels labels;
      if (refs_[i] == 0) labels = labels_of(i, generation_);
      advance(i % 40, values_[i]);
      storage::Appender& appender = *appenders_[i / kTarget];
      const auto result = appender.append(refs_[i], refs_[i] == 0 ? &labels : nullptr, t, values_[i], 0);
      if (result.status != storage::AppendStatus::kOk) die("append: " + std::string(append_status_text(result.status)));
      refs_[i] = result.ref;
      if ((i + 1) % kTarget != 0 && i + 1 != refs_.size()) continue;
      if (auto done = appender.commit(); !done) die(done.error().message);
    }
  }

 private:
  /// Of 40 series: 6 constant, 4 with all digits random, 4 small random integers, 1 counter of bytes, 3 counters of
  /// hundredths, 5 counters that hardly move, 17 counters.
  void advance(std::size_t kind, double& value) {
    state_ = state_ * 6364136223846793005ULL + 1442695040888963407ULL;
    const std::uint64_t random = state_ >> 32U;
    if (kind < 6) {
      value = 42;
    } else if (kind < 10) {
      value = static_cast<double>(state_ >> 11U) / 1e9;
    } else if (kind < 14) {
      value = static_cast<double>(random % 100);
    } else if (kind < 15) {
      value += static_cast<double>(random % 1'000'000);
    } else if (kind < 18) {
      value = std::round(value * 100 + static_cast<double>(random % 1'000)) / 100;
    } else if (kind < 23) {
      value += random % 50 == 0 ? 1 : 0;
    } else {
      value += static_cast<double>(random % 20);
    }
  }

  const std::string generation_;
  std::vector<std::unique_ptr<storage::Appender>> appenders_;
  std::vector<storage::SeriesRef> refs_;
  std::vector<double> values_;
  std::uint64_t state_ = 1;
};

}  // namespace tocsin::bench
