/* Finding articles: find.h says what, this is the asking. The engines only match; one narrow row a candidate comes back
 * and find_rank.c orders them, so both engines answer alike and a common word costs no more than KB_LOOKED_AT rows. */
#include "kb/find_private.h"
#include "kb/kb_private.h"
#include "util/json.h"

#define CHECKS    12 /* queries that typing mistakes of one search may cost */
#define NEAR_MAX  300
#define GROUPS    1000
#define PROPOSALS 150 /* as KB_LOOKED_AT, while somebody types: each letter asks */
#define ABOUT_MAX 100 /* that speak of a course */
#define IS_ABOUT  60
#define IS_LIKED  15

/* As KB_LANG, over the narrow table. */
#define INDEX_LANG                                                                                                     \
	"(a.lang = :lang OR (a.lang = 'en' AND NOT EXISTS (SELECT 1 FROM kb_index o WHERE o.page_id = a.page_id"       \
	" AND o.lang = :lang AND " KB_LIVE("o") ")))"
#define CANDIDATE "SELECT a.article_id, a.page_id, a.lang, a.updated_at, a.head, p.kind, p.product, p.releases FROM "
#define WANTED                                                                                                         \
	" AND " KB_SEES " AND " KB_LIVE("a") " AND " INDEX_LANG                                                        \
	                                     " AND (CAST(:kind AS BIGINT) = 0 OR p.kind = :kind) AND (CAST(:product "  \
	                                     "AS TEXT) = '' OR p.product = :product)"                                  \
	                                     " AND (CAST(:release AS TEXT) = '' OR p.releases LIKE '% ' || "           \
	                                     "CAST(:release AS TEXT) || ' %') LIMIT :max"
/* The order of the joins is given: the words first. PostgreSQL would else walk all articles by their number, opening
 * the words of each, because it thinks that enough of them will do. */
#define WORDS_FIRST(column)                                                                                            \
	"WITH f AS MATERIALIZED (SELECT article_id FROM kb_fts WHERE " column " @@ CAST(:q AS tsquery)) "
DB_QUERY2(q_match, "kb.look",
          CANDIDATE "kb_fts f CROSS JOIN kb_index a ON a.article_id = f.rowid CROSS JOIN kb_page p ON p.id = a.page_id"
                    " WHERE kb_fts MATCH :q" WANTED,
          WORDS_FIRST("body") CANDIDATE
          "f JOIN kb_index a ON a.article_id = f.article_id JOIN kb_page p ON p.id = a.page_id WHERE true" WANTED);
DB_QUERY2(q_match_head, "kb.look-head",
          CANDIDATE "kb_fts f CROSS JOIN kb_index a ON a.article_id = f.rowid CROSS JOIN kb_page p ON p.id = a.page_id"
                    " WHERE kb_fts MATCH :q" WANTED,
          WORDS_FIRST("head") CANDIDATE
          "f JOIN kb_index a ON a.article_id = f.article_id JOIN kb_page p ON p.id = a.page_id WHERE true" WANTED);
DB_QUERY(q_pinned, "kb.look-pinned",
         CANDIDATE "kb_pin k JOIN kb_page p ON p.id = k.page_id JOIN kb_index a ON a.page_id = p.id WHERE k.words = :q"
                   " AND k.lang IN ('', :lang)" WANTED);
#define SHOWN                                                                                                          \
	"SELECT a.id, a.slug, a.title, a.summary, SUBSTR(a.body, 1, 16000) FROM article a JOIN kb_page p ON"           \
	" p.id = a.page_id WHERE "
DB_QUERY2(q_shown, "kb.look-shown",
          SHOWN "a.id IN (SELECT value FROM json_each(:ids)) AND " KB_SEES " AND " KB_LIVE("a"),
          SHOWN
          "a.id IN (SELECT CAST(e AS BIGINT) FROM json_array_elements_text(CAST(:ids AS json)) AS t (e)) AND " KB_SEES
          " AND " KB_LIVE("a"));
