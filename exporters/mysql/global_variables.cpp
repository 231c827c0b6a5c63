// SHOW GLOBAL VARIABLES. Source: mysqld_exporter collector/global_variables.go.

#include <algorithm>

#include "exporters/mysql/collectors.hpp"
#include "exporters/mysql/global_variables_help.hpp"

namespace tocsin::exporters::mysql {
namespace {

std::string_view help_of(std::string_view name) {
  const auto* const found =
      std::ranges::lower_bound(kGlobalVariablesHelp, name, {}, [](const auto& h) { return h.first; });
  if (found != std::end(kGlobalVariablesHelp) && found->first == name) return found->second;
  return "Generic gauge metric from SHOW GLOBAL VARIABLES.";
}

/// Bytes of "gcache.size = 128M;" in Galera's options; 0 if it is not there.
double gcache_bytes(std::string_view options) {
  constexpr std::string_view kKey = "gcache.size = ";
  const std::size_t at = options.find(kKey);
  if (at == std::string_view::npos) return 0;
  options.remove_prefix(at + kKey.size());
  const std::size_t digits = std::min(options.find_first_not_of("0123456789"), options.size());
  const double value = number(options.substr(0, digits)).value_or(0);
  options.remove_prefix(digits);
  if (options.starts_with(';')) return value;
  if (options.starts_with("M;")) return value * 1024 * 1024;
  if (options.starts_with("G;")) return value * 1024 * 1024 * 1024;
  return 0;
}

}  // namespace

Result<void> collect_global_variables(const Round& round) {
  std::string innodb_version, version, comment, cluster, provider_options, isolation, old_isolation;
  const std::pair<std::string_view, std::string*> texts[] = {{"innodb_version", &innodb_version},
                                                             {"version", &version},
                                                             {"version_comment", &comment},
                                                             {"wsrep_cluster_name", &cluster},
                                                             {"wsrep_provider_options", &provider_options},
                                                             {"transaction_isolation", &isolation},
                                                             {"tx_isolation", &old_isolation}};
  TOCSIN_OK(round.query("SHOW GLOBAL VARIABLES", [&](const Row& row) -> Result<void> {
    const std::string name = metric_name(row.text(0));
    if (const auto value = status_value(row.text(1))) {
      round.put(fmt::format("mysql_global_variables_{}", name), help_of(name), MetricType::kGauge, {}, *value);
      return {};
    }
    for (const auto& [key, text] : texts) {
      if (key == name) *text = row.text(1);
    }
    return {};
  }));
  round.put("mysql_version_info", "MySQL version and distribution.", MetricType::kGauge,
            {{"innodb_version", innodb_version}, {"version", version}, {"version_comment", comment}}, 1);
  if (!cluster.empty()) {
    round.put("mysql_galera_variables_info", "PXC/Galera variables information.", MetricType::kGauge,
              {{"wsrep_cluster_name", cluster}}, 1);
  }
  if (!provider_options.empty()) {
    round.put("mysql_galera_gcache_size_bytes", "PXC/Galera gcache size.", MetricType::kGauge, {},
              gcache_bytes(provider_options));
  }
  if (isolation.empty()) isolation = old_isolation;
  if (!isolation.empty()) {
    round.put("mysql_transaction_isolation", "MySQL transaction isolation.", MetricType::kGauge, {{"level", isolation}},
              1);
  }
  return {};
}

}  // namespace tocsin::exporters::mysql
