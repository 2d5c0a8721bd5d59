/* A folder as a tree of pages: which files are pages, in what order, under what; SUMMARY.md and mkdocs.yml have the
 * last word. Symbolic links are not followed: a tree of strangers shows nothing but itself. */
#include "kb/import_private.h"
#include "markdown/markdown.h"
#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define DEPTH_MAX 12
#define TEXT_MAX  (1 << 20)
#define NAV_MAX   (4 << 20)

struct nav {
	int depth;
	struct str title, path; /* path "": a chapter without a page */
};
typedef VEC(struct nav) nav_list;

static enum rc slurp(struct arena *a, int at, const char *name, size_t max, struct str *ret)
{
	int fd = openat(at, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	struct stat st;
	size_t n = 0;

	if (fd < 0)
		return RC_NOT_FOUND;
	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) || st.st_size < 0 || (size_t)st.st_size > max) {
		close(fd);
		return RC_LIMIT;
	}
	char *p = arena_alloc(a, (size_t)st.st_size + 1);
	while (n < (size_t)st.st_size) {
		ssize_t got = read(fd, p + n, (size_t)st.st_size - n);

		if (got <= 0)
			break;
		n += (size_t)got;
	}
	close(fd);
	*ret = (struct str){ p, n };
	return RC_OK;
}

enum rc import_read_file(struct import_state *s, struct str path, struct str *ret)
{
	int at = open(str_z(s->a, s->im->dir), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	enum rc rc = at < 0 ? RC_NOT_FOUND : slurp(s->a, at, str_z(s->a, path), IMPORT_FILE_MAX, ret);

	if (at >= 0)
		close(at);
	return rc;
}

/* ---- paths ---- */

struct str import_join(struct arena *a, struct str from, struct str to)
{
	struct str parts[64], rest = from, part;
	size_t n = 0;
	AUTO_BUF b;

	buf_init(&b, 4096);
	if (!str_starts(to, STR("/"))) {
		size_t slash = STR_NONE;

		for (size_t i = 0; i < from.n; i++)
			slash = from.p[i] == '/' ? i : slash;
		rest = str_sub(from, 0, slash == STR_NONE ? 0 : slash);
	} else {
		rest = STR_NULL;
	}
	for (int pass = 0; pass < 2; pass++, rest = to)
		while (str_cut(&rest, '/', &part)) {
			if (!part.n || str_is(part, "."))
				continue;
			if (str_is(part, "..")) {
				if (!n)
					return STR_NULL;
				n--;
			} else if (n < COUNT(parts)) {
				parts[n++] = part;
			}
		}
	for (size_t i = 0; i < n; i++) {
		if (i)
			buf_addc(&b, '/');
		buf_adds(&b, parts[i]);
	}
	return arena_str(a, buf_str(&b));
}

static struct str folder_of(struct str path)
{
	for (size_t i = path.n; i-- > 0;)
		if (path.p[i] == '/')
			return str_sub(path, 0, i);
	return STR("");
}

static struct str base_of(struct str path)
{
	struct str f = folder_of(path);

