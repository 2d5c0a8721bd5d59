/* err: expected outcomes and the sentence that explains them.
 *
 * Every function that can be refused returns `enum rc` and fills `struct err` with a finished sentence for people (what
 * happened, what was kept, what to do) and, for forms and the API, the name of the field. Libraries fill it; only the
 * edges (web, api, mail, app) log or show it. Bugs are asserts; running out of memory aborts in the allocator. */
#pragma once
#include <assert.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MUST_USE        __attribute__((warn_unused_result))
#define PRINTF_LIKE(f, a) __attribute__((format(printf, f, a)))
#define COUNT(a)        (sizeof(a) / sizeof((a)[0]))
#define UNUSED          __attribute__((unused))
/* For a constant filed in a section of its own: kept though nobody names it, and without the red zones that clang's
 * AddressSanitizer would put between the entries (gcc leaves named sections alone). */
#ifdef __clang__
#define FILED(section_name) __attribute__((used, section(section_name), no_sanitize("address")))
#else
#define FILED(section_name) __attribute__((used, section(section_name)))
#endif
#define CLEANUP(fn)     __attribute__((cleanup(fn)))

enum rc {
	RC_OK = 0,
	RC_NOT_FOUND, /* absent, or its existence is none of the asker's business: 404, 550 */
	RC_DENIED,    /* known, but may not: 403, 550 */
	RC_INVALID,   /* the input is wrong, err.field says where: 400/422, 554 */
	RC_CONFLICT,  /* somebody else was first, or the state does not allow it: 409 */
	RC_LIMIT,     /* too big, too many, too often: 413/429, 552 */
	RC_FULL,      /* no space to keep it: 507, 452 */
	RC_RETRY,     /* try again later, nothing is wrong with the input: 503, 451 */
	RC_FAULT      /* our side failed: 500, 451 */
};

struct err {
	char text[384]; /* one finished sentence, UTF-8 */
	char field[48]; /* form or JSON field it is about, "" when none */
	char code[32];  /* short machine word ("expired", "too-long"), "" when none */
};

/* Fills `err` (may be NULL) and returns `rc`, so that `return fail(err, RC_INVALID, "...")` reads well. */
enum rc fail(struct err *err, enum rc rc, const char *fmt, ...) PRINTF_LIKE(3, 4);
/* The same, naming the field at fault. */
enum rc fail_field(struct err *err, enum rc rc, const char *field, const char *fmt, ...) PRINTF_LIKE(4, 5);
/* The same with a machine word in err->code. */
enum rc fail_code(struct err *err, enum rc rc, const char *code, const char *fmt, ...) PRINTF_LIKE(4, 5);

const char *rc_name(enum rc rc);         /* "ok", "not-found", ... */
int rc_http_status(enum rc rc);          /* 200, 404, 403, 422, 409, 413, 507, 503, 500 */
const char *rc_smtp_reply(enum rc rc);   /* "250 2.0.0", "550 5.7.1", ... reply code and enhanced status (RFC 3463) */

/* A bug or an impossible environment: prints and aborts. */
_Noreturn void die(const char *fmt, ...) PRINTF_LIKE(1, 2);
/* Allocators that abort when memory ends; every input has a limit instead. */
void *xmalloc(size_t n);
void *xcalloc(size_t n, size_t size);
void *xrealloc(void *p, size_t n);
char *xstrdup(const char *s);
