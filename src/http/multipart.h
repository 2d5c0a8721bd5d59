/* multipart: a streaming parser of multipart/form-data (RFC 7578, RFC 2046 5.1.1). It is fed chunks of any size and
 * calls a sink back; the calls join to the same bytes however the body was cut. It keeps nothing but a part's headers.
 */
#pragma once
#include "util/arena.h"

struct multipart_part {
	struct str name;
	struct str filename; /* STR_NULL: a plain field */
	struct str type;     /* "" when not said */
};
struct multipart_sink {
	enum rc (*begin)(void *ctx, const struct multipart_part *p, struct err *err);
	enum rc (*data)(void *ctx, const char *p, size_t n, struct err *err);
	enum rc (*end)(void *ctx, struct err *err);
	void *ctx;
};
struct multipart;
#define MULTIPART_MAX_PARTS   1000
#define MULTIPART_MAX_HEADERS 4096

/* RC_INVALID for a boundary that RFC 2046 does not allow. */
MUST_USE enum rc multipart_new(struct arena *a, struct str boundary, const struct multipart_sink *sink,
                               struct multipart **ret, struct err *err);
MUST_USE enum rc multipart_feed(struct multipart *m, const char *p, size_t n, struct err *err);
MUST_USE enum rc multipart_end(struct multipart *m,
                               struct err *err); /* RC_INVALID when the closing delimiter never came */
