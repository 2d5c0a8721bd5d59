/* kb/edit: the life of a page, for agents. A page is written as drafts, one a language; what readers get is `article`,
 * written by publishing alone (kb.h). A draft is saved with the version it was read in: whoever saves over another's
 * save is refused and both texts are kept, his own in the form, the other's in the draft.
 *
 *	draft -> in review -> (scheduled ->) published -> archived
 *
 * Editing something published begins a draft beside it; readers keep the published text until the draft is published.
 * Every change but a save of the text writes an event (EV_ARTICLE: page, what, lang), which readers' caches follow. */
#pragma once
#include "account/account.h"
#include "kb/kb.h"

enum kb_state { KB_DRAFT = 1, KB_REVIEW, KB_SCHEDULED, KB_PUBLISHED, KB_ARCHIVED };
const char *kb_state_name(enum kb_state s); /* "draft", "review", "scheduled", "published", "archived" */

#define KB_BIN_DAYS 30 /* what is in the recycle bin longer goes for good */
#define KB_DEPTH    4  /* book > part > chapter > page */
#define KB_LANGS    20 /* of one page */

struct kb_page {
	int64_t id;
	struct str key;
	enum article_kind kind;
	enum visibility visibility;
	struct str source_lang;
	int64_t parent, position;
	struct agent_id owner;
	struct str owner_name;
	struct instant review_at;
	struct str product, releases, tags; /* releases and tags: words with blanks between them */
	bool pinned;
	struct str extra; /* JSON, kb/extra.h */
	struct instant deleted_at;
	struct str deleted_by;
	struct instant created_at, updated_at;
	struct plan_id *plans; /* VISIBLE_PLANS */
	size_t n_plans;
	struct account_id *accounts; /* VISIBLE_ACCOUNTS */
	size_t n_accounts;
};

struct kb_draft {
	int64_t page;
	struct str lang;
	enum kb_state state;
	struct str slug, title, summary, markdown;
	int64_t version;         /* 0: there is no draft; this is the published text, or the beginning of a translation */
	int64_t base;            /* revision it began from, 0 = none */
	int64_t source_revision; /* translations: revision of the source it follows */
	struct instant publish_at, expires_at;
	struct agent_id reviewer;
	struct str reviewer_name, saved_by;
	struct instant saved_at;
	/* What readers get meanwhile; not set: nothing. */
	bool live;
	int64_t live_revision;
	struct str live_slug;
	struct instant live_at, live_expires;
	/* The source: its published revision; this is stale when source_revision is less. */
	int64_t source_now;
};
static inline bool kb_draft_stale(const struct kb_draft *d)
{
	return d->source_now > d->source_revision;
}

/* ---- pages ---- */
MUST_USE enum rc kb_page_find(struct db_tx *tx, struct arena *out, int64_t id, struct kb_page *ret, struct err *err);
struct kb_new {
	enum article_kind kind;
	enum visibility visibility; /* 0 = internal, so that nothing shows by a slip */
	struct str lang, title, slug, summary, markdown; /* slug "": made of the title */
	int64_t parent;
};
/* A page with a first draft; the agent owns it. */
MUST_USE enum rc kb_page_create(struct db_tx *tx, struct arena *scratch, const struct actor *who, struct instant now,
                                const struct kb_new *n, int64_t *ret, struct err *err);
/* Everything of `p` but id, key, place and bin: kind, visibility with its lists, owner, review date, product, releases,
 * tags, pinned, extra. Readers see it at once. */
MUST_USE enum rc kb_page_change(struct db_tx *tx, struct arena *scratch, const struct actor *who, struct instant now,
                                const struct kb_page *p, struct err *err);
/* Below another page (0: a book, or in none), behind its last one; RC_INVALID for circles and what is too deep. */
MUST_USE enum rc kb_page_move(struct db_tx *tx, const struct actor *who, struct instant now, int64_t page, int64_t parent,
                              struct err *err);
/* One up or down among its brothers; nothing happens at the end. */
MUST_USE enum rc kb_page_shift(struct db_tx *tx, struct arena *scratch, const struct actor *who, struct instant now, int64_t page,
                               bool up, struct err *err);
/* The recycle bin: readers lose the page at once; restored, it is as it was. Purging is for good and for administrators
 * (or the program, after KB_BIN_DAYS). */
MUST_USE enum rc kb_page_bin(struct db_tx *tx, const struct actor *who, struct instant now, int64_t page, bool bin, struct err *err);
MUST_USE enum rc kb_page_purge(struct db_tx *tx, struct arena *scratch, const struct actor *who, struct instant now, int64_t page,
                               struct err *err);

/* ---- drafts ---- */
/* What is being written in this language: the draft, else the published text, else (a translation that is to begin) an
 * empty text with the source's title. Writes nothing. */
