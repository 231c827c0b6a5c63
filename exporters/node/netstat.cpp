// Counters of the network protocols: /proc/net/netstat, /proc/net/snmp, /proc/net/snmp6.

#include "base/float_text.hpp"
#include "exporters/node/collectors.hpp"
#include "exporters/node/field_families.hpp"
#include "exporters/node/source_file.hpp"

namespace tocsin::exporters::node {
namespace {

class Netstat final : public Collector {
 public:
  Netstat(const NodeContext& context, Filter fields)
      : fields_(std::move(fields)),
        netstat_(context.fs, context.proc("net/netstat"), Pieces::kOne),
        snmp_(context.fs, context.proc("net/snmp"), Pieces::kOne),
        snmp6_(context.fs, context.proc("net/snmp6"), Pieces::kOne) {}
  std::string_view name() const override { return "netstat"; }

  Result<void> collect(expo::Page& page) override {
    TOCSIN_OK(put_table(page, netstat_, netstat_families_));
    TOCSIN_OK(put_table(page, snmp_, snmp_families_));
    return put_snmp6(page);
  }

 private:
  /// Pairs of lines: "Tcp: name name", "Tcp: value value".
  Result<void> put_table(expo::Page& page, SourceFile& file, FieldFamilies& families) {
    TOCSIN_TRY(std::string_view text, file.read());
    std::size_t place = 0;
    while (!text.empty()) {
      std::string_view names = take_line(text), values = take_line(text);
      const std::string_view protocol = next_word(names);
      if (protocol.empty()) continue;
      if (next_word(values) != protocol || !protocol.ends_with(':')) {
        return fail(Errc::kCorrupt, "{}: no values for {}", file.path(), protocol);
      }
      for (std::string_view name = next_word(names); !name.empty(); name = next_word(names)) {
        const std::string_view value = next_word(values);
        if (value.empty()) return fail(Errc::kCorrupt, "{}: {} has fewer values than names", file.path(), protocol);
        TOCSIN_OK(put(page, file, families, place++, protocol.substr(0, protocol.size() - 1), name, value));
      }
      if (!next_word(values).empty()) {
        return fail(Errc::kCorrupt, "{}: {} has more values than names", file.path(), protocol);
      }
    }
    return {};
  }

  /// "Udp6InDatagrams 3"; the protocol ends with its 6. A kernel without IPv6 has no such file.
  Result<void> put_snmp6(expo::Page& page) {
    auto text = snmp6_.read();
    if (!text) return text.error().code == Errc::kNotFound ? Result<void>{} : fail(std::move(text).error());
    Result<void> result;
    std::size_t place = 0;
    for_each_line(*text, [&](std::string_view line) {
      const std::string_view key = next_word(line), value = next_word(line);
      const std::size_t six = key.find('6');
      if (six == std::string_view::npos || value.empty()) return;
      auto done = put(page, snmp6_, snmp6_families_, place++, key.substr(0, six + 1), key.substr(six + 1), value);
      if (!done && result) result = std::move(done);
    });
    return result;
  }

  Result<void> put(expo::Page& page, const SourceFile& file, FieldFamilies& families, std::size_t place,
                   std::string_view protocol, std::string_view name, std::string_view text) {
    key_.assign(protocol).append(1, '_').append(name);
    expo::CachedFamily* const family = families.at(place, key_, [&](std::string_view key) -> expo::CachedFamily* {
      if (!fields_.shows(key)) return nullptr;
      return &page.family(fmt::format("node_netstat_{}", key), fmt::format("Statistic {}{}.", protocol, name),
                          model::MetricType::kUnknown);
    });
    if (family == nullptr) return {};
    double value = 0;
    if (!parse_float(text, value)) return fail(Errc::kCorrupt, "{}: {}: no number: \"{}\"", file.path(), key_, text);
    family->put(value);
    return {};
  }

  Filter fields_;
  SourceFile netstat_, snmp_, snmp6_;
  FieldFamilies netstat_families_, snmp_families_, snmp6_families_;
  std::string key_;
};

}  // namespace

MadeCollector make_netstat(const NodeContext& context) {
  TOCSIN_TRY(Filter fields, Filter::only("--collector.netstat.fields", context.options.netstat_fields));
  return std::make_unique<Netstat>(context, std::move(fields));
}

}  // namespace tocsin::exporters::node
