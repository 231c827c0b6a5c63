// The collectors run on real threads here; what they wait for is opened by the test, so no test waits for time.

#include "agent/gatherer.hpp"

#include <future>
#include <thread>

#include <catch2/catch.hpp>

#include "net/runtime.hpp"

using namespace tocsin;
using agent::Gatherer;

namespace {

/// A collector that puts a counter of its calls, fails when told, and hangs until its gate opens.
class Scripted final : public exporters::Collector {
 public:
  struct Script {
    std::atomic<int> calls{0};
    std::atomic<MonoTime> asked_at{MonoTime::max()};
    std::atomic<bool> fails{false};
    std::atomic<bool> hangs{false};
    std::promise<void> gate;
    std::shared_future<void> opened{gate.get_future()};
  };
  Scripted(std::string name, std::shared_ptr<Script> script) : name_(std::move(name)), script_(std::move(script)) {}
  std::string_view name() const override { return name_; }
  Result<void> collect(expo::Page& page) override {
    const int call = ++script_->calls;
    script_->asked_at = asked_at();
    if (script_->hangs) script_->opened.wait();
    page.family(name_ + "_calls", "Calls.", model::MetricType::kGauge).put(call);
    if (script_->fails) return fail(Errc::kIo, "told to fail");
    return {};
  }

 private:
  std::string name_;
  std::shared_ptr<Script> script_;
};

using ScriptPtr = std::shared_ptr<Scripted::Script>;

/// A real loop on a thread of its own.
struct Fixture {
  std::unique_ptr<net::Runtime> runtime = net::make_runtime({});
  ScriptPtr a = std::make_shared<Scripted::Script>(), b = std::make_shared<Scripted::Script>();
  std::shared_ptr<exporters::LoopAnchor> anchor = std::make_shared<exporters::LoopAnchor>(runtime->loop());
  std::unique_ptr<Gatherer> gatherer;
  std::thread thread;

  explicit Fixture(agent::GatherOptions options = {}) {
    exporters::Collectors collectors;
    collectors.push_back(std::make_unique<Scripted>("a", a));
    collectors.push_back(std::make_unique<Scripted>("b", b));
    gatherer = std::make_unique<Gatherer>(runtime->loop(), anchor, options);
    gatherer->set_collectors(std::move(collectors));
    thread = std::thread([this] { runtime->run(); });
  }
  ~Fixture() {
    runtime->loop().post([this] {
      anchor->close();
      gatherer.reset();
      runtime->stop();
    });
    thread.join();
  }

  static net::Task<void> one_round(Fixture* self, agent::Selection wanted, std::promise<std::string>* out) {
    agent::Gathered gathered = co_await self->gatherer->gather(std::move(wanted), std::chrono::seconds(20));
    gathered.pages.push_back(self->gatherer->about(gathered, false));
    std::vector<const expo::RenderedPage*> views;
    for (const auto& page : gathered.pages) views.push_back(page.get());
    std::string text;
    expo::append_merged(text, views);
    out->set_value(std::move(text));
  }
  std::string gather(agent::Selection wanted = {}) {
    std::promise<std::string> text;
    runtime->loop().post([&] { runtime->loop().spawn("gather", one_round(this, std::move(wanted), &text)); });
    return text.get_future().get();
  }
};

}  // namespace

TEST_CASE("a round has the values of all collectors, and says of each that it succeeded") {
  Fixture f;
  const std::string text = f.gather();
  CHECK_THAT(text, Catch::Contains("a_calls 1\n") && Catch::Contains("b_calls 1\n"));
  CHECK_THAT(text, Catch::Contains("node_scrape_collector_success{collector=\"a\"} 1\n"
                                   "node_scrape_collector_success{collector=\"b\"} 1\n"));
  CHECK_THAT(text, Catch::Contains("node_scrape_collector_duration_seconds{collector=\"a\"}"));
  CHECK_THAT(text, !Catch::Contains("age_seconds"));
}

TEST_CASE("collectors know when the scrape began that asks, and share that with the others it asks") {
  Fixture f;
  const MonoTime before = f.runtime->loop().clock().mono();
  f.gather();
  const MonoTime first = f.a->asked_at;
  CHECK(first >= before);
  CHECK(f.b->asked_at.load() == first);
  const MonoTime between = f.runtime->loop().clock().mono();
  f.gather({{"b"}, {}});
  CHECK(f.a->asked_at.load() == first);
  CHECK(f.b->asked_at.load() >= between);
  CHECK(between >= first);
}

TEST_CASE("only the collectors that are wanted are asked") {
  Fixture f;
  const std::string text = f.gather({{"b"}, {}});
  CHECK(f.a->calls == 0);
  CHECK_THAT(text, Catch::Contains("b_calls 1\n") && !Catch::Contains("collector=\"a\""));
}

TEST_CASE("a collector that fails serves what it put, and says so") {
  Fixture f;
  f.b->fails = true;
  CHECK_THAT(f.gather(),
             Catch::Contains("b_calls 1\n") && Catch::Contains("node_scrape_collector_success{collector=\"b\"} 0\n"));
  f.b->fails = false;
  CHECK_THAT(f.gather(), Catch::Contains("node_scrape_collector_success{collector=\"b\"} 1\n"));
}

TEST_CASE(
    "a collector that hangs is left out: the others come, with its last values and their age, and it is not asked "
    "again") {
  Fixture f(agent::GatherOptions{std::chrono::milliseconds(200), std::chrono::milliseconds(20)});
  f.gather();
  f.a->hangs = true;
  const std::string first = f.gather();
  CHECK_THAT(first, Catch::Contains("a_calls 1\n") && Catch::Contains("b_calls 2\n"));
  CHECK_THAT(first, Catch::Contains("node_scrape_collector_success{collector=\"a\"} 0\n"));
  CHECK_THAT(first, Catch::Contains("tocsin_collector_age_seconds{collector=\"a\"}"));
  CHECK_THAT(f.gather(), Catch::Contains("b_calls 3\n"));
  CHECK(f.a->calls == 2);
  f.a->hangs = false;
  f.a->gate.set_value();
  std::string text;
  do {
    text = f.gather();
  } while (text.find("tocsin_collector_age_seconds{collector=\"a\"}") != std::string::npos);
  CHECK_THAT(text, Catch::Contains("node_scrape_collector_success{collector=\"a\"} 1\n"));
}

TEST_CASE("the process may end while a collector hangs") {
  auto f =
      std::make_unique<Fixture>(agent::GatherOptions{std::chrono::milliseconds(50), std::chrono::milliseconds(10)});
  f->a->hangs = true;
  f->gather();
  const ScriptPtr script = f->a;
  f.reset();
  script->gate.set_value();
}
