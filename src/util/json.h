/* json: a streaming writer (RFC 8259). Commas and nesting are its business; strings are escaped, and ill-formed UTF-8
 * becomes U+FFFD, so what it prints always parses. `<`, `>`, `&`, U+2028 and U+2029 are written as \u escapes and may
 * stand in HTML. Reading is jansson's, see http/body.h. */
#pragma once
#include "util/buf.h"
#include "util/time.h"

struct json {
	struct buf *out;
	int depth;
	bool comma, after_key;
};
void json_init(struct json *j, struct buf *out);
void json_obj(struct json *j);
void json_end_obj(struct json *j);
void json_arr(struct json *j);
void json_end_arr(struct json *j);
void json_key(struct json *j, const char *key);
void json_str(struct json *j, struct str s); /* STR_NULL prints null */
void json_i64(struct json *j, int64_t v);
void json_bool(struct json *j, bool v);
void json_put_null(struct json *j);
void json_time(struct json *j, struct instant t); /* RFC 3339 string, null when not set */
void json_put_real(struct json *j, double v);
/* key and value in one call */
void json_kstr(struct json *j, const char *key, struct str s);
void json_ki64(struct json *j, const char *key, int64_t v);
void json_kbool(struct json *j, const char *key, bool v);
void json_ktime(struct json *j, const char *key, struct instant t);
