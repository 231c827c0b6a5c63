#include "tsdb/low_priority.hpp"

#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace tocsin::tsdb {

void lower_thread_priority() {
#ifdef __linux__
  // Linux keeps the nice value of each thread. 15: a hundredth beside a busy thread, and more than nothing, so that
  // blocks get written on a busy machine too.
  const auto thread = static_cast<id_t>(::syscall(SYS_gettid));
  (void)::setpriority(PRIO_PROCESS, thread, 15);
#endif
}

}  // namespace tocsin::tsdb
