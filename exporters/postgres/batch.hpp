#pragma once
// Several statements in as few messages as it takes.

#include <functional>
#include <span>

#include "exporters/postgres/connection.hpp"

namespace tocsin::exporters::postgres {

/// Runs statements of ours (one each, without `;`) in one message, that is one round trip and one transaction. A
/// statement that fails ends its message; those behind it are sent again in another.
/// @param take  called once for each, in order: with its rows, or with the server's error.
/// @return      an error if the session is lost; statements that were not answered are not told of.
Result<void> run_joined(Connection& connection, std::span<const std::string> statements, MonoTime deadline,
                        const std::function<void(std::size_t index, const Result<std::unique_ptr<Rows>>& rows)>& take);

/// Runs a text that may hold several statements. @return the rows of the first that has columns; kExecution if one
/// failed, anything else if the session is lost.
Result<std::unique_ptr<Rows>> run_text(Connection& connection, const std::string& text, MonoTime deadline);

}  // namespace tocsin::exporters::postgres
