// Descriptors that travel over Unix sockets, whose control messages are macros.
#pragma once
#include <stddef.h>

// Sends one message, with a descriptor unless that is -1. Returns the count of bytes, or -1 with errno set.
long portico_send_descriptor(int socket, const void *bytes, size_t count, int descriptor);

// Receives one message and the descriptor that came with it, closed on exec; `descriptor` is -1 where none did.
// Returns the count of bytes, 0 at the end, or -1 with errno set.
long portico_receive_descriptor(int socket, void *bytes, size_t capacity, int *descriptor);
