#pragma once
// pg_settings as metrics: each numeric or boolean setting is a family, in seconds and bytes.
// Source: postgres_exporter collector/pg_setting.go; PostgreSQL docs, "Parameter Names and Values".

#include <string_view>

#include "exporters/postgres/connection.hpp"
#include "exporters/postgres/options.hpp"

namespace tocsin::exporters::postgres {

/// Puts rows of (name, setting, unit, short_desc, vartype). What cannot be read is an error that names the setting,
/// after the rest has been put.
Result<void> put_settings(const Rows& rows, Style style, std::string_view server, expo::Page& page);

}  // namespace tocsin::exporters::postgres
