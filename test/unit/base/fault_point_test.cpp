#include "base/fault_point.hpp"

#include <csignal>
#include <functional>

#include <catch2/catch.hpp>
#include <sys/wait.h>
#include <unistd.h>

namespace tocsin {
namespace {

/// The signal that ended a process of its own that ran `work`; 0: it ended by itself.
int signal_of(const std::function<void()>& work) {
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    work();
    ::_exit(0);
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

}  // namespace

TEST_CASE("A fault point kills the process at the passing that it is armed for, and at no other") {
  const auto pass = [](int times) {
    for (int i = 0; i < times; ++i) fault_point(FaultPoint::kFlushBegun);
    fault_point(FaultPoint::kRendered);
  };
  CHECK(signal_of([&] { pass(5); }) == 0);
  const auto armed = [&](std::string_view spec, int times) {
    return signal_of([&, spec, times] {
      if (arm_fault_points(spec)) pass(times);
    });
  };
  CHECK(armed("flush_begun", 1) == SIGKILL);
  CHECK(armed("flush_begun:3", 2) == 0);
  CHECK(armed("flush_begun:3", 3) == SIGKILL);
  CHECK(armed("request_sent,rendered:1", 0) == SIGKILL);
  CHECK(armed("rendered:2", 3) == 0);
}

TEST_CASE("A fault point that does not exist is told") {
  for (const char* spec : {"flush_began", "flush_begun:0", "flush_begun:x", "flush_begun:", ":1", "flush_begun:1x"}) {
    CAPTURE(spec);
    CHECK_FALSE(arm_fault_points(spec));
  }
  CHECK(arm_fault_points(""));
}

}  // namespace tocsin