DB_QUERY2(
        q_near, "kb.look-near",
        "SELECT DISTINCT n.word FROM kb_near n JOIN kb_vocab v ON v.word = n.word WHERE n.h IN"
        " (SELECT value FROM json_each(:keys)) AND v.level <= :level ORDER BY n.word LIMIT :max",
        "SELECT DISTINCT n.word FROM kb_near n JOIN kb_vocab v ON v.word = n.word WHERE n.h IN"
        " (SELECT CAST(e AS BIGINT) FROM json_array_elements_text(CAST(:keys AS json)) AS t (e)) AND v.level <= :level"
        " ORDER BY n.word LIMIT :max");
DB_QUERY(q_groups, "kb.look-synonyms",
         "SELECT words FROM kb_synonym WHERE lang = '' OR lang = :lang OR lang = 'en' ORDER BY id LIMIT :max");

struct candidate {
	int64_t id, page;
	struct str lang, rank, product, releases;
	struct instant updated_at;
	int kind, score;
	bool pinned, about;
};
struct looking {
	struct db_tx *tx;
	struct arena *out;
	const struct actor *who;
	const struct kb_query *q;
	struct instant now;
	struct find_terms terms;
	struct err *err;
	VEC(struct candidate) found;
	bool many, some;
};

static bool said(struct str s)
{
	return s.p && s.n;
}

static enum rc ask(struct looking *x, const struct db_query *sql, struct str expression, bool filtered, size_t max,
                   size_t *ret_n)
{
	const struct kb_query *q = x->q;
	AUTO_ROWS r = { 0 };
	enum rc rc = db_select(x->tx, sql,
	                       DB_ARGS(db_str("q", expression), db_str("lang", q->lang), db_i64("max", (int64_t)max),
	                               db_i64("kind", filtered ? q->kind : 0),
	                               db_str("product", filtered && said(q->product) ? q->product : STR("")),
	                               db_str("release", filtered && said(q->release) ? q->release : STR("")),
	                               KB_READER(x->who, x->now)),
	                       &r, x->err);
	*ret_n = 0;
	while (rc == RC_OK && (rc = db_next(&r, x->err)) == RC_OK) {
		int64_t id = db_col_i64(&r, 0);
		size_t i = 0;

		++*ret_n;
		if (sql == &q_match_head || sql == &q_pinned || filtered)
			while (i < x->found.n && x->found.at[i].id != id)
				i++;
		else
			i = x->found.n;
		if (i == x->found.n)
			*VEC_ADD(x->out, &x->found) = (struct candidate){ .id = id,
				                                          .page = db_col_i64(&r, 1),
				                                          .lang = db_col_str(&r, 2, x->out),
				                                          .updated_at = db_col_time(&r, 3),
				                                          .rank = db_col_str(&r, 4, x->out),
				                                          .kind = (int)db_col_i64(&r, 5),
				                                          .product = db_col_str(&r, 6, x->out),
				                                          .releases = db_col_str(&r, 7, x->out) };
		x->found.at[i].pinned |= sql == &q_pinned;
	}
	return rc == RC_NOT_FOUND ? RC_OK : rc;
}

static bool is_filtered(const struct kb_query *q)
{
	return q->kind || said(q->product) || said(q->release);
}

/* Candidates of these terms. When the words are too common for all to be looked at: those that have them in title,
 * headings or tags first, and those of the kind that was asked for. */
static enum rc match(struct looking *x, const struct find_terms *t, bool any)
{
	bool postgres = db_tx_is_postgres(x->tx);
	size_t n = 0, max = x->q->typing ? PROPOSALS : KB_LOOKED_AT;
	enum rc rc = RC_OK;
	AUTO_BUF all;
	AUTO_BUF head;

	buf_init(&all, 64 << 10);
	buf_init(&head, 64 << 10);
	x->found.n = 0;
	if (!t->n)
		return RC_OK;
	find_expression(&all, t, postgres, any, false);
	find_expression(&head, t, postgres, any, true);
	if (all.full || head.full)
		return RC_OK;
	if (any)
		rc = ask(x, &q_match_head, buf_str(&head), false, max, &n);
	if (rc == RC_OK && !x->found.n)
		rc = ask(x, &q_match, buf_str(&all), false, max, &n);
	x->many = n >= max;
	if (rc == RC_OK && x->many && !any)
		rc = ask(x, &q_match_head, buf_str(&head), false, max, &n);
	if (rc == RC_OK && x->many && is_filtered(x->q))
		rc = ask(x, &q_match, buf_str(&all), true, max, &n);
	return rc;
}

