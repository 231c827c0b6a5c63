#pragma once
// A kind of server whose answers the test decides.
//
//   fake:
//     targets: [{name: a, says: 1}, {name: b, delay: 2s}]
//     probe: true
// says: the value of fake_value; fails: the error, with fake_up 0; delay: of each answer; hangs: no answer ever.

#include <map>
#include <optional>
#include <set>

#include "exporters/collector/credential.hpp"
#include "exporters/collector/source.hpp"

namespace tocsin::test {

/// How often each target was made and asked, by its name; one for the process, cleared by each fixture.
struct FakeCounts {
  std::map<std::string, int> made, asked;
};
inline FakeCounts& fake_counts() {
  static FakeCounts counts;
  return counts;
}

struct FakeScript {
  std::string name = "fake", fails;
  double says = 1;
  Duration delay{0};
  bool hangs = false;
  std::uint64_t series = 1;
};

class FakeTarget final : public exporters::Target {
 public:
  FakeTarget(Loop& loop, FakeScript script) : loop_(loop), script_(std::move(script)) {
    ++fake_counts().made[script_.name];
  }
  net::Task<Result<void>> collect(std::shared_ptr<expo::Page> page, MonoTime deadline) override {
    ++fake_counts().asked[script_.name];
    const MonoTime answer = script_.hangs ? MonoTime::max() : loop_.clock().mono() + script_.delay;
    if (script_.hangs || script_.delay > Duration::zero()) co_await net::sleep_until(loop_, answer);
    static_cast<void>(deadline);  // a client library that knows none
    auto& up = page->family("fake_up", "Whether it answers.", model::MetricType::kGauge);
    up.put(script_.fails.empty() ? 1 : 0);
    if (!script_.fails.empty()) co_return fail(Errc::kIo, "{}", script_.fails);
    auto& values = page->family("fake_value", "Its value.", model::MetricType::kGauge);
    for (std::uint64_t i = 0; i < script_.series; ++i) {
      if (script_.series == 1) {
        values.put(script_.says);
      } else {
        values.put({{"i", fmt::format("{}", i)}}, static_cast<double>(i));
      }
    }
    co_return Result<void>{};
  }

 private:
  Loop& loop_;
  FakeScript script_;
};

class FakeSource final : public exporters::Source {
 public:
  static Result<std::unique_ptr<exporters::Source>> make(const yaml::Node& section,
                                                         const exporters::Services& services) {
    auto source = std::make_unique<FakeSource>(services.loop);
    yaml::Fields fields(section, "fake section");
    source->options_.read(fields);
    fields.read("probe", source->probes_).each("targets", [&](const yaml::Node& node) -> Result<void> {
      FakeScript script;
      yaml::Fields target(node, "fake target");
      target.read("name", script.name)
          .read("fails", script.fails)
          .read("says", script.says)
          .read("delay", script.delay)
          .read("hangs", script.hangs)
          .read("series", script.series);
      TOCSIN_TRY(const auto password, exporters::Credential::read(target, "password"));
      TOCSIN_OK(target.finish());
      source->targets_.push_back({script.name, std::make_shared<FakeTarget>(services.loop, script)});
      return {};
    });
    TOCSIN_OK(fields.finish());
    return source;
  }
  static exporters::SourceInfo info(std::string_view kind = "fake") { return {kind, make}; }

  explicit FakeSource(Loop& loop) : loop_(loop) {}
  const exporters::SectionOptions& options() const override { return options_; }
  const std::vector<Named>& targets() const override { return targets_; }
  std::string_view probe_path() const override { return probes_ ? "/probe" : ""; }
  Result<std::shared_ptr<exporters::Target>> probe(const net::HttpRequest& request) override {
    const std::string target = request.param("target");
    if (target.empty()) return fail(Errc::kInvalid, "target is required");
    FakeScript script;
    script.name = target;
    script.hangs = target == "hangs";
    if (target == "down") script.fails = "dial tcp: connection refused";
    return std::make_shared<FakeTarget>(loop_, std::move(script));
  }

 private:
  Loop& loop_;
  exporters::SectionOptions options_;
  std::vector<Named> targets_;
  bool probes_ = false;
};

}  // namespace tocsin::test
