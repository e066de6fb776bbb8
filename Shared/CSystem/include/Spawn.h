// Starting and watching child processes: what needs fork, and so cannot be written in Swift.
#pragma once
#include <stddef.h>

// The child sees `source` of the parent under the number `target`.
struct portico_descriptor_mapping {
    int source;
    int target;
};

// Starts the program at `path` in a process group of its own, so that a terminal's Ctrl-C reaches the parent alone.
//
// The child has descriptors 0, 1 and 2, those of `mappings`, and no other; default signal handlers and an empty signal
// mask. The kernel kills it when the calling thread ends, however that comes about: call from a thread that lives as
// long as the process. `pidfd` receives a descriptor that becomes readable when the child ends.
//
// Returns the process id, or a negative errno, also when the program could not be executed.
int portico_spawn(
    const char *path, char *const *arguments, char *const *environment,
    const struct portico_descriptor_mapping *mappings, size_t mapping_count, int *pidfd);

// Takes the status of a child that has ended. Returns 1 when it has, with exactly one of `code` and `signal` not -1;
// 0 while it runs; a negative errno for a process that is not our child.
int portico_reap(int child, int *code, int *signal);

// Makes SIGTERM, SIGINT and SIGHUP write their number, one byte each, to a pipe, and ignores SIGPIPE.
// Returns the reading end, non-blocking, or a negative errno. Once per process.
int portico_signal_pipe(void);

// CPUs that this process may run on, at least 1: what its affinity allows, which a container's CPU set narrows.
int portico_available_processors(void);

// Names this process in lists such as ps and top; at most 15 bytes. Call from the main thread.
void portico_name_process(const char *name);
