/* lms/key: recognising one opaque key and writing it in canonical form. Where keys stand in links is link.c's. */
#include "lms/key.h"
#include <unictype.h>

#define KEY_MAX 255 /* characters; the platform's columns are that wide */

/* Python's \w for str patterns: letters, numbers and '_'. Malformed UTF-8 decodes to U+FFFD, which is neither. */
static bool is_word(uint32_t cp)
{
	if (cp < 0x80)
		return (cp >= '0' && cp <= '9') || (cp >= 'a' && cp <= 'z') || (cp >= 'A' && cp <= 'Z') || cp == '_';
	return uc_is_general_category_withtable(cp, UC_CATEGORY_MASK_L | UC_CATEGORY_MASK_N);
}

size_t key_id_end(struct str s, size_t at, bool block)
{
	while (at < s.n) {
		size_t next = at;
		uint32_t cp = str_utf8_next(s, &next);

		if (!is_word(cp) && cp != '-' && cp != '~' && cp != '.' && cp != ':' && !(block && cp == '%'))
			break;
		/* "::" ends the key wrapped by an aside key: aside-usage-v2:block-v1$:...::type */
		if (cp == ':' && next < s.n && s.p[next] == ':')
			break;
		at = next;
	}
	return at;
}

bool key_is_id(struct str s)
{
	return s.n > 0 && key_id_end(s, 0, false) == s.n;
}

static bool is_space(char c)
{
	return c == ' ' || c == '\n' || c == '\t';
}

/* May a key end before s.p[at]? Not before '%', '(' or '@': then it was no key, and guessing would name a wrong one. */
static bool may_end(struct str s, size_t from, size_t at)
{
	if (at >= s.n)
		return true;
	char c = s.p[at];
	bool last = at + 1 >= s.n || is_space(s.p[at + 1]) || s.p[at + 1] == '"';

	if (is_space(c) || memchr("/?#\"'<>)]}|;`*\\", c, 16))
		return true;
	if (c == '.' ||
	    c == ':') /* an id would have taken them, were they not the end of a sentence or of an aside key */
		return true;
	if (c == ',' || c == '!')
		return last;
	if (c == '&') /* the next parameter of a query, or the ampersand of an entity */
		return str_find_byte(str_sub(s, 0, from), '=') != STR_NONE ||
		       str_starts(str_from(s, at), STR("&gt;")) || str_starts(str_from(s, at), STR("&quot;"));
	return (unsigned char)c >= 0x80; /* typographic quotes, dashes and spaces; letters were taken already */
}

/* '.' and ':' are id characters, but at the very end of a word they close a sentence. */
static size_t without_full_stop(struct str s, size_t from, size_t end)
{
	while (end > from && (s.p[end - 1] == '.' || s.p[end - 1] == ':') &&
	       (end >= s.n || is_space(s.p[end]) || s.p[end] == '"' || s.p[end] == ')'))
		end--;
	return end;
}

/* What split keys say: the plain parts, then name@value fields. */
struct parts {
	struct str id[3];
	struct str ccx, type, block;
	size_t end;
};

static bool read_field(struct str s, size_t *at, const char *name, bool block, struct str *ret)
{
	struct str tag = str_of(name);

	if (!str_starts(str_from(s, *at), tag))
		return false;
	size_t from = *at + tag.n, end = without_full_stop(s, from, key_id_end(s, from, block));

	if (end == from)
		return false;
	*ret = str_sub(s, from, end - from);
	*at = end;
	return true;
}

static bool read_any_field(struct str s, size_t *at, struct parts *p)
{
	struct str dropped;

	return read_field(s, at, "ccx@", false, &p->ccx) || read_field(s, at, "branch@", false, &dropped) ||
	       read_field(s, at, "version@", false, &dropped) || read_field(s, at, "type@", false, &p->type) ||
	       read_field(s, at, "block@", true, &p->block);
}

/* A form decoder turns '+' into a space; then it did so everywhere in the key, so the first separator decides. */
static bool read_parts(struct str s, size_t at, size_t n_ids, struct parts *p)
{
	char sep = 0;

	*p = (struct parts){ 0 };
	for (size_t i = 0; i < n_ids; i++) {
		if (i > 0) {
			if (at >= s.n || (s.p[at] != '+' && s.p[at] != ' ') || (sep && s.p[at] != sep))
				return false;
			sep = s.p[at++];
		}
		size_t end = key_id_end(s, at, false);

		if (i + 1 == n_ids)
			end = without_full_stop(s, at, end);
		if (end == at)
			return false;
		p->id[i] = str_sub(s, at, end - at);
		at = end;
	}
	while (at < s.n && s.p[at] == sep) {
		size_t next = at + 1;

		if (!read_any_field(s, &next, p)) {
			if (sep == '+' &&
			    !str_starts(str_from(s, next), STR("block/"))) /* ...+type@asset+block/x.png */
				return false; /* a trailing '+' or a fourth part: not a key */
			break;
		}
		at = next;
	}
	/* An asset may be called "picture(1).png", and its name is not kept anyway. */
	p->end = at;
	return true;
}

