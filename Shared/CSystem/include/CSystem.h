// Linux calls that Swift cannot reach: macros, variadic functions, fork.
#pragma once
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
