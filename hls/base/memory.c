#include "memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static void (*on_failure)(size_t size);

void nh_memory_set_handler(void (*handler)(size_t size)) { on_failure = handler; }

/* No stream: its buffer would be memory, too. */
void nh_memory_failed(size_t size) {
    char text[96];
    if (on_failure) {
        on_failure(size);
        return;
    }
    int n = snprintf(text, sizeof text, "neurohls: out of memory (%zu bytes more were needed)\n", size);
    ssize_t ignored = write(STDERR_FILENO, text, n > 0 ? (size_t)n : 0);
    (void)ignored;
    _Exit(4);
}
