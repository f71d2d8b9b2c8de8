#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

/* What the library spells as macros, which Swift does not see. */

static inline void cssl_set_most_chain_bytes(SSL_CTX *context, long bytes) {
    SSL_CTX_set_max_cert_list(context, bytes);
}

static inline long cssl_set_server_name(SSL *session, const char *name) {
    return SSL_set_tlsext_host_name(session, name);
}

/* The chain as it was sent, the server's own certificate first; belongs to the session. */
static inline int cssl_chain_count(const SSL *session) {
    STACK_OF(X509) *chain = SSL_get_peer_cert_chain(session);
    return chain == NULL ? 0 : sk_X509_num(chain);
}

static inline X509 *cssl_chain_certificate(const SSL *session, int index) {
    STACK_OF(X509) *chain = SSL_get_peer_cert_chain(session);
    return chain == NULL ? NULL : sk_X509_value(chain, index);
}

static inline const char *cssl_cipher(const SSL *session) {
    const SSL_CIPHER *cipher = SSL_get_current_cipher(session);
    return cipher == NULL ? NULL : SSL_CIPHER_get_name(cipher);
}

/* A name as RFC 2253 writes it, characters beyond ASCII as UTF-8; NULL without memory. The memory is the caller's to
   free. */
static inline BIO *cssl_name_text(const X509_NAME *name) {
    BIO *text = BIO_new(BIO_s_mem());
    if (text == NULL) return NULL;
    if (X509_NAME_print_ex(text, name, 0, XN_FLAG_RFC2253 & ~ASN1_STRFLGS_ESC_MSB) < 0) {
        BIO_free(text);
        return NULL;
    }
    return text;
}

/* Seconds since 1970 of a certificate's time; 0 on success. */
static inline int cssl_seconds(const ASN1_TIME *time, int64_t *seconds) {
    ASN1_TIME *epoch = ASN1_TIME_set(NULL, 0);
    int days = 0, rest = 0;
    int is_good = epoch != NULL && time != NULL && ASN1_TIME_diff(&days, &rest, epoch, time);
    ASN1_TIME_free(epoch);
    *seconds = (int64_t)days * 86400 + rest;
    return is_good ? 0 : -1;
}

/* The alternative names of a certificate, as a list of the caller's; NULL when it has none that can be read. */
static inline GENERAL_NAMES *cssl_alternative_names(const X509 *certificate) {
    return (GENERAL_NAMES *)X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);
}

static inline int cssl_names_count(const GENERAL_NAMES *names) { return sk_GENERAL_NAME_num(names); }

static inline void cssl_free_names(GENERAL_NAMES *names) { GENERAL_NAMES_free(names); }

/* The bytes of a DNS name (kind 2) or address (kind 7) of the list; NULL for every other kind. */
static inline const unsigned char *cssl_name(const GENERAL_NAMES *names, int index, int *kind, int *bytes) {
    const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, index);
    const ASN1_STRING *value = NULL;
    if (name == NULL) return NULL;
    *kind = name->type;
    if (name->type == GEN_DNS) value = name->d.dNSName;
    if (name->type == GEN_IPADD) value = name->d.iPAddress;
    if (value == NULL) return NULL;
    *bytes = ASN1_STRING_length(value);
    return ASN1_STRING_get0_data(value);
}

/* What is in a memory BIO; good until it is written to or freed. */
static inline long cssl_memory(BIO *memory, char **bytes) { return BIO_get_mem_data(memory, bytes); }
