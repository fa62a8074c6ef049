/* What happens when memory ends, whoever asked for it: one sentence and exit status 4.
 *
 * Arenas ask here, and in the program neurohls every library does, too (cli/out_of_memory.c): most of them do not
 * survive a failing malloc, and none of them could say what it means. Like the list of last_will.h the answer belongs
 * to the process, so it is kept here. */
#ifndef NH_MEMORY_H
#define NH_MEMORY_H

#include <stddef.h>

/* `size` bytes cannot be had. Calls the handler, where one is set, else prints the sentence and ends the process by
 * _Exit (no output is ever half published, see nh_publish). Returns only when the handler does: then the caller may
 * fail in its own way. */
void nh_memory_failed(size_t size);

/* For a process that has other means to say it: the child that reads HDF5 files. */
void nh_memory_set_handler(void (*handler)(size_t size));

#endif
