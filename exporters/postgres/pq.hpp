#pragma once
// libpq, the only place that knows it. The library is loaded with the first session: an agent that asks no PostgreSQL
// server does without its 24 libraries.

#include "base/clock.hpp"
#include "exporters/postgres/connection.hpp"

namespace tocsin::exporters::postgres {

/// Opens sessions by libpq.so.5, encrypted as sslmode says, with GSS only if gssencmode asks for it. Names are looked
/// up and sockets are connected within the call; only the look-up can outlast the deadline. Thread: any; a session
/// stays on its thread. The clock outlives what is made.
Connector pq_connector(Clock& clock);

}  // namespace tocsin::exporters::postgres
