#include <libpq-fe.h>
/* The event descriptor that wakes a connection's thread; Swift's Glibc module leaves it out. */
#include <sys/eventfd.h>
