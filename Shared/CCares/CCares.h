#include <ares.h>
#include <stddef.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/time.h>

/* A channel is an untyped pointer here, because its type has another name in newer versions of the library. */

/* Wakes whoever polls it; the kinds of its flags differ between Swift's imports. */
static inline int ccares_bell(void) { return eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK); }

static inline int ccares_start(void) { return ares_library_init(ARES_LIB_INIT_ALL); }

/* Opens a channel that tells of every socket it begins or ends to wait for. It searches no domains, reads no aliases of
   files, follows a cut answer over TCP, and asks the given servers ("192.0.2.1:53,[2001:db8::1]:53") or, when NULL,
   the system's. NULL where that fails. */
static inline void *ccares_open(
    const char *servers, int milliseconds_a_try, int tries, ares_sock_state_cb watcher, void *context) {
    struct ares_options options;
    ares_channel channel = NULL;
    memset(&options, 0, sizeof(options));
    options.flags = ARES_FLAG_NOSEARCH | ARES_FLAG_NOALIASES | ARES_FLAG_EDNS;
    options.timeout = milliseconds_a_try;
    options.tries = tries;
    options.sock_state_cb = watcher;
    options.sock_state_cb_data = context;
    if (ares_init_options(
            &channel, &options, ARES_OPT_FLAGS | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_SOCK_STATE_CB) !=
        ARES_SUCCESS) {
        return NULL;
    }
    if (servers != NULL && ares_set_servers_ports_csv(channel, servers) != ARES_SUCCESS) {
        ares_destroy(channel);
        return NULL;
    }
    return channel;
}

static inline void ccares_ask(void *channel, const char *name, int type, ares_callback answer, void *context) {
    ares_query((ares_channel)channel, name, 1, type, answer, context);
}

/* Moves what can be moved on a socket; ARES_SOCKET_BAD twice looks at times alone. */
static inline void ccares_process(void *channel, int reader, int writer) {
    ares_process_fd((ares_channel)channel, reader, writer);
}

/* Milliseconds until the channel wants to be looked at again, rounded up; `most` when nothing presses. */
static inline int ccares_wait(void *channel, int most) {
    struct timeval limit = {most / 1000, (most % 1000) * 1000}, wait;
    struct timeval *next = ares_timeout((ares_channel)channel, &limit, &wait);
    return next == NULL ? most : (int)(next->tv_sec * 1000 + (next->tv_usec + 999) / 1000);
}

/* Ends the channel; what is under way is answered first. */
static inline void ccares_close(void *channel) { ares_destroy((ares_channel)channel); }
