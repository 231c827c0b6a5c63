#pragma once
// Memory that was freed goes back to the operating system.

namespace tocsin::tsdb {

/// An allocator keeps what lies between blocks in use for the next one who asks, so a process would stay as large as it
/// was when it held the most. Takes some 60 ms after a million series went, in which other threads may wait for memory:
/// for the background, after much was freed. Does nothing where that is not known.
void return_freed_memory();

/// Has the allocator keep up to eight megabytes of what a thread freed at the end of its heap, instead of 128 KiB: a
/// query that takes and frees some megabytes each time would have the kernel clear their pages each time. To be called
/// before there are threads. Does nothing where that is not known.
void keep_some_freed_memory();

}  // namespace tocsin::tsdb
