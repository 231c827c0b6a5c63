#include "tsdb/return_memory.hpp"

#include <cstdlib>

#ifdef __GLIBC__
#include <malloc.h>
#endif

namespace tocsin::tsdb {

void return_freed_memory() {
#ifdef __GLIBC__
  (void)::malloc_trim(0);
#endif
}

void keep_some_freed_memory() {
#ifdef __GLIBC__
  constexpr int kKept = 8 << 20U;
  constexpr int kMapped = 1 << 20U;  // larger ones come from the kernel, and go back to it when they are freed
  (void)::mallopt(M_TRIM_THRESHOLD, kKept);
  (void)::mallopt(M_MMAP_THRESHOLD, kMapped);
#endif
}

}  // namespace tocsin::tsdb
