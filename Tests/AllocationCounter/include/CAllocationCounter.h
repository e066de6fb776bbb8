// Counts allocations of the calling thread, by standing in front of the C library's allocator in test programs.
#pragma once

#include <stdint.h>

// Allocations that this thread has made so far. Always 0 in builds with a sanitizer, which has its own allocator.
uint64_t portico_allocation_count(void);
// Whether allocations are counted at all.
int portico_counts_allocations(void);