	return str_from(path, f.n + (f.n > 0));
}

static bool is_index(struct str path)
{
	struct str b = base_of(path);

	return str_eq_nocase(b, STR("index.md")) || str_eq_nocase(b, STR("README.md")) || str_is(b, "_index.md");
}

static int compare_page(const void *x, const void *y)
{
	return str_cmp(((const struct import_page *)x)->path, ((const struct import_page *)y)->path);
}

static int compare_media(const void *x, const void *y)
{
	return str_cmp(((const struct import_media *)x)->path, ((const struct import_media *)y)->path);
}

/* Pages of files come first and are sorted by path. */
static size_t find_page(const struct import_state *s, struct str path)
{
	size_t lo = 0, hi = s->n.files;

	while (lo < hi) {
		size_t mid = (lo + hi) / 2;
		int c = str_cmp(path, s->pages.at[mid].path);

		if (c == 0)
			return mid;
		if (c < 0)
			hi = mid;
		else
			lo = mid + 1;
	}
	return STR_NONE;
}

size_t import_page_at(const struct import_state *s, struct str path)
{
	static const char *const tails[] = { "",           ".md",        "/index.md", "/README.md",
		                             "/readme.md", "/_index.md", ".markdown" };
	static const char *const cut[] = { ".html", ".htm", ".rst", ".txt" };
	size_t at = STR_NONE;

	for (size_t i = 0; i < COUNT(tails) && at == STR_NONE; i++)
		at = find_page(s, path.n ? str_concat(s->a, path, str_of(tails[i]))
		                         : str_from(str_of(tails[i]), tails[i][0] == '/'));
	for (size_t i = 0; i < COUNT(cut) && at == STR_NONE; i++)
		if (str_ends(path, str_of(cut[i])))
			return import_page_at(s, str_sub(path, 0, path.n - strlen(cut[i])));
	return at;
}

size_t import_media_at(const struct import_state *s, struct str path)
{
	struct import_media key = { .path = path }, *m;

	m = s->media.n ? bsearch(&key, s->media.at, s->media.n, sizeof(key), compare_media) : NULL;
	return m ? (size_t)(m - s->media.at) : STR_NONE;
}

/* ---- the folder ---- */

static bool is_page(struct str name)
{
	return str_ends(name, STR(".md")) || str_ends(name, STR(".markdown"));
}

static bool ignored(struct str name)
{
	static const char *const names[] = { "node_modules", "SUMMARY.md", "_sidebar.md", "mkdocs.yml",
		                             "_build",       "_static",    "_sources" };

	for (size_t i = 0; i < COUNT(names); i++)
		if (str_is(name, names[i]))
			return true;
	return name.n == 0 || name.p[0] == '.';
}

static enum rc walk(struct import_state *s, int at, struct str folder, int depth, struct err *err)
{
	DIR *d = fdopendir(at);
	struct dirent *e;
	enum rc rc = RC_OK;

