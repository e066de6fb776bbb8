// Linux calls that Swift cannot reach: macros, variadic functions, fork.
//
// Headers here use fundamental types only, and leave feature macros to the C files: system types seen under other macros
// than Swift's own Glibc module sees them are errors.
#pragma once

#include "Spawn.h"
#include "Epoll.h"
#include "Memory.h"
#include "Descriptors.h"
