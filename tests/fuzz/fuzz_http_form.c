/* Query strings and urlencoded bodies, paths, cookies, header parameters: nothing they give may be ill-formed. */
#include "http/forms.h"
#include "http/http.h"
#include "util/buf.h"
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static void cookie_look(void *ctx, struct str name, struct str value)
{
	if (str_empty(name) || str_find_byte(value, ';') != STR_NONE)
		abort();
}

static void clean(struct str s)
{
	if (!str_utf8_valid(s) || str_find_byte(s, '\0') != STR_NONE)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct str s = { (const char *)p, n }, segs[32];
	size_t n_segs;
	struct fields f = { 0 };
	AUTO_ARENA a;
	arena_init(&a);
	if (form_parse(&a, s, 1000, &f) == RC_OK) {
		for (size_t i = 0; i < f.n; i++) {
			clean(f.at[i].name);
			clean(f.at[i].value);
			if (str_find_byte(f.at[i].value, '\r') != STR_NONE)
				abort();
		}
	}
	if (path_decode(&a, s, segs, 32, &n_segs) == RC_OK) {
		for (size_t i = 0; i < n_segs; i++) {
			clean(segs[i]);
			if (str_is(segs[i], "..") || str_is(segs[i], ".") || str_empty(segs[i]))
				abort();
		}
	}
	cookie_parse(s, cookie_look, NULL);
	header_param(&a, s, "name");
	accept_quality(s, "gzip");
	struct str next = http_safe_next(s);
	if (next.p[0] != '/' || (next.n > 1 && (next.p[1] == '/' || next.p[1] == '\\')))
		abort();
	return 0;
}
