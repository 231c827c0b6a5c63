#include "promqltest/tsdb_store.hpp"

#include "tsdb/db.hpp"

namespace tocsin::promqltest {
namespace {

class TsdbStore final : public Store {
 public:
  TsdbStore(Fs& fs, std::string folder, std::unique_ptr<tsdb::Db> db)
      : fs_(fs), folder_(std::move(folder)), db_(std::move(db)) {}
  TsdbStore(const TsdbStore&) = delete;
  TsdbStore& operator=(const TsdbStore&) = delete;
  ~TsdbStore() override {
    db_.reset();
    (void)fs_.remove_all(folder_);
  }

  storage::Appendable& appendable() override { return *db_; }
  storage::Queryable& queryable() override { return *db_; }

 private:
  Fs& fs_;
  const std::string folder_;
  std::unique_ptr<tsdb::Db> db_;
};

Result<std::unique_ptr<Store>> open_store(Fs& fs, const std::string& folder) {
  tsdb::TsdbOptions options;
  options.path = folder;
  options.fs = &fs;
  options.threads = false;
  options.retention = Duration(0);
  options.wal_sync_interval = std::chrono::hours(1);
  // A later load may begin at 0 again, with other series.
  options.max_age = std::chrono::hours(24 * 365 * 100);
  TOCSIN_TRY(auto db, tsdb::Db::open(std::move(options)));
  return std::make_unique<TsdbStore>(fs, folder, std::move(db));
}

}  // namespace

MakeStore tsdb_stores(Fs& fs, std::string folder) {
  return [&fs, folder = std::move(folder), number = 0]() mutable {
    return open_store(fs, fmt::format("{}/{}", folder, ++number));
  };
}

}  // namespace tocsin::promqltest
