#include "exporters/collector/blocking_target.hpp"

#include <future>

#include <catch2/catch.hpp>

#include "base/mem_fs.hpp"
#include "support/runtime_thread.hpp"

namespace tocsin::exporters {
namespace {

class Blocking final : public BlockingTarget {
 public:
  Blocking(const Services& services, std::shared_future<void> wait)
      : BlockingTarget(services), wait_(std::move(wait)) {}
  ~Blocking() override { gone_.set_value(); }
  std::future<void> gone() { return gone_.get_future(); }

 private:
  Result<void> ask(expo::Page& page, MonoTime) override {
    wait_.wait();
    page.family("answers_total", "Answers.", model::MetricType::kCounter).put(++answers_);
    if (answers_ == 2) return fail(Errc::kIo, "the second answer fails");
    return {};
  }
  std::shared_future<void> wait_;
  std::promise<void> gone_;
  double answers_ = 0;
};

struct Fixture {
  std::promise<void> release;
  MemFs fs;
  test::RuntimeThread thread;
  std::shared_ptr<LoopAnchor> anchor = std::make_shared<LoopAnchor>(thread.loop());
  std::unique_ptr<net::HttpClient> http = net::make_http_client(thread.loop(), {});
  Services services{.loop = thread.loop(),
                    .work = thread.runtime().work(),
                    .http = *http,
                    .resolver = nullptr,
                    .fs = fs,
                    .anchor = anchor};
  std::shared_ptr<Blocking> target = std::make_shared<Blocking>(services, release.get_future().share());
  std::shared_ptr<expo::Page> page = std::make_shared<expo::Page>();

  Result<void> collect() {
    page->begin();
    auto result = thread.run<Result<void>>([&] { return target->collect(page, MonoTime::max()); });
    page->end();
    return result;
  }
};

}  // namespace

TEST_CASE("a blocking target answers from its thread, whatever it has put and whatever it says", "[exporter]") {
  Fixture f;
  f.release.set_value();
  CHECK(f.collect());
  CHECK(f.page->render() == "# HELP answers_total Answers.\n# TYPE answers_total counter\nanswers_total 1\n");
  const auto second = f.collect();
  REQUIRE_FALSE(second);
  CHECK(second.error().message == "the second answer fails");
  CHECK(f.collect());
}

TEST_CASE("a blocking target that hangs holds up neither the loop nor the end of the process", "[exporter]") {
  Fixture f;
  auto gone = f.target->gone();
  f.page->begin();
  f.thread.call([&] {
    f.thread.loop().spawn("asks", [](auto target, auto page) -> net::Task<void> {
      static_cast<void>(co_await target->collect(page, MonoTime::max()));
    }(f.target, f.page));
  });
  CHECK(f.thread.call([] { return 1; }) == 1);  // the loop goes on
  f.target.reset();                             // the thread alone holds it now, once the task is gone
  f.anchor->close();
  f.thread.stop();
  f.release.set_value();
  gone.wait();
}

}  // namespace tocsin::exporters
