#pragma once
// tocsinctl: the command line for agent and ruler.

namespace tocsin::ctl {

/// Parses the command line, does what it says, and returns the exit status: 0 done, 1 it failed or found something
/// wrong, 2 the command line itself is wrong.
int run(int argc, const char* const* argv);

}  // namespace tocsin::ctl
