/* Pages as Markdown files: a folder a book with its SUMMARY.md and its media, pages outside of books by their kind.
 * Names come from addresses, which are of a few plain signs; nothing is written outside of the folder. */
#include "kb/export.h"
#include "blob/blob.h"
#include "kb/export_private.h"
#include "markdown/markdown.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define MEDIUM_MAX (512u << 20)

/* ---- files ---- */

enum rc export_write(struct export_state *x, struct str path, struct str bytes, struct err *err)
{
	char *z = str_z(x->a, path);

	for (char *c = z; (c = strchr(c, '/')) != NULL; c++) {
		*c = 0;
		if (mkdirat(x->dir, z, 0755) != 0 && errno != EEXIST)
			return fail(err, RC_FAULT, "The folder %s cannot be made; the export is not complete", z);
		*c = '/';
	}
	int fd = openat(x->dir, z, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0644);
	if (fd < 0)
		return fail(err, RC_FAULT, "The file %s cannot be made; the export is not complete", z);
	while (bytes.n) {
		ssize_t n = write(fd, bytes.p, bytes.n);

		if (n <= 0) {
			close(fd);
			return fail(err, RC_FULL, "The file %s could not be written; the export is not complete", z);
		}
		bytes = str_from(bytes, (size_t)n);
	}
	close(fd);
	return RC_OK;
}

enum rc export_copy(struct export_state *x, struct str sha256, struct str path, struct err *err)
{
	AUTO_ARENA a;
	struct str bytes;

	arena_init(&a);
	if (faccessat(x->dir, str_z(&a, path), F_OK, 0) == 0)
		return RC_OK;
	enum rc rc = blob_read(&a, x->blobs, sha256, MEDIUM_MAX, &bytes, err);
	if (rc == RC_OK)
		rc = export_write(x, path, bytes, err);
	x->n.files += rc == RC_OK;
	return rc;
}

struct str export_relative(struct arena *a, struct str from, struct str to)
{
	size_t same = 0;
	AUTO_BUF b;

	buf_init(&b, 4096);
	for (size_t i = 0; i < from.n && i < to.n && from.p[i] == to.p[i]; i++)
		if (from.p[i] == '/')
			same = i + 1;
	for (size_t i = same; i < from.n; i++)
		if (from.p[i] == '/')
			buf_addz(&b, "../");
	buf_adds(&b, str_from(to, same));
	return arena_str(a, buf_str(&b));
}

size_t export_media_find(const struct export_state *x, struct str token)
{
	size_t lo = 0, hi = x->media.n;

	while (lo < hi) {
		size_t mid = (lo + hi) / 2;
		int c = str_cmp(token, x->media.at[mid].token);

		if (c == 0)
			return mid;
		if (c < 0)
			hi = mid;
		else
			lo = mid + 1;
	}
	return STR_NONE;
}

struct str export_media_name(struct export_state *x, const struct export_media *m)
{
	struct str name = blob_safe_name(x->a, m->name), ext = STR("");

	for (size_t i = name.n; i-- > 0 && name.n - i < 8;)
		if (name.p[i] == '.') {
			ext = str_from(name, i + 1);
			name.n = i;
			break;
		}
	struct str stem = markdown_slug(x->a, name, 40), end = markdown_slug(x->a, ext, 6);
	return arena_strf(x->a, STR_F "-" STR_F "%s" STR_F, STR_A(stem.n ? stem : STR("file")),
	                  STR_A(str_sub(m->token, 0, 8)), end.n ? "." : "", STR_A(end));
}

/* ---- the tree ---- */

struct by_id {
	int64_t id;
	size_t at;
};

static int compare_id(const void *x, const void *y)
{
	int64_t a = ((const struct by_id *)x)->id, b = ((const struct by_id *)y)->id;

	return a < b ? -1 : a > b;
}

