#pragma once
// The server's version as ranges of versions have it.

#include "exporters/sql/version_range.hpp"

namespace tocsin::exporters::postgres {

using sql::Version;

/// PQserverVersion's number as major, minor, patch the way postgres_exporter has them: 150020 is 15.20.0, 90603 9.6.3.
inline Version server_version(int number) {
  if (number >= 100000) return {number / 10000, number % 10000, 0};
  return {number / 10000, number / 100 % 100, number % 100};
}

}  // namespace tocsin::exporters::postgres
