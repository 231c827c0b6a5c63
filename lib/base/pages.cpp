#include "base/pages.hpp"

#include <new>

#include <sys/mman.h>

namespace tocsin {

Pages::Pages(std::size_t bytes) : bytes_(bytes) {
  void* const data = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (data == MAP_FAILED) throw std::bad_alloc();
  data_ = static_cast<std::byte*>(data);
}

Pages::~Pages() {
  if (data_ != nullptr) (void)::munmap(data_, bytes_);
}

}  // namespace tocsin
