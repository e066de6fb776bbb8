#define _GNU_SOURCE
#include "Memory.h"

#include <errno.h>
#include <malloc.h>
#include <sys/mman.h>
#include <unistd.h>

void portico_limit_heaps(int count) { mallopt(M_ARENA_MAX, count); }

void portico_trim_memory(void) { malloc_trim(0); }

int portico_shared_memory(unsigned long bytes) {
    int descriptor = memfd_create("portico-limits", MFD_CLOEXEC);
    if (descriptor < 0) return -errno;
    if (ftruncate(descriptor, (off_t)bytes) == 0) return descriptor;
    int code = errno;
    close(descriptor);
    return -code;
}
