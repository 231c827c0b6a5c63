// The suite that every store passes, over the head: plain, with upkeep between all steps, and after a restart.
#include "store.hpp"

namespace tocsin::tsdb {
namespace {

/// What the suite asks of a Db beside the contracts.
class DbUnderTest : public test::StoreUnderTest {
 public:
  Result<void> remove(Timestamp start, Timestamp end, std::span<const model::Matcher> matchers) override {
    return db_->remove(start, end, matchers);
  }
  std::vector<storage::Exemplar> exemplars(const model::Labels& labels) override {
    std::vector<model::Matcher> matchers;
    for (const auto& label : labels) {
      matchers.push_back(model::Matcher::equal(std::string(label.name), std::string(label.value)));
    }
    const auto all = db_->exemplars(storage::kOldestTime, storage::kNewestTime, matchers);
    const auto found = all.find(labels);
    return found == all.end() ? std::vector<storage::Exemplar>{} : found->second;
  }
  std::optional<storage::Metadata> metadata(const model::Labels& labels) override { return db_->metadata(labels); }

 protected:
  MemFs fs_;
  std::unique_ptr<Db> db_;
};

class HeadUnderTest : public DbUnderTest {
 public:
  explicit HeadUnderTest(const test::StoreSetup& setup) {
    TsdbOptions options = options_for(fs_);
    options.series_limits.total = setup.series_limit;
    options.out_of_order_window = std::chrono::milliseconds(setup.out_of_order_window_ms);
    db_ = open_db(options);
  }
  storage::Appendable& appendable() override { return *db_; }
  storage::Queryable& queryable() override { return *db_; }
};

TEST_CASE("the head behaves as a store") {
  for (const auto& one : test::storage_suite()) {
    DYNAMIC_SECTION(one.name) {
      HeadUnderTest store(one.setup);
      one.run(store);
    }
  }
}

/// Upkeep at each commit and each querier, with tiny segments and pieces, and a checkpoint at each.
class BusyStore : public DbUnderTest, public storage::Appendable, public storage::Queryable {
 public:
  explicit BusyStore(const test::StoreSetup& setup) {
    TsdbOptions options = options_for(fs_);
    options.series_limits.total = setup.series_limit;
    options.out_of_order_window = std::chrono::milliseconds(setup.out_of_order_window_ms);
    options.wal_segment_bytes = 2000;
    options.chunk_piece_bytes = 1000;
    options.chunk_file_bytes = 4000;
    options.open_chunk_time = std::chrono::seconds(30);
    options.out_of_order_cap_max = 5;
    options.retention = {};  // the suite leaps through the ages
    db_ = open_db(options);
  }
  storage::Appendable& appendable() override { return *this; }
  storage::Queryable& queryable() override { return *this; }
  std::unique_ptr<storage::Appender> appender() override { return db_->appender(); }
  std::unique_ptr<storage::SeriesFeed> feed(std::span<const model::Matcher> matchers) override {
    return db_->feed(matchers);
  }
  Result<std::unique_ptr<storage::Querier>> querier(Timestamp start, Timestamp end) override {
    TOCSIN_OK(db_->maintain());
    auto querier = db_->querier(start, end);
    TOCSIN_OK(db_->checkpoint());
    TOCSIN_OK(db_->maintain());
    return querier;
  }
};

TEST_CASE("the head behaves as a store while upkeep goes on") {
  for (const auto& one : test::storage_suite()) {
    DYNAMIC_SECTION(one.name) {
      BusyStore store(one.setup);
      one.run(store);
    }
  }
}

}  // namespace
}  // namespace tocsin::tsdb
