#pragma once
// What /proc/cpuinfo says of the processors.

#include "exporters/node/collectors.hpp"
#include "exporters/node/source_file.hpp"

namespace tocsin::exporters::node {

/// A part of the collector cpu, off by default. Thread: as of the collector.
class CpuInfo {
 public:
  /// kInvalid if a pattern of the flags or bugs does not compile.
  static Result<CpuInfo> make(const NodeContext& context);
  Result<void> collect(expo::Page& page);

 private:
  struct Processor;
  explicit CpuInfo(const NodeContext& context);
  void put(expo::Page& page, const Processor& processor) const;

  SourceFile file_;
  bool frequency_;
  std::optional<Filter> flags_, bugs_;  // of the first processor; nullopt: not shown
};

}  // namespace tocsin::exporters::node
