// The kernel's random numbers, from /proc/sys/kernel/random.

#include "exporters/node/collectors.hpp"
#include "exporters/node/source_file.hpp"

namespace tocsin::exporters::node {
namespace {

class Entropy final : public Collector {
 public:
  explicit Entropy(const NodeContext& context)
      : available_(context.fs, context.proc("sys/kernel/random/entropy_avail"), Pieces::kOne),
        pool_size_(context.fs, context.proc("sys/kernel/random/poolsize"), Pieces::kOne) {}
  std::string_view name() const override { return "entropy"; }

  Result<void> collect(expo::Page& page) override {
    TOCSIN_TRY(const double available, available_.read_number());
    page.family("node_entropy_available_bits", "Bits of available entropy.", model::MetricType::kGauge).put(available);
    TOCSIN_TRY(const double size, pool_size_.read_number());
    page.family("node_entropy_pool_size_bits", "Bits of entropy pool.", model::MetricType::kGauge).put(size);
    return {};
  }

 private:
  SourceFile available_, pool_size_;
};

}  // namespace

MadeCollector make_entropy(const NodeContext& context) {
  return std::make_unique<Entropy>(context);
}

}  // namespace tocsin::exporters::node
