#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include <catch2/catch.hpp>

#include "base/rng.hpp"
#include "expo/page_rules.hpp"
#include "expo/writer.hpp"

using namespace tocsin;
using model::LabelView;
using model::MetricType;

namespace {

/// The rules of page_rules.hpp, the obvious way: it looks at all puts of a round at once. Families of one value per
/// series and one label, "id".
class Twin {
 public:
  struct Put {
    std::string family, id;
    double value;
  };
  Twin(std::size_t limit, std::map<std::string, MetricType> types) : limit_(limit), types_(std::move(types)) {}

  /// The page of a round, by `family{id}`.
  std::map<std::string, double> round(const std::vector<Put>& puts) {
    std::map<std::string, std::vector<Series>> families;
    std::uint64_t arrival = 0;
    for (const Put& put : puts) {
      families[put.family].push_back({put.id, put.value, kept_since(put, ++arrival)});
    }
    const std::size_t level = highest_level(families);
    std::map<std::string, double> page;
    std::map<std::string, std::map<std::string, Seniority>> kept;
    dropped = 0;
    for (auto& [name, series] : families) {
      const bool cut = series.size() > level;
      const bool sums = expo::adds_up(name, types_.at(name));
      std::sort(series.begin(), series.end(), [](const auto& a, const auto& b) { return a.since < b.since; });
      const std::size_t room = cut && sums ? level - 1 : level;
      double rest = 0;
      for (std::size_t i = 0; i < series.size(); ++i) {
        if (i < room) {
          page[name + series[i].id] = series[i].value;
          kept[name][series[i].id] = series[i].since;
        } else {
          ++dropped;
          rest += series[i].value;
        }
      }
      if (cut && sums) page[name + "other"] = total(name, rest);
      if (!cut) totals_.erase(name);
    }
    std::erase_if(totals_, [&](const auto& entry) { return !families.contains(entry.first); });
    kept_ = std::move(kept);
    ++round_;
    return page;
  }
  std::size_t dropped = 0;

 private:
  using Seniority = std::tuple<int, double, std::uint64_t>;  // round, negative value, order
  struct Series {
    std::string id;
    double value;
    Seniority since;
  };
  struct Total {
    double sum, written;
  };

  Seniority kept_since(const Put& put, std::uint64_t arrival) const {
    const auto family = kept_.find(put.family);
    if (family != kept_.end() && family->second.contains(put.id)) return family->second.at(put.id);
    return {round_, -put.value, arrival};
  }

  std::size_t highest_level(const std::map<std::string, std::vector<Series>>& families) const {
    std::size_t level = limit_;
    for (;; --level) {
      std::size_t lines = 0;
      for (const auto& [name, series] : families) lines += std::min(series.size(), level);
      if (lines <= limit_) return level;
    }
  }

  double total(const std::string& name, double rest) {
    const auto known = totals_.find(name);
    double written = rest;
    if (known != totals_.end() && types_.at(name) == MetricType::kCounter) {
      written = known->second.written + std::max(0.0, rest - known->second.sum);
    }
    totals_[name] = {rest, written};
    return written;
  }

  std::size_t limit_;
  std::map<std::string, MetricType> types_;
  std::map<std::string, std::map<std::string, Seniority>> kept_;
  std::map<std::string, Total> totals_;
  int round_ = 0;
};

/// `family` + value of the label id → value.
std::map<std::string, double> read(const std::string& text) {
  std::map<std::string, double> page;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = text.find('\n', at);
    const std::string line = text.substr(at, end - at);
    at = end + 1;
    if (line.starts_with("#")) continue;
    const std::size_t open = line.find("{id=\""), close = line.find("\"} ");
    page[line.substr(0, open) + line.substr(open + 5, close - open - 5)] = std::stod(line.substr(close + 3));
  }
  return page;
}

void put_many(expo::Page& page, const std::string& family, MetricType type, int first, int last) {
  auto& out = page.family(family, "", type);
  for (int i = first; i < last; ++i) {
    const std::string id = std::to_string(i);
    const LabelView labels[] = {{"id", id}};
    out.put(labels, i);
  }
}

}  // namespace

TEST_CASE("a page within its limit is what it is without one") {
  expo::Page page;
  page.limit_series(20);
  for (int round = 0; round < 2; ++round) {
    page.begin();
    put_many(page, "rows", MetricType::kGauge, 0, 12);
    put_many(page, "keys", MetricType::kGauge, 0, 8);
    page.end();
    CHECK(read(page.render()).size() == 20);
    CHECK(page.dropped() == 0);
  }
}

