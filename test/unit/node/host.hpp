#pragma once
// A host made of files, and one collector that looks at it.

#include <memory>
#include <string>

#include <catch2/catch.hpp>

#include "base/virtual_loop.hpp"
#include "exporters/node/node.hpp"
#include "support/temp_dir.hpp"

namespace tocsin::test {

/// One collector over a folder with proc and sys.
struct Host {
  TempDir dir;
  VirtualLoop loop{1'700'000'000'500};
  exporters::node::NodeOptions options;
  exporters::Collectors collectors;
  expo::Page page;

  explicit Host(std::string only) {
    options.procfs = dir.path() + "/proc";
    options.sysfs = dir.path() + "/sys";
    for (const auto& info : exporters::node::known_collectors())
      options.enabled[std::string(info.name)] = info.name == only;
  }
  Result<void> collect() {
    if (collectors.empty()) {
      auto made = exporters::node::make_collectors(options, posix_fs(), loop);
      REQUIRE(made);
      collectors = std::move(*made);
      REQUIRE(collectors.size() == 1);
    }
    page.begin();
    auto result = collectors[0]->collect(page);
    page.end();
    return result;
  }
  /// The lines of the page that are no comments.
  std::string lines() {
    std::string out;
    std::string text = page.render();
    for (std::size_t at = 0; at < text.size();) {
      const std::size_t end = text.find('\n', at);
      if (text[at] != '#') out += text.substr(at, end - at + 1);
      at = end + 1;
    }
    return out;
  }
};

}  // namespace tocsin::test
