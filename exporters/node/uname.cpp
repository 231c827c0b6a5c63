#include <sys/utsname.h>

#include "exporters/node/collectors.hpp"

namespace tocsin::exporters::node {
namespace {

class Uname final : public Collector {
 public:
  std::string_view name() const override { return "uname"; }

  Result<void> collect(expo::Page& page) override {
    utsname names{};
    if (::uname(&names) != 0) return fail(Errc::kIo, "uname fails");
    page.family("node_uname_info", "Labeled system information as provided by the uname system call.",
                model::MetricType::kGauge)
        .put({{"sysname", names.sysname},
              {"release", names.release},
              {"version", names.version},
              {"machine", names.machine},
              {"nodename", names.nodename},
              {"domainname", names.domainname}},
             1);
    return {};
  }
};

}  // namespace

MadeCollector make_uname(const NodeContext& /*context*/) {
  return std::make_unique<Uname>();
}

}  // namespace tocsin::exporters::node
