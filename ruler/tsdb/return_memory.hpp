#pragma once
// Memory that was freed goes back to the operating system.

namespace tocsin::tsdb {

/// An allocator keeps what lies between blocks in use for the next one who asks, so a process would stay as large as it
/// was when it held the most. Takes some 60 ms after a million series went, in which other threads may wait for memory:
/// for the background, after much was freed. Does nothing where that is not known.
void return_freed_memory();

}  // namespace tocsin::tsdb
