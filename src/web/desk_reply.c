/* What agents say on a ticket: replies, internal notes, and the draft that keeps both while they are written. The form
 * has a switch (reply or note) and buttons; whichever of them says "note" makes it one, so that nothing meant for
 * colleagues reaches a customer by a slip. Files of a refused try stay in the draft. A reply may be held for the seconds
 * the desk wants, or until a time the agent chose: desk_held.c. */
#include "kb/use.h"
#include "ticket/held.h"
#include "util/crypt.h"
#include "util/json.h"
#include "web/desk_view.h"
#include "web/kb_edit_view.h"
#include "web/portal_common.h"
#include "web/web.h"

struct saying {
	struct req *q;
	int64_t number;
	bool note, wait;
	struct str text, owner, key, hash;
	struct event_id seen;
	struct new_attachment *files; /* of this request */
	size_t n_files;
	struct str removed[DESK_KEPT_MAX]; /* tokens of kept files that shall not come along */
	size_t n_removed;
	struct message_id message;
	struct instant later; /* chosen by the agent */
	int64_t held;         /* not said: this one waits */
};

static void read_form(struct req *q, struct saying *s)
{
	struct str act = req_field(q, "act");

	s->q = q;
	s->number = desk_path_number(q);
	s->note = str_is(act, "note") || str_is(req_field(q, "mode"), "note");
	s->wait = !s->note && str_is(act, "wait");
	s->text = req_field(q, "text");
	s->key = req_field(q, "once");
	s->owner = arena_strf(q->arena, "desk:%lld", (long long)q->actor.agent.v);
	s->n_removed = req_fields(q, "remove", s->removed, COUNT(s->removed));
	req_int(q, "seen", &s->seen.v);
}

static bool is_removed(const struct saying *s, struct str token)
{
	for (size_t i = 0; i < s->n_removed; i++)
		if (str_eq(s->removed[i], token))
			return true;
	return false;
}

/* ---- drafts ---- */

static enum draft_purpose purpose_of(bool note)
{
	return note ? DRAFT_NOTE : DRAFT_REPLY;
}

/* RC_OK with id 0: there is none. */
static enum rc find_draft(struct db_tx *tx, struct saying *s, bool note, struct ticket_id t, struct draft *ret,
                          struct err *err)
{
	enum rc rc = draft_find(tx, s->q->arena, &s->q->actor, purpose_of(note), t, ret, err);

	if (rc == RC_NOT_FOUND)
		*ret = (struct draft){ 0 };
	return rc == RC_NOT_FOUND ? RC_OK : rc;
}

struct str desk_draft_data(struct arena *a, struct str text)
{
	AUTO_BUF b;
	struct json j;

	buf_init(&b, 8 * DESK_TEXT_MAX);
	json_init(&j, &b);
	json_obj(&j);
	json_kstr(&j, "text", text.p ? text : STR(""));
	json_end_obj(&j);
	return arena_str(a, buf_str(&b));
}

/* One text is being written, as a reply or as a note: the other draft goes, unless it keeps files. */
static enum rc keep_draft(struct db_tx *tx, void *arg, struct err *err)
{
	struct saying *s = arg;
	const struct actor *who = &s->q->actor;
	struct ticket t;
	struct draft mine = { 0 }, other = { 0 };
	struct attachment made;
	enum rc rc = ticket_find(tx, s->q->arena, who, s->number, &t, err);

	if (rc == RC_OK)
		rc = find_draft(tx, s, !s->note, t.id, &other, err);
	if (rc == RC_OK)
		rc = find_draft(tx, s, s->note, t.id, &mine, err);
	if (rc == RC_OK && other.id.v && other.n_attachments == 0)
		rc = draft_drop(tx, who, other.id, err);
	if (rc != RC_OK)
		return rc;
	if (str_trim(s->text).n == 0 && s->n_files == 0 && mine.n_attachments == 0)
		return mine.id.v ? draft_drop(tx, who, mine.id, err) : RC_OK;
	rc = draft_save(tx, who, s->q->now, purpose_of(s->note), t.id, desk_draft_data(s->q->arena, s->text), &mine.id, err);
	for (size_t i = 0; i < s->n_files && rc == RC_OK; i++)
		rc = draft_attach(tx, s->q->arena, who, s->q->now, mine.id, &s->files[i], &made, err);
	return rc;
}

const struct field desk_draft_fields[] = {
	{"text",         FIELD_LINES, DESK_TEXT_MAX, false, NULL, "What is being written" },
	{ "mode", FIELD_CHOICE, 0, false, "reply|note", "As a reply or as an internal note" },
	{ .name = NULL         },
};

