/* The import itself: reads the tree, asks what is there, decides page by page, and writes in small transactions, so
 * that a desk that runs beside it waits for none of them. */
#include "kb/import_private.h"
#include "kb/text.h"
#include <stdarg.h>
#include <stdio.h>

#define PAGES_AT_ONCE 25
#define REPORT_MAX    (2 << 20)

/* Names in a tree are strangers' words: nothing of them reaches a terminal as a command. */
static void put_line(struct import_state *s, char *line)
{
	struct str whole = str_utf8_clip(str_of(line), 500);

	for (size_t i = 0; i < whole.n; i++)
		if ((unsigned char)line[i] < ' ' || line[i] == 127)
			line[i] = '?';
	buf_adds(&s->report, whole);
	buf_addc(&s->report, '\n');
}

void import_say(struct import_state *s, const char *fmt, ...)
{
	char line[600];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	s->n.problems++;
	put_line(s, line);
}

static void note(struct import_state *s, const char *what, const struct import_page *p)
{
	char line[600];

	snprintf(line, sizeof(line), "%s: " STR_F, what, STR_A(p->path.n ? p->path : p->key));
	put_line(s, line);
}

/* ---- what is there ---- */

struct knowing {
	struct import_state *s;
	struct str *gone;
	size_t n_gone;
};

static enum rc know(struct db_tx *tx, void *arg, struct err *err)
{
	struct knowing *k = arg;

	return import_known(tx, k->s, &k->gone, &k->n_gone, err);
}

/* ---- addresses ---- */

static bool slug_used(const struct import_state *s, struct str slug, size_t not_this)
{
	for (size_t i = 0; i < s->pages.n; i++)
		if (i != not_this && str_eq(s->pages.at[i].slug, slug))
			return true;
	return false;
}

/* A sorted copy would be faster; a book has hundreds of pages, and comparing lengths first is cheap. */
static enum rc choose_slug(struct db_tx *tx, struct import_state *s, size_t i, struct err *err)
{
	struct import_page *p = &s->pages.at[i];
	struct str base = p->slug;

	if (p->exists && p->old_slug.n && !p->own_slug) {
		p->slug = p->old_slug;
		return RC_OK;
	}
	if (!base.n)
		base = markdown_slug(s->a, p->title, 60);
	if (!base.n)
		base = markdown_slug(s->a, p->key, 60);
	for (int n = 0; n < 100; n++) {
		struct str slug = n == 0   ? base
		                  : n == 1 ? arena_strf(s->a, STR_F "-" STR_F, STR_A(s->prefix), STR_A(base))
		                           : arena_strf(s->a, STR_F "-" STR_F "-%d", STR_A(s->prefix), STR_A(base), n);
		slug = str_sub(slug, 0, 118);
		if (slug_used(s, slug, i))
			continue;
		enum rc rc = import_slug_taken(tx, slug, p->key, err);
		if (rc == RC_NOT_FOUND) {
			p->slug = arena_str(s->a, slug);
			return RC_OK;
		}
		if (rc != RC_OK)
			return rc;
	}
	return fail(err, RC_CONFLICT, "There is no free address for " STR_F, STR_A(p->key));
}

static enum rc choose_slugs(struct db_tx *tx, void *arg, struct err *err)
{
	struct import_state *s = arg;
	enum rc rc = RC_OK;

	/* Those that have an address keep it before others choose. */
	for (size_t i = 0; i < s->pages.n; i++)
		if (s->pages.at[i].exists && s->pages.at[i].old_slug.n && !s->pages.at[i].own_slug)
			s->pages.at[i].slug = s->pages.at[i].old_slug;
	for (size_t i = 0; i < s->pages.n && rc == RC_OK; i++)
		rc = choose_slug(tx, s, i, err);
	return rc == RC_NOT_FOUND ? RC_OK : rc;
}

/* ---- links ---- */

struct linking {
	struct import_state *s;
	const struct import_page *page;
};

static bool is_ours_already(struct str to)
{
	size_t colon = str_find_byte(to, ':'), slash = str_find_byte(to, '/');

	return !to.n || to.p[0] == '#' || str_starts(to, STR("//")) || str_starts(to, STR("{{")) ||
	       (colon != STR_NONE && (slash == STR_NONE || colon < slash));
}