TEST_CASE("the largest family is cut, smaller ones stay whole, and the rest is summed") {
  expo::Page page;
  page.limit_series(10);
  page.begin();
  put_many(page, "rows", MetricType::kGauge, 0, 100);
  put_many(page, "keys", MetricType::kGauge, 0, 4);
  page.end();
  // 6 lines for rows: the five largest and the sum of 0..94
  CHECK(page.render() ==
        "# TYPE keys gauge\nkeys{id=\"0\"} 0\nkeys{id=\"1\"} 1\nkeys{id=\"2\"} 2\nkeys{id=\"3\"} 3\n"
        "# TYPE rows gauge\nrows{id=\"95\"} 95\nrows{id=\"96\"} 96\nrows{id=\"97\"} 97\nrows{id=\"98\"} 98\n"
        "rows{id=\"99\"} 99\nrows{id=\"other\"} 4465\n");
  CHECK(page.dropped() == 95);
}

TEST_CASE("a series that was kept stays while it is put, and newcomers wait until there is room") {
  expo::Page page;
  page.limit_series(3);
  const auto round = [&](std::vector<std::pair<std::string, double>> series) {
    page.begin();
    for (const auto& [id, value] : series) {
      const LabelView labels[] = {{"id", id}};
      page.family("rows", "", MetricType::kGauge).put(labels, value);
    }
    page.end();
    return read(page.render());
  };
  using Page = std::map<std::string, double>;
  CHECK(round({{"a", 1}, {"b", 2}}) == Page{{"rowsa", 1}, {"rowsb", 2}});
  CHECK(round({{"c", 90}, {"d", 80}, {"b", 0}, {"a", 0}}) == Page{{"rowsa", 0}, {"rowsb", 0}, {"rowsother", 170}});
  CHECK(round({{"c", 90}, {"d", 99}, {"b", 0}}) == Page{{"rowsb", 0}, {"rowsc", 90}, {"rowsd", 99}});
  CHECK(round({{"e", 90}, {"d", 5}, {"c", 5}, {"b", 5}}) == Page{{"rowsb", 5}, {"rowsd", 5}, {"rowsother", 95}});
}

TEST_CASE("the sum keeps the labels in which all series agree") {
  expo::Page page;
  page.limit_series(3);
  page.begin();
  auto& keys = page.family("keys", "", MetricType::kGauge);
  for (const char* db : {"db0", "db1", "db2", "db3"}) keys.put({{"db", db}, {"server", "a"}, {"type", "hash"}}, 1);
  keys.put({{"db", "db4"}, {"server", "a"}, {"slot", "1"}}, 1);
  page.end();
  CHECK(page.render() ==
        "# TYPE keys gauge\n"
        "keys{db=\"db0\",server=\"a\",type=\"hash\"} 1\n"
        "keys{db=\"db1\",server=\"a\",type=\"hash\"} 1\n"
        "keys{db=\"other\",server=\"a\",slot=\"other\",type=\"other\"} 3\n");
}

TEST_CASE("a series that is called other takes the sum") {
  expo::Page page;
  page.limit_series(2);
  for (int round = 0; round < 2; ++round) {
    page.begin();
    auto& keys = page.family("keys", "", MetricType::kGauge);
    keys.put({{"db", "other"}}, 100);
    keys.put({{"db", "a"}}, 2);
    keys.put({{"db", "b"}}, 1);
    page.end();
    CHECK(page.render() == "# TYPE keys gauge\nkeys{db=\"other\"} 103\n");
  }
}

TEST_CASE("what does not add up is left out") {
  expo::Page page;
  page.limit_series(6);
  page.begin();
  for (int i = 0; i < 5; ++i) {
    const std::string id = std::to_string(i);
    const LabelView labels[] = {{"id", id}};
    page.family("age_seconds", "", MetricType::kGauge).put(labels, i);
    page.family("latency", "", MetricType::kHistogram).put_histogram(labels, {}, 1, i);
  }
  page.end();
  CHECK(page.render() ==
        "# TYPE age_seconds gauge\nage_seconds{id=\"2\"} 2\nage_seconds{id=\"3\"} 3\nage_seconds{id=\"4\"} 4\n"
        "# TYPE latency histogram\nlatency_bucket{id=\"4\",le=\"+Inf\"} 4\nlatency_sum{id=\"4\"} 1\n"
        "latency_count{id=\"4\"} 4\n");
  CHECK(page.dropped() == 2 + 4 * 3);
}

TEST_CASE("the sum of counters never falls") {
  expo::Page page;
  page.limit_series(1);
  const auto round = [&](double a, double b) {
    page.begin();
    page.family("x_total", "", MetricType::kCounter).put({{"id", "a"}}, a);
    page.family("x_total", "", MetricType::kCounter).put({{"id", "b"}}, b);
    page.end();
    return read(page.render()).at("x_totalother");
  };
  CHECK(round(10, 20) == 30);
  CHECK(round(11, 21) == 32);
  CHECK(round(1, 1) == 32);  // a server began again
  CHECK(round(3, 4) == 37);
}

