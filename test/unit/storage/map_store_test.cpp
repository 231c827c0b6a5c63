#include "support/map_store.hpp"

#include <catch2/catch.hpp>

#include "support/storage_suite.hpp"

namespace tocsin::test {
namespace {

class MapUnderTest : public StoreUnderTest {
 public:
  explicit MapUnderTest(const StoreSetup& setup)
      : store_({.max_age_ms = 3'600'000,
                .out_of_order_window_ms = setup.out_of_order_window_ms,
                .series_limit = setup.series_limit}) {}
  storage::Appendable& appendable() override { return store_; }
  storage::Queryable& queryable() override { return store_; }
  Result<void> remove(Timestamp start, Timestamp end, std::span<const model::Matcher> matchers) override {
    store_.remove(start, end, matchers);
    return {};
  }
  std::vector<storage::Exemplar> exemplars(const model::Labels& labels) override { return store_.exemplars(labels); }
  std::optional<storage::Metadata> metadata(const model::Labels& labels) override { return store_.metadata(labels); }

 private:
  MapStore store_;
};

TEST_CASE("the map store behaves as a store") {
  for (const auto& one : storage_suite()) {
    DYNAMIC_SECTION(one.name) {
      MapUnderTest store(one.setup);
      one.run(store);
    }
  }
}

TEST_CASE("the map store's feed tells what came since") {
  MapStore store;
  const std::vector<model::Matcher> matchers{model::Matcher::equal("job", "a")};
  auto feed = store.feed(matchers);
  store.add({{"job", "a"}}, 1, 1);
  store.add({{"job", "b"}}, 1, 1);
  auto first = feed->since(0);
  REQUIRE(first);
  REQUIRE(first->came.size() == 1);
  CHECK(first->came[0].second == model::Labels{{"job", "a"}});
  CHECK(first->appended.empty());
  store.add({{"job", "a"}}, 2, 2);
  auto second = feed->since(first->sequence);
  REQUIRE(second);
  CHECK(second->came.empty());
  REQUIRE(second->appended.size() == 1);
  CHECK(second->appended[0].samples.values == std::vector<double>{2});
  CHECK(feed->since(second->sequence)->appended.empty());
}

TEST_CASE("the map store refuses commits when told to") {
  MapStore store;
  store.fail_commits(Error{Errc::kIo, "disk full"});
  auto appender = store.appender();
  const model::Labels labels{{"a", "b"}};
  appender->append(0, &labels, 1, 1);
  const auto refused = appender->commit();
  REQUIRE_FALSE(refused);
  CHECK(refused.error().message == "disk full");
  CHECK(dump(store).empty());
  store.fail_commits(std::nullopt);
  REQUIRE(appender->commit());
  CHECK(dump(store).empty());
}

TEST_CASE("the map store gives exemplars and metadata back") {
  MapStore store;
  const model::Labels labels{{"a", "b"}};
  auto appender = store.appender();
  const auto ref = appender->append(0, &labels, 1, 1).ref;
  appender->append_exemplar(ref, {model::Labels{{"t", "x"}}, 2, 1, true});
  appender->set_metadata(ref, {model::MetricType::kCounter, "seconds", "help"});
  REQUIRE(appender->commit());
  REQUIRE(store.exemplars(labels).size() == 1);
  CHECK(store.exemplars(labels)[0].value == 2);
  REQUIRE(store.metadata(labels));
  CHECK(store.metadata(labels)->unit == "seconds");
}

}  // namespace
}  // namespace tocsin::test