/* ---- synonyms, mistakes ---- */

static enum rc widen(struct looking *x)
{
	AUTO_ROWS r = { 0 };
	enum rc rc = db_select(x->tx, &q_groups, DB_ARGS(db_str("lang", x->q->lang), db_i64("max", GROUPS)), &r,
	                       x->err);

	while (rc == RC_OK && (rc = db_next(&r, x->err)) == RC_OK)
		find_widen(x->out, &x->terms, db_col_str(&r, 0, x->out), x->q->lang);
	return rc == RC_NOT_FOUND ? RC_OK : rc;
}

struct near_word {
	struct str word;
	int distance;
};

/* Words of articles that are near, nearest first; at most 5. */
static enum rc near_words(struct looking *x, struct str word, struct near_word ret[5], size_t *ret_n)
{
	int64_t keys[FIND_KEYS];
	size_t n = find_keys(word, keys), letters = 0;
	int max;
	struct json j;
	AUTO_BUF b;
	AUTO_ROWS r = { 0 };

	for (size_t i = 0; i < word.n; letters++)
		str_utf8_next(word, &i);
	max = find_tolerance(letters);
	*ret_n = 0;
	buf_init(&b, 4096);
	if (!max)
		return RC_OK;
	json_init(&j, &b);
	json_arr(&j);
	for (size_t i = 0; i < n; i++)
		json_i64(&j, keys[i]);
	json_end_arr(&j);
	enum rc rc = db_select(
	        x->tx, &q_near,
	        DB_ARGS(db_str("keys", buf_str(&b)), db_i64("level", kb_level(x->who)), db_i64("max", NEAR_MAX)), &r,
	        x->err);
	while (rc == RC_OK && (rc = db_next(&r, x->err)) == RC_OK) {
		struct str w = db_col_peek(&r, 0);
		int d = find_distance(word, w, max);
		size_t at = 0;

		if (d > max)
			continue;
		while (at < *ret_n && ret[at].distance <= d)
			at++;
		if (at == 5)
			continue;
		memmove(&ret[at + 1], &ret[at], ((*ret_n < 5 ? *ret_n : 4) - at) * sizeof(*ret));
		ret[at] = (struct near_word){ arena_str(x->out, w), d };
		*ret_n += *ret_n < 5;
	}
	return rc == RC_NOT_FOUND ? RC_OK : rc;
}

/* Does this reader find anything by it? What they may not see is not known to exist. */
static enum rc exists(struct looking *x, const struct find_group *g, bool *ret)
{
	struct find_terms one = { .at = { *g }, .n = 1 };
	size_t n = 0, kept = x->found.n;
	enum rc rc;
	AUTO_BUF q;

	buf_init(&q, 16 << 10);
	find_expression(&q, &one, db_tx_is_postgres(x->tx), false, false);
	rc = ask(x, &q_match, buf_str(&q), false, 1, &n);
	x->found.n = kept;
	*ret = n > 0;
	return rc;
}

/* Puts what was probably meant in place of words that nobody wrote. */
static enum rc correct(struct looking *x, struct find_terms *t, bool *ret)
{
	int checks = CHECKS;
	enum rc rc = RC_OK;

	*ret = false;
	for (size_t i = 0; i < t->n && rc == RC_OK; i++) {
		struct find_group *g = &t->at[i];
		struct near_word near[5];
		size_t n = 0;
		bool there = true;

		if (g->phrase || checks-- <= 0)
			continue;
		rc = exists(x, g, &there);
		if (rc == RC_OK && !there)
			rc = near_words(x, g->typed, near, &n);
		for (size_t k = 0; k < n && rc == RC_OK && !there && checks > 0; k++, checks--) {
			struct find_group other = { .typed = near[k].word };

			find_form_add(x->out, &other, near[k].word, x->q->lang);
			rc = exists(x, &other, &there);
			if (rc == RC_OK && there) {
				*g = other;
				*ret = true;
			}
		}
	}
	return rc;
}

