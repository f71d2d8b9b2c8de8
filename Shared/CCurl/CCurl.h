/* The type checks of the header are macros round the variadic functions, which Swift cannot see anyway. */
#define CURL_DISABLE_TYPECHECK 1
#include <curl/curl.h>
#include <sys/socket.h>
#include <unistd.h>

/* curl's setters and getters take any argument; each of these takes one type of it. */

static inline CURLcode ccurl_start(void) { return curl_global_init(CURL_GLOBAL_DEFAULT); }

static inline CURLcode ccurl_set_long(CURL *easy, CURLoption option, long value) {
    return curl_easy_setopt(easy, option, value);
}

static inline CURLcode ccurl_set_large(CURL *easy, CURLoption option, curl_off_t value) {
    return curl_easy_setopt(easy, option, value);
}

/* The library keeps a copy of the text; NULL unsets the option. */
static inline CURLcode ccurl_set_text(CURL *easy, CURLoption option, const char *text) {
    return curl_easy_setopt(easy, option, text);
}

static inline CURLcode ccurl_set_list(CURL *easy, CURLoption option, struct curl_slist *list) {
    return curl_easy_setopt(easy, option, list);
}

static inline CURLcode ccurl_set_pointer(CURL *easy, CURLoption option, void *pointer) {
    return curl_easy_setopt(easy, option, pointer);
}

static inline CURLcode ccurl_set_reader(CURL *easy, CURLoption option, curl_write_callback reader) {
    return curl_easy_setopt(easy, option, reader);
}

static inline CURLcode ccurl_set_opener(CURL *easy, curl_opensocket_callback opener) {
    return curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, opener);
}

static inline CURLcode ccurl_get_long(CURL *easy, CURLINFO info, long *value) {
    return curl_easy_getinfo(easy, info, value);
}

static inline CURLcode ccurl_get_large(CURL *easy, CURLINFO info, curl_off_t *value) {
    return curl_easy_getinfo(easy, info, value);
}

/* Belongs to the handle; NULL when nothing is known. */
static inline const struct curl_certinfo *ccurl_certificates(CURL *easy) {
    struct curl_certinfo *information = NULL;
    return curl_easy_getinfo(easy, CURLINFO_CERTINFO, &information) == CURLE_OK ? information : NULL;
}

static inline CURLMcode ccurl_multi_set_long(CURLM *multi, CURLMoption option, long value) {
    return curl_multi_setopt(multi, option, value);
}

/* The CURLcode of a finished transfer: a union's member has no name of its own in Swift. */
static inline CURLcode ccurl_result(const CURLMsg *message) { return message->data.result; }

/* The bytes of a sockaddr and its family: Swift would have to name a struct that several C modules declare. */
static inline const void *ccurl_address(const struct curl_sockaddr *address) { return &address->addr; }

static inline int ccurl_open(const struct curl_sockaddr *address) {
    return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}
