/* A ticket's page as it was made for an agent, kept while no event was written (event_stamp()): reading a thread and
 * writing it as markup is the most of what such a page costs, and between two events it is the same again and again.
 *
 * Tokens of the session are not in it: their places are (out_marks). Who writes a reply or a note gets his page made
 * anew, for drafts have no events. What else has none, the state of a delivery or "12 minutes ago", is at most
 * DESK_KEPT_US old. Access is in the key and in the stamp: roles and accounts change by events, and sessions are
 * looked up before. */
#include "event/event.h"
#include "ticket/held.h"
#include "util/recall.h"
#include "web/desk_view.h"
#include "web/web.h"

#define DESK_KEPT_US (10 * SECOND_US)

struct kept_head {
	int64_t ticket;
	enum nav nav;
	size_t n_marks, title_n; /* then the marks, the title and the markup */
};

static struct str key_of(const struct req *q, int64_t number)
{
	return arena_strf(q->arena, "ticket/%lld/%lld/%lld/%d/%d/%s/" STR_F, (long long)number,
	                  (long long)q->actor.agent.v, (long long)q->actor.account.v, (int)q->actor.agent_role,
	                  __atomic_load_n(&web_desk(q)->phone_line, __ATOMIC_RELAXED), i18n_tag(web_lang(q)),
	                  STR_A(web_zone(q)));
}

static bool unpack(struct desk_kept *k, struct str have, struct ticket_id *ticket)
{
	struct kept_head h;

	if (have.n < sizeof(h))
		return false;
	memcpy(&h, have.p, sizeof(h));
	size_t marks = h.n_marks * sizeof(*k->marks), at = sizeof(h) + marks + h.title_n;

	if (at > have.n)
		return false;
	struct out_mark *m = arena_array(k->load.q->arena, struct out_mark, h.n_marks + 1);

	memcpy(m, have.p + sizeof(h), marks);
	*ticket = (struct ticket_id){ h.ticket };
	k->nav = h.nav;
	k->marks = m;
	k->n_marks = h.n_marks;
	k->title = str_sub(have, sizeof(h) + marks, h.title_n);
	k->markup = str_sub(have, at, have.n - at);
	return true;
}

enum rc desk_kept_read(struct db_tx *tx, void *kept, struct err *err)
{
	struct desk_kept *k = kept;
	const struct req *q = k->load.q;
	struct ticket_id ticket;
	struct str have;
	bool writing = true;
	enum rc rc = event_stamp(tx, &k->load.stamp, err);

	k->load.has_stamp = rc == RC_OK;
	if (rc == RC_OK && web_is_agent(q) &&
	    recall_get(web_desk(q)->recall, key_of(q, k->load.number), k->load.stamp, q->now, DESK_KEPT_US, q->arena,
	               &have) &&
	    unpack(k, have, &ticket))
		rc = draft_any(tx, &q->actor, ticket, &writing, err);
	if (rc == RC_OK && !writing) /* what waits to be sent has no events either */
		rc = held_any(tx, ticket, &writing, err);
	if (rc != RC_OK)
		return rc;
	k->found = !writing;
	return k->found ? desk_counts_of(tx, &k->load, err) : desk_load(tx, &k->load, err);
}

void desk_kept_put(const struct desk_kept *k, const struct out_marks *marks)
{
	const struct req *q = k->load.q;
	struct kept_head h = { k->load.view.t.id.v, k->nav, marks->n, k->title.n };
	AUTO_BUF b;

	buf_init(&b, 1 << 20);
	if (!web_is_agent(q) || k->load.reply.id.v || k->load.note.id.v || k->load.n_held || marks->n > COUNT(marks->at))
		return;
	buf_add(&b, &h, sizeof(h));
	buf_add(&b, marks->at, marks->n * sizeof(marks->at[0]));
	buf_adds(&b, k->title);
	buf_adds(&b, k->markup);
	if (!b.full)
		recall_put(web_desk(q)->recall, key_of(q, k->load.number), k->load.stamp, q->now, buf_str(&b));
}