MUST_USE enum rc kb_draft_open(struct db_tx *tx, struct arena *out, int64_t page, struct str lang, struct kb_draft *ret, struct err *err);
/* slug, title, summary, markdown, source_revision (translations) over the version the writer had: RC_CONFLICT with code
 * "stale" when there is another one, and *ret_version that one's. Saving what is in review or scheduled makes it a draft
 * again when the text differs; saving the same text is no save. */
MUST_USE enum rc kb_draft_save(struct db_tx *tx, struct arena *scratch, const struct actor *who, struct instant now,
                               const struct kb_draft *d, int64_t *ret_version, struct err *err);
/* Back to what is published; a draft that never was stays. */
MUST_USE enum rc kb_draft_drop(struct db_tx *tx, const struct actor *who, struct instant now, int64_t page, struct str lang, struct err *err);

/* ---- life: `version` is the one the agent saw; another one is RC_CONFLICT, code "stale" ---- */
MUST_USE enum rc kb_submit(struct db_tx *tx, struct arena *scratch, const struct actor *who, struct instant now, int64_t page,
                           struct str lang, int64_t version, struct agent_id reviewer, struct str comment, struct err *err);
/* Back to its writers, with what shall change. */
MUST_USE enum rc kb_return(struct db_tx *tx, struct arena *scratch, const struct actor *who, struct instant now, int64_t page,
                           struct str lang, int64_t version, struct str comment, struct err *err);
/* To readers, now: renders, writes the revision and its note, the redirect of an address that changed, the index and
 * the event. What blocks (kb/check.h) is the caller's to ask before. */
MUST_USE enum rc kb_publish(struct db_tx *tx, struct arena *scratch, const struct actor *who, struct instant now, int64_t page,
                            struct str lang, int64_t version, struct str note, struct instant expires_at, struct err *err);
/* `at` after now; expires_at 0 or later than `at`. */
MUST_USE enum rc kb_schedule(struct db_tx *tx, struct arena *scratch, const struct actor *who, struct instant now, int64_t page,
                             struct str lang, int64_t version, struct instant at, struct instant expires_at, struct err *err);
/* Readers lose it, its text becomes the draft; unarchive makes it a draft again. */
MUST_USE enum rc kb_archive(struct db_tx *tx, struct arena *scratch, const struct actor *who, struct instant now, int64_t page,
                            struct str lang, struct err *err);
MUST_USE enum rc kb_unarchive(struct db_tx *tx, struct arena *scratch, const struct actor *who, struct instant now, int64_t page,
                              struct str lang, struct err *err);

/* ---- revisions ---- */
struct kb_revision {
	int64_t number;
	bool published;
	struct str title, summary, markdown, note, author; /* markdown: only of kb_revision_find() */
	struct instant at;
};
/* Newest first, at most 200. */
MUST_USE enum rc kb_revisions(struct db_tx *tx, struct arena *out, int64_t page, struct str lang, struct kb_revision **ret, size_t *ret_n,
                              struct err *err);
MUST_USE enum rc kb_revision_find(struct db_tx *tx, struct arena *out, int64_t page, struct str lang, int64_t number,
                                  struct kb_revision *ret, struct err *err);
/* Keeps the draft as a revision that was not published, under a note. */
MUST_USE enum rc kb_revision_mark(struct db_tx *tx, struct arena *scratch, const struct actor *who, struct instant now, int64_t page,
                                  struct str lang, struct str note, int64_t *ret, struct err *err);
/* Its text becomes the draft; what the draft held is kept as a revision before. */
MUST_USE enum rc kb_revision_restore(struct db_tx *tx, struct arena *scratch, const struct actor *who, struct instant now,
                                     int64_t page, struct str lang, int64_t number, struct err *err);

/* ---- readers' side of old addresses ---- */
/* An address the page had before: where it is now, for who may read it; else RC_NOT_FOUND, as if it had never been. */
MUST_USE enum rc kb_redirect_find(struct db_tx *tx, struct arena *out, const struct actor *who, struct instant now, struct str slug,
                                  struct str lang, struct str *ret_slug, struct str *ret_lang, struct err *err);

