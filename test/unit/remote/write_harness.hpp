#pragma once
// Write requests to a handler over a map, on virtual time.

#include <string>

#include <catch2/catch.hpp>

#include "model/histogram.hpp"
#include "remote/write_handler.hpp"
#include "support/map_store.hpp"
#include "support/naive_protobuf.hpp"
#include "support/test_loop.hpp"
#include "wire/snappy.hpp"

namespace tocsin::remote {

using test::Pb;

inline Pb write_label(std::string_view name, std::string_view value) {
  return Pb().text(1, name).text(2, value);
}
inline Pb write_sample(double value, Timestamp t, Timestamp start = 0) {
  Pb sample = Pb().real(1, value).number(2, t);
  return start == 0 ? sample : sample.number(3, start);
}

/// The loop's lanes, whose jobs wait while they are held.
class HeldLanes final : public WorkPool, public Executor {
 public:
  explicit HeldLanes(Executor& loop) : loop_(loop) {}
  Executor& lane(Lane) override { return *this; }
  void post(Job job) override {
    if (hold) {
      held_.push_back(std::move(job));
    } else {
      loop_.post(std::move(job));
    }
  }
  void release() {
    hold = false;
    for (Job& job : std::exchange(held_, {})) loop_.post(std::move(job));
  }
  bool hold = false;

 private:
  Executor& loop_;
  std::vector<Job> held_;
};

struct WriteHarness {
  explicit WriteHarness(WriteOptions options = {}, test::MapStoreOptions store_options = {})
      : store(store_options), handler(loop, lanes, store, options) {
    handler.add_to(router);
    now = loop.clock().now();
  }

  static net::HttpRequest request(std::string_view message, bool v2 = false) {
    net::HttpRequest request("POST", "/api/v1/write");
    request.headers.set("Content-Encoding", "snappy");
    request.headers.set("Content-Type",
                        v2 ? "application/x-protobuf;proto=io.prometheus.write.v2.Request" : "application/x-protobuf");
    wire::snappy_encode(message, request.body);
    request.peer = "127.0.0.1:1";
    return request;
  }
  net::HttpResponse ask(net::HttpRequest request) { return loop.run(router.handle(std::move(request))); }
  net::HttpResponse write1(const Pb& message) { return ask(request(message.str())); }
  net::HttpResponse write2(const Pb& message) { return ask(request(message.str(), true)); }

  /// "1@1000 2.5@2000" of a series, times less `now`; histograms as "h7" with their count.
  std::string samples(const model::Labels& labels) {
    std::string out;
    std::vector<model::Matcher> matchers;
    for (const auto label : labels) {
      matchers.push_back(model::Matcher::equal(std::string(label.name), std::string(label.value)));
    }
    const auto querier = store.querier(storage::kOldestTime, storage::kNewestTime).value();
    const auto set = querier->select(all_times(), matchers);
    storage::SampleColumns columns;
    while (set->next()) {
      if (set->labels() != labels) continue;
      REQUIRE(set->read(storage::kOldestTime, storage::kNewestTime, columns));
      for (std::size_t i = 0; i < columns.size(); ++i) {
        if (!out.empty()) out += ' ';
        const bool histogram = !columns.histograms.empty() && columns.histograms[i] != nullptr;
        out += histogram ? fmt::format("h{}", columns.histograms[i]->count) : fmt::format("{}", columns.values[i]);
        out += fmt::format("@{}", columns.times[i] - now);
        if (!columns.starts.empty() && columns.starts[i] != 0) out += fmt::format("^{}", columns.starts[i] - now);
      }
    }
    return out;
  }
  static storage::SelectHints all_times() {
    storage::SelectHints hints;
    hints.start = storage::kOldestTime;
    hints.end = storage::kNewestTime;
    return hints;
  }
  std::size_t series_count() {
    const auto querier = store.querier(storage::kOldestTime, storage::kNewestTime).value();
    const auto set = querier->select(all_times(), {});
    std::size_t count = 0;
    while (set->next()) ++count;
    return count;
  }

  test::TestLoop loop;
  HeldLanes lanes{loop};
  test::MapStore store;
  WriteHandler handler;
  net::HttpRouter router;
  Timestamp now = 0;
};

}  // namespace tocsin::remote
