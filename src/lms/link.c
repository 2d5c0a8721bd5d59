/* lms/link: from whatever was pasted to course, unit and library. The keys themselves are key.c's.
 *
 * The text is looked at as it is, percent-decoded once, and decoded twice; the level at which most keys stand is the
 * one it was written in. Nothing here looks anything up: whether host and course exist is for the rooms above. */
#include "lms/key.h"

#define TEXT_MAX 4096
#define KEYS_MAX 16

struct level {
	struct str s;
	struct key key[KEYS_MAX];
	size_t n;
};

static bool is_space(char c)
{
	return c == ' ' || c == '\n' || c == '\t';
}

/* Controls become line ends, which end every key and link. Inside <...> a link may be broken over lines (RFC 3986
 * appendix C): there the breaks are taken out. */
static struct str cleaned(struct arena *out, struct str text)
{
	char *p = arena_alloc(out, text.n + 1);
	size_t n = 0;
	bool inside = false;

	for (size_t i = 0; i < text.n; i++) {
		unsigned char c = (unsigned char)text.p[i];

		if (c == '<')
			inside = str_starts_nocase(str_from(text, i + 1), STR("http"));
		else if (c == '>')
			inside = false;
		else if (inside && (c == '\n' || c == '\r'))
			continue;
		p[n++] = (c < 0x20 && c != '\t') || c == 0x7f ? '\n' : (char)c;
	}
	return str_trim((struct str){ p, n });
}

static int hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static struct str decoded(struct arena *out, struct str s)
{
	char *p = arena_alloc(out, s.n + 1);
	size_t n = 0;

	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];

		if (c == '%' && i + 2 < s.n && hex(s.p[i + 1]) >= 0 && hex(s.p[i + 2]) >= 0) {
			c = (unsigned char)(hex(s.p[i + 1]) * 16 + hex(s.p[i + 2]));
			c = c < 0x20 || c == 0x7f ? '\n' : c;
			i += 2;
		}
		p[n++] = (char)c;
	}
	return (struct str){ p, n };
}

static void find_keys(struct arena *out, struct level *l)
{
	for (size_t at = 0; at < l->s.n && l->n < KEYS_MAX;) {
		struct key k = { 0 };

		if (memchr("cClLbBaAiI", l->s.p[at], 10))
			k = key_at(out, l->s, at);
		if (k.kind != KEY_NONE)
			l->key[l->n++] = k;
		at = k.kind != KEY_NONE ? k.to : at + 1;
	}
}

/* The deepest usage is the last one: MFE paths go course, sequence, unit; activate_block_id= and #fragments follow. A
 * unit of another course than the one the link opens (a copied query) does not count. */
static void take_keys(const struct level *l, struct lms_link *ret)
{
	for (size_t i = 0; i < l->n; i++) {
		const struct key *k = &l->key[i];

		if (str_null(ret->course) && k->course.p)
			ret->course = k->course;
		if (str_null(ret->library) && k->library.p)
			ret->library = k->library;
		if (str_null(k->unit) || (k->course.p && !str_eq(k->course, ret->course)))
			continue;
		ret->unit = k->unit;
		ret->block_type = k->block_type;
		ret->block = k->block;
	}
}

/* ---- web addresses ---- */

static size_t scheme_len(struct str s, size_t at)
{
	struct str rest = str_from(s, at);

	if (at > 0 && ((s.p[at - 1] | 0x20) >= 'a' && (s.p[at - 1] | 0x20) <= 'z'))
		return 0;
	if (str_starts_nocase(rest, STR("https://")))
		return 8;
	return str_starts_nocase(rest, STR("http://")) ? 7 : 0;
}

/* The last address that starts at or before `before`; *ret_nth counts them from 1, 0 = none. */
static size_t last_address(struct str s, size_t before, size_t *ret_nth)
{
	size_t found = STR_NONE;

	*ret_nth = 0;
	for (size_t i = 0; i < s.n && i <= before; i++) {
		if (scheme_len(s, i)) {
			found = i;
			++*ret_nth;
		}
	}
	return found;
}

static size_t nth_address(struct str s, size_t nth)
{
	for (size_t i = 0; i < s.n; i++) {
		if (scheme_len(s, i) && --nth == 0)
			return i;
	}
	return STR_NONE;
}

static bool inside_key(const struct level *l, size_t at)
{
	for (size_t i = 0; i < l->n; i++) {
		if (at >= l->key[i].from && at < l->key[i].to)
			return true;
	}
	return false;
}

/* The address from `at` on: up to white space (unless it stands for a lost '+' in a key) or a delimiter, without the
 * punctuation of the sentence around it. */
