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
    TOCSIN_OK(put_table(page, netstat_, netstat_table_));
    TOCSIN_OK(put_table(page, snmp_, snmp_table_));
    return put_snmp6(page);
  }

 private:
  struct Shown {
    std::size_t place = 0;  // among the names
    expo::CachedFamily* family = nullptr;
  };
  /// A line of names: "TcpExt: SyncookiesSent SyncookiesRecv". The kernel writes the same one each time.
  struct Names {
    std::string line, protocol;
    std::size_t count = 0;
    std::vector<Shown> shown;
  };
  using Table = std::vector<Names>;

  /// Pairs of lines: "Tcp: name name", "Tcp: value value".
  Result<void> put_table(expo::Page& page, SourceFile& file, Table& table) {
    TOCSIN_TRY(std::string_view text, file.read());
    for (std::size_t pair = 0; !text.empty(); ++pair) {
      const std::string_view line = take_line(text), values = take_line(text);
      if (pair >= table.size()) table.resize(pair + 1);
      Names& names = table[pair];
      if (names.line != line) {
        TOCSIN_TRY(names, look_at(page, file, line));
      }
      if (!names.protocol.empty()) TOCSIN_OK(put_values(file, names, values));
    }
    return {};
  }

  Result<Names> look_at(expo::Page& page, const SourceFile& file, std::string_view line) {
    Names names{.line = std::string(line), .protocol = {}, .count = 0, .shown = {}};
    const std::string_view protocol = next_word(line);
    if (protocol.empty()) return names;
    if (!protocol.ends_with(':')) return fail(Errc::kCorrupt, "{}: no values for {}", file.path(), protocol);
    names.protocol = protocol;
    for (std::string_view name = next_word(line); !name.empty(); name = next_word(line), ++names.count) {
      expo::CachedFamily* const family = find(page, protocol.substr(0, protocol.size() - 1), name);
      if (family != nullptr) names.shown.push_back({names.count, family});
    }
    return names;
  }

  static Result<void> put_values(const SourceFile& file, const Names& names, std::string_view values) {
    if (next_word(values) != names.protocol) {
      return fail(Errc::kCorrupt, "{}: no values for {}", file.path(), names.protocol);
    }
    auto shown = names.shown.begin();
    for (std::size_t place = 0; place < names.count; ++place) {
      const std::string_view word = next_word(values);
      if (word.empty()) {
        return fail(Errc::kCorrupt, "{}: {} has fewer values than names", file.path(), names.protocol);
      }
      if (shown != names.shown.end() && shown->place == place) TOCSIN_OK(put(file, *(shown++)->family, word));
    }
    if (!next_word(values).empty()) {
      return fail(Errc::kCorrupt, "{}: {} has more values than names", file.path(), names.protocol);
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
      expo::CachedFamily* const family = snmp6_families_.cut(place++, line, [&](std::string_view key) {
        const std::size_t six = key.find('6');
        return six == std::string_view::npos ? nullptr : find(page, key.substr(0, six + 1), key.substr(six + 1));
      });
      if (family == nullptr) return;
      const std::string_view value = next_word(line);
      if (value.empty()) return;
      if (auto done = put(snmp6_, *family, value); !done && result) result = std::move(done);
    });
    return result;
  }

  /// Null if it is not to be shown.
  expo::CachedFamily* find(expo::Page& page, std::string_view protocol, std::string_view name) const {
    const std::string key = fmt::format("{}_{}", protocol, name);
    if (!fields_.shows(key)) return nullptr;
    return &page.family("node_netstat_" + key, fmt::format("Statistic {}{}.", protocol, name),
                        model::MetricType::kUnknown);
  }

  static Result<void> put(const SourceFile& file, expo::CachedFamily& family, std::string_view text) {
    double value = 0;
    if (!parse_float(text, value)) {
      return fail(Errc::kCorrupt, "{}: {}: no number: \"{}\"", file.path(), family.name(), text);
    }
    family.put(value);
    return {};
  }

  Filter fields_;
  SourceFile netstat_, snmp_, snmp6_;
  Table netstat_table_, snmp_table_;
  FieldFamilies snmp6_families_;
};

}  // namespace

MadeCollector make_netstat(const NodeContext& context) {
  TOCSIN_TRY(Filter fields, Filter::only("--collector.netstat.fields", context.options.netstat_fields));
  return std::make_unique<Netstat>(context, std::move(fields));
}

}  // namespace tocsin::exporters::node
