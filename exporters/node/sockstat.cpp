// Sockets in use by protocol, from /proc/net/sockstat and sockstat6.

#include <unistd.h>

#include "base/strings.hpp"
#include "exporters/node/collectors.hpp"
#include "exporters/node/field_families.hpp"
#include "exporters/node/source_file.hpp"

namespace tocsin::exporters::node {
namespace {

/// What a line may say of a protocol. Others are passed over, as node_exporter does.
constexpr std::string_view kStates[] = {"inuse", "orphan", "tw", "alloc", "mem", "memory"};

class Sockstat final : public Collector {
 public:
  explicit Sockstat(const NodeContext& context)
      : ipv4_(context.shared.get(context.proc("net/sockstat"))),
        ipv6_(context.shared.get(context.proc("net/sockstat6"))) {}
  std::string_view name() const override { return "sockstat"; }

  Result<void> collect(expo::Page& page) override {
    place_ = 0;
    TOCSIN_OK(put_file(page, *ipv4_));
    return put_file(page, *ipv6_);
  }

 private:
  /// A kernel may lack one of the files.
  Result<void> put_file(expo::Page& page, SharedSourceFile& file) {
    auto text = file.read(asked_at());
    if (!text) return text.error().code == Errc::kNotFound ? Result<void>{} : fail(std::move(text).error());
    Result<void> result;
    for_each_line(**text, [&](std::string_view line) {
      if (auto done = put_line(page, file, line); !done && result) result = std::move(done);
    });
    return result;
  }

  /// "TCP: inuse 4 orphan 0 tw 4 alloc 17 mem 1"
  Result<void> put_line(expo::Page& page, const SharedSourceFile& file, std::string_view line) {
    std::string_view protocol = next_word(line);
    if (protocol.empty()) return {};
    if (!protocol.ends_with(':')) return fail(Errc::kCorrupt, "{}: no protocol in \"{}\"", file.path(), protocol);
    protocol.remove_suffix(1);
    for (std::string_view state = next_word(line); !state.empty(); state = next_word(line)) {
      const std::string_view word = next_word(line);
      std::uint64_t value = 0;
      if (!to_number(word, value)) {
        return fail(Errc::kCorrupt, "{}: {} {}: no number: \"{}\"", file.path(), protocol, state, word);
      }
      if (protocol == "sockets") {
        if (state == "used") put_used(page, static_cast<double>(value));
        continue;
      }
      if (std::find(std::begin(kStates), std::end(kStates), state) == std::end(kStates)) continue;
      put(page, protocol, state, static_cast<double>(value));
      if (state == "mem") put(page, protocol, "mem_bytes", static_cast<double>(value) * page_size_);
    }
    return {};
  }

  static void put_used(expo::Page& page, double value) {
    page.family("node_sockstat_sockets_used", "Number of IPv4 sockets in use.", model::MetricType::kGauge).put(value);
  }
  void put(expo::Page& page, std::string_view protocol, std::string_view state, double value) {
    key_.assign(protocol).append(1, '_').append(state);
    families_
        .at(place_++, key_,
            [&](std::string_view key) {
              return &page.family(fmt::format("node_sockstat_{}", key),
                                  fmt::format("Number of {} sockets in state {}.", protocol, state),
                                  model::MetricType::kGauge);
            })
        ->put(value);
  }

  std::shared_ptr<SharedSourceFile> ipv4_, ipv6_;
  FieldFamilies families_;
  std::string key_;
  std::size_t place_ = 0;  // in families_
  double page_size_ = static_cast<double>(::sysconf(_SC_PAGESIZE));
};

}  // namespace

MadeCollector make_sockstat(const NodeContext& context) {
  return std::make_unique<Sockstat>(context);
}

}  // namespace tocsin::exporters::node