static void find_parents(struct export_state *x)
{
	struct by_id *ids = arena_array(x->a, struct by_id, x->pages.n + 1);

	for (size_t i = 0; i < x->pages.n; i++)
		ids[i] = (struct by_id){ x->pages.at[i].id, i };
	qsort(ids, x->pages.n, sizeof(*ids), compare_id);
	for (size_t i = 0; i < x->pages.n; i++) {
		struct by_id key = { x->pages.at[i].parent_id, 0 }, *found;

		found = key.id && x->pages.n ? bsearch(&key, ids, x->pages.n, sizeof(*ids), compare_id) : NULL;
		if (found) {
			x->pages.at[i].parent = found->at;
			x->pages.at[found->at].has_children = true;
		}
	}
}

/* Ancestors' addresses as folders. A page with children is the index of its folder. */
static void find_paths(struct export_state *x)
{
	for (size_t i = 0; i < x->pages.n; i++) {
		struct export_page *p = &x->pages.at[i];
		struct str folder = STR("");
		size_t at = p->parent, top = i;

		for (int depth = 0; at != STR_NONE && depth < 12; depth++, at = x->pages.at[at].parent) {
			folder = arena_strf(x->a, STR_F "/" STR_F, STR_A(x->pages.at[at].slug), STR_A(folder));
			top = at;
		}
		p->top = top;
		if (top == i && !p->has_children)
			folder = arena_strf(x->a, "pages/%s/", article_kind_name(p->kind));
		p->path = p->has_children ? arena_strf(x->a, STR_F STR_F "/index.md", STR_A(folder), STR_A(p->slug))
		                          : arena_strf(x->a, STR_F STR_F ".md", STR_A(folder), STR_A(p->slug));
	}
}

size_t export_page_find(const struct export_state *x, struct str slug)
{
	for (size_t i = 0; i < x->pages.n; i++)
		if (str_eq(x->pages.at[i].slug, slug))
			return i;
	return STR_NONE;
}

/* ---- Markdown ---- */

struct linking {
	struct export_state *x;
	const struct export_page *page;
	enum rc rc;
	struct err *err;
};

/* Media lie in the folder of the book, so that it can be imported by itself. */
static struct str file_for(struct linking *l, size_t medium)
{
	const struct export_media *m = &l->x->media.at[medium];
	struct str folder = str_sub(l->page->path, 0, str_find_byte(l->page->path, '/'));
	struct str path = arena_strf(l->x->a, STR_F "/media/" STR_F, STR_A(folder), STR_A(export_media_name(l->x, m)));

	if (l->rc == RC_OK)
		l->rc = export_copy(l->x, m->sha256, path, l->err);
	return export_relative(l->x->a, l->page->path, path);
}

static struct str link_to(void *arg, struct arena *a, struct str to, bool image)
{
	struct linking *l = arg;
	size_t hash = str_find_byte(to, '#'), at;
	struct str fragment = hash == STR_NONE ? STR("") : str_from(to, hash);

	if (str_starts(to, STR("media:"))) {
		at = export_media_find(l->x, str_from(to, 6));
		return at == STR_NONE ? STR_NULL : file_for(l, at);
	}
	if (!str_starts(to, STR("kb:")))
		return STR_NULL;
	at = export_page_find(l->x, str_sub(to, 3, hash == STR_NONE ? to.n : hash - 3));
	if (at == STR_NONE)
		return STR_NULL;
	return str_concat(a, export_relative(a, l->page->path, l->x->pages.at[at].path), fragment);
}

static void quoted(struct buf *b, const char *key, struct str v)
{
	buf_addf(b, "%s: \"", key);
	for (size_t i = 0; i < v.n; i++) {
		if (v.p[i] == '"' || v.p[i] == '\\')
			buf_addc(b, '\\');
		buf_addc(b, v.p[i] == '\n' ? ' ' : v.p[i]);
	}
	buf_addz(b, "\"\n");
}

static enum rc put_markdown(struct export_state *x, struct export_page *p, struct err *err)
{
	struct linking l = { .x = x, .page = p, .err = err };
	struct str text = markdown_relink(x->a, p->markdown, link_to, &l), rest = str_trim(p->tags), tag;
	bool first = true;
	AUTO_BUF b;

