#pragma once
// Memory that a program needs once.

namespace tocsin {

/// Gives back the pages of code, of constants and of the heap that only the start needed: reading flags and files,
/// linking libraries. What is used again comes back from the page cache, by a fault each. Call when the start is over.
/// Thread: any.
void release_startup_memory();

}  // namespace tocsin
