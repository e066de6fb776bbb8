#pragma once

// Keeps the allocator from making more than so many heaps, which threads that seldom allocate would fill with holes.
void portico_limit_heaps(int count);

// Gives memory that is free back to the system.
void portico_trim_memory(void);

// Memory without a name that several processes may map: zeroed, closed on exec. Returns a descriptor or a negative errno.
int portico_shared_memory(unsigned long bytes);
