/* Counts of readings and searches, kept in memory for a minute. A full table forgets: these are numbers for reports,
 * and a flood must not become memory. */
#include "kb/read.h"
#include "util/str.h"
#include <pthread.h>
#include <stdlib.h>

#define PAGES   4096
#define QUERIES 512
#define WORDS   100 /* bytes of a query that are kept */

struct seen {
	int64_t day, page;
	int what;
	int64_t n;
};
struct asked {
	int64_t day, n, hits, opened;
	char lang[16], words[WORDS + 1];
};
struct kb_tally {
	pthread_mutex_t lock;
	struct seen pages[PAGES];
	struct asked queries[QUERIES];
	size_t n_pages, n_queries;
};

DB_QUERY(q_count, "kb.count",
         "INSERT INTO kb_count (day, page_id, what, n) VALUES (:day, :page, :what, :n)"
         " ON CONFLICT (day, page_id, what) DO UPDATE SET n = kb_count.n + excluded.n");
DB_QUERY(q_query, "kb.query",
         "INSERT INTO kb_query (day, lang, words, n, hits, opened) VALUES (:day, :lang, :words, :n, :hits, :opened)"
         " ON CONFLICT (day, lang, words) DO UPDATE SET n = kb_query.n + excluded.n, opened = kb_query.opened +"
         " excluded.opened, hits = CASE WHEN excluded.n > 0 THEN excluded.hits ELSE kb_query.hits END");

struct kb_tally *kb_tally_new(void)
{
	struct kb_tally *t = xcalloc(1, sizeof(*t));

	pthread_mutex_init(&t->lock, NULL);
	return t;
}

void kb_tally_free(struct kb_tally *t)
{
	if (!t)
		return;
	pthread_mutex_destroy(&t->lock);
	free(t);
}

void kb_tally_add(struct kb_tally *t, int64_t page, enum kb_counted what, struct instant now)
{
	int64_t day = now.us / DAY_US;
	size_t at = (size_t)(page * 4 + (int)what) % PAGES;

	if (!t)
		return;
	pthread_mutex_lock(&t->lock);
	for (size_t i = 0; i < 16; i++, at = (at + 1) % PAGES) {
		struct seen *s = &t->pages[at];

		if (s->n && (s->page != page || s->what != (int)what || s->day != day))
			continue;
		t->n_pages += s->n == 0;
		*s = (struct seen){ day, page, (int)what, s->n + 1 };
		break;
	}
	pthread_mutex_unlock(&t->lock);
}

static void query_add(struct kb_tally *t, struct str lang, struct str words, struct asked a)
{
	size_t i;

	words = str_utf8_clip(str_trim(words), WORDS);
	if (!t || !words.n || lang.n >= sizeof(a.lang))
		return;
	memcpy(a.lang, lang.p, lang.n);
	for (i = 0; i < words.n; i++) /* what differs in capitals is one question */
		a.words[i] = (char)(words.p[i] >= 'A' && words.p[i] <= 'Z' ? words.p[i] + 32 : words.p[i]);
	pthread_mutex_lock(&t->lock);
	for (i = 0; i < t->n_queries; i++)
		if (t->queries[i].day == a.day && strcmp(t->queries[i].words, a.words) == 0 &&
		    strcmp(t->queries[i].lang, a.lang) == 0)
			break;
	if (i < t->n_queries) {
		t->queries[i].n += a.n;
		t->queries[i].opened += a.opened;
		t->queries[i].hits = a.n ? a.hits : t->queries[i].hits;
	} else if (i < QUERIES) {
		t->queries[t->n_queries++] = a;
	}
	pthread_mutex_unlock(&t->lock);
}

void kb_tally_query(struct kb_tally *t, struct str lang, struct str words, size_t hits, struct instant now)
{
	query_add(t, lang, words, (struct asked){ .day = now.us / DAY_US, .hits = (int64_t)hits, .n = 1 });
}

void kb_tally_opened(struct kb_tally *t, struct str lang, struct str words, struct instant now)
{
	query_add(t, lang, words, (struct asked){ .day = now.us / DAY_US, .opened = 1 });
}

static enum rc write(struct db_tx *tx, void *arg, struct err *err)
{
	const struct kb_tally *t = arg;
	enum rc rc = RC_OK;

	for (size_t i = 0; i < PAGES && rc == RC_OK; i++)
		if (t->pages[i].n)
			rc = db_exec(tx, &q_count,
			             DB_ARGS(db_i64("day", t->pages[i].day), db_i64("page", t->pages[i].page),
			                     db_i64("what", t->pages[i].what), db_i64("n", t->pages[i].n)),
			             NULL, err);
	for (size_t i = 0; i < t->n_queries && rc == RC_OK; i++)
		rc = db_exec(tx, &q_query,
		             DB_ARGS(db_i64("day", t->queries[i].day), db_str("lang", str_of(t->queries[i].lang)),
		                     db_str("words", str_of(t->queries[i].words)), db_i64("n", t->queries[i].n),
		                     db_i64("hits", t->queries[i].hits),
		                     db_i64("opened", t->queries[i].opened)),
		             NULL, err);
	return rc;
}

enum rc kb_tally_flush(struct kb_tally *t, struct db *db, struct err *err)
{
	struct kb_tally *copy;
	enum rc rc;

	if (!t)
		return RC_OK;
	copy = xmalloc(sizeof(*copy));
	pthread_mutex_lock(&t->lock);
	memcpy(copy, t, sizeof(*copy));
	memset(t->pages, 0, sizeof(t->pages));
	t->n_pages = t->n_queries = 0;
	pthread_mutex_unlock(&t->lock);
	rc = copy->n_pages + copy->n_queries ? db_write_behind(db, write, copy, err) : RC_OK;
	free(copy);
	return rc;
}