/* ---- lists of the workspace ---- */
struct kb_filter {
	enum kb_state state;     /* 0 = all */
	struct str lang;         /* "" = all */
	enum article_kind kind;  /* 0 = all */
	struct agent_id owner;   /* 0 = all */
	struct str words;        /* in title or address; "" = all */
	bool stale, due, bin;    /* translations behind their source; review date passed; the recycle bin */
	int64_t after;           /* page of the last row before, 0 = from the start */
};
struct kb_line {                 /* a page in one language */
	int64_t page, parent, position;
	enum article_kind kind;
	enum visibility visibility;
	struct str lang, source_lang, title, slug, owner_name, saved_by;
	enum kb_state state;     /* of the draft */
	bool live, stale, pinned;
	struct instant saved_at, review_at, publish_at, deleted_at;
};
#define KB_LINES 100
/* By page and language, newest pages first; *ret_after is 0 on the last slice. */
MUST_USE enum rc kb_lines(struct db_tx *tx, struct arena *out, const struct kb_filter *f, struct instant now, struct kb_line **ret,
                          size_t *ret_n, int64_t *ret_after, struct err *err);
/* Documentation as a tree, in order, the source's titles: parent before children, at most 1000. */
struct kb_node { int64_t page; int depth; struct str title, lang; enum kb_state state; bool live, first, last; };
MUST_USE enum rc kb_tree(struct db_tx *tx, struct arena *out, struct kb_node **ret, size_t *ret_n, struct err *err);
/* All languages of a page, the source first. */
MUST_USE enum rc kb_page_langs(struct db_tx *tx, struct arena *out, int64_t page, struct kb_line **ret, size_t *ret_n, struct err *err);

/* ---- comments and templates ---- */
struct kb_comment { int64_t id; struct str lang, author, text; struct instant at, done_at; };
MUST_USE enum rc kb_comment_add(struct db_tx *tx, const struct actor *who, struct instant now, int64_t page, struct str lang,
                                struct str text, struct err *err);
MUST_USE enum rc kb_comment_done(struct db_tx *tx, const struct actor *who, struct instant now, int64_t page, int64_t comment, struct err *err);
MUST_USE enum rc kb_comments(struct db_tx *tx, struct arena *out, int64_t page, struct kb_comment **ret, size_t *ret_n, struct err *err);
struct kb_template { int64_t id; struct str name, lang, markdown; enum article_kind kind; };
MUST_USE enum rc kb_templates(struct db_tx *tx, struct arena *out, struct kb_template **ret, size_t *ret_n, struct err *err);
MUST_USE enum rc kb_template_find(struct db_tx *tx, struct arena *out, int64_t id, struct kb_template *ret, struct err *err);
/* id 0: a new one. Administrators. */
MUST_USE enum rc kb_template_save(struct db_tx *tx, const struct actor *who, struct instant now, const struct kb_template *k, struct err *err);
MUST_USE enum rc kb_template_drop(struct db_tx *tx, const struct actor *who, struct instant now, int64_t id, struct err *err);

/* ---- tickets: kb_use, how: 1 answered with it, 2 was not enough, 3 made from it ---- */
MUST_USE enum rc kb_use_add(struct db_tx *tx, int64_t page, struct ticket_id ticket, int how, struct instant now, struct err *err);

/* ---- jobs: one step each, until RC_NOT_FOUND ---- */
/* Publishes one scheduled draft whose time has come, or archives one article that expired. */
MUST_USE enum rc kb_due_step(struct db_tx *tx, struct arena *scratch, struct instant now, struct err *err);
/* Mails one owner whose page waits for review, once for each date. `url` is the desk's base, `from` its address. */
struct kb_sender { struct str url, from_name, from_addr; };
MUST_USE enum rc kb_review_step(struct db_tx *tx, struct arena *scratch, const struct kb_sender *s, struct instant now, struct err *err);
/* Tells the colleague who is asked to look at a text; once for each version. Nobody is told who asks himself. */
MUST_USE enum rc kb_ask_mail(struct db_tx *tx, struct arena *scratch, const struct kb_sender *s, const struct actor *who, struct instant now,
                             const struct kb_draft *d, struct agent_id reviewer, struct str comment, struct err *err);
/* Purges one page that was in the bin too long. */
MUST_USE enum rc kb_bin_step(struct db_tx *tx, struct arena *scratch, struct instant now, struct err *err);

/* jobs.c, put together in app/wire.c; `app` is struct desk. kb_job_life publishes and expires, kb_job_tidy reminds owners
 * and empties the bin, kb_job_links asks addresses elsewhere. */
struct job;
enum rc kb_job_life(void *app, const struct job *job, struct arena *scratch, struct err *err);
enum rc kb_job_tidy(void *app, const struct job *job, struct arena *scratch, struct err *err);
/* Demo sites; and counts of readings go to the database. */
enum rc kb_job_demos(void *app, const struct job *job, struct arena *scratch, struct err *err);
enum rc kb_job_count(void *app, const struct job *job, struct arena *scratch, struct err *err);
enum rc kb_job_index(void *app, const struct job *job, struct arena *scratch, struct err *err); /* find.h: what changed otherwise */
enum rc kb_job_links(void *app, const struct job *job, struct arena *scratch, struct err *err);
