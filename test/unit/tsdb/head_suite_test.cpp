// The suite that every store passes, over the head: plain, with upkeep between all steps, and after a restart.
#include "store.hpp"

namespace tocsin::tsdb {
namespace {

class HeadUnderTest : public test::StoreUnderTest {
 public:
  explicit HeadUnderTest(const test::StoreSetup& setup) {
    TsdbOptions options = options_for(fs_);
    options.series_limits.total = setup.series_limit;
    db_ = open_db(options);
  }
  storage::Appendable& appendable() override { return *db_; }
  storage::Queryable& queryable() override { return *db_; }

 private:
  MemFs fs_;
  std::unique_ptr<Db> db_;
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
class BusyStore : public test::StoreUnderTest, public storage::Appendable, public storage::Queryable {
 public:
  explicit BusyStore(const test::StoreSetup& setup) {
    TsdbOptions options = options_for(fs_);
    options.series_limits.total = setup.series_limit;
    options.wal_segment_bytes = 2000;
    options.chunk_piece_bytes = 1000;
    options.chunk_file_bytes = 4000;
    options.open_chunk_time = std::chrono::seconds(30);
    options.retention = {};  // the suite leaps through the ages
    db_ = open_db(options);
  }
  storage::Appendable& appendable() override { return *this; }
  storage::Queryable& queryable() override { return *this; }
  std::unique_ptr<storage::Appender> appender() override { return db_->appender(); }
  Result<std::unique_ptr<storage::Querier>> querier(Timestamp start, Timestamp end) override {
    TOCSIN_OK(db_->maintain());
    auto querier = db_->querier(start, end);
    TOCSIN_OK(db_->checkpoint());
    TOCSIN_OK(db_->maintain());
    return querier;
  }

 private:
  MemFs fs_;
  std::unique_ptr<Db> db_;
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
