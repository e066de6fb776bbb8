#pragma once

// Keeps the allocator from making more than so many heaps, which threads that seldom allocate would fill with holes.
void portico_limit_heaps(int count);

// Gives memory that is free back to the system.
void portico_trim_memory(void);
