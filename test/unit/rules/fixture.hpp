#pragma once
// A rule manager with everything around it under the test's hand: virtual time, a store and a state in memory, queries
// answered from a script, alerts collected.

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <unordered_set>
#include <vector>

#include "base/hash.hpp"
#include "base/virtual_loop.hpp"
#include "rules/manager.hpp"
#include "support/map_store.hpp"
#include "support/memory_store.hpp"

namespace tocsin::test {

class CollectingSink final : public rules::AlertSink {
 public:
  void post(std::vector<model::AlertPtr> alerts) override {
    for (auto& alert : alerts) all.push_back(*alert);
  }
  std::vector<model::Alert> take() { return std::exchange(all, {}); }
  std::vector<model::Alert> all;
};

/// What outlives a process: the clock's time, samples, state.
struct World {
  World() = default;
  explicit World(Timestamp start) : loop(std::make_unique<VirtualLoop>(start)) {}
  std::unique_ptr<VirtualLoop> loop = std::make_unique<VirtualLoop>(1'700'000'000'000);
  MapStore store;
  MemoryStore state;
};

/// One element of a scripted answer.
inline promql::VectorSample element(const model::Labels& labels, double value) {
  promql::VectorSample sample;
  sample.labels = labels;
  sample.v = value;
  return sample;
}

class RuleBench {
 public:
  using Answer = std::function<Result<promql::QueryResult>(Timestamp)>;

  explicit RuleBench(World& world, rules::GroupOptions options = {}) : world_(world) {
    manager_ = std::make_unique<rules::Manager>(rules::ManagerDeps{
        [this](storage::Queryable& store, const rules::RuleQuery& asked) { return query(store, asked.expr, asked.at); },
        world.store, world.store, sink, world.state, *world.loop, *world.loop, std::move(options)});
  }

  rules::Manager& manager() { return *manager_; }
  VirtualLoop& loop() { return *world_.loop; }
  MapStore& store() { return world_.store; }
  MemoryStore& state() { return world_.state; }

  /// The groups of a rule file's text.
  void apply(const std::string& text, rules::Environment environment = {},
             Duration interval = std::chrono::minutes(1)) {
    rules::RuleFile file = rules::parse_rule_file(text, "test.yml");
    for (const auto& error : file.errors) UNSCOPED_INFO(error);
    REQUIRE(file.errors.empty());
    manager_->apply(std::move(file.groups), std::move(environment), interval);
  }
  /// Loads the state, applies and starts.
  void run(const std::string& text, rules::Environment environment = {}) {
    REQUIRE(manager_->load_state().has_value());
    apply(text, std::move(environment));
    manager_->start();
  }

  void answer(const std::string& query, Answer with) { answers_[query] = std::move(with); }
  void answer(const std::string& query, promql::Vector vector) {
    answer(query, [vector](Timestamp t) {
      promql::QueryResult result;
      promql::Vector at = vector;
      for (auto& sample : at) sample.t = t;
      result.value = std::move(at);
      return Result<promql::QueryResult>(std::move(result));
    });
  }
  /// An answer that looks into the store which the rule is given.
  void look(const std::string& query, std::function<promql::QueryResult(storage::Queryable&, Timestamp)> with) {
    answer(query, [this, with](Timestamp t) { return Result<promql::QueryResult>(with(*given_, t)); });
  }
  void answer_error(const std::string& query, const std::string& text) {
    answer(query, [text](Timestamp) { return Result<promql::QueryResult>(fail(Errc::kExecution, "{}", text)); });
  }
  /// Times at which a query was asked.
  const std::vector<Timestamp>& asked(const std::string& query) { return asked_[query]; }

  /// A target's scrape with a metric of this name was stored.
  void scraped(const std::string& metric, const model::Labels& target = {}, std::uint64_t number = 1) {
    names_.insert(xxhash64(metric));
    manager_->scraped({number, target, &names_, names_.size()});
  }

  /// Goes on until a query was asked once more; the time of that.
  Timestamp next(const std::string& query) {
    const std::size_t before = asked_[query].size();
    for (int i = 0; i < 10'000 && asked_[query].size() == before; ++i) loop().advance(std::chrono::milliseconds(100));
    REQUIRE(asked_[query].size() > before);
    loop().run_ready();
    return asked_[query].back();
  }

  /// Samples of a series as committed.
  std::vector<model::Sample> samples(const model::Labels& labels) {
    std::vector<model::Matcher> matchers;
    for (const auto& label : labels) {
      matchers.push_back(model::Matcher::equal(std::string(label.name), std::string(label.value)));
    }
    const auto querier = store().querier(kMinTimestamp, kMaxTimestamp);
    storage::SelectHints hints;
    hints.start = kMinTimestamp;
    hints.end = kMaxTimestamp;
    const auto set = (*querier)->select(hints, matchers);
    std::vector<model::Sample> out;
    while (set->next()) {
      if (set->labels() != labels) continue;
      storage::SampleColumns columns;
      REQUIRE(set->read(kMinTimestamp, kMaxTimestamp, columns).has_value());
      for (std::size_t i = 0; i < columns.size(); ++i) out.push_back({columns.times[i], columns.values[i]});
    }
    return out;
  }
  std::size_t stale_markers(const model::Labels& labels) {
    const auto all = samples(labels);
    return static_cast<std::size_t>(
        std::count_if(all.begin(), all.end(), [](const model::Sample& s) { return model::is_stale(s.v); }));
  }

  rules::RuleStatus rule(std::size_t group = 0, std::size_t index = 0) {
    return manager_->groups().at(group).rules.at(index);
  }

  CollectingSink sink;

 private:
  Result<promql::QueryResult> query(storage::Queryable& store, const promql::parser::Expr& expr, Timestamp t) {
    const std::string text = promql::parser::to_string(expr);
    given_ = &store;
    asked_[text].push_back(t);
    const auto found = answers_.find(text);
    if (found == answers_.end()) return promql::QueryResult{promql::Vector{}, {}, {}, {}};
    return found->second(t);
  }

  World& world_;
  storage::Queryable* given_ = nullptr;
  std::unordered_set<std::uint64_t> names_;  // of all targets
  std::map<std::string, Answer> answers_;
  std::map<std::string, std::vector<Timestamp>> asked_;
  std::unique_ptr<rules::Manager> manager_;
};

}  // namespace tocsin::test