static struct str decoded(struct arena *a, struct str s)
{
	char *out = arena_alloc(a, s.n + 1);
	size_t n = 0;

	for (size_t i = 0; i < s.n; i++) {
		const char *hex = "0123456789abcdef", *h, *l;

		if (s.p[i] == '%' && i + 2 < s.n && (h = strchr(hex, s.p[i + 1] | 32)) != NULL &&
		    (l = strchr(hex, s.p[i + 2] | 32)) != NULL && *h && *l) {
			out[n++] = (char)((h - hex) << 4 | (l - hex));
			i += 2;
		} else {
			out[n++] = s.p[i];
		}
	}
	return (struct str){ out, n };
}

static struct str link_to(void *arg, struct arena *a, struct str to, bool image)
{
	struct linking *l = arg;
	size_t hash = str_find_byte(to, '#'), page = STR_NONE, file;
	struct str fragment = hash == STR_NONE ? STR("") : str_from(to, hash), path;

	if (is_ours_already(to))
		return STR_NULL;
	path = decoded(a, str_sub(to, 0, str_find_byte(to, '?') < hash ? str_find_byte(to, '?') : hash));
	path = import_join(a, l->page->path.n ? l->page->path : STR(""), path);
	if (str_null(path))
		return STR_NULL;
	if (!image)
		page = import_page_at(l->s, path);
	if (page != STR_NONE)
		return arena_strf(a, "kb:" STR_F STR_F, STR_A(l->s->pages.at[page].slug), STR_A(fragment));
	file = import_media_at(l->s, path);
	if (file == STR_NONE)
		return STR_NULL;
	l->s->media.at[file].wanted = true;
	return l->s->media.at[file].token.n ? str_concat(a, STR("media:"), l->s->media.at[file].token) : STR_NULL;
}

/* Once to see which files are wanted, again when they have their addresses. */
static void link_all(struct import_state *s, bool for_good)
{
	for (size_t i = 0; i < s->pages.n; i++) {
		struct linking l = { .s = s, .page = &s->pages.at[i] };
		struct str text = markdown_relink(s->a, s->pages.at[i].markdown, link_to, &l);

		if (for_good)
			s->pages.at[i].markdown = text;
	}
}

/* ---- files ---- */

struct adding {
	struct import_state *s;
	struct kb_media *m;
	struct instant now;
};

static enum rc add_media(struct db_tx *tx, void *arg, struct err *err)
{
	struct adding *x = arg;

	return kb_media_add(tx, x->s->a, x->s->who, x->now, x->m, err);
}

/* Known ones are looked at again: their bytes may be others; their address stays. */
static enum rc keep_media(struct db *db, struct blob_store *blobs, struct jail *jail, struct import_state *s,
                          struct err *err)
{
	for (size_t i = 0; i < s->media.n; i++) {
		struct import_media *f = &s->media.at[i];
		struct kb_media m = { 0 };
		struct str bytes;
		struct err why = { 0 };

		if (!f->wanted)
			continue;
		s->n.media++;
		if (s->im->dry_run) {
			f->token = f->token.n ? f->token : STR("new");
			continue;
		}
		if (import_read_file(s, f->path, &bytes) != RC_OK) {
			import_say(s, STR_F ": cannot be read, or is larger than 64 MiB", STR_A(f->path));
			continue;
		}
		enum rc rc = kb_media_keep(blobs, jail, s->a, bytes, f->path, &m, &why);
		if (rc == RC_INVALID) {
			import_say(s, STR_F ": %s", STR_A(f->path), why.text);
			continue;
		}
		if (rc != RC_OK)
			return fail(err, rc, "%s", why.text);
		m.source_key = f->key;
		struct adding x = { s, &m, time_now() };
		rc = db_write_behind(db, add_media, &x, err);
		if (rc != RC_OK)
			return rc;
		f->token = m.token;
	}
	return RC_OK;
}

/* ---- pages ---- */

static bool unchanged(const struct import_state *s, const struct import_page *p)
{
	int64_t parent = p->parent == STR_NONE ? 0 : s->pages.at[p->parent].id;

	return p->exists && p->same && p->old_slug.n && str_eq(p->old_slug, p->slug) && p->parent_id == parent &&
	       str_eq(p->old_markdown, p->markdown);
}

