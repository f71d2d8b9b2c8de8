#include <maxminddb.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

/* A value of a database, by its kind: 1 is text, 2 a number. Text belongs to the file and has no end mark. */
typedef struct {
    int kind;
    const char *text;
    unsigned int bytes;
    double number;
} cmaxminddb_value;

/* An open file, or NULL and why. */
static inline MMDB_s *cmaxminddb_open(const char *path, int *status) {
    MMDB_s *file = (MMDB_s *)calloc(1, sizeof(MMDB_s));
    if (file == NULL) {
        *status = MMDB_OUT_OF_MEMORY_ERROR;
        return NULL;
    }
    *status = MMDB_open(path, MMDB_MODE_MMAP, file);
    if (*status == MMDB_SUCCESS) return file;
    free(file);
    return NULL;
}

static inline void cmaxminddb_close(MMDB_s *file) {
    MMDB_close(file);
    free(file);
}

/* Looks up an address of 4 or 16 bytes in network order. `found_entry` of the result is false where there is none. */
static inline int cmaxminddb_look_up(
    const MMDB_s *file, const unsigned char *address, int bytes, MMDB_lookup_result_s *result) {
    int status = MMDB_SUCCESS;
    memset(result, 0, sizeof(*result));
    if (bytes == 4) {
        struct sockaddr_in four;
        memset(&four, 0, sizeof(four));
        four.sin_family = AF_INET;
        memcpy(&four.sin_addr, address, 4);
        *result = MMDB_lookup_sockaddr(file, (const struct sockaddr *)&four, &status);
    } else if (bytes == 16) {
        struct sockaddr_in6 six;
        memset(&six, 0, sizeof(six));
        six.sin6_family = AF_INET6;
        memcpy(&six.sin6_addr, address, 16);
        *result = MMDB_lookup_sockaddr(file, (const struct sockaddr *)&six, &status);
    } else {
        status = MMDB_INVALID_NODE_NUMBER_ERROR;
    }
    return status;
}

/* The text or number at a path of at most four steps; NULL ends it earlier. 0 when there is one. */
static inline int cmaxminddb_get(
    MMDB_lookup_result_s *result, const char *first, const char *second, const char *third, const char *fourth,
    cmaxminddb_value *value) {
    const char *const path[] = {first, second, third, fourth, NULL};
    MMDB_entry_data_s data;
    memset(value, 0, sizeof(*value));
    if (MMDB_aget_value(&result->entry, &data, path) != MMDB_SUCCESS || !data.has_data) return -1;
    switch (data.type) {
    case MMDB_DATA_TYPE_UTF8_STRING:
        value->kind = 1;
        value->text = data.utf8_string;
        value->bytes = data.data_size;
        return 0;
    case MMDB_DATA_TYPE_DOUBLE: value->number = data.double_value; break;
    case MMDB_DATA_TYPE_FLOAT: value->number = data.float_value; break;
    case MMDB_DATA_TYPE_UINT16: value->number = data.uint16; break;
    case MMDB_DATA_TYPE_UINT32: value->number = data.uint32; break;
    default: return -1;
    }
    value->kind = 2;
    return 0;
}
