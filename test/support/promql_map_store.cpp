#include "support/promql_map_store.hpp"

#include "support/map_store.hpp"

namespace tocsin::test {
namespace {

class MapTestStore final : public promqltest::Store {
 public:
  storage::Appendable& appendable() override { return store_; }
  storage::Queryable& queryable() override { return store_; }

 private:
  MapStore store_;
};

}  // namespace

promqltest::MakeStore map_stores() {
  return [] { return std::make_unique<MapTestStore>(); };
}

}  // namespace tocsin::test