static struct str spoken(struct arena *a, const struct find_terms *t)
{
	AUTO_BUF b;

	buf_init(&b, 2000);
	for (size_t i = 0; i < t->n; i++)
		buf_addf(&b, t->at[i].phrase ? "%s\"" STR_F "\"" : "%s" STR_F, i ? " " : "", STR_A(t->at[i].typed));
	return arena_str(a, buf_str(&b));
}

/* From what was said to what was meant, one step after the other until there is something. */
static enum rc steps(struct looking *x, struct kb_found *ret)
{
	struct find_terms open = x->terms, right = x->terms;
	struct find_group *last = x->terms.n ? &open.at[open.n - 1] : NULL;
	bool corrected = false;
	enum rc rc = RC_OK;

	if (!last)
		return RC_OK;
	last->form[0].prefix |= !last->phrase && last->typed.n >= 2;
	if (x->q->typing)
		x->terms = open;
	rc = match(x, &x->terms, false);
	if (rc == RC_OK && !x->found.n && !x->q->typing && last->typed.n >= 3) {
		rc = match(x, &open, false);
		if (rc == RC_OK && x->found.n) {
			ret->how = KB_BEGINNING;
			x->terms = open;
		}
	}
	if (rc != RC_OK || x->found.n)
		return rc;
	rc = correct(x, &right, &corrected);
	if (rc == RC_OK && corrected) {
		rc = match(x, &right, false);
		x->terms = right;
		if (rc == RC_OK && x->found.n) {
			ret->how = KB_MISTYPED;
			ret->meant = spoken(x->out, &right);
		}
	}
	if (rc != RC_OK || x->found.n || x->terms.n < 2)
		return rc;
	ret->how = KB_SOME_WORDS;
	x->some = true;
	return match(x, &x->terms, true);
}

/* Which of them speak of q->about, too; when the words find nothing, those that do. */
static enum rc lift(struct looking *x)
{
	struct find_terms about;
	struct looking other = *x;
	size_t n = 0;
	AUTO_BUF b;

	find_parse(x->out, x->q->about, x->q->lang, &about);
	if (!about.n)
		return RC_OK;
	buf_init(&b, 16 << 10);
	find_expression(&b, &about, db_tx_is_postgres(x->tx), false, false);
	other.found.at = NULL;
	other.found.n = other.found.cap = 0;
	enum rc rc = ask(&other, &q_match, buf_str(&b), false, ABOUT_MAX, &n);

	for (size_t i = 0; i < other.found.n; i++)
		other.found.at[i].about = true;
	if (rc != RC_OK || !x->found.n) {
		x->found.at = other.found.at;
		x->found.n = other.found.n;
		x->found.cap = other.found.cap;
		return rc;
	}
	for (size_t i = 0; i < x->found.n; i++)
		for (size_t k = 0; k < other.found.n && !x->found.at[i].about; k++)
			x->found.at[i].about = other.found.at[k].id == x->found.at[i].id;
	return RC_OK;
}

/* ---- order, facets, what is shown ---- */

static bool has_release(struct str releases, struct str one)
{
	char need[64];

	if (!one.n || one.n + 2 >= sizeof(need))
		return false;
	need[0] = ' ';
	memcpy(need + 1, one.p, one.n);
	need[one.n + 1] = ' ';
	return str_find(releases, (struct str){ need, one.n + 2 }) != STR_NONE;
}

static void score(struct looking *x)
{
	const struct kb_query *q = x->q;
	size_t kept = 0;

	for (size_t i = 0; i < x->found.n; i++) {
		struct candidate *c = &x->found.at[i];

		c->score = find_score(&x->terms, c->rank, x->some);
		if (str_eq(c->lang, q->lang))
			c->score += 40;
		if (said(q->runs) && c->releases.n)
			c->score += has_release(c->releases, q->runs) ? 30 : -30;
		c->score += c->about ? IS_ABOUT : 0;
		c->score += q->likes & 1u << c->kind ? IS_LIKED : 0;
		if (c->pinned)
			c->score += 1 << 20;
		x->found.at[kept++] = *c;
	}
	x->found.n = kept;
}