struct putting {
	struct import_state *s;
	size_t *at, n;
	struct instant now;
};

static enum rc put_some(struct db_tx *tx, void *arg, struct err *err)
{
	struct putting *x = arg;
	enum rc rc = RC_OK;

	for (size_t i = 0; i < x->n && rc == RC_OK; i++)
		rc = import_put(tx, x->s, &x->s->pages.at[x->at[i]], x->now, err);
	return rc == RC_OK ? kb_refresh_includes(tx, x->now, err) : rc;
}

/* Parents before children: a child's row names its parent's. */
static size_t order_of(struct import_state *s, size_t *ret)
{
	bool *done = arena_array(s->a, bool, s->pages.n + 1);
	size_t n = 0;

	for (size_t round = 0; n < s->pages.n && round <= s->pages.n; round++) {
		size_t before = n;

		for (size_t i = 0; i < s->pages.n; i++)
			if (!done[i] && (s->pages.at[i].parent == STR_NONE || done[s->pages.at[i].parent])) {
				done[i] = true;
				ret[n++] = i;
			}
		if (n == before)
			break;
	}
	return n;
}

static enum rc put_all(struct db *db, struct import_state *s, struct err *err)
{
	size_t *order = arena_array(s->a, size_t, s->pages.n + 1), n = order_of(s, order), batch[PAGES_AT_ONCE];
	struct putting x = { .s = s, .at = batch };
	enum rc rc = RC_OK;

	for (size_t i = 0; i < n && rc == RC_OK; i++) {
		struct import_page *p = &s->pages.at[order[i]];

		if (p->binned || p->archived) {
			s->n.kept++;
			note(s, p->binned ? "in the recycle bin, left there" : "archived, left there", p);
		} else if (unchanged(s, p)) {
			s->n.unchanged++;
		} else if (p->edited && !s->im->force) {
			s->n.kept++;
			note(s, "edited here since the last import, kept as it is (--force overwrites)", p);
		} else {
			*(p->exists ? &s->n.updated : &s->n.created) += 1;
			note(s, p->exists ? "changed" : "new", p);
			batch[x.n++] = order[i];
		}
		if (s->im->dry_run)
			x.n = 0;
		if (x.n == PAGES_AT_ONCE) {
			x.now = time_now();
			rc = db_write_behind(db, put_some, &x, err);
			x.n = 0;
		}
	}
	if (rc == RC_OK && x.n) {
		x.now = time_now();
		rc = db_write_behind(db, put_some, &x, err);
	}
	return rc;
}

enum rc kb_import_tree(struct db *db, struct blob_store *blobs, struct jail *jail, struct arena *a,
                       const struct actor *who, const struct kb_import *im, struct kb_import_report *ret,
                       struct err *err)
{
	struct import_state s = { .im = im, .a = a, .who = who, .prefix = markdown_slug(a, im->book, 60) };
	struct knowing k = { .s = &s };

	if (!s.prefix.n)
		return fail_field(err, RC_INVALID, "book", "The book needs a name with letters or digits");
	buf_init(&s.report, REPORT_MAX);
	enum rc rc = import_read_tree(&s, err);
	if (rc == RC_OK)
		rc = db_read(db, know, &k, err);
	if (rc == RC_OK)
		rc = db_read(db, choose_slugs, &s, err);
	if (rc == RC_OK) {
		link_all(&s, false);
		rc = keep_media(db, blobs, jail, &s, err);
	}
	if (rc == RC_OK) {
		link_all(&s, true);
		rc = put_all(db, &s, err);
	}
	for (size_t i = 0; i < k.n_gone && rc == RC_OK && !im->only.p; i++) {
		s.n.gone++;
		char line[600];
		snprintf(line, sizeof(line), "no more in the tree, still here: " STR_F, STR_A(k.gone[i]));
		put_line(&s, line);
	}
	s.n.text = arena_str(a, buf_str(&s.report));
	buf_release(&s.report);
	if (rc == RC_OK)
		*ret = s.n;
	return rc;
}
