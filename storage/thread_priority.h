// Threads that answer questions or tidy up step back behind those that receive and store.
#pragma once

namespace cistern {

// Nice levels: where cores are scarce a reader gets about a third of what a receiving thread gets, a
// housekeeper a tenth; of an idle core each gets all.
enum class ThreadPriority { kNormal = 0, kReader = 5, kHousekeeper = 10 };

// Of the calling thread, and of its disk accesses. Needs no privileges; does nothing where the system
// refuses.
void SetThreadPriority(ThreadPriority priority);

}  // namespace cistern
