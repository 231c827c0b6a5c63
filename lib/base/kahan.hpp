#pragma once
// Summation that keeps what rounding drops (Kahan, with Neumaier's improvement), as Prometheus 3 sums.
// Source: Prometheus util/kahansum/kahansum.go. Needs -ffp-contract=off.

#include <cmath>
#include <limits>

namespace tocsin {

struct KahanSum {
  double sum = 0;
  double c = 0;  // what is missing from sum

  void add(double x) {
    const double t = sum + x;
    if (t > std::numeric_limits<double>::max() || t < -std::numeric_limits<double>::max()) {
      c = 0;
    } else if (std::abs(sum) >= std::abs(x)) {
      c += (sum - t) + x;
    } else {
      c += (x - t) + sum;
    }
    sum = t;
  }
  /// The sum of both, with what both miss.
  void add(const KahanSum& other) {
    c += other.c;
    add(other.sum);
  }
  double value() const { return sum + c; }
};

/// A mean: a compensated sum divided by the count, as long as the sum does not overflow; then a running mean.
struct KahanMean {
  KahanSum total;  // the sum, or (running) the mean
  double count = 0;
  bool running = false;

  void add(double x) {
    count += 1;
    if (count == 1) {
      total = {x, 0};
      return;
    }
    if (!running) {
      KahanSum next = total;
      next.add(x);
      if (!std::isinf(next.sum)) {
        total = next;
        return;
      }
      running = true;
      total.sum /= count - 1;
      total.c /= count - 1;
    }
    const double kept = (count - 1) / count;
    total = {kept * total.sum, kept * total.c};
    total.add(x / count);
  }
  double value() const { return running ? total.value() : total.sum / count + total.c / count; }
};

}  // namespace tocsin