static struct str address_at(struct arena *out, const struct level *l, size_t at)
{
	struct str s = l->s;
	bool nested = at > 0 && s.p[at - 1] == '='; /* inside the query of a redirecting address */
	size_t end = at;

	while (end < s.n && !(is_space(s.p[end]) && !inside_key(l, end)) && !memchr("<>\"`\\", s.p[end], 5) &&
	       !(nested && s.p[end] == '&'))
		end++;
	struct str u = str_sub(s, at, end - at);

	while (u.n > 0 &&
	       (memchr(".,;:!?'*|", u.p[u.n - 1], 9) || (u.p[u.n - 1] == ')' && str_find_byte(u, '(') == STR_NONE) ||
	        (u.p[u.n - 1] == ']' && str_find_byte(u, '[') == STR_NONE)))
		u.n--;
	char *p = str_z(out, u);

	for (size_t i = 0; i < u.n; i++) {
		if (p[i] == ' ')
			p[i] = '+';
	}
	return (struct str){ p, u.n };
}

/* Lower case, without user, port and the root's dot; STR_NULL when it is no host. */
static struct str host_of(struct arena *out, struct str authority)
{
	size_t at = STR_NONE;

	for (size_t i = 0; i < authority.n; i++) {
		if (authority.p[i] == '@')
			at = i;
	}
	struct str h = at == STR_NONE ? authority : str_from(authority, at + 1);
	size_t from = str_starts(h, STR("[")) ? str_find_byte(h, ']') : 0;
	size_t colon = from == STR_NONE ? STR_NONE : str_find_byte(str_from(h, from), ':');

	if (colon != STR_NONE)
		h.n = from + colon;
	if (str_ends(h, STR(".")))
		h.n--;
	if (h.n == 0 || h.n > 253)
		return STR_NULL;
	for (size_t i = 0; i < h.n; i++) {
		unsigned char c = (unsigned char)h.p[i];

		if (!(c >= 0x80 || (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') ||
		      memchr(".-_[]:", c, 6)))
			return STR_NULL;
	}
	return str_lower(out, h);
}

/* ---- paths ---- */

struct path {
	struct str seg[24];
	size_t n;
};

static struct path path_of(struct str s)
{
	struct path p = { 0 };
	struct str head;

	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == '?' || s.p[i] == '#')
			s.n = i;
	}
	while (p.n < COUNT(p.seg) && str_cut(&s, '/', &head)) {
		if (head.n > 0)
			p.seg[p.n++] = head;
	}
	return p;
}

static bool one_of(struct str s, const char *const *words)
{
	for (; *words; words++) {
		if (str_is(s, *words))
			return true;
	}
	return false;
}

static const char *const learning_pages[] = { "home",       "dates",         "live",    "progress", "discussion",
	                                      "course-end", "access-denied", "outline", NULL };
static const char *const authoring_pages[] = { "course_info",
	                                       "assets",
	                                       "videos",
	                                       "pages-and-resources",
	                                       "custom-pages",
	                                       "container",
	                                       "editor",
	                                       "settings",
	                                       "course_team",
	                                       "import",
	                                       "export",
	                                       "checklists",
	                                       "textbooks",
	                                       "certificates",
	                                       "group_configurations",
	                                       "optimizer",
	                                       "advanced_settings",
	                                       "subsection",
	                                       "unit",
	                                       NULL };
static const char *const studio_pages[] = {
	"container", "settings",    "course_team", "assets",       "import",
	"export",    "textbooks",   "videos",      "certificates", "group_configurations",
	"library",   "course_info", "tabs",        "checklists",   "course_notifications",
	NULL
};

static enum lms_app app_of(struct str host, const struct path *p)
{
	bool apps = str_starts(host, STR("apps."));
	size_t i = 0;

	if (p->n == 0)
		return LMS_UNKNOWN;
	if (str_is(p->seg[0], "authoring") || str_is(p->seg[0], "course-authoring"))
		return LMS_AUTHORING_MFE;
	if (str_is(p->seg[0], "learning") || str_is(p->seg[0], "preview"))
		return LMS_LEARNING_MFE;
	if (str_is(p->seg[0], "courses") || str_is(p->seg[0], "xblock") || str_is(p->seg[0], "c4x") ||
	    str_starts_nocase(p->seg[0], STR("asset-v1:")))
		return LMS_LMS;
	if (str_is(p->seg[i], "course") && p->n > 2) {
		struct str page = p->seg[2];

		if (one_of(page, authoring_pages))
			return LMS_AUTHORING_MFE;
		if (apps || one_of(page, learning_pages) || str_starts(page, STR("block-v1")))
			return LMS_LEARNING_MFE;
	}
	if (apps)
		return LMS_UNKNOWN;
	if (str_is(p->seg[0], "course") || one_of(p->seg[0], studio_pages))
		return p->n > 1 ? LMS_STUDIO : LMS_UNKNOWN;
	return LMS_UNKNOWN;
}

