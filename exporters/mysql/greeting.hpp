#pragma once
// The first bytes of a server.

#include <string_view>

namespace tocsin::exporters::mysql {

/// libmariadb trusts them, to the point of reading where nothing is: an error of number 65535 ends the process.
enum class Greeting { kIncomplete, kGood, kWrong };

/// Whether the bytes begin with a packet of a greeting or an error.
/// Source: MariaDB's knowledge base, "Connecting"; MySQL's documentation, "Protocol::HandshakeV10".
Greeting check_greeting(std::string_view bytes);

}  // namespace tocsin::exporters::mysql
