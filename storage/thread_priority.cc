#include "storage/thread_priority.h"

#include <sys/resource.h>
#include <unistd.h>

namespace cistern {

void SetThreadPriority(ThreadPriority priority) {
  if (priority == ThreadPriority::kNormal) return;
  // On Linux a thread's id stands for the thread alone; that of the process for its first thread.
  const int base = ::getpriority(PRIO_PROCESS, static_cast<id_t>(::getpid()));
  (void)::setpriority(PRIO_PROCESS, static_cast<id_t>(::gettid()), base + static_cast<int>(priority));
}

}  // namespace cistern