static bool is_old_part(struct str s)
{
	return key_is_id(s) && str_find_byte(s, ':') == STR_NONE;
}

/* /courses/ORG/COURSE/RUN/... of the days before course-v1. Returns the segment behind it, 0 when it is not there. */
static size_t old_course(struct arena *out, const struct path *p, struct str *ret)
{
	for (size_t i = 0; i + 3 < p->n; i++) {
		if (!str_is(p->seg[i], "courses") && !str_is(p->seg[i], "course"))
			continue;
		if (!is_old_part(p->seg[i + 1]) || !is_old_part(p->seg[i + 2]) || !is_old_part(p->seg[i + 3]))
			return 0;
		*ret = arena_strf(out, STR_F "/" STR_F "/" STR_F, STR_A(p->seg[i + 1]), STR_A(p->seg[i + 2]),
		                  STR_A(p->seg[i + 3]));
		return i + 4;
	}
	return 0;
}

static struct str usage_in(struct arena *out, struct str course, const char *type, struct str block)
{
	size_t colon = str_find_byte(course, ':');

	if (str_starts(course, STR("course-v1:")))
		return arena_strf(out, "block-v1:" STR_F "+type@%s+block@" STR_F, STR_A(str_from(course, colon + 1)),
		                  type, STR_A(block));
	if (str_starts(course, STR("ccx-v1:")))
		return arena_strf(out, "ccx-block-v1:" STR_F "+type@%s+block@" STR_F,
		                  STR_A(str_from(course, colon + 1)), type, STR_A(block));
	struct str rest = course, org, name;

	if (!str_cut(&rest, '/', &org) || !str_cut(&rest, '/', &name))
		return STR_NULL;
	return arena_strf(out, "i4x://" STR_F "/" STR_F "/%s/" STR_F, STR_A(org), STR_A(name), type, STR_A(block));
}

/* .../courseware/CHAPTER[/SECTION[/position]] and .../jump_to_id/BLOCK name blocks by their bare ids. */
static void bare_blocks(struct arena *out, const struct path *p, struct lms_link *ret)
{
	if (ret->unit.p || str_null(ret->course))
		return;
	for (size_t i = 0; i + 1 < p->n; i++) {
		struct str one = p->seg[i + 1];

		if (str_is(p->seg[i], "jump_to_id") && key_is_id(one)) {
			ret->block = arena_str(out, one); /* its type is not said, so there is no usage key */
			return;
		}
		if (!str_is(p->seg[i], "courseware") || !is_old_part(one))
			continue;
		bool section = i + 2 < p->n && is_old_part(p->seg[i + 2]);

		ret->block = arena_str(out, section ? p->seg[i + 2] : one);
		ret->block_type = section ? STR("sequential") : STR("chapter");
		ret->unit = usage_in(out, ret->course, section ? "sequential" : "chapter", ret->block);
		return;
	}
}

static void read_path(struct arena *out, struct str after_host, struct lms_link *ret)
{
	struct path p = path_of(after_host);

	if (str_null(ret->course) && str_null(ret->library))
		(void)old_course(out, &p, &ret->course);
	ret->app = app_of(ret->host, &p);
	bare_blocks(out, &p, ret);
}

/* ---- without a scheme ---- */

/* "lms.example.org/courses/..." as browsers show it, or a path alone. Only next to a key or an old course: a word with
 * a dot and a slash is no address by itself. */
static void read_bare(struct arena *out, const struct level *l, struct lms_link *ret)
{
	size_t from = l->n ? l->key[0].from : 0;

	while (from > 0 && !is_space(l->s.p[from - 1]) && !memchr("<>\"'`(", l->s.p[from - 1], 6))
		from--;
	if (l->n && from == l->key[0].from)
		return;
	struct str u = address_at(out, l, from);
	size_t slash = str_find_byte(u, '/');

	if (slash == STR_NONE)
		return;
	struct lms_link guess = *ret;

	guess.host = slash ? host_of(out, str_sub(u, 0, slash)) : STR_NULL;
	if (slash && (str_null(guess.host) || str_find_byte(guess.host, '.') == STR_NONE))
		return;
	read_path(out, str_from(u, slash), &guess);
	if (str_null(guess.course) && str_null(guess.library) && str_null(guess.unit))
		return;
	*ret = guess;
	if (slash)
		ret->url = str_concat(out, STR("https://"), u);
}

