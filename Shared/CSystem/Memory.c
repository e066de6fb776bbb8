#include "Memory.h"

#include <malloc.h>

void portico_limit_heaps(int count) { mallopt(M_ARENA_MAX, count); }

void portico_trim_memory(void) { malloc_trim(0); }