enum rc desk_draft_post(struct req *q, struct resp *r)
{
	struct saying s = { 0 };

	read_form(q, &s);
	if (!s.number)
		return web_not_found(q);
	enum rc rc = db_write(web_desk(q)->db, keep_draft, &s, req_err(q));

	if (rc == RC_OK)
		r->status = 204;
	return rc;
}

/* ---- saying it ---- */

/* Two presses of the button are one message (S-54). */
static struct str request_hash(struct saying *s)
{
	AUTO_BUF b;

	buf_init(&b, 2 * DESK_TEXT_MAX);
	buf_addf(&b, "%lld\n%d\n%d\n", (long long)s->number, s->note, s->wait);
	for (size_t i = 0; i < s->n_files; i++)
		buf_addf(&b, STR_F " " STR_F "\n", STR_A(s->files[i].sha256), STR_A(s->files[i].name));
	for (size_t i = 0; i < s->n_removed; i++)
		buf_addf(&b, STR_F "\n", STR_A(s->removed[i]));
	buf_addf(&b, "%lld\n", (long long)s->later.us);
	buf_adds(&b, s->text);
	return sha256_hex(s->q->arena, buf_str(&b));
}

typedef VEC(struct new_attachment) file_list;

/* The draft ends; files that it kept come along. */
static enum rc take_draft(struct db_tx *tx, struct saying *s, bool note, struct ticket_id t, file_list *files,
                          struct err *err)
{
	struct draft d = { 0 };
	enum rc rc = find_draft(tx, s, note, t, &d, err);

	for (size_t i = 0; rc == RC_OK && i < d.n_attachments; i++) {
		const struct attachment *a = &d.attachments[i];

		if (!is_removed(s, a->token))
			*VEC_ADD(s->q->arena, files) = (struct new_attachment){
				.sha256 = a->sha256, .name = a->name, .type = a->type, .cid = a->cid, .size = a->size
			};
	}
	return rc == RC_OK && d.id.v ? draft_drop(tx, &s->q->actor, d.id, err) : rc;
}

/* Not set: now. */
static enum rc moment(struct db_tx *tx, const struct saying *s, struct instant *ret, struct err *err)
{
	struct str text = STR_NULL;
	int64_t seconds = 0;

	*ret = s->note ? (struct instant){ 0 } : s->later;
	if (s->note || time_is_set(s->later))
		return RC_OK;
	enum rc rc = setting_get(tx, s->q->arena, HELD_SECONDS, &text, NULL);

	if (rc == RC_OK && str_to_i64(text, &seconds) == RC_OK && seconds > 0 && seconds <= HELD_SECONDS_MAX)
		*ret = time_add(s->q->now, seconds * SECOND_US);
	return rc == RC_OK || rc == RC_NOT_FOUND ? RC_OK : fail(err, rc, "The settings cannot be read at the moment. Nothing was sent; try again in a moment.");
}

static enum rc say(struct db_tx *tx, struct saying *s, struct err *err)
{
	struct arena *a = s->q->arena;
	struct ticket t;
	file_list files = { 0 };
	enum rc rc = ticket_find(tx, a, &s->q->actor, s->number, &t, err);

	if (rc == RC_OK)
		rc = take_draft(tx, s, false, t.id, &files, err);
	if (rc == RC_OK)
		rc = take_draft(tx, s, true, t.id, &files, err);
	for (size_t i = 0; i < s->n_files; i++)
		*VEC_ADD(a, &files) = s->files[i];
	struct message_new m = { .internal = s->note,
		                 .text = s->text.p ? s->text : STR(""),
		                 .attachments = files.at,
		                 .n_attachments = files.n,
		                 .channel = CHANNEL_FORM,
		                 .then = s->wait ? STATE_WAITING : 0,
		                 .waiting_for = s->wait ? WAITING_CUSTOMER : 0 };

	struct instant at = { 0 };

	if (rc == RC_OK)
		rc = moment(tx, s, &at, err);
	if (rc == RC_OK && time_is_set(at))
		return held_put(tx, a, &s->q->actor, s->q->now, s->number, &m, at, s->seen, &s->held, err);
	if (rc == RC_OK)
		rc = ticket_say(tx, a, &s->q->actor, s->q->now, s->number, &m, s->seen, &s->message, err);
	return rc == RC_OK && !s->note ? kb_used_in(tx, web_kb_base(s->q), m.text, t.id, s->q->now, err) : rc;
}

