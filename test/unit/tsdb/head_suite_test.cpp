// The suite that every store passes, over the head and the blocks: plain, with upkeep between all steps, cut into
// blocks, and opened again and again.
#include <atomic>

#include "base/log.hpp"
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

/// A store whose head is cut into blocks of four minutes and compacted at each querier and deletion. Between commits an
/// appender holds nothing of the Db, so that it can be closed and opened again when no querier or feed is left.
class CutStore : public DbUnderTest, public storage::Appendable, public storage::Queryable {
 public:
  explicit CutStore(const test::StoreSetup& setup, bool reopened = false) : reopened_(reopened) {
    options_ = options_for(fs_);
    options_.series_limits.total = setup.series_limit;
    options_.out_of_order_window = std::chrono::milliseconds(setup.out_of_order_window_ms);
    options_.min_block_duration = std::chrono::minutes(4);
    options_.max_age = options_.min_block_duration / 2;
    options_.max_block_duration = options_.min_block_duration * 9;
    options_.retention = {};
    db_ = open_db(options_);
  }
  std::int64_t max_age_ms() const override { return to_ms(options_.max_age); }
  storage::Appendable& appendable() override { return *this; }
  storage::Queryable& queryable() override { return *this; }

  std::unique_ptr<storage::Appender> appender() override { return std::make_unique<BatchAppender>(*this); }
  std::unique_ptr<storage::SeriesFeed> feed(std::span<const model::Matcher> matchers) override {
    return std::make_unique<CountedFeed>(db_->feed(matchers), *this);
  }
  Result<std::unique_ptr<storage::Querier>> querier(Timestamp start, Timestamp end) override {
    TOCSIN_OK(step());
    TOCSIN_TRY(auto querier, db_->querier(start, end));
    return std::make_unique<CountedQuerier>(std::move(querier), *this);
  }
  Result<void> remove(Timestamp start, Timestamp end, std::span<const model::Matcher> matchers) override {
    TOCSIN_OK(step());
    TOCSIN_OK(DbUnderTest::remove(start, end, matchers));
    return db_->clean_tombstones();
  }
  std::uint64_t cuts() const { return cuts_ + db_->block_stats().cuts; }
  std::uint64_t reopenings() const { return reopenings_; }

 private:
  /// Counts as a user of the Db while it lives.
  class User {
   public:
    explicit User(CutStore& store) : store_(store) { ++store_.users_; }
    ~User() { --store_.users_; }
    User(const User&) = delete;
    User& operator=(const User&) = delete;

   protected:
    CutStore& store_;
  };

  class BatchAppender final : public storage::Appender {
   public:
    explicit BatchAppender(CutStore& store) : store_(store) {}
    storage::AppendResult append(storage::SeriesRef ref, const model::Labels* labels, Timestamp t, double value,
                                 Timestamp start) override {
      return batch().append(ref, labels, t, value, start);
    }
    storage::AppendResult append_histogram(storage::SeriesRef ref, const model::Labels* labels, Timestamp t,
                                           model::HistogramPtr histogram, Timestamp start) override {
      return batch().append_histogram(ref, labels, t, std::move(histogram), start);
    }
    storage::SeriesRef find(const model::Labels& labels) override { return batch().find(labels); }
    storage::AppendStatus append_exemplar(storage::SeriesRef ref, const storage::Exemplar& exemplar) override {
      return batch().append_exemplar(ref, exemplar);
    }
    void set_metadata(storage::SeriesRef ref, const storage::Metadata& metadata) override {
      batch().set_metadata(ref, metadata);
    }
    Result<void> commit() override {
      auto done = batch().commit();
      end();
      return done;
    }
    void rollback() override { end(); }

   private:
    storage::Appender& batch() {
      if (!batch_) {
        const MutexLock lock(store_.reopen_mutex_);
        batch_ = store_.db_->appender();
        user_ = std::make_unique<User>(store_);
      }
      return *batch_;
    }
    void end() {
      batch_ = nullptr;
      user_ = nullptr;
    }

    CutStore& store_;
    std::unique_ptr<User> user_;
    std::unique_ptr<storage::Appender> batch_;
  };

  class CountedFeed final : public storage::SeriesFeed, User {
   public:
    CountedFeed(std::unique_ptr<storage::SeriesFeed> feed, CutStore& store) : User(store), feed_(std::move(feed)) {}
    Result<storage::FeedBatch> since(std::uint64_t sequence) override {
      TOCSIN_OK(store_.step());
      return feed_->since(sequence);
    }

   private:
    std::unique_ptr<storage::SeriesFeed> feed_;
  };

  class CountedQuerier final : public storage::Querier, User {
   public:
    CountedQuerier(std::unique_ptr<storage::Querier> querier, CutStore& store)
        : User(store), querier_(std::move(querier)) {}
    std::unique_ptr<storage::SeriesSet> select(const storage::SelectHints& hints,
                                               std::span<const model::Matcher> matchers) override {
      return querier_->select(hints, matchers);
    }
    std::unique_ptr<storage::ChunkSummarySet> select_summaries(const storage::SelectHints& hints,
                                                               std::span<const model::Matcher> matchers) override {
      return querier_->select_summaries(hints, matchers);
    }
    Result<std::vector<std::string>> label_names(std::span<const model::Matcher> matchers, std::size_t limit) override {
      return querier_->label_names(matchers, limit);
    }
    Result<std::vector<std::string>> label_values(std::string_view name, std::span<const model::Matcher> matchers,
                                                  std::size_t limit) override {
      return querier_->label_values(name, matchers, limit);
    }

   private:
    std::unique_ptr<storage::Querier> querier_;
  };

  Result<void> step() {
    TOCSIN_OK(db_->maintain());
    const MutexLock lock(reopen_mutex_);
    if (!reopened_ || users_ != 0) return {};
    cuts_ += db_->block_stats().cuts;
    TOCSIN_OK(db_->close());
    db_ = nullptr;
    TOCSIN_TRY(db_, Db::open(options_));
    ++reopenings_;
    return {};
  }

  const bool reopened_;
  TsdbOptions options_;
  std::atomic<int> users_ = 0;
  Mutex reopen_mutex_;  // a batch begins, or the Db is opened again
  std::uint64_t cuts_ = 0;
  std::uint64_t reopenings_ = 0;
};

TEST_CASE("a store that is cut into blocks between steps behaves as a store") {
  log::set_sink([](log::Level, std::string_view) {});
  std::uint64_t cuts = 0;
  for (const auto& one : test::storage_suite()) {
    INFO(one.name);
    CutStore store(one.setup);
    one.run(store);
    cuts += store.cuts();
  }
  CHECK(cuts > 100);
  log::set_sink(nullptr);
}

TEST_CASE("a store that is opened again between steps behaves as a store") {
  log::set_sink([](log::Level, std::string_view) {});
  std::uint64_t reopenings = 0;
  for (const auto& one : test::storage_suite()) {
    INFO(one.name);
    CutStore store(one.setup, true);
    one.run(store);
    reopenings += store.reopenings();
  }
  CHECK(reopenings > 50);
  log::set_sink(nullptr);
}

}  // namespace
}  // namespace tocsin::tsdb
