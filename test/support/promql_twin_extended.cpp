// anchored and smoothed: samples beside the range, too.

#include <algorithm>
#include <cmath>

#include "support/promql_twin.hpp"

namespace tocsin::test {
namespace {

using Sample = std::pair<Timestamp, TwinPoint>;

double share_of(const Sample& a, const Sample& b, Timestamp t) {
  return static_cast<double>(t - a.first) / static_cast<double>(b.first - a.first);
}

double float_between(const Sample& a, const Sample& b, Timestamp t, bool counter) {
  const double from = counter && b.second.v < a.second.v ? 0 : a.second.v;
  return from + (b.second.v - from) * static_cast<double>(t - a.first) / static_cast<double>(b.first - a.first);
}

/// Nothing, and says so, if the two do not go together.
std::optional<TwinHistogram> combined(const TwinHistogram& a, const TwinHistogram& b, double sign,
                                      const TwinVoice& voice) {
  const auto sum = twin_sum(a, b, sign);
  if (!sum) {
    voice.mixed_schemas();
    return std::nullopt;
  }
  if (sum->reconciled) voice.reconciled(sign > 0 ? "addition" : "subtraction");
  return sum->value;
}

/// On the line between two histograms; from zero if the counter was reset between them.
std::optional<TwinHistogram> histogram_between(const Sample& a, const Sample& b, Timestamp t, bool counter,
                                               const TwinVoice& voice) {
  if (t == a.first) return *a.second.h;
  if (t == b.first) return *b.second.h;
  const double share = share_of(a, b, t);
  if (counter && twin_was_reset(*a.second.h, *b.second.h)) return twin_scaled(*b.second.h, share);
  const auto change = combined(*b.second.h, *a.second.h, -1, voice);
  if (!change) return std::nullopt;
  return combined(twin_scaled(*change, share), *a.second.h, 1, voice);
}

std::optional<TwinPoint> change_of_floats(std::string_view name, bool smoothed, const TwinWindow& samples,
                                          Timestamp start, Timestamp end) {
  const bool counter = name != "delta";
  std::vector<double> values;  // at the left edge, within, at the right edge
  std::optional<Sample> before, behind, last;
  TwinWindow within;
  for (const auto& sample : samples) {
    if (sample.first <= start) before = sample;
    if (sample.first > start && sample.first < end) within.push_back(sample);
    if (sample.first >= end && !behind) behind = sample;
    if (sample.first > start && sample.first <= end) last = sample;
  }
  if (!smoothed) {
    if (!last) return std::nullopt;
    if (before) values.push_back(before->second.v);
    for (const auto& sample : within) values.push_back(sample.second.v);
    if (behind) values.push_back(behind->second.v);
  } else {
    // The sample after the left edge, and the one before the right edge.
    const std::optional<Sample> first = within.empty() ? behind : within.front();
    const std::optional<Sample> previous = within.empty() ? before : within.back();
    if (!first || (!before && first->first > end)) return std::nullopt;
    values.push_back(before && before->first < start ? float_between(*before, *first, start, counter)
                                                     : (before ? *before : *first).second.v);
    for (const auto& sample : within) values.push_back(sample.second.v);
    if (behind) {
      values.push_back(behind->first > end && previous ? float_between(*previous, *behind, end, counter)
                                                       : behind->second.v);
    }
  }
  double change = values.back() - values.front();
  for (std::size_t i = 1; counter && i < values.size(); ++i) {
    if (values[i] < values[i - 1]) change += values[i - 1];
  }
  return name == "rate" ? change / (static_cast<double>(end - start) / 1000) : change;
}

/// As of floats, with what Prometheus does otherwise: resets at the edges are found by looking at neighbours.
std::optional<TwinPoint> change_of_histograms(std::string_view name, bool smoothed, const TwinWindow& all,
                                              Timestamp start, Timestamp end, const TwinVoice& voice) {
  const bool counter = name != "delta";
  TwinWindow used;  // from the last before the left edge to the first behind the right one
  for (const Sample& sample : all) {
    if (sample.first <= start) used.clear();
    const bool done = smoothed && !used.empty() && used.back().first >= end;
    if (!done) used.push_back(sample);
  }
  if (used.empty() || used.back().first <= start || (smoothed && used.front().first > end)) return std::nullopt;
  for (const Sample& sample : used) {
    if (sample.second.h->is_custom() != used.front().second.h->is_custom()) {
      voice.mixed_schemas();
      return std::nullopt;
    }
    if (counter && sample.second.h->is_gauge()) voice.not_a_counter();
  }
  const std::size_t n = used.size();
  std::optional<TwinHistogram> left = *used.front().second.h, right = *used.back().second.h;
  const bool cut_left = smoothed && used.front().first < start;
  if (cut_left) left = histogram_between(used[0], used[1], start, counter, voice);
  if (smoothed && n > 1 && used.back().first > end) {
    right = histogram_between(used[n - 2], used[n - 1], end, counter, voice);
  }
  if (!counter && !(left->is_gauge() && right->is_gauge())) voice.not_a_gauge();
  auto change = combined(*right, *left, -1, voice);
  if (counter) {
    std::vector<TwinHistogram> chain = {*left};
    for (std::size_t i = 1; i + 1 < n; ++i) chain.push_back(*used[i].second.h);
    // A reset that the left edge has seen already is not seen again.
    const bool seen = cut_left && twin_was_reset(*used[0].second.h, *used[1].second.h);
    const bool nothing_between = seen && n == 2;
    if (seen && n > 2) chain.erase(chain.begin());
    std::optional<TwinHistogram> correction;
    if (n > 1 && !nothing_between) {
      chain.push_back(*right);
      for (std::size_t i = 1; i < chain.size(); ++i) {
        if (!twin_was_reset(chain[i - 1], chain[i])) continue;
        correction = correction ? combined(*correction, chain[i - 1], 1, voice) : chain[i - 1];
      }
    }
    if (correction) change = combined(*change, *correction, 1, voice);
  }
  TwinHistogram out = *change;
  if (name == "rate") out = twin_divided(out, static_cast<double>(end - start) / 1000);
  out.hint = model::CounterReset::kGauge;
  return out;
}

}  // namespace

std::optional<TwinPoint> twin_extended_function(std::string_view name, bool smoothed, const TwinWindow& samples,
                                                Timestamp start, Timestamp end, const TwinVoice& voice) {
  if (samples.empty()) return std::nullopt;
  if (name == "changes" || name == "resets") {
    TwinWindow window;  // from the last before the left edge on
    for (const Sample& sample : samples) {
      if (sample.first <= start) window.clear();
      window.push_back(sample);
    }
    if (window.back().first <= start) return std::nullopt;
    return twin_count_of(name, window);
  }
  const auto is_histogram = [](const Sample& sample) { return sample.second.h != nullptr; };
  const auto histograms = std::count_if(samples.begin(), samples.end(), is_histogram);
  if (histograms == 0) return change_of_floats(name, smoothed, samples, start, end);
  if (histograms == std::ssize(samples)) return change_of_histograms(name, smoothed, samples, start, end, voice);
  voice.mixed();
  return std::nullopt;
}

std::optional<TwinPoint> twin_smoothed(const TwinWindow& samples, Timestamp t, const TwinVoice& voice) {
  std::optional<Sample> before, behind;
  std::size_t histograms = 0;
  for (const Sample& sample : samples) {
    if (sample.first <= t) before = sample;
    if (sample.first > t && !behind) behind = sample;
    if (sample.second.h != nullptr) ++histograms;
  }
  if (histograms != 0 && histograms != samples.size()) {
    voice.mixed();
    return std::nullopt;
  }
  if (!before) return std::nullopt;
  if (before->first == t || !behind) {
    if (before->second.h == nullptr || before->first == t) return before->second;
    TwinHistogram carried = *before->second.h;
    carried.hint = model::CounterReset::kUnknown;
    return carried;
  }
  if (histograms == 0) return float_between(*before, *behind, t, false);
  if (before->second.h->is_custom() != behind->second.h->is_custom()) {
    voice.mixed_schemas();
    return std::nullopt;
  }
  const bool counter = !(before->second.h->is_gauge() && behind->second.h->is_gauge());
  const auto value = histogram_between(*before, *behind, t, counter, voice);
  if (!value) return std::nullopt;
  return *value;
}

}  // namespace tocsin::test
