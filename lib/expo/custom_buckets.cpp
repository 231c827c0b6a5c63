#include "expo/custom_buckets.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "base/float_text.hpp"
#include "model/histogram_compact.hpp"

namespace tocsin::expo {
namespace {

constexpr double kInf = std::numeric_limits<double>::infinity();

/// True if Go's int64(math.Round(value)) gives the value back.
bool is_integer(double value) {
  return std::abs(value) < 9223372036854775808.0 && value == std::trunc(value);
}

}  // namespace

void CustomBuckets::clear() {
  buckets_.clear();
  count_ = sum_ = 0;
  has_count_ = false;
  error_.clear();
}

void CustomBuckets::refuse(std::string why) {
  if (error_.empty()) error_ = std::move(why);
}

void CustomBuckets::set_count(double count) {
  if (count < 0) return refuse(fmt::format("count must be non-negative: count={}", format_float_g(count)));
  count_ = count;
  has_count_ = true;
}

void CustomBuckets::set_bucket(double bound, double count) {
  if (std::isnan(bound)) return refuse("bucket boundary must not be NaN");
  if (count < 0) {
    return refuse(fmt::format("bucket count must be non-negative: le={}, count={}", format_float_g(bound),
                              format_float_g(count)));
  }
  // Nearly always the end: buckets come in order.
  auto place = buckets_.end();
  if (!buckets_.empty() && buckets_.back().bound >= bound) {
    place = std::lower_bound(buckets_.begin(), buckets_.end(), bound,
                             [](const Bucket& bucket, double wanted) { return bucket.bound < wanted; });
    if (place->bound == bound) return;
  }
  if (place != buckets_.begin() && count < std::prev(place)->count) {
    return refuse(fmt::format("count is not cumulative: {} < {}", format_float_g(count),
                              format_float_g(std::prev(place)->count)));
  }
  if (place != buckets_.end() && count > place->count) {
    return refuse(fmt::format("count is not cumulative: {} > {}", format_float_g(count), format_float_g(place->count)));
  }
  buckets_.insert(place, {bound, count});
}

Result<std::unique_ptr<model::FloatHistogram>> CustomBuckets::convert() const {
  if (!error_.empty()) return fail(Errc::kInvalid, "{}", error_);
  const bool has_infinity = !buckets_.empty() && buckets_.back().bound == kInf;
  const double count = has_count_ || buckets_.empty() ? count_ : buckets_.back().count;
  const double last = has_infinity ? buckets_.back().count : count;
  auto out = std::make_unique<model::FloatHistogram>();
  out->schema = model::kCustomBucketsSchema;
  out->count = count;
  out->sum = sum_;
  out->integer = is_integer(count) && std::all_of(buckets_.begin(), buckets_.end(),
                                                  [](const Bucket& bucket) { return is_integer(bucket.count); });
  double before = 0;
  for (const Bucket& bucket : buckets_) {
    out->positive_buckets.push_back(bucket.count - before);
    before = bucket.count;
    if (bucket.bound != kInf) out->custom_values.push_back(bucket.bound);
  }
  if (!has_infinity) out->positive_buckets.push_back(last - before);
  out->positive_spans = {{0, static_cast<std::uint32_t>(out->positive_buckets.size())}};
  if (count != last) {
    return fail(Errc::kInvalid, "count mismatch: count={} != le=+Inf count={}", format_float_g(count),
                format_float_g(last));
  }
  model::compact(*out, out->integer ? 2 : 0);
  return out;
}

}  // namespace tocsin::expo