TEST_CASE("names tell which gauges add up") {
  const auto gauge = [](std::string_view name) { return expo::adds_up(name, MetricType::kGauge); };
  for (const char* name : {"pg_database_size_bytes", "pg_stat_activity_count", "redis_db_keys", "pg_locks_count",
                           "nginx_connections_active", "rabbitmq_queue_messages_ready"}) {
    INFO(name);
    CHECK(gauge(name));
  }
  for (const char* name : {"pg_postmaster_start_time_seconds", "pg_up", "redis_instance_info", "x_hit_ratio",
                           "pg_stat_activity_max_tx_duration", "node_hwmon_temp_celsius", "backup_timestamp"}) {
    INFO(name);
    CHECK_FALSE(gauge(name));
  }
  CHECK(expo::adds_up("cpu_seconds_total", MetricType::kCounter));
  CHECK_FALSE(expo::adds_up("rows", MetricType::kUnknown));
  CHECK_FALSE(expo::adds_up("rows", MetricType::kHistogram));
}

TEST_CASE("a limited page shows what its naive twin shows, whatever comes and goes") {
  Rng rng(7);
  for (int trial = 0; trial < 60; ++trial) {
    const std::map<std::string, MetricType> types{{"a_total", MetricType::kCounter},
                                                  {"b_rows", MetricType::kGauge},
                                                  {"c_seconds", MetricType::kGauge},
                                                  {"d_rows", MetricType::kGauge}};
    const std::size_t limit = 4 + rng.next() % 20;
    Twin twin(limit, types);
    expo::Page page;
    page.limit_series(limit);
    for (int round = 0; round < 12; ++round) {
      std::vector<Twin::Put> puts;
      for (const auto& [name, type] : types) {
        const std::uint64_t count = rng.next() % 5 == 0 ? 0 : rng.next() % 60;
        std::set<std::uint64_t> ids;
        while (ids.size() < count) ids.insert(rng.next() % 90);
        for (const std::uint64_t id : ids) {
          puts.push_back({name, std::to_string(id), static_cast<double>(rng.next() % 16)});
        }
      }
      for (std::size_t i = puts.size(); i > 1; --i) std::swap(puts[i - 1], puts[rng.next() % i]);
      page.begin();
      for (const Twin::Put& put : puts) {
        const LabelView labels[] = {{"id", put.id}};
        page.family(put.family, "", types.at(put.family)).put(labels, put.value);
      }
      page.end();
      INFO("trial " << trial << " round " << round << " limit " << limit);
      const auto expected = twin.round(puts);
      REQUIRE(read(page.render()) == expected);
      REQUIRE(expected.size() <= limit);
      REQUIRE(page.dropped() == twin.dropped);
    }
  }
}

TEST_CASE("a million puts, or a million families, leave a page of its limit") {
  expo::Page page;
  page.limit_series(1000);
  for (int round = 0; round < 2; ++round) {
    page.begin();
    put_many(page, "rows", MetricType::kGauge, 0, 300'000);  // each larger than all before: the worst order
    for (int i = 0; i < 20'000; ++i) page.family("f" + std::to_string(i), "", MetricType::kGauge).put({{"id", "x"}}, 1);
    page.end();
    const auto lines = read(page.render());
    CHECK(lines.size() <= 1000);
    CHECK(lines.contains("rowsother"));
    CHECK(page.dropped() >= 319'000);
  }
}

TEST_CASE("constant labels stand on every series, sorted in; a put's own stays") {
  expo::Page page;
  page.set_constant_labels({{"server", "db1:5432"}, {"env", "prod"}});
  page.begin();
  page.family("a", "", MetricType::kGauge).put(1);
  page.family("a", "", MetricType::kGauge).put({{"zone", "z"}, {"db", "x"}}, 2);
  page.family("a", "", MetricType::kGauge).put({{"server", "own"}}, 3);
  const expo::Bucket buckets[] = {{0.5, 1}};
  page.family("h", "", MetricType::kHistogram).put_histogram({}, buckets, 1, 2);
  page.end();
  CHECK(page.render() ==
        "# TYPE a gauge\n"
        "a{env=\"prod\",server=\"db1:5432\"} 1\n"
        "a{env=\"prod\",server=\"own\"} 3\n"
        "a{db=\"x\",env=\"prod\",server=\"db1:5432\",zone=\"z\"} 2\n"
        "# TYPE h histogram\n"
        "h_bucket{env=\"prod\",server=\"db1:5432\",le=\"0.5\"} 1\n"
        "h_bucket{env=\"prod\",server=\"db1:5432\",le=\"+Inf\"} 2\n"
        "h_sum{env=\"prod\",server=\"db1:5432\"} 1\n"
        "h_count{env=\"prod\",server=\"db1:5432\"} 2\n");
  page.set_constant_labels({});
  page.begin();
  page.family("a", "", MetricType::kGauge).put(1);
  page.end();
  CHECK(page.render() == "# TYPE a gauge\na 1\n");
}

TEST_CASE("one label set as a value and as a summary are two series") {
  expo::Page page;
  page.begin();
  page.family("x", "", MetricType::kSummary).put(1);
  page.family("x", "", MetricType::kSummary).put_summary({}, {}, 2, 3);
  page.end();
  CHECK(page.render() == "# TYPE x summary\nx 1\nx_sum 2\nx_count 3\n");
}