static int by_score(const void *a, const void *b)
{
	const struct candidate *x = a, *y = b;

	if (x->score != y->score)
		return x->score < y->score ? 1 : -1;
	if (x->updated_at.us != y->updated_at.us)
		return x->updated_at.us < y->updated_at.us ? 1 : -1;
	return x->id < y->id ? -1 : x->id > y->id;
}

static int by_time(const void *a, const void *b)
{
	const struct candidate *x = a, *y = b;

	return x->updated_at.us != y->updated_at.us ? (x->updated_at.us < y->updated_at.us ? 1 : -1) : by_score(a, b);
}

static bool of_kind(const struct looking *x, const struct candidate *c)
{
	return !x->q->kind || c->kind == x->q->kind;
}

static bool of_product(const struct looking *x, const struct candidate *c)
{
	return !said(x->q->product) || str_eq(c->product, x->q->product);
}

static bool of_release(const struct looking *x, const struct candidate *c)
{
	return !said(x->q->release) || has_release(c->releases, x->q->release);
}

static void facet(struct kb_facet *at, size_t *n, size_t max, struct str value)
{
	size_t i = 0;

	while (i < *n && !str_eq(at[i].value, value))
		i++;
	if (i == *n && *n < max)
		at[(*n)++].value = value;
	if (i < *n)
		at[i].n++;
}

#define FACETS 12
static void facets(const struct looking *x, struct kb_found *ret)
{
	ret->products = arena_array(x->out, struct kb_facet, FACETS);
	ret->releases = arena_array(x->out, struct kb_facet, FACETS);
	for (size_t i = 0; i < x->found.n; i++) {
		const struct candidate *c = &x->found.at[i];
		bool k = of_kind(x, c), p = of_product(x, c), r = of_release(x, c);
		struct str rest = c->releases, one;

		if (p && r && c->kind >= 1 && c->kind <= 6) {
			ret->kinds[c->kind]++;
			ret->kinds[0]++;
		}
		if (k && r && c->product.n)
			facet(ret->products, &ret->n_products, FACETS, c->product);
		while (k && p && str_cut(&rest, ' ', &one))
			if (one.n)
				facet(ret->releases, &ret->n_releases, FACETS, one);
	}
}

static enum rc show(struct looking *x, const struct candidate *at, size_t n, struct kb_found *ret)
{
	struct json j;
	AUTO_BUF ids;
	AUTO_ROWS r = { 0 };
	size_t kept = 0;

	buf_init(&ids, 8192);
	json_init(&j, &ids);
	json_arr(&j);
	for (size_t i = 0; i < n; i++)
		json_i64(&j, at[i].id);
	json_end_arr(&j);
	ret->at = arena_array(x->out, struct kb_hit, n + 1);
	enum rc rc = db_select(x->tx, &q_shown, DB_ARGS(db_str("ids", buf_str(&ids)), KB_READER(x->who, x->now)), &r,
	                       x->err);

	while (rc == RC_OK && (rc = db_next(&r, x->err)) == RC_OK)
		for (size_t i = 0; i < n; i++)
			if (at[i].id == db_col_i64(&r, 0)) {
				struct kb_hit *h = &ret->at[i];

				*h = (struct kb_hit){ .id = { at[i].id },
					              .page = at[i].page,
					              .slug = db_col_str(&r, 1, x->out),
					              .lang = at[i].lang,
					              .title = db_col_str(&r, 2, x->out),
					              .summary = db_col_str(&r, 3, x->out),
					              .releases = at[i].releases,
					              .kind = (enum article_kind)at[i].kind,
					              .updated_at = at[i].updated_at,
					              .pinned = at[i].pinned };
				if (x->q->typing)
					continue;
				h->n_snippet = find_snippet(x->out, &x->terms, h->lang, db_col_str(&r, 4, x->out),
				                            &h->snippet);
				if (!h->n_snippet) {
					h->snippet = arena_new(x->out, struct kb_scrap);
					h->snippet[0] = (struct kb_scrap){ h->summary, false };
					h->n_snippet = 1;
				}
			}
	for (size_t i = 0; i < n; i++)
		if (ret->at[i].id.v)
			ret->at[kept++] = ret->at[i];
	ret->n = kept;
	return rc == RC_NOT_FOUND ? RC_OK : rc;
}

