/* origin: does a mail come from the domain in its From? SPF (RFC 7208), DKIM (RFC 6376, RFC 8301, RFC 8463) and DMARC
 * (RFC 7489), judged without asking anybody: a pure function of the mail and of answers of DNS that are given with it.
 *
 * Where an answer is missing it is named in `asks`; whoever called gets it and calls again with one more fact. So the
 * packets of DNS, which strangers fill, are read where the mail is read: in the jail (jail_origin()), and nothing here
 * touches a socket. The same facts give the same result, whatever the order they came in. */
#pragma once
#include "util/arena.h"
#include "util/buf.h"

#define ORIGIN_ROUNDS 24  /* calls until somebody gives up */
#define ORIGIN_FACTS  100 /* answers for one mail */
#define ORIGIN_PACKET 16384

enum dns_type { DNS_A = 1, DNS_CNAME = 5, DNS_PTR = 12, DNS_MX = 15, DNS_TXT = 16, DNS_AAAA = 28 };
struct dns_ask {
	struct str name; /* lower case, ASCII, without a dot at the end */
	enum dns_type type;
};
struct dns_fact {
	struct dns_ask ask;
	struct str packet; /* as it came; "": nobody answered */
};

enum origin_spf { SPF_NONE, SPF_NEUTRAL, SPF_PASS, SPF_FAIL, SPF_SOFTFAIL, SPF_TEMPERROR, SPF_PERMERROR, SPF_WAIT };
enum origin_dkim { DKIM_NONE, DKIM_PASS, DKIM_FAIL, DKIM_TEMPERROR, DKIM_WAIT };
enum origin_verdict {
	ORIGIN_WAIT,   /* facts are missing, see asks */
	ORIGIN_PASS,   /* SPF or DKIM passed for a domain that is aligned with From */
	ORIGIN_FAIL,   /* the domain says how to recognise its mail, and this is none */
	ORIGIN_NONE,   /* the domain says nothing that would help */
	ORIGIN_SILENT, /* DNS did not answer; later it may */
};

struct origin_mail {
	struct str raw;   /* LF or CRLF; the header block is enough when header_only */
	bool header_only; /* signatures are not computed; the result is never better than WAIT where they matter */
	struct str from_domain; /* of the one address in From, canonical */
	struct str mail_from;   /* envelope sender, "" for <>; STR_NULL: as Return-Path says */
	int hops;               /* which Received, from the top, was written by our outermost server; 1 or more */
	int64_t now;            /* seconds since 1970 */
	const struct dns_fact *facts;
	size_t n_facts;
};
struct origin {
	enum origin_verdict verdict;
	enum origin_spf spf;
	enum origin_dkim dkim;
	struct str said; /* one line for people: "SPF softfail (campus.example), DKIM none, DMARC fail (p=reject)" */
	struct dns_ask *asks;
	size_t n_asks;
};
void origin_check(struct arena *a, const struct origin_mail *m, struct origin *ret);

/* Where our server got it from, by the Received it wrote; false when it does not say. */
bool origin_client(struct arena *a, struct str raw, int hops, struct str *ip, struct str *helo);

const char *origin_spf_name(enum origin_spf s);

/* ---- dns.c: packets (RFC 1035) ---- */
enum dns_state { DNS_UNKNOWN, DNS_SILENT, DNS_VOID, DNS_FOUND };
struct dns_found {
	enum dns_state state;
	struct str *at; /* TXT: its strings joined; A, AAAA: 4 or 16 bytes; MX: names */
	size_t n;
};
/* Is this a name worth asking for: labels of 1 to 63 letters, digits, "-" and "_", 253 in all, at least two labels. */
bool dns_name_ok(struct str name);
/* A question with recursion desired; false when the name is none. */
bool dns_question(struct buf *out, uint16_t id, const struct dns_ask *ask);
/* SILENT when the packet is broken, another question's, or a refusal. */
struct dns_found dns_read(struct arena *a, struct str packet, const struct dns_ask *ask);