static enum rc say_once(struct db_tx *tx, void *arg, struct err *err)
{
	struct saying *s = arg;
	struct arena *a = s->q->arena;
	struct str answer = STR_NULL;
	int status = 0;
	enum rc rc = s->key.n ? idempotency_begin(tx, a, s->owner, s->key, s->hash, s->q->now, &status, &answer, err)
	                      : RC_OK;

	if (rc == RC_CONFLICT && strcmp(err->code, "replay") == 0)
		return str_to_i64(answer, &s->message.v) == RC_OK ? rc : RC_FAULT;
	if (rc == RC_INVALID)
		return fail(err, RC_INVALID,
		            "This form was sent before with another text. Look whether your message is there, then "
		            "send again.");
	if (rc == RC_OK)
		rc = say(tx, s, err);
	if (rc == RC_OK && s->key.n)
		rc = idempotency_done(tx, s->owner, s->key, 303, arena_strf(a, "%lld", (long long)s->message.v), err);
	return rc;
}

const struct field desk_reply_fields[] = {
	{"text",	                       FIELD_LINES, DESK_TEXT_MAX, false, NULL, "What is said" },
	{ "mode",	               FIELD_CHOICE, 0, false, "reply|note", "As a reply or as an internal note" },
	{ "act",	                        FIELD_CHOICE, 0, false, "send|wait|note", "The button" },
	{ "seen",	                           FIELD_INT, 0, false, NULL, "The newest event that the person saw" },
	{ "once",  FIELD_TEXT, 100, false, NULL, "Key of this form: sent twice, it is one message" },
	{ "later_at", FIELD_TEXT, 20, false, NULL, "When the reply shall be sent, in the agent's zone; empty: now" },
	{ "remove",	                       FIELD_TEXT, 64, false, NULL, "Tokens of kept files that shall not come along" },
	{ "files", FIELD_FILE, 0, false, NULL, "Files" },
	{ .name = NULL	                      },
};

/* Whatever is wrong, the text is shown again and the files wait in the draft. */
static void keep_refused(struct saying *s)
{
	struct err spare = { 0 };

	if (db_write(web_desk(s->q)->db, keep_draft, s, &spare) != RC_OK)
		s->n_files = 0; /* the text is in the page all the same */
}

static enum rc read_later(struct saying *s, struct err *err)
{
	struct req *q = s->q;
	enum rc rc = s->note ? RC_OK : kb_when(q, "later_at", &s->later, err);

	if (rc == RC_OK && time_is_set(s->later) &&
	    (!time_before(q->now, s->later) || s->later.us - q->now.us > HELD_MAX_DAYS * DAY_US))
		return fail_field(err, RC_INVALID, "later_at", "Choose a time from now on, within a year. Nothing was sent.");
	return rc;
}

/* One answers twice, when the first answer got lost: then nobody knows any more whether it was held. */
static struct str place_of(const struct saying *s)
{
	struct str url = desk_ticket_url(s->q, s->number);

	return s->message.v ? arena_strf(s->q->arena, STR_F "#m%lld", STR_A(url), (long long)s->message.v) : str_concat(s->q->arena, url, STR("#held"));
}

enum rc desk_reply_post(struct req *q, struct resp *r)
{
	struct saying s = { 0 };
	const struct i18n *l = web_lang(q);

	read_form(q, &s);
	if (!s.number)
		return web_not_found(q);
	if (web_fields_wrong(q, r))
		return desk_show(q, r, "reply");
	enum rc rc = web_keep_uploads(q, "files", &s.files, &s.n_files, req_err(q));

	if (rc == RC_OK)
		rc = read_later(&s, req_err(q));
	s.hash = request_hash(&s);
	if (rc == RC_OK)
		rc = db_write(web_desk(q)->db, say_once, &s, req_err(q));
	if (rc == RC_CONFLICT && strcmp(req_err(q)->code, "replay") == 0)
		rc = RC_OK;
	if (rc == RC_OK)
		return web_done(r,
		                s.note   ? _(l, "The note is saved. Only agents see it.")
		                : !s.message.v ? _(l, "The reply waits. Until it is sent you can undo it.")
		                : s.wait ? _(l, "Sent. The ticket waits for the customer.")
		                         : _(l, "Sent."),
		                place_of(&s));
	if (rc == RC_NOT_FOUND)
		return rc;
	keep_refused(&s);
	if (rc == RC_CONFLICT && strcmp(req_err(q)->code, "stale") == 0)
		return desk_show_stale(q, r, "text", s.note ? _(l, "Your internal note") : _(l, "Your reply"));
	return web_form_failed(q, r, rc) ? desk_show(q, r, "reply") : rc;
}