enum rc kb_look(struct db_tx *tx, struct arena *out, const struct actor *who, const struct kb_query *q,
                struct instant now, struct kb_found *ret, struct err *err)
{
	struct looking x = { .tx = tx, .out = out, .who = who, .q = q, .now = now, .err = err };
	size_t max = q->max < KB_HITS_MAX ? q->max : KB_HITS_MAX, n = 0, wanted = 0;
	struct str folded = find_folded(out, q->words);
	enum rc rc;

	*ret = (struct kb_found){ 0 };
	find_parse(out, q->words, q->lang, &x.terms);
	if (!x.terms.n)
		return RC_OK;
	rc = widen(&x);
	if (rc == RC_OK)
		rc = steps(&x, ret);
	if (rc == RC_OK && said(q->about))
		rc = lift(&x);
	if (rc == RC_OK)
		rc = ask(&x, &q_pinned, folded, false, KB_HITS_MAX, &n);
	if (rc != RC_OK)
		return rc;
	score(&x);
	facets(&x, ret);
	for (size_t i = 0; i < x.found.n; i++)
		if (of_kind(&x, &x.found.at[i]) && of_product(&x, &x.found.at[i]) && of_release(&x, &x.found.at[i]))
			x.found.at[wanted++] = x.found.at[i];
	if (wanted)
		qsort(x.found.at, wanted, sizeof(*x.found.at), q->newest ? by_time : by_score);
	ret->total = wanted;
	ret->many = x.many;
	if (q->from >= wanted || !max)
		return RC_OK;
	return show(&x, x.found.at + q->from, wanted - q->from < max ? wanted - q->from : max, ret);
}

static enum rc hits(struct db_tx *tx, struct arena *out, const struct actor *who, const struct kb_query *q,
                    struct article_hit **ret, size_t *ret_n, struct err *err)
{
	struct kb_found found;
	enum rc rc = kb_look(tx, out, who, q, time_now(), &found, err);

	*ret = arena_array(out, struct article_hit, found.n + 1);
	*ret_n = found.n;
	for (size_t i = 0; i < found.n; i++)
		(*ret)[i] = (struct article_hit){ .id = found.at[i].id,
			                          .page = found.at[i].page,
			                          .slug = found.at[i].slug,
			                          .title = found.at[i].title,
			                          .summary = found.at[i].summary,
			                          .kind = found.at[i].kind };
	return rc;
}

enum rc kb_suggest(struct db_tx *tx, struct arena *out, const struct actor *who, struct str words, struct str lang,
                   struct str course, bool broken, size_t max, struct article_hit **ret, size_t *ret_n, struct err *err)
{
	static const unsigned repairs = 1u << ARTICLE_ARTICLE | 1u << ARTICLE_FAQ;
	static const unsigned teaches = 1u << ARTICLE_DOC | 1u << ARTICLE_VIDEO | 1u << ARTICLE_RESOURCE;
	char sep = str_starts(course, STR("course-v1:")) ? '+' : '/';
	struct str rest = course, org, code = STR("");
	struct kb_query q = {
		.words = words, .lang = lang, .max = max, .typing = true, .likes = broken ? repairs : teaches
	};

	if (course.n && str_cut(&rest, sep, &org) && str_cut(&rest, sep, &code) && rest.n && code.n >= 3)
		q.about = arena_strf(out, "\"" STR_F "\"", STR_A(code));

	return hits(tx, out, who, &q, ret, ret_n, err);
}

enum rc kb_search(struct db_tx *tx, struct arena *out, const struct actor *who, struct str words, struct str lang,
                  size_t max, struct article_hit **ret, size_t *ret_n, struct err *err)
{
	struct kb_query q = { .words = words, .lang = lang, .max = max, .typing = true };

	return hits(tx, out, who, &q, ret, ret_n, err);
}