static struct str course_of(struct arena *out, const struct parts *p)
{
	if (!str_null(p->ccx))
		return arena_strf(out, "ccx-v1:" STR_F "+" STR_F "+" STR_F "+ccx@" STR_F, STR_A(p->id[0]),
		                  STR_A(p->id[1]), STR_A(p->id[2]), STR_A(p->ccx));
	return arena_strf(out, "course-v1:" STR_F "+" STR_F "+" STR_F, STR_A(p->id[0]), STR_A(p->id[1]),
	                  STR_A(p->id[2]));
}

static struct key course_key(struct arena *out, struct str s, size_t at, bool ccx)
{
	struct parts p;

	if (!read_parts(s, at, 3, &p) || !str_null(p.type) || !str_null(p.block) || ccx == str_null(p.ccx))
		return (struct key){ 0 };
	return (struct key){ .kind = KEY_COURSE, .course = course_of(out, &p), .to = p.end };
}

static struct key usage_key(struct arena *out, struct str s, size_t at, bool ccx)
{
	struct parts p;

	if (!read_parts(s, at, 3, &p) || str_null(p.type) || str_null(p.block) || ccx == str_null(p.ccx))
		return (struct key){ 0 };
	struct str course = course_of(out, &p);
	struct str tail = str_from(course, ccx ? sizeof("ccx-v1:") - 1 : sizeof("course-v1:") - 1);

	return (struct key){ .kind = KEY_USAGE,
		             .course = course,
		             .unit = arena_strf(out, "%sblock-v1:" STR_F "+type@" STR_F "+block@" STR_F,
		                                ccx ? "ccx-" : "", STR_A(tail), STR_A(p.type), STR_A(p.block)),
		             .block_type = p.type,
		             .block = p.block,
		             .to = p.end };
}

static struct key asset_key(struct arena *out, struct str s, size_t at)
{
	struct parts p;

	if (!read_parts(s, at, 3, &p) || str_null(p.type))
		return (struct key){ 0 };
	return (struct key){ .kind = KEY_ASSET, .course = course_of(out, &p), .to = p.end };
}

static struct key library_key(struct arena *out, struct str s, size_t at, bool usage)
{
	struct parts p;

	if (!read_parts(s, at, 2, &p) || usage == (str_null(p.type) || str_null(p.block)))
		return (struct key){ 0 };
	struct key k = { .kind = usage ? KEY_LIBRARY_USAGE : KEY_LIBRARY,
		         .library = arena_strf(out, "library-v1:" STR_F "+" STR_F, STR_A(p.id[0]), STR_A(p.id[1])),
		         .to = p.end };

	if (usage) {
		k.unit = arena_strf(out, "lib-block-v1:" STR_F "+" STR_F "+type@" STR_F "+block@" STR_F, STR_A(p.id[0]),
		                    STR_A(p.id[1]), STR_A(p.type), STR_A(p.block));
		k.block_type = p.type;
		k.block = p.block;
	}
	return k;
}

/* Keys of the second kind of libraries join their parts by ':': lib:ORG:slug, lb:ORG:slug:type:id. */
static struct key colon_key(struct arena *out, struct str s, size_t at, size_t n, bool usage)
{
	size_t end = without_full_stop(s, at, key_id_end(s, at, false));
	struct str rest = str_sub(s, at, end - at), part[4] = { 0 }, head;
	size_t got = 0;

	while (str_cut(&rest, ':', &head)) {
		if (got == n || head.n == 0)
			return (struct key){ 0 };
		part[got++] = head;
	}
	if (got != n || (n > 0 && s.p[end - 1] == ':'))
		return (struct key){ 0 };
	struct key k = { .kind = usage ? KEY_LIBRARY_USAGE : KEY_LIBRARY,
		         .library = arena_strf(out, "lib:" STR_F ":" STR_F, STR_A(part[0]), STR_A(part[1])),
		         .to = end };

	if (usage) {
		k.unit = arena_strf(out, "lb:" STR_F ":" STR_F ":" STR_F ":" STR_F, STR_A(part[0]), STR_A(part[1]),
		                    STR_A(part[2]), STR_A(part[3]));
		k.block_type = part[2];
		k.block = part[3];
	}
	return k;
}

