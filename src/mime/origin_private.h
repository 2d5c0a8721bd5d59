/* What origin.c, spf.c and signature.c share. */
#pragma once
#include "mime/origin.h"

struct origin_run {
	struct arena *a;
	const struct origin_mail *m;
	struct str mail_from;
	VEC(struct dns_ask) asks;
};
/* What the facts say; UNKNOWN: it is asked for now. */
struct dns_found origin_look(struct origin_run *r, struct str name, enum dns_type type);

/* ip is 4 or 16 bytes, never a mapped one. *domain: whose policy it was. */
enum origin_spf spf_check(struct origin_run *r, struct str ip, struct str helo, struct str *domain);

/* Fields as they are in a CRLF header block, top first, with their line ends. */
struct origin_field {
	struct str name, whole; /* name as written; whole: "Name: value\r\n", folded */
};
typedef VEC(struct origin_field) origin_fields;
void origin_fields_read(struct arena *a, struct str head, origin_fields *ret);
/* "a=b; c=d" (RFC 6376 3.2): the value without white space around it, STR_NULL. Sees a tag once. */
struct str origin_tag(struct str list, const char *name);
/* head and body with CRLF. `better` is asked of each domain that would pass: is it aligned? *aligned is the best there
 * is among aligned signatures, *any among all. */
struct dkim_found {
	enum origin_dkim aligned, any;
	struct str domain; /* that says so */
};
struct dkim_found signature_check(struct origin_run *r, const origin_fields *f, struct str body,
                                  bool (*is_aligned)(void *arg, struct str domain), void *arg);
