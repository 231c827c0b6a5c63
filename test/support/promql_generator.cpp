#include "support/promql_generator.hpp"

#include <algorithm>
#include <limits>

#include <fmt/format.h>

#include "model/sample.hpp"

namespace tocsin::test {
namespace {

constexpr Timestamp kEnd = 30 * 60'000;
constexpr Timestamp kInterval = 15'000;

}  // namespace

std::string PromqlGenerator::pick(std::initializer_list<std::string_view> choices) {
  return std::string(*(choices.begin() + below(choices.size())));
}

TwinSeries PromqlGenerator::counter() {
  TwinSeries out;
  double value = static_cast<double>(below(100));
  for (Timestamp t = static_cast<Timestamp>(below(20'000)); t <= kEnd; t += kInterval) {
    value = chance(25) ? static_cast<double>(below(5)) : value + static_cast<double>(below(30));
    if (!chance(20)) out[t + static_cast<Timestamp>(below(40))] = value;
  }
  return out;
}

TwinSeries PromqlGenerator::gauge() {
  TwinSeries out;
  bool gone = false;
  for (Timestamp t = static_cast<Timestamp>(below(20'000)); t <= kEnd; t += kInterval) {
    if (chance(20)) {
      gone = !gone;
      if (gone) out[t] = model::stale_nan();
      continue;
    }
    // Distinct, so that the order of topk is certain.
    if (!gone) out[t] = static_cast<double>(below(1U << 30U)) / 8 - (1U << 26U);
  }
  return out;
}

TwinSeries PromqlGenerator::setting() {
  TwinSeries out;
  for (Timestamp t = static_cast<Timestamp>(below(60'000)); t <= kEnd; t += 4 * kInterval) {
    double value = static_cast<double>(below(7)) - 3;
    if (chance(15)) value = std::numeric_limits<double>::quiet_NaN();
    if (chance(25)) value = std::numeric_limits<double>::infinity();
    if (chance(25)) value = -std::numeric_limits<double>::infinity();
    out[t] = value;
  }
  return out;
}

TwinSeries PromqlGenerator::histogram() {
  TwinSeries out;
  const bool has_negative = chance(2), mixed = chance(4);
  TwinHistogram h;
  h.schema = static_cast<int>(below(4)) - 1;
  if (chance(4)) h.hint = model::CounterReset::kGauge;
  bool gone = false;
  for (Timestamp t = static_cast<Timestamp>(below(20'000)); t <= kEnd; t += kInterval) {
    if (chance(20)) {
      gone = !gone;
      TwinHistogram end;
      end.sum = model::stale_nan();
      if (gone) out[t] = end;
      continue;
    }
    if (chance(25)) {
      h = twin_nothing(h);
      h.schema = static_cast<int>(below(4)) - 1;
      if (chance(4)) h.hint = model::CounterReset::kGauge;
    }
    for (std::uint64_t observations = below(6); observations > 0; --observations) {
      const int bucket = static_cast<int>(below(9)) - 4;
      if (chance(6)) {
        ++h.zero;
      } else if (has_negative && chance(3)) {
        ++h.negative[bucket];
      } else {
        ++h.positive[bucket];
      }
      ++h.count;
      h.sum += static_cast<double>(below(64)) / 8 - (has_negative ? 2 : 0);
    }
    if (gone || chance(20)) continue;
    if (mixed && chance(6)) {
      out[t] = static_cast<double>(below(100)) / 8;
    } else {
      out[t + static_cast<Timestamp>(below(40))] = h;
    }
  }
  return out;
}

TwinSeries PromqlGenerator::custom_histogram(bool mixed) {
  TwinSeries out;
  TwinHistogram h;
  h.schema = model::kCustomBucketsSchema;
  h.bounds = {1, 2.5, 5};
  for (Timestamp t = static_cast<Timestamp>(below(20'000)); t <= kEnd; t += kInterval) {
    if (chance(25)) {
      h = twin_nothing(h);
      const std::vector<std::vector<double>> layouts = {{1, 2.5, 5}, {1, 5, 10}, {2.5, 5}, {-1, 0, 5}};
      h.bounds = layouts[below(layouts.size())];
    }
    for (std::uint64_t observations = below(6); observations > 0; --observations) {
      ++h.positive[static_cast<int>(below(h.bounds.size() + 1))];
      ++h.count;
      h.sum += static_cast<double>(below(64)) / 8;
    }
    TwinHistogram exponential;
    exponential.count = exponential.positive[1] = 3;
    exponential.sum = 4.5;
    if (!chance(20)) out[t + static_cast<Timestamp>(below(40))] = mixed && chance(8) ? exponential : h;
  }
  return out;
}

/// Says of each sample whether there was a reset before it.
TwinSeries PromqlGenerator::hinted_histogram() {
  TwinSeries out;
  TwinHistogram h;
  h.hint = model::CounterReset::kReset;
  for (Timestamp t = static_cast<Timestamp>(below(20'000)); t <= kEnd; t += kInterval) {
    if (chance(10)) {
      h = twin_nothing(h);
      h.hint = model::CounterReset::kReset;
    }
    const int bucket = static_cast<int>(below(5));
    ++h.positive[bucket];
    ++h.count;
    h.sum += static_cast<double>(below(16)) / 8;
    out[t + static_cast<Timestamp>(below(40))] = h;
    h.hint = model::CounterReset::kNotReset;
  }
  return out;
}

/// Of each target two info series of a name, one after the other, never with samples at one time.
void PromqlGenerator::add_whole(TwinData& data) {
  const auto add = [&](std::initializer_list<model::LabelView> labels, TwinSeries series) {
    data[model::Labels(labels)] = std::move(series);
  };
  for (const std::string_view job : {"api", "web"}) {
    for (const std::string_view inst : {"a", "b", "c"}) {
      add({{"__name__", "nhcb"}, {"job", job}, {"inst", inst}}, custom_histogram(inst == "c"));
      if (inst != "c") add({{"__name__", "hinted"}, {"job", job}, {"inst", inst}}, hinted_histogram());
      if (!chance(6)) add({{"__name__", "conn"}, {"job", job}, {"instance", inst}}, gauge());
      for (const bool later : {false, true}) {
        TwinSeries target, build;
        const Timestamp turn = static_cast<Timestamp>(below(kEnd));
        for (Timestamp t = later ? turn : 0; t <= (later ? kEnd : turn + 60'000); t += 60'000) {
          target[t + (later ? 7 : 0)] = 1;
          build[t + (later ? 9 : 3)] = 1;
        }
        const std::string_view env = later ? "prod" : "test", rack = chance(2) ? "r1" : "r2";
        if (!chance(5))
          add({{"__name__", "target_info"}, {"job", job}, {"instance", inst}, {"env", env}, {"rack", rack}}, target);
        if (!chance(3)) {
          const std::string_view where = chance(4) ? "r3" : rack;
          add({{"__name__", "build_info"}, {"job", job}, {"instance", inst}, {"ver", env}, {"rack", where}}, build);
        }
      }
    }
    for (const std::string_view le : {"0.5", "1", "2.5", "+Inf"}) {
      TwinSeries bucket;  // no bucket knows of the others
      for (Timestamp t = 2'000; t <= kEnd; t += 30'000) bucket[t] = static_cast<double>(below(20));
      add({{"__name__", "skew_bucket"}, {"job", job}, {"le", le}}, bucket);
    }
  }
}

TwinData PromqlGenerator::data() {
  TwinData out;
  const auto add = [&](std::initializer_list<model::LabelView> labels, TwinSeries series) {
    out[model::Labels(labels)] = std::move(series);
  };
  for (const std::string_view job : {"api", "web"}) {
    for (const std::string_view inst : {"a", "b", "c"}) {
      for (const std::string_view code : {"200", "500"}) {
        if (!chance(6)) add({{"__name__", "req_total"}, {"job", job}, {"inst", inst}, {"code", code}}, counter());
      }
      if (!chance(6)) add({{"__name__", "temp"}, {"job", job}, {"inst", inst}}, gauge());
      TwinSeries one;
      for (Timestamp t = 0; t <= kEnd; t += 60'000) one[t] = 1;
      if (!chance(4)) add({{"__name__", "info"}, {"job", job}, {"inst", inst}, {"version", "v1"}}, one);
      TwinSeries total;
      for (const std::string_view le : {"0.5", "1", "2.5", "+Inf"}) {
        TwinSeries bucket;
        for (Timestamp t = 5'000; t <= kEnd; t += 30'000) bucket[t] = total[t].v += static_cast<double>(below(4));
        add({{"__name__", "lat_bucket"}, {"job", job}, {"inst", inst}, {"le", le}}, bucket);
      }
    }
    add({{"__name__", "cfg"}, {"job", job}}, setting());
    for (const std::string_view inst : {"a", "b", "c"}) {
      if (whole_) add({{"__name__", "size"}, {"job", job}, {"inst", inst}}, histogram());
    }
  }
  if (whole_) add_whole(out);
  for (auto& [labels, series] : out) {
    if (starts_ && !chance(4)) add_starts(series);
  }
  return out;
}

/// Each start is that of the sample before, or at it, between the two, unknown, or nonsense.
void PromqlGenerator::add_starts(TwinSeries& series) {
  Timestamp start = static_cast<Timestamp>(below(3)) * 1000, before = 0;
  const bool delta = chance(5);
  for (auto& [t, point] : series) {
    const bool ends = model::is_stale(point.h == nullptr ? point.v : point.h->sum);
    if (chance(12) && t > before + 1)
      start = before + 1 + static_cast<Timestamp>(below(static_cast<std::uint64_t>(t - before - 1)));
    if (delta) start = before;
    if (chance(40)) start = t - static_cast<Timestamp>(below(90'000)) + 20'000;
    point.start = chance(20) || ends ? 0 : std::max<Timestamp>(start, 0);
    before = t;
  }
}

std::string PromqlGenerator::labels() {
  return pick({"", "job", "inst", "job, inst", "code", "job, code", "le, job", "version", "missing"});
}

std::string PromqlGenerator::duration(std::uint64_t max_seconds) {
  const std::uint64_t seconds = 1 + below(max_seconds);
  return chance(3) ? fmt::format("{}s", seconds) : fmt::format("{}m", 1 + seconds / 60);
}

std::string PromqlGenerator::modifiers() {
  std::string out;
  if (chance(4)) out += fmt::format(" offset {}{}", chance(4) ? "-" : "", duration(600));
  if (chance(6)) out += chance(3) ? (chance(2) ? " @ start()" : " @ end()") : fmt::format(" @ {}", below(2000));
  return out;
}

std::string PromqlGenerator::selector(std::string_view metric) {
  std::string matchers;
  if (chance(3))
    matchers = pick({"job=\"api\"", "job!=\"api\"", "inst=~\"a|b\"", "inst!~\"a.*\"", "missing=\"\"", "job=~\".+\"",
                     "inst=\"nowhere\""});
  if (chance(8)) matchers += (matchers.empty() ? "" : ",") + pick({"job=\"web\"", "inst=\"a\"", "code=\"200\""});
  return std::string(metric) + (matchers.empty() ? "" : "{" + matchers + "}");
}

std::string PromqlGenerator::any_selector() {
  if (chance(12)) {
    // What a sum of floats and of histograms of both kinds says depends on their order.
    const std::string all = whole_ ? "{job=\"api\",__name__!=\"nhcb\"}" : "{job=\"api\"}";
    return pick({"{__name__=~\"req_total|temp\"}", all, "{__name__=~\"cfg|info\"}"});
  }
  return selector(pick({"req_total", "temp", "cfg", "lat_bucket", "info", "nothing"}));
}

std::string PromqlGenerator::starts(int depth) {
  const std::string metric = pick({"req_total", "req_total", "size", "nhcb", "temp"});
  switch (below(6)) {
    case 0:
      return fmt::format("start_timestamp({})", chance(4) ? vector(depth - 1) : selector(metric) + modifiers());
    case 1:
      return fmt::format("resets({}[{}]{}{})", selector(metric), duration(900), chance(3) ? " anchored" : "",
                         modifiers());
    case 2:
      return fmt::format("{}({}({}[{}]{}))", pick({"histogram_count", "histogram_sum"}), pick({"rate", "increase"}),
                         pick({"size", "nhcb"}), duration(900), modifiers());
    default:
      return fmt::format("{}({}[{}]{})", pick({"rate", "increase", "irate", "delta", "idelta"}), selector(metric),
                         duration(chance(2) ? 60 : 900), modifiers());
  }
}

std::string PromqlGenerator::expression(int depth) {
  if (starts_ && chance(2)) return starts(depth);
  if (whole_ && chance(4)) return experimental(depth);
  if (whole_ && chance(2)) return chance(2) ? histogram_function(depth) : histogram_vector(depth);
  if (chance(12)) return scalar(depth);
  return chance(12) ? delicate(depth) : vector(depth);
}

std::string PromqlGenerator::delicate(int depth) {
  const std::string argument = range(depth);
  if (chance(3)) return fmt::format("predict_linear({}, {})", argument, pick({"60", "-30", "1h"}));
  if (chance(4)) return fmt::format("{} by (job) ({})", pick({"stddev", "stdvar"}), vector(depth - 1));
  return fmt::format("{}({})", pick({"deriv", "stddev_over_time", "stdvar_over_time"}), argument);
}

std::string PromqlGenerator::arithmetic() {
  return pick({"+", "-", "*", "/", "%", "^", "atan2"});
}

std::string PromqlGenerator::comparison() {
  return pick({"==", "!=", "<", ">", "<=", ">="});
}

std::string PromqlGenerator::scalar(int depth) {
  if (depth <= 0 || chance(3)) return pick({"1", "0", "2.5", "-3", "1e3", "time()", "pi()", "NaN", "Inf", "5m"});
  switch (below(4)) {
    case 0:
      return fmt::format("scalar({})", vector(depth - 1));
    case 1:
      return fmt::format("({} {} {})", scalar(depth - 1), arithmetic(), scalar(depth - 1));
    case 2:
      return fmt::format("({} {} bool {})", scalar(depth - 1), comparison(), scalar(depth - 1));
    default:
      return fmt::format("-{}", scalar(depth - 1));
  }
}

std::string PromqlGenerator::range(int depth) {
  // One metric name: names that differ would be an error whose moment is not the twin's.
  if (depth <= 0 || !chance(4)) {
    return fmt::format("{}[{}]{}", selector(pick({"req_total", "temp", "cfg", "lat_bucket"})), duration(900),
                       modifiers());
  }
  const std::string step = chance(3) ? "" : pick({"15s", "30s", "1m", "47s", "2m"});
  return fmt::format("({})[{}:{}]{}", vector(depth - 1), duration(600), step, modifiers());
}

std::string PromqlGenerator::range_function(int depth) {
  const std::string argument = range(depth);
  if (chance(12)) return fmt::format("quantile_over_time({}, {})", pick({"0.5", "0.9", "0", "1", "-1", "2"}), argument);
  if (chance(15)) return fmt::format("absent_over_time({})", argument);
  const std::string name = pick({"rate", "rate", "increase", "delta", "irate", "idelta", "sum_over_time",
                                 "avg_over_time", "min_over_time", "max_over_time", "count_over_time", "last_over_time",
                                 "first_over_time", "present_over_time", "changes", "resets"});
  return fmt::format("{}({})", name, argument);
}

std::string PromqlGenerator::aggregation(int depth) {
  const std::string group = chance(3) ? "" : fmt::format(" {} ({})", pick({"by", "without"}), labels());
  if (chance(8)) {
    return fmt::format("{}{} ({}, {})", pick({"topk", "bottomk"}), group, pick({"1", "2", "3", "0"}), selector("temp"));
  }
  if (chance(10)) {
    return fmt::format("quantile{} ({}, {})", group, pick({"0.5", "0.1", "1"}), vector(depth - 1));
  }
  if (chance(15)) return fmt::format("count_values{} (\"v\", {})", group, selector("cfg"));
  const std::string name = pick({"sum", "sum", "avg", "count", "min", "max", "group"});
  return fmt::format("{}{} ({})", name, group, vector(depth - 1));
}

std::string PromqlGenerator::function(int depth) {
  const std::string v = vector(depth - 1);
  switch (below(10)) {
    case 0:
      return fmt::format("clamp({}, {}, {})", v, scalar(1), scalar(1));
    case 1:
      return fmt::format("{}({}, {})", pick({"clamp_min", "clamp_max", "round"}), v, scalar(1));
    case 2:
      return fmt::format("timestamp({})", chance(2) ? any_selector() + modifiers() : v);
    case 3:
      return fmt::format("label_replace({}, \"{}\", \"{}\", \"{}\", \"{}\")", v, pick({"new", "job", "inst"}),
                         pick({"x-$1", "$1$1", "", "fixed"}), pick({"job", "inst", "missing"}),
                         pick({"(.*)", "a(.*)", "(a|w).+", "b"}));
    case 4:
      return fmt::format("label_join({}, \"{}\", \"-\", \"job\", \"inst\")", v, pick({"both", "job"}));
    case 5:
      return fmt::format("{}({})", pick({"absent", "sort", "sort_desc"}), v);
    case 6:
      return fmt::format("histogram_quantile({}, {})", pick({"0.5", "0.99", "0", "1", "1.5"}),
                         chance(2)
                             ? fmt::format("sum by (le{}) (rate(lat_bucket[{}]))", pick({"", ", job"}), duration(600))
                             : selector("lat_bucket"));
    case 7:
      return fmt::format("vector({})", scalar(depth - 1));
    case 8:  // dates of NaN, or of times beyond all calendars, are nobody's business
      return fmt::format(
          "{}(timestamp({}) * {})",
          pick({"minute", "hour", "day_of_week", "day_of_month", "day_of_year", "days_in_month", "month", "year"}), v,
          pick({"1", "1000", "1e6", "-12345"}));
    default:
      return fmt::format("{}({})",
                         pick({"abs", "ceil", "floor", "exp", "sqrt", "ln", "log2", "log10", "sgn", "deg", "sin", "cos",
                               "rad", "atan"}),
                         v);
  }
}

std::string PromqlGenerator::scalar_binary(int depth) {
  const std::string v = vector(depth - 1);
  const std::string s = scalar(1);
  std::string op = arithmetic();
  if (chance(2)) op = comparison() + (chance(2) ? " bool" : "");
  return chance(3) ? fmt::format("({} {} {})", s, op, v) : fmt::format("({} {} {})", v, op, s);
}

std::string PromqlGenerator::vector_binary(int depth) {
  std::string op = arithmetic();
  if (chance(2)) op = comparison() + (chance(2) ? " bool" : "");
  switch (below(5)) {
    case 0: {  // the same metric on both sides: matches one to one
      const std::string metric = pick({"req_total", "temp", "lat_bucket"});
      return fmt::format("({}{} {} {}{})", selector(metric), modifiers(), op, selector(metric), modifiers());
    }
    case 1:
      return fmt::format("({} {} on (job) group_left ({}) {})", vector(depth - 1), op, pick({"", "version", "code"}),
                         aggregation(depth));
    case 2:
      return fmt::format("({} {} on (job, inst) group_right (version) {})", selector("info"), op, selector("temp"));
    case 3:
      return fmt::format("({} {}{} {})", vector(depth - 1), pick({"and", "or", "unless"}),
                         chance(2) ? "" : fmt::format(" {} ({})", pick({"on", "ignoring"}), labels()),
                         vector(depth - 1));
    default:
      return fmt::format("({} {} {} ({}) {})", vector(depth - 1), op, pick({"on", "ignoring"}), labels(),
                         vector(depth - 1));
  }
}

/// Mostly exponential; all have job and inst.
std::string PromqlGenerator::histogram_metric() {
  return pick({"size", "size", "size", "nhcb", "nhcb", "hinted"});
}

/// Two numbers, mostly in order.
std::string PromqlGenerator::bounds() {
  return pick({"-Inf, 1", "0, 2.5", "1, +Inf", "0.3, 1.7", "-1.5, 0", "-0.0005, 0.0004", "2, 1", "-0.5, 6", "NaN, 1"});
}

/// Classic histograms: good ones, ones whose buckets contradict each other, mixed ones, and none.
std::string PromqlGenerator::buckets() {
  const std::string good = fmt::format("sum by (le{}) (rate(lat_bucket[{}]))", pick({"", ", job"}), duration(600));
  switch (below(5)) {
    case 0:
      return selector("skew_bucket") + modifiers();
    case 1:
      return fmt::format("sum by (le, job) (rate(lat_bucket[5m])) or sum by (job) (rate(size[{}]))", duration(600));
    case 2:
      return any_selector() + modifiers();
    default:
      return good;
  }
}

std::string PromqlGenerator::histogram_vector(int depth) {
  const std::string metric = histogram_metric();
  const std::string plain = selector(metric) + modifiers();
  if (depth <= 0) return plain;
  const std::string v = histogram_vector(depth - 1);
  const std::string group = chance(3) ? "" : fmt::format(" {} ({})", pick({"by", "without"}), labels());
  switch (below(11)) {
    case 0:
    case 1:
    case 2: {
      const std::string steps = fmt::format("[{}:{}]{}", duration(600), pick({"", "30s", "1m", "47s"}), modifiers());
      const std::string gauges = pick({"delta", "idelta", "sum_over_time", "avg_over_time", "last_over_time",
                                       "count_over_time", "present_over_time", "max_over_time", "first_over_time"});
      if (chance(8)) return fmt::format("{}(({}){})", gauges, v, steps);
      // Counters are never less than nothing.
      const std::string counters = pick({"rate", "rate", "increase", "increase", "irate", "changes", "resets"});
      if (chance(8)) return fmt::format("{}((sum{} ({})){})", counters, group, plain, steps);
      return fmt::format("{}({}[{}]{})", chance(3) ? gauges : counters, selector(metric), duration(900), modifiers());
    }
    case 3:
      return fmt::format("{}{} ({})", pick({"sum", "sum", "avg", "count", "group", "min", "max"}), group, v);
    case 4:
      return fmt::format("({} {} {})", v, pick({"*", "/", "+", "-", "==", "> bool"}),
                         pick({"2", "0.5", "-4", "time()"}));
    case 5:
      return fmt::format("({} * {})", pick({"2", "0.25", "-1"}), v);
    case 6:
      return fmt::format("({}{} {} {}{})", selector(metric), modifiers(),
                         pick({"+", "-", "==", "!=", "== bool", "and"}), selector(metric), modifiers());
    case 7:
      return fmt::format("({} {} on (job, inst) {})", v, pick({"*", "/", "+", "and", "or", "unless", "=="}),
                         chance(2) ? "(" + v + ")" : selector("temp"));
    case 8:
      return fmt::format(
          "({} {} {})", chance(2) ? v : plain, pick({"</", ">/"}),
          pick({"1", "-1", "0", "0.3", "3.7", "2.5", "0.0004", "-0.0002", "-2.2", "100", "Inf", "-Inf"}));
    case 9:
      return fmt::format("{}({}[{}] {}{})", pick({"rate", "increase", "delta"}), selector(metric), duration(900),
                         pick({"anchored", "smoothed"}), modifiers());
    default:
      return chance(2) ? fmt::format("-({})", v) : chance(2) ? selector(metric) + " smoothed" + modifiers() : plain;
  }
}

std::string PromqlGenerator::info_call() {
  const std::string base = pick({"conn", "conn", "{__name__=~\"conn|temp|target_info\"}", "req_total"});
  const std::string v = chance(2) ? base + modifiers()
                                  : fmt::format("{}({}[{}]{})", pick({"last_over_time", "max_over_time", "delta"}),
                                                base, duration(600), modifiers());
  const std::string selector = pick({"", "", ", {env=~\".+\"}", ", {rack=\"r1\"}", ", {rack=~\"r1|\"}",
                                     ", {__name__=\"build_info\"}", ", {__name__=~\".+_info\"}",
                                     ", {__name__!=\"info\", ver=~\".+\"}", ", {missing=\"\"}", ", {nosuch=\"x\"}"});
  const std::string call = fmt::format("info({}{})", v, selector);
  return chance(3) ? fmt::format("sum by ({}) ({})", pick({"env", "rack, job", "ver"}), call) : call;
}

std::string PromqlGenerator::experimental_function(int depth) {
  const std::string argument = chance(4) ? fmt::format("size[{}]{}", duration(900), modifiers()) : range(depth);
  switch (below(5)) {
    case 0:
      return fmt::format(
          "{}({})",
          pick({"ts_of_first_over_time", "ts_of_last_over_time", "ts_of_min_over_time", "ts_of_max_over_time"}),
          argument);
    case 1:
      return fmt::format("mad_over_time({})", argument);
    case 2:
      return fmt::format("double_exponential_smoothing({}, {}, {})", argument, pick({"0.5", "0.25"}),
                         pick({"0.5", "0.125"}));
    case 3:
      return fmt::format("({} * {}({}, {}))", vector(depth - 1), pick({"max_of", "min_of"}),
                         pick({"2", "time()", "-1"}), pick({"3", "0.5", "1e9"}));
    default: {  // whatever it samples, these are certain
      const std::string v = chance(2) ? selector(pick({"req_total", "size", "temp"}))
                                      : fmt::format("sum by ({}) ({})", labels(), vector(depth - 1));
      switch (below(3)) {
        case 0: {
          const std::string ratio = pick({"0.25", "0.5", "0.75"});
          const std::string rest = ratio == "0.25" ? "-0.75" : ratio == "0.5" ? "-0.5" : "-0.25";
          return fmt::format("(limit_ratio({}, {}) or limit_ratio({}, {}))", ratio, v, rest, v);
        }
        case 1:
          return fmt::format("(limit_ratio(0.25, {}) unless limit_ratio(0.5, {}))", v, v);
        default:
          return fmt::format("limit_ratio({}, {})", pick({"1", "-1", "0", "2", "-1.5"}), v);
      }
    }
  }
}

std::string PromqlGenerator::experimental(int depth) {
  const std::string metric = pick({"req_total", "temp", "lat_bucket", "size"});
  switch (below(10)) {
    case 0:
    case 1:
      return fmt::format("{}({}[{}] {}{})", pick({"rate", "increase", "delta"}), selector(metric), duration(900),
                         pick({"anchored", "smoothed"}), modifiers());
    case 2: {
      const std::string op = chance(2) ? arithmetic() : comparison() + (chance(2) ? " bool" : "");
      const std::string fill = pick({"fill(0)", "fill_left(2)", "fill_right(-1)", "fill_left(0) fill_right(1)"});
      if (chance(3)) {
        return fmt::format("({} {} on (job, inst) group_left () {} {})", selector("req_total"), op, fill,
                           selector("temp"));
      }
      return fmt::format("({}{} {} ignoring (code) {} {}{})", selector(metric), modifiers(), op, fill, selector(metric),
                         modifiers());
    }
    case 3: {
      const std::string group = fmt::format("{} ({})", pick({"by", "without"}), labels());
      return fmt::format("count {} (limitk {} ({}, {}))", group, group, pick({"0", "1", "2", "5"}), vector(depth - 1));
    }
    case 4: {
      const std::string range = fmt::format("{} {} {}", duration(300), pick({"+", "* 2 +"}), duration(60));
      if (chance(2))
        return fmt::format("increase({}[{}({}, 4m)])", selector(metric), pick({"max_of", "min_of"}), duration(900));
      return fmt::format("sum_over_time({}[{}] offset ({} - 1m))", selector(metric), range, duration(300));
    }
    case 5:
      return fmt::format("{}({}[{}] anchored{})", pick({"changes", "resets"}),
                         selector(chance(2) ? metric : histogram_metric()), duration(900), modifiers());
    case 6: {
      const std::string smoothed = selector(chance(2) ? metric : histogram_metric()) + " smoothed" + modifiers();
      if (chance(2)) return smoothed;
      return fmt::format("{} by ({}) ({})", pick({"sum", "avg", "max"}), labels(), smoothed);
    }
    case 7:
      return info_call();
    case 8:
      return experimental_function(depth);
    default:
      return fmt::format("{}({}, \"inst\")", pick({"sort_by_label", "sort_by_label_desc"}), vector(depth - 1));
  }
}

std::string PromqlGenerator::histogram_function(int depth) {
  // Quantiles and the like of what was subtracted are nobody's business: buckets may be less than nothing.
  const std::string metric = histogram_metric();
  const std::string plain = selector(metric) + modifiers();
  const std::string rate = fmt::format("{}({}[{}]{})", pick({"rate", "increase", "sum_over_time"}), selector(metric),
                                       duration(900), modifiers());
  const std::string whole = chance(2) ? plain : chance(2) ? rate : fmt::format("sum by ({}) ({})", labels(), rate);
  const std::string quantile = pick({"0.5", "0.1", "0.9", "0", "1", "-1", "2"});
  switch (below(9)) {
    case 0:
      return fmt::format("histogram_quantile({}, {})", quantile, whole);
    case 1:
      return fmt::format("{}({})", pick({"histogram_stddev", "histogram_stdvar"}), whole);
    case 2:
      return fmt::format("({}({}) {} {})", pick({"histogram_count", "histogram_sum"}), plain, arithmetic(), scalar(1));
    case 3:
      return fmt::format("histogram_fraction({}, {})", bounds(), chance(3) ? buckets() : whole);
    case 4:
      return fmt::format("histogram_quantile({}, {})", quantile, buckets());
    case 5:
      return fmt::format("histogram_quantiles({}, \"{}\", {}, 0.75)", chance(2) ? buckets() : whole, pick({"q", "job"}),
                         quantile);
    case 6:
      return fmt::format("count_values{} (\"v\", {})", chance(2) ? "" : " by (job)", selector("nhcb"));
    case 7: {
      const std::string mixed = chance(2) ? selector("size") : "{__name__=~\"size|temp\"}";
      return chance(2) ? fmt::format("{} by (job) ({})", pick({"stddev", "max"}), mixed)
                       : fmt::format("{} by (job) ({}, {})", pick({"quantile", "topk", "bottomk"}),
                                     pick({"0.5", "1", "2"}), mixed);
    }
    default: {
      const std::string name = pick({"histogram_count", "histogram_sum", "histogram_avg", "timestamp", "abs"});
      const std::string v = depth <= 0 ? plain : histogram_vector(depth - 1);
      // Where only counts are read, what is known of resets depends on what was read before; sums of two series fail on
      // it.
      const bool adds = v.find(" + ") != std::string::npos || v.find(" - ") != std::string::npos;
      return fmt::format("{}({})", name, adds && name.starts_with("histogram") ? whole : v);
    }
  }
}

std::string PromqlGenerator::vector(int depth) {
  if (depth <= 0) return any_selector() + modifiers();
  switch (below(8)) {
    case 0:
      return any_selector() + modifiers();
    case 1:
    case 2:
      return range_function(depth);
    case 3:
      return aggregation(depth);
    case 4:
      return function(depth);
    case 5:
      return scalar_binary(depth);
    case 6:
      return vector_binary(depth);
    default:
      return chance(2) ? fmt::format("-({})", vector(depth - 1)) : fmt::format("({})", vector(depth - 1));
  }
}

}  // namespace tocsin::test