/* org/course/run alone, as an old course id is pasted. Dates and fractions have that form too. */
static bool read_old_id(struct arena *out, struct str s, struct str *ret)
{
	struct path p = path_of(s);
	bool letters = false;

	if (p.n != 3 || str_starts(s, STR("/")) || str_ends(s, STR("/")) || str_is(p.seg[1], "courses") ||
	    str_is(p.seg[1], "course"))
		return false;
	for (size_t i = 0; i < 3; i++) {
		if (!is_old_part(p.seg[i]))
			return false;
		for (size_t j = 0; j < p.seg[i].n; j++)
			letters |= (unsigned char)(p.seg[i].p[j] | 0x20) >= 'a';
	}
	if (letters)
		*ret = arena_str(out, s);
	return letters;
}

/* ---- the whole ---- */

static void read_address(struct arena *out, const struct level *level, const struct level *raw, size_t at, size_t nth,
                         struct lms_link *ret)
{
	struct str u = address_at(out, level, at);
	size_t authority = scheme_len(u, 0), end = authority;

	while (end < u.n && !memchr("/?#", u.p[end], 3))
		end++;
	struct str host = host_of(out, str_sub(u, authority, end - authority));

	if (str_null(host))
		return;
	ret->host = host;
	read_path(out, str_from(u, end), ret);
	/* The link is shown and followed as it was written, not as it was understood. */
	size_t written = nth_address(raw->s, nth);

	ret->url = written == STR_NONE ? u : address_at(out, raw, written);
	if (str_has_control(ret->url))
		ret->url = STR_NULL;
}

static enum rc refuse(struct err *err)
{
	return fail_field(
	        err, RC_INVALID, "link",
	        "There is no course, unit, library or web address in it. Copy the address of the page from the "
	        "browser, or the course id as it stands in Studio (course-v1:ORG+COURSE+RUN).");
}

enum rc lms_parse(struct arena *out, struct str text, struct lms_link *ret, struct err *err)
{
	*ret = (struct lms_link){ 0 };
	if (text.n > TEXT_MAX)
		return fail_field(err, RC_INVALID, "link", "A link has at most %d characters. Paste only the link.",
		                  TEXT_MAX);

	struct level level[3] = { { .s = cleaned(out, text) } };
	size_t best = 0, at = STR_NONE, nth = 0;

	if (level[0].s.n == 0)
		return refuse(err);
	for (size_t i = 0; i < COUNT(level); i++) {
		if (i > 0)
			level[i].s = decoded(out, level[i - 1].s);
		find_keys(out, &level[i]);
		if (level[i].n > level[best].n)
			best = i;
	}
	for (size_t i = best; at == STR_NONE && i < COUNT(level) && (i == best || level[best].n == 0); i++) {
		const struct level *l = &level[i];

		if (l->n)
			at = last_address(l->s, l->key[0].from, &nth);
		else if ((at = nth_address(l->s, 1)) != STR_NONE)
			nth = 1;
		if (at != STR_NONE)
			best = i;
	}
	take_keys(&level[best], ret);
	if (at != STR_NONE)
		read_address(out, &level[best], &level[0], at, nth, ret);
	else
		read_bare(out, &level[best], ret);
	if (str_null(ret->course) && str_null(ret->unit) && str_null(ret->library) && str_null(ret->url) &&
	    !read_old_id(out, decoded(out, level[0].s), &ret->course))
		return refuse(err);
	return RC_OK;
}

enum rc lms_course(struct arena *out, struct str text, struct str *ret, struct err *err)
{
	struct lms_link l;
	struct str id = str_trim(text);

	if (lms_parse(out, text, &l, NULL) == RC_OK && l.course.p) {
		*ret = l.course;
		return RC_OK;
	}
	/* Typed without its namespace: ORG+COURSE+RUN. */
	if (id.n < TEXT_MAX - 16 && str_find_byte(id, '+') != STR_NONE && str_find_byte(id, ':') == STR_NONE &&
	    lms_parse(out, str_concat(out, STR("course-v1:"), id), &l, NULL) == RC_OK && l.course.p &&
	    l.course.n == id.n + sizeof("course-v1:") - 1) {
		*ret = l.course;
		return RC_OK;
	}
	return fail_field(
	        err, RC_INVALID, "course",
	        "This is no course id. It looks like course-v1:ORG+COURSE+RUN; Studio shows it at the top of the "
	        "course's page.");
}
