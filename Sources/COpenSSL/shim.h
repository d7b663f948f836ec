#pragma once
#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/params.h>
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

// Keys from the numbers that they are made of, for signatures of others. NULL where they make no key.
static inline EVP_PKEY *slipway_rsa_key(const unsigned char *n, int n_size, const unsigned char *e, int e_size) {
    EVP_PKEY *key = NULL;
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
    OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
    BIGNUM *modulus = BN_bin2bn(n, n_size, NULL), *exponent = BN_bin2bn(e, e_size, NULL);
    OSSL_PARAM *parameters = NULL;
    if (context && builder && modulus && exponent
        && OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_N, modulus)
        && OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_E, exponent)
        && (parameters = OSSL_PARAM_BLD_to_param(builder)) && EVP_PKEY_fromdata_init(context) == 1)
        if (EVP_PKEY_fromdata(context, &key, EVP_PKEY_PUBLIC_KEY, parameters) != 1) key = NULL;
    OSSL_PARAM_free(parameters);
    OSSL_PARAM_BLD_free(builder);
    BN_free(modulus);
    BN_free(exponent);
    EVP_PKEY_CTX_free(context);
    return key;
}

// `point`: 4, then the two coordinates with 32 bytes each.
static inline EVP_PKEY *slipway_p256_key(const unsigned char *point, size_t size) {
    EVP_PKEY *key = NULL;
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
    OSSL_PARAM parameters[3];
    parameters[0] = OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, (char *)"P-256", 0);
    parameters[1] = OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, (void *)point, size);
    parameters[2] = OSSL_PARAM_construct_end();
    if (context && EVP_PKEY_fromdata_init(context) == 1)
        if (EVP_PKEY_fromdata(context, &key, EVP_PKEY_PUBLIC_KEY, parameters) != 1) key = NULL;
    EVP_PKEY_CTX_free(context);
    return key;
}

// The form that libcrypto wants of the two numbers, 32 bytes each, of a signature. The size; 0: out of memory.
static inline int slipway_p256_signature(const unsigned char *both, unsigned char *der, int room) {
    int size = 0;
    ECDSA_SIG *signature = ECDSA_SIG_new();
    BIGNUM *r = BN_bin2bn(both, 32, NULL), *s = BN_bin2bn(both + 32, 32, NULL);
    if (signature && r && s && ECDSA_SIG_set0(signature, r, s) == 1) {
        r = s = NULL;  // Owned by the signature now.
        size = i2d_ECDSA_SIG(signature, NULL);
        if (size > 0 && size <= room) {
            unsigned char *end = der;
            size = i2d_ECDSA_SIG(signature, &end);
        } else size = 0;
    }
    BN_free(r);
    BN_free(s);
    ECDSA_SIG_free(signature);
    return size;
}

// Variadic; keys that tests sign with.
static inline EVP_PKEY *slipway_make_rsa_key(size_t bits) { return EVP_PKEY_Q_keygen(NULL, NULL, "RSA", bits); }
static inline EVP_PKEY *slipway_make_ed25519_key(void) { return EVP_PKEY_Q_keygen(NULL, NULL, "ED25519"); }
