/* What the writers' pages of the knowledge base show. Handlers: kb_edit.c (list, new, editor), kb_edit_life.c (check and
 * publish, properties), kb_edit_history.c (revisions), kb_edit_ticket.c (an article of a ticket). */
#pragma once
#include "kb/check.h"
#include "kb/diff.h"
#include "kb/edit.h"
#include "kb/extra.h"
#include "kb/media.h"
#include "kb/scrub.h"
#include "web/desk_view.h"
#include "web/web.h"

#define KB_LANG_CHOICES 8

struct kb_choice {
	struct str value;
	const char *label;
	bool chosen;
};
struct kb_row {
	struct kb_line l;
	struct str url;
	const char *state, *kind, *who; /* who: visibility */
	bool changed, due;
};
struct kb_leaf {
	struct kb_node n;
	struct str url;
	const char *indent; /* class */
};
struct kb_list_view {
	struct req *q;
	struct kb_row *rows;
	size_t n;
	struct kb_leaf *tree;
	size_t n_tree;
	struct kb_choice *states, *langs, *kinds, *owners;
	size_t n_states, n_langs, n_kinds, n_owners;
	struct str words, next;
	bool stale, due, bin, filtered, is_admin, tree_view;
};
struct kb_new_view {
	struct req *q;
	struct kb_choice *kinds, *langs, *templates, *parents;
	size_t n_kinds, n_langs, n_templates, n_parents;
	struct str title, e_title, e_kind, e_slug, e_parent;
};
struct kb_tab {
	struct str url;
	struct str name;
	bool here, stale, live;
	const char *state;
};
/* What every page about one text shows on top. */
struct kb_head_view {
	struct kb_page p;
	struct kb_draft d;
	struct str url; /* /desk/kb/7/en */
	struct str title, live_url;
	const char *state, *kind, *who, *part; /* part: "write", "publish", "properties", "history" */
	struct kb_tab *langs;
	size_t n_langs;
	struct kb_choice *more; /* languages it could be translated to */
	size_t n_more;
	bool translation, stale, binned, changed, behind, is_admin; /* behind: another text was published since the draft began */
};
struct kb_comment_row {
	struct kb_comment c;
	bool open;
};
struct kb_editor_view {
	struct req *q;
	struct kb_head_view h;
	struct str title, slug, summary, markdown;
	struct str e_title, e_slug, e_summary, e_markdown, e_text, comment;
	int64_t version, source_revision;
	bool follows;
	struct html preview;
	struct kb_finding *findings;
	size_t n_findings;
	struct str source_title, source_markdown, source_summary;
	struct kb_diff source_diff;
	bool conflict;
	struct str their_markdown, their_by;
	struct kb_diff conflict_diff;
	struct kb_comment_row *comments;
	size_t n_comments;
	struct kb_media *media;
	size_t n_media;
	bool readonly;
};
struct kb_publish_view {
	struct req *q;
	struct kb_head_view h;
	struct kb_finding *findings;
	size_t n_findings;
	bool blocked, ready, in_review, scheduled, archived;
	struct kb_choice *reviewers;
	size_t n_reviewers;
	struct str note, publish_at, expires_at, text, zone;
	struct str e_note, e_publish_at, e_expires_at, e_text;
};
struct kb_properties_view {
	struct req *q;
	struct kb_head_view h;
	struct kb_choice *kinds, *visible, *owners, *plans, *parents;
	size_t n_kinds, n_visible, n_owners, n_plans, n_parents;
	struct str accounts, review_at, product, releases, tags;
	struct str media, embed, link, label, host, captions, chapters, transcript, sign_in, tours, duration;
	bool pinned;
	struct kb_media *files;
	size_t n_files;
	const struct page_error *errors;
};
struct kb_revision_row {
	struct kb_revision r;
	bool live, from, to;
};
struct kb_history_view {
	struct req *q;
	struct kb_head_view h;
	struct kb_revision_row *rows;
	size_t n;
	int64_t from, to; /* 0: the draft */
	struct kb_diff diff;
	struct str from_title, to_title;
	bool compared;
};
struct kb_ticket_view {
	struct req *q;
	struct str number, url, title, text, e_title, e_lang;
	struct kb_removal *removed;
	size_t n_removed;
	struct kb_choice *kinds, *langs;
	size_t n_kinds, n_langs;
};
struct kb_templates_view {
	struct req *q;
	struct kb_template *at;
	size_t n;
	struct kb_template one;
	struct kb_choice *kinds, *langs;
	size_t n_kinds, n_langs;
	struct str e_name, e_markdown;
};

/* ---- shared ---- */
const char *kb_word_state(const struct i18n *l, enum kb_state s);
const char *kb_word_kind(const struct i18n *l, enum article_kind k);
const char *kb_word_visibility(const struct i18n *l, enum visibility v);
const char *kb_word_removed(const struct i18n *l, enum kb_private_kind k);
struct kb_choice *kb_kinds(const struct req *q, enum article_kind chosen, size_t *n);
struct kb_choice *kb_langs(const struct req *q, struct str chosen, bool all, size_t *n);
struct kb_choice *kb_owners(const struct req *q, const struct agent *at, size_t n_at, struct agent_id chosen, const char *none, size_t *n);
MUST_USE enum rc kb_parents(struct db_tx *tx, struct req *q, int64_t not_below, int64_t chosen, struct kb_choice **ret, size_t *n, struct err *err);
struct str kb_edit_url(const struct req *q, int64_t page, struct str lang, const char *part);
/* Page and draft of the path's {page} and {lang}, with their tabs. */
MUST_USE enum rc kb_head_read(struct db_tx *tx, struct req *q, const char *part, struct kb_head_view *ret, struct err *err);
/* Draws one of these pages. */
enum rc kb_show(struct req *q, struct resp *r, const char *title, const struct view_counts *c, void (*draw)(struct out *o, const void *v), const void *v);
/* "2026-11-23T10:42" or "2026-11-23" of a form, in the reader's zone. Empty gives none. */
MUST_USE enum rc kb_when(const struct req *q, const char *field, struct instant *ret, struct err *err);
struct str kb_when_text(const struct req *q, struct instant t, bool minutes);