	buf_init(&b, 8 << 20);
	buf_addz(&b, "---\n");
	quoted(&b, "title", p->title);
	quoted(&b, "slug", p->slug);
	quoted(&b, "summary", p->summary);
	if (rest.n) {
		buf_addz(&b, "tags: [");
		while (str_cut(&rest, ' ', &tag)) {
			buf_addz(&b, first ? "" : ", ");
			buf_adds(&b, tag);
			first = false;
		}
		buf_addz(&b, "]\n");
	}
	buf_addf(&b, "kind: %s\nlang: " STR_F "\nposition: %lld\n---\n", article_kind_name(p->kind), STR_A(x->ex->lang),
	         (long long)p->position);
	buf_adds(&b, text);
	if (b.n && b.p[b.n - 1] != '\n')
		buf_addc(&b, '\n');
	x->n.pages++;
	return l.rc == RC_OK ? export_write(x, p->path, buf_str(&b), err) : l.rc;
}

struct children {
	size_t *first, *next; /* by page; roots hang on the last of `first` */
};

static struct children children_of(struct export_state *x)
{
	struct children c = { arena_array(x->a, size_t, x->pages.n + 1), arena_array(x->a, size_t, x->pages.n + 1) };

	memset(c.first, 0xff, sizeof(size_t) * (x->pages.n + 1));
	for (size_t i = x->pages.n; i-- > 0;) { /* rows are in order: pushed backwards they stay so */
		size_t under = x->pages.at[i].parent == STR_NONE ? x->pages.n : x->pages.at[i].parent;

		c.next[i] = c.first[under];
		c.first[under] = i;
	}
	return c;
}

static void list(struct export_state *x, const struct children *c, size_t page, int depth, struct str from,
                 struct buf *b)
{
	for (size_t i = c->first[page]; i != STR_NONE && depth < 12; i = c->next[i]) {
		buf_addf(b, "%*s- [", depth * 2, "");
		for (size_t k = 0; k < x->pages.at[i].title.n; k++)
			if (!strchr("[]\n", x->pages.at[i].title.p[k]))
				buf_addc(b, x->pages.at[i].title.p[k]);
		buf_addf(b, "](" STR_F ")\n", STR_A(export_relative(x->a, from, x->pages.at[i].path)));
		list(x, c, i, depth + 1, from, b);
	}
}

static enum rc put_tree(struct export_state *x, struct err *err)
{
	struct children c = children_of(x);
	enum rc rc = RC_OK;

	for (size_t i = 0; i < x->pages.n && rc == RC_OK; i++)
		rc = put_markdown(x, &x->pages.at[i], err);
	for (size_t i = 0; i < x->pages.n && rc == RC_OK; i++) {
		AUTO_BUF b;

		buf_init(&b, 8 << 20);
		if (x->pages.at[i].parent != STR_NONE || !x->pages.at[i].has_children)
			continue;
		struct str path = arena_strf(x->a, STR_F "/SUMMARY.md", STR_A(x->pages.at[i].slug));
		list(x, &c, i, 0, path, &b);
		rc = export_write(x, path, buf_str(&b), err);
	}
	return rc;
}

enum rc kb_export_tree(struct db *db, struct blob_store *blobs, struct arena *a, const struct kb_export *ex,
                       struct kb_export_report *ret, struct err *err)
{
	struct export_state x = { .ex = ex, .a = a, .blobs = blobs };
	char *dir = str_z(a, ex->dir);

	if (mkdir(dir, 0755) != 0 && (errno != EEXIST || rmdir(dir) != 0 || mkdir(dir, 0755) != 0))
		return fail(err, RC_INVALID,
		            "The folder " STR_F " cannot be made, or is not empty; nothing was written",
		            STR_A(ex->dir));
	x.dir = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (x.dir < 0)
		return fail(err, RC_FAULT, "The folder " STR_F " cannot be opened", STR_A(ex->dir));
	enum rc rc = db_read(db, export_read, &x, err);
	if (rc == RC_OK) {
		find_parents(&x);
		find_paths(&x);
		rc = ex->html ? export_site(&x, err) : put_tree(&x, err);
	}
	close(x.dir);
	if (rc == RC_OK)
		*ret = x.n;
	return rc;
}
