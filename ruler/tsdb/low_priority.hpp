#pragma once
// Threads that give way to all others.

namespace tocsin::tsdb {

/// Makes the calling thread one that runs when others have nothing to do, or nearly. Does nothing where that is not
/// known.
void lower_thread_priority();

}  // namespace tocsin::tsdb
