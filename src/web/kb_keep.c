/* See kb_keep.h. The key has everything that such a page depends on: address, query, language of the interface, theme,
 * settings. Films that play load from elsewhere and have a policy of their own: they are never kept. */
#include "web/kb_keep.h"
#include "kb/read.h"
#include "util/crypt.h"
#include "util/recall.h"
#include "web/web.h"

#define ETAG    32
#define HEAD    (2 * sizeof(int64_t) + ETAG) /* page, until when, name; then the bytes */
#define KEEP_US (5 * MINUTE_US)              /* "2 days ago", and what is read most */

struct stamp {
	int64_t at;
	struct instant now, until;
};

static enum rc read_stamp(struct db_tx *tx, void *arg, struct err *err)
{
	return kb_stamp(tx, &((struct stamp *)arg)->at, err);
}

static enum rc read_until(struct db_tx *tx, void *arg, struct err *err)
{
	struct stamp *s = arg;

	return kb_next_change(tx, s->now, &s->until, err);
}

static bool may_keep(const struct req *q)
{
	return q->method == HTTP_GET && q->actor.kind == ACTOR_NOBODY && !req_cookie(q, "flash").n &&
	       q->query.n < 200 && !str_is(req_field(q, "play"), "1") && web_desk(q)->recall;
}

static struct str key_of(const struct req *q)
{
	struct str theme = req_cookie(q, "theme");
	struct web_settings s = web_settings(q); /* what every page shows around its own */

	return arena_strf(q->arena,
	                  "kb/" STR_F "?" STR_F "/%s/" STR_F "/" STR_F "/" STR_F "/" STR_F "/" STR_F "/" STR_F,
	                  STR_A(q->path), STR_A(q->query), i18n_tag(web_lang(q)),
	                  STR_A(str_sub(theme, 0, theme.n < 8 ? theme.n : 8)), STR_A(s.accent), STR_A(s.logo),
	                  STR_A(s.product), STR_A(s.phone), STR_A(s.support_addr));
}

bool kb_kept(struct req *q, struct resp *r, int64_t *stamp)
{
	struct stamp now = { 0 };
	struct str have;
	int64_t page = 0, until = 0;

	*stamp = -1;
	if (!may_keep(q) || db_read(web_desk(q)->db, read_stamp, &now, NULL) != RC_OK)
		return false;
	*stamp = now.at;
	if (!recall_get(web_desk(q)->recall, key_of(q), now.at, q->now, KEEP_US, q->arena, &have) || have.n < HEAD)
		return false;
	memcpy(&page, have.p, sizeof(page));
	memcpy(&until, have.p + sizeof(page), sizeof(until));
	if (q->now.us >= until)
		return false;
	if (page)
		kb_tally_add(web_desk(q)->tally, page, KB_READ, q->now);
	r->cache = STR("private, no-cache");
	r->etag = str_sub(have, HEAD - ETAG, ETAG);
	buf_adds(r->body, str_from(have, HEAD));
	return true;
}

void kb_keep(struct req *q, struct resp *r, int64_t stamp, int64_t page)
{
	struct stamp when = { .now = q->now };
	struct sha256 h;
	char hex[65];
	AUTO_BUF b;

	buf_init(&b, 1 << 20);
	if (stamp < 0 || !may_keep(q) || r->body->full || r->status != 200 ||
	    db_read(web_desk(q)->db, read_until, &when, NULL) != RC_OK)
		return;
	sha256_init(&h);
	sha256_add(&h, r->body->p, r->body->n);
	sha256_end(&h, hex);
	r->cache = STR("private, no-cache");
	r->etag = arena_str(q->arena, (struct str){ hex, ETAG });
	buf_add(&b, &page, sizeof(page));
	buf_add(&b, &when.until.us, sizeof(when.until.us));
	buf_add(&b, hex, ETAG);
	buf_adds(&b, buf_str(r->body));
	if (!b.full)
		recall_put(web_desk(q)->recall, key_of(q), stamp, q->now, buf_str(&b));
}
