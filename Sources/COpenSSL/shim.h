#pragma once
#include <openssl/bio.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

// Without a callback the library would ask for a key's password on the terminal.
static inline int slipway_no_password(char *buffer, int size, int writing, void *argument) {
    (void)buffer, (void)size, (void)writing, (void)argument;
    return -1;
}

static inline EVP_PKEY *slipway_read_key(BIO *bytes) {
    return PEM_read_bio_PrivateKey(bytes, NULL, slipway_no_password, NULL);
}

static inline X509 *slipway_read_certificate(BIO *bytes) {
    return PEM_read_bio_X509(bytes, NULL, slipway_no_password, NULL);
}

// Whether what ended the reading of certificates was that there are no more.
static inline int slipway_is_end_of_pem(void) {
    unsigned long code = ERR_peek_last_error();
    return ERR_GET_LIB(code) == ERR_LIB_PEM && ERR_GET_REASON(code) == PEM_R_NO_START_LINE;
}

// Variadic.
static inline EVP_PKEY *slipway_make_key(void) { return EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256"); }

// Macros.
static inline long slipway_bio_bytes(BIO *bytes, const char **start) {
    return BIO_get_mem_data(bytes, (char **)start);
}
static inline GENERAL_NAMES *slipway_alternative_names(const X509 *certificate) {
    return (GENERAL_NAMES *)X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);
}
static inline int slipway_name_count(const GENERAL_NAMES *names) { return sk_GENERAL_NAME_num(names); }
// The text of the DNS name at `index`; NULL for a name of another kind.
static inline const unsigned char *slipway_dns_name(const GENERAL_NAMES *names, int index, int *size) {
    GENERAL_NAME *name = sk_GENERAL_NAME_value(names, index);
    if (name == NULL || name->type != GEN_DNS) return NULL;
    *size = ASN1_STRING_length(name->d.dNSName);
    return ASN1_STRING_get0_data(name->d.dNSName);
}