	if (!d) {
		close(at);
		return RC_OK;
	}
	while (rc == RC_OK && (e = readdir(d)) != NULL) {
		struct str name = str_of(e->d_name);
		struct str path = folder.n ? arena_strf(s->a, STR_F "/%s", STR_A(folder), e->d_name)
		                           : arena_str(s->a, name);
		struct stat st;

		if (ignored(name) || !str_utf8_valid(name) ||
		    fstatat(dirfd(d), e->d_name, &st, AT_SYMLINK_NOFOLLOW) != 0)
			continue;
		if (S_ISDIR(st.st_mode) && depth < DEPTH_MAX) {
			int sub = openat(dirfd(d), e->d_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);

			rc = sub < 0 ? RC_OK : walk(s, sub, path, depth + 1, err);
		} else if (S_ISREG(st.st_mode) && is_page(name) && s->im->only.p && !str_eq(path, s->im->only)) {
			continue;
		} else if (S_ISREG(st.st_mode) && is_page(name)) {
			struct import_page p = { .path = path, .parent = STR_NONE, .order = INT64_MAX };
			struct str text;

			if (s->pages.n == IMPORT_PAGES_MAX) {
				rc = fail(err, RC_LIMIT, "This tree has more than %d pages; nothing was changed",
				          IMPORT_PAGES_MAX);
			} else if (slurp(s->a, dirfd(d), e->d_name, TEXT_MAX, &text) != RC_OK ||
			           !str_utf8_valid(text)) {
				import_say(s, STR_F ": larger than 1 MiB or not UTF-8; left out", STR_A(path));
			} else {
				import_text(s->a, text, &p);
				*VEC_ADD(s->a, &s->pages) = p;
			}
		} else if (S_ISREG(st.st_mode) && s->media.n < IMPORT_PAGES_MAX * 4) {
			*VEC_ADD(s->a, &s->media) = (struct import_media){ .path = path };
		}
	}
	closedir(d);
	return rc;
}

/* ---- order by the tree's own list ---- */

/* "* [Title](path)" with its depth by indentation (mdBook, GitBook). */
static void read_summary(struct import_state *s, struct str text, nav_list *ret)
{
	struct str rest = text, line;
	size_t indents[16] = { 0 };
	int n = 0;

	while (str_cut(&rest, '\n', &line)) {
		size_t in = 0, open, mid, close;

		for (; in < line.n && (line.p[in] == ' ' || line.p[in] == '\t'); in++)
			;
		struct str body = str_from(line, in);
		if (body.n < 3 || !strchr("-*+[", body.p[0]))
			continue;
		if (body.p[0] != '[')
			body = str_trim(str_from(body, 1));
		while (n && indents[n - 1] >= in)
			n--;
		if (n < 16)
			indents[n++] = in;
		open = str_find_byte(body, '[');
		mid = str_find(body, STR("]("));
		close = str_find_byte(str_from(body, mid == STR_NONE ? body.n : mid), ')');
		struct nav v = { .depth = n - 1 };
		if (open == 0 && mid != STR_NONE && close != STR_NONE) {
			v.title = str_sub(body, 1, mid - 1);
			v.path = import_join(s->a, STR(""), str_sub(body, mid + 2, close - 2));
			v.path = str_sub(v.path, 0, str_find_byte(v.path, '#'));
		} else {
			v.title = body;
		}
		*VEC_ADD(s->a, ret) = v;
	}
}

static struct str unquoted(struct str s)
{
	s = str_trim(s);
	return s.n > 1 && (s.p[0] == '\'' || s.p[0] == '"') && s.p[s.n - 1] == s.p[0] ? str_sub(s, 1, s.n - 2) : s;
}

/* The nav of mkdocs.yml: "- Title: path", "- path", "- Title:" with more below. */
static void read_mkdocs(struct import_state *s, struct str text, nav_list *ret)
{
	struct str rest = text, line;
	size_t indents[16] = { 0 };
	bool in_nav = false;
	int n = 0;

	while (str_cut(&rest, '\n', &line)) {
		size_t in = 0, colon;

		if (str_starts(line, STR("nav:"))) {
			in_nav = true;
			continue;
		}
		for (; in < line.n && line.p[in] == ' '; in++)
			;
		struct str body = str_trim(str_from(line, in));
		if (!in_nav || !body.n || body.p[0] == '#')
			continue;
		if (body.p[0] != '-')
			break;
		body = str_trim(str_from(body, 1));
		while (n && indents[n - 1] >= in)
			n--;
		if (n < 16)
			indents[n++] = in;
		colon = str_find(body, STR(": "));
		struct nav v = { .depth = n - 1 };
		if (colon != STR_NONE) {
			v.title = unquoted(str_sub(body, 0, colon));
			v.path = unquoted(str_from(body, colon + 2));
		} else if (str_ends(body, STR(":"))) {
			v.title = unquoted(str_sub(body, 0, body.n - 1));
		} else {
			v.path = unquoted(body);
		}
		if (str_find(v.path, STR("://")) == STR_NONE)
			*VEC_ADD(s->a, ret) = v;
	}
}

static size_t add_chapter(struct import_state *s, struct str title, struct str key_path)
{
	*VEC_ADD(s->a, &s->pages) = (struct import_page){ .path = STR_INIT(""),
		                                          .key = key_path,
		                                          .title = title,
		                                          .summary = STR_INIT(""),
		                                          .tags = STR_INIT(""),
		                                          .markdown = STR_INIT(""),
		                                          .parent = STR_NONE,
		                                          .order = INT64_MAX };
	return s->pages.n - 1;
}

static void place_by_list(struct import_state *s, const nav_list *nav, size_t root)
{
	size_t at_depth[16];
	int64_t position = 0;

	for (size_t i = 0; i < nav->n; i++) {
		const struct nav *v = &nav->at[i];
		size_t page = v->path.n ? import_page_at(s, v->path) : STR_NONE, parent = root;
		int depth = v->depth < 16 ? v->depth : 15;

		if (v->path.n && page == STR_NONE) {
			import_say(s, "the table of contents names %.*s, which is not there", STR_A(v->path));
			continue;
		}
		if (depth > 0 && at_depth[depth - 1] != STR_NONE)
			parent = at_depth[depth - 1];
		if (page == STR_NONE)
			page = add_chapter(s, v->title,
			                   arena_strf(s->a, "#" STR_F, STR_A(markdown_slug(s->a, v->title, 100))));
		at_depth[depth] = page == root && depth == 0 ? STR_NONE : page;
		if (page == root || s->pages.at[page].listed)
			continue;
		s->pages.at[page].parent = parent;
		s->pages.at[page].listed = true;
		s->pages.at[page].position = ++position;
	}
}

/* ---- order by folders ---- */

static size_t index_of_folder(const struct import_state *s, struct str folder, size_t not_this)
{
	static const char *const names[] = { "index.md", "README.md", "readme.md", "_index.md" };

	for (size_t i = 0; i < COUNT(names); i++) {
		size_t at = find_page(s, folder.n ? arena_strf(s->a, STR_F "/%s", STR_A(folder), names[i])
		                                  : str_of(names[i]));

		if (at != STR_NONE && at != not_this)
			return at;
	}
	return STR_NONE;
}

static int natural(struct str x, struct str y)
{
	size_t i = 0, j = 0;

	while (i < x.n && j < y.n) {
		if (isdigit((unsigned char)x.p[i]) && isdigit((unsigned char)y.p[j])) {
			uint64_t a = 0, b = 0;

			while (i < x.n && isdigit((unsigned char)x.p[i]) && a < 1u << 30)
				a = a * 10 + (uint64_t)(x.p[i++] - '0');
			while (j < y.n && isdigit((unsigned char)y.p[j]) && b < 1u << 30)
				b = b * 10 + (uint64_t)(y.p[j++] - '0');
			if (a != b)
				return a < b ? -1 : 1;
			continue;
		}
		if (x.p[i] != y.p[j])
			return (unsigned char)x.p[i] < (unsigned char)y.p[j] ? -1 : 1;
		i++;
		j++;
	}
	return i < x.n ? 1 : j < y.n ? -1 : 0;
}

struct order {
	size_t page;
	int64_t wish;
	struct str path;
};

static int compare_order(const void *x, const void *y)
{
	const struct order *a = x, *b = y;

	return a->wish != b->wish ? (a->wish < b->wish ? -1 : 1) : natural(a->path, b->path);
}

/* Chapters for folders without a page of their own are added behind the pages of files. */
static size_t chapter_for(struct import_state *s, struct str folder, size_t root)
{
	size_t page = folder.n ? index_of_folder(s, folder, STR_NONE) : root;
	struct str key = arena_strf(s->a, "#" STR_F, STR_A(folder));

	if (page != STR_NONE)
		return page;
	for (size_t i = s->n.files; i < s->pages.n; i++)
		if (str_eq(s->pages.at[i].key, key))
			return i;
	struct str name = base_of(folder);
	char *title = str_z(s->a, name);
	for (size_t i = 0; i < name.n; i++)
		title[i] = title[i] == '-' || title[i] == '_' ? ' ' : title[i];
	title[0] = (char)toupper((unsigned char)title[0]);
	page = add_chapter(s, str_of(title), key);
	size_t parent = chapter_for(s, folder_of(folder), root);
	s->pages.at[page].parent = parent;
	return page;
}

static void place_by_folder(struct import_state *s, size_t root)
{
	for (size_t i = 0; i < s->n.files; i++) {
		struct str folder = folder_of(s->pages.at[i].path);

		if (i == root || s->pages.at[i].listed)
			continue;
		if (is_index(s->pages.at[i].path) && index_of_folder(s, folder, STR_NONE) == i)
			folder = folder.n ? folder_of(folder) : STR("");
		size_t parent = chapter_for(s, folder, root);
		s->pages.at[i].parent = parent == i ? root : parent;
	}
	struct order *o = arena_array(s->a, struct order, s->pages.n + 1);
	size_t n = 0;
	for (size_t i = 0; i < s->pages.n; i++)
		if (i != root && !s->pages.at[i].listed)
			o[n++] = (struct order){ i, s->pages.at[i].order,
				                 s->pages.at[i].path.n ? s->pages.at[i].path
				                                       : str_from(s->pages.at[i].key, 1) };
	qsort(o, n, sizeof(*o), compare_order);
	for (size_t i = 0; i < n; i++) /* behind those that are listed */
		s->pages.at[o[i].page].position = (int64_t)s->pages.n + (int64_t)i + 1;
}

static int compare_place(const void *x, const void *y)
{
	const struct order *a = x, *b = y;

	return a->wish < b->wish ? -1 : a->wish > b->wish;
}

/* 1, 2, ... among brothers, so that a page more elsewhere changes nothing here. */
static void number(struct import_state *s)
{
	struct order *o = arena_array(s->a, struct order, s->pages.n + 1);
	int64_t *last = arena_array(s->a, int64_t, s->pages.n + 1);

	for (size_t i = 0; i < s->pages.n; i++)
		o[i] = (struct order){ .page = i, .wish = s->pages.at[i].position };
	qsort(o, s->pages.n, sizeof(*o), compare_place);
	for (size_t i = 0; i < s->pages.n; i++) {
		struct import_page *p = &s->pages.at[o[i].page];

		p->position = p->parent == STR_NONE ? 0 : ++last[p->parent];
	}
}

/* Nobody is his own ancestor, whatever a list says. */
static void break_circles(struct import_state *s, size_t root)
{
	for (size_t i = 0; i < s->pages.n; i++) {
		size_t at = i, steps = 0;

		while (at != STR_NONE && steps++ <= s->pages.n)
			at = s->pages.at[at].parent;
		if (at != STR_NONE)
			s->pages.at[i].parent = root;
	}
}

enum rc import_read_tree(struct import_state *s, struct err *err)
{
	int at = open(str_z(s->a, s->im->dir), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	nav_list nav = { 0 };
	struct str text;

	if (at < 0)
		return fail(err, RC_INVALID, "There is no folder " STR_F " that can be read", STR_A(s->im->dir));
	if (slurp(s->a, at, "SUMMARY.md", NAV_MAX, &text) == RC_OK)
		read_summary(s, text, &nav);
	else if (slurp(s->a, at, "mkdocs.yml", NAV_MAX, &text) == RC_OK ||
	         slurp(s->a, at, "../mkdocs.yml", NAV_MAX, &text) == RC_OK)
		read_mkdocs(s, text, &nav);
	enum rc rc = walk(s, at, STR(""), 0, err);
	if (rc != RC_OK)
		return rc;
	if (!s->pages.n)
		return fail(err, RC_INVALID, "There are no pages in " STR_F "; nothing was changed", STR_A(s->im->dir));
	qsort(s->pages.at, s->pages.n, sizeof(s->pages.at[0]), compare_page);
	if (s->media.n)
		qsort(s->media.at, s->media.n, sizeof(s->media.at[0]), compare_media);
	s->n.files = s->pages.n;
	size_t root = index_of_folder(s, STR(""), STR_NONE);
	if (s->im->only.p)
		root = 0;
	if (root == STR_NONE)
		root = add_chapter(s, s->im->book, STR("#"));
	for (size_t i = 0; i < s->n.files; i++)
		if (!s->pages.at[i].title.n)
			s->pages.at[i].title = i == root ? s->im->book : base_of(s->pages.at[i].path);
	place_by_list(s, &nav, root);
	place_by_folder(s, root);
	break_circles(s, root);
	s->pages.at[root].parent = STR_NONE;
	number(s);
	if (!s->im->only.p)
		s->pages.at[root].title = s->im->book;
	for (size_t i = 0; i < s->pages.n; i++)
		s->pages.at[i].key = arena_strf(
		        s->a, STR_F ":" STR_F, STR_A(s->prefix),
		        STR_A(s->pages.at[i].path.n ? s->pages.at[i].path : s->pages.at[i].key));
	for (size_t i = 0; i < s->media.n; i++)
		s->media.at[i].key = arena_strf(s->a, STR_F ":" STR_F, STR_A(s->prefix), STR_A(s->media.at[i].path));
	return RC_OK;
}