/* One '/' of a deprecated key: itself, or ";_" as the platform writes it inside a path. */
static bool take_slash(struct str s, size_t *at)
{
	if (str_starts(str_from(s, *at), STR("/"))) {
		*at += 1;
		return true;
	}
	if (str_starts(str_from(s, *at), STR(";_"))) {
		*at += 2;
		return true;
	}
	return false;
}

/* i4x://org/course/category/name[@revision]. It does not know the run, so it names no course. */
static struct key old_usage_key(struct arena *out, struct str s, size_t at)
{
	struct str part[4];

	if (!take_slash(s, &at))
		return (struct key){ 0 };
	(void)take_slash(s, &at); /* proxies fold "//" into "/" */
	for (size_t i = 0; i < 4; i++) {
		if (i > 0 && !take_slash(s, &at))
			return (struct key){ 0 };
		size_t end = key_id_end(s, at, i == 3);

		if (i == 3)
			end = without_full_stop(s, at, end);
		if (end == at)
			return (struct key){ 0 };
		part[i] = str_sub(s, at, end - at);
		at = end;
	}
	if (at < s.n && s.p[at] == '@')
		at = key_id_end(s, at + 1, false);
	return (struct key){ .kind = KEY_OLD_USAGE,
		             .unit = arena_strf(out, "i4x://" STR_F "/" STR_F "/" STR_F "/" STR_F, STR_A(part[0]),
		                                STR_A(part[1]), STR_A(part[2]), STR_A(part[3])),
		             .block_type = part[2],
		             .block = part[3],
		             .to = at };
}

static struct key by_namespace(struct arena *out, struct str s, size_t at)
{
	struct str rest = str_from(s, at);
	size_t colon = str_find_byte(str_sub(rest, 0, 16), ':');

	if (colon == STR_NONE)
		return (struct key){ 0 };
	struct str ns = str_sub(rest, 0, colon);
	size_t body = at + colon + 1;

	if (str_ends(ns, STR("$"))) /* block-v1$: inside an aside key of version 2 */
		ns.n--;
	if (str_eq_nocase(ns, STR("course-v1")))
		return course_key(out, s, body, false);
	if (str_eq_nocase(ns, STR("ccx-v1")))
		return course_key(out, s, body, true);
	if (str_eq_nocase(ns, STR("block-v1")))
		return usage_key(out, s, body, false);
	if (str_eq_nocase(ns, STR("ccx-block-v1")))
		return usage_key(out, s, body, true);
	if (str_eq_nocase(ns, STR("asset-v1")))
		return asset_key(out, s, body);
	if (str_eq_nocase(ns, STR("library-v1")))
		return library_key(out, s, body, false);
	if (str_eq_nocase(ns, STR("lib-block-v1")))
		return library_key(out, s, body, true);
	if (str_eq_nocase(ns, STR("lib")))
		return colon_key(out, s, body, 2, false);
	if (str_eq_nocase(ns, STR("lib-collection")))
		return colon_key(out, s, body, 3, false);
	if (str_eq_nocase(ns, STR("lct")))
		return colon_key(out, s, body, 4, false);
	if (str_eq_nocase(ns, STR("lb")))
		return colon_key(out, s, body, 4, true);
	if (str_eq_nocase(ns, STR("i4x")))
		return old_usage_key(out, s, body);
	return (struct key){ 0 };
}

static bool too_long(struct str s)
{
	size_t n = 0;

	for (size_t i = 0; i < s.n; i++)
		n += ((unsigned char)s.p[i] & 0xc0) != 0x80;
	return n > KEY_MAX;
}

struct key key_at(struct arena *out, struct str s, size_t at)
{
	/* A key starts at the edge of a word: "xcourse-v1:" is none, and "lib-block-v1:" holds no "block-v1:". */
	if (at > 0) {
		unsigned char before = (unsigned char)s.p[at - 1];

		if (before < 0x80 && (is_word(before) || before == '-'))
			return (struct key){ 0 };
	}
	struct key k = by_namespace(out, s, at);

	if (k.kind == KEY_NONE || (k.kind != KEY_ASSET && !may_end(s, at, k.to)) || too_long(k.unit) ||
	    too_long(k.course) || too_long(k.library))
		return (struct key){ 0 };
	k.from = at;
	k.block = k.block.p ? arena_str(out, k.block) : k.block;
	k.block_type = k.block_type.p ? arena_str(out, k.block_type) : k.block_type;
	return k;
}
