#pragma once
// The naive store for promqltest scripts.

#include "promqltest/runner.hpp"

namespace tocsin::test {

/// MapStores.
promqltest::MakeStore map_stores();

}  // namespace tocsin::test
