#pragma once
// The processes of tocsin-ruler.

#include "app/flags.hpp"

namespace tocsin::app {

/// Parses the command line and runs what it asks for. @return the exit status.
int run(int argc, const char* const* argv);

/// Scrapes, evaluates, routes. Returns when the process is to end: 0, or 1 if it could not start.
int run_ruler(const Flags& flags);
/// Only routes, as an Alertmanager.
int run_alertmanager(const Flags& flags);

}  // namespace tocsin::app
