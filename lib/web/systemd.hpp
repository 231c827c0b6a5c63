#pragma once
// Socket activation. Source: sd_listen_fds(3).

#include <vector>

#include "base/result.hpp"

namespace tocsin::web {

/// The sockets that systemd passed to this process; kInvalid if there are none.
Result<std::vector<int>> systemd_sockets();

}  // namespace tocsin::web
