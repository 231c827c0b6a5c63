#pragma once
// Rows of PostgreSQL as series. Source: postgres_exporter exporter/namespace.go.

#include <string_view>

#include "base/result.hpp"
#include "expo/writer.hpp"
#include "exporters/postgres/connection.hpp"
#include "exporters/sql/mapping.hpp"

namespace tocsin::exporters::postgres {

using sql::Column;
using sql::is_metric_name;
using sql::Mapping;
using sql::NullValue;
using sql::Usage;

/// Puts the rows' series into the page. What is no number is left out; a described one is an error that names the
/// column, after the rest has been put. Of rows with the same labels the last counts.
Result<void> put_rows(const Rows& rows, const Mapping& mapping, std::string_view server, expo::Page& page);

}  // namespace tocsin::exporters::postgres
