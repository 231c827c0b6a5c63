#pragma once
// The commands that amtool has too: `alert query|add`, `silence`, `routes`, `template`.

#include <functional>

#include <CLI/CLI.hpp>

namespace tocsin::ctl {

/// @param action  becomes what is to be run.
void add_alert_commands(CLI::App& alert, std::function<int()>& action);
void add_silence(CLI::App& app, std::function<int()>& action);
void add_routes(CLI::App& app, std::function<int()>& action);
void add_template(CLI::App& app, std::function<int()>& action);
void add_notify(CLI::App& app, std::function<int()>& action);  // ours

}  // namespace tocsin::ctl
