/* What happened, told by mail. Runs inside the transaction that moves the reader's cursor: an event is told once,
 * whatever is killed when. Words are in the recipient's language. */
#include "mail/notify.h"
#include "entitlement/promise.h"
#include "mail/intake_private.h"
#include "mail/notify_private.h"
#include "notice/notice.h"
#include "outbox/text.h"
#include <jansson.h>


struct telling {
	struct desk *desk;
	struct db_tx *tx;
	struct arena *a;
	const struct event *e;
	struct ticket t;
	struct str number, url, product;
	const struct mail_text *texts; /* that administrators wrote */
	size_t n_texts;
};

static struct str product_name(struct desk *d, struct db_tx *tx, struct arena *a)
{
	return setting_product(tx, a, d->config.product);
}

/* One line: subjects of tickets come from people. */
static struct str one_line(struct arena *a, struct str s)
{
	char *p = str_z(a, s);

	for (size_t i = 0; i < s.n; i++)
		if ((unsigned char)p[i] < 0x20 || p[i] == 0x7f)
			p[i] = ' ';
	return (struct str){ p, s.n };
}

/* A Message-ID that others made. What cannot stand in a header of ours is left out: a mail that a program does not thread
 * is better than none. */
static struct str their_id(struct str id)
{
	for (size_t i = 0; i < id.n; i++)
		if ((unsigned char)id.p[i] <= ' ' || (unsigned char)id.p[i] >= 0x7f || strchr("<>()\\\"", id.p[i]))
			return STR_NULL;
	return id;
}

static enum rc parent(struct telling *t, struct str *ret, struct err *err)
{
	enum rc rc = notify_parent(t->tx, t->a, t->t.id, ret, err);

	*ret = their_id(*ret);
	return rc;
}

static enum rc send_one(struct telling *t, const struct recipient *to, const char *kind, bool is_auto, struct str text, struct str files, struct err *err)
{
	struct desk *d = t->desk;
	struct str in_reply_to, up = mail_parent_id(t->a, &d->keys, t->t.number);
	enum rc rc = parent(t, &in_reply_to, err);

	if (rc != RC_OK)
		return rc;
	struct outmail m = {
		.dedupe = arena_strf(t->a, "event:%lld:" STR_F, (long long)t->e->id.v, STR_A(to->email)),
		.ticket = t->t.id,
		.message = t->e->message,
		.kind = kind,
		.automatic = is_auto,
		.from_name = t->product,
		.from_addr = d->config.support_addr,
		.to_name = one_line(t->a, to->name),
		.to_addr = to->email,
		.reply_to = mail_reply_address(t->a, &d->keys, t->t.mail_token),
		.message_id = mail_message_id(t->a, &d->keys, t->t.mail_token),
		.in_reply_to = in_reply_to,
		.refs = in_reply_to.n ? arena_strf(t->a, STR_F " " STR_F, STR_A(up), STR_A(in_reply_to)) : up,
		.subject = one_line(t->a, arena_strf(t->a, "[" STR_F "] " STR_F, STR_A(t->number), STR_A(t->t.subject))),
		.text = text,
		.attachments = files,
	};
	/* Who asked is in a conversation; somebody in copy may leave it. */
	if (to->contact.v != t->t.contact.v && strcmp(kind, "approval") != 0)
		m.unsubscribe = notice_stop_url(t->a, d, &(struct notice_stop){ .ticket = t->t.id, .email = to->email });
	rc = outbox_put(t->tx, &m, t->e->at, NULL, err);
	return rc == RC_OK ? mail_ref_add(t->tx, m.message_id, t->t.id, err) : rc;
}

static struct str fact(const struct event *e, struct arena *a, const char *name)
{
	json_t *j = json_loadb(e->data.p, e->data.n, 0, NULL);
	const json_t *v = json_object_get(j, name);
	struct str s = json_is_string(v) ? arena_str(a, (struct str){ json_string_value(v), json_string_length(v) })
		     : json_is_boolean(v) ? (json_is_true(v) ? STR("true") : STR("false")) : json_is_integer(v) ? arena_strf(a, "%lld", (long long)json_integer_value(v)) : STR_NULL;

	json_decref(j);
	return s;
}

static enum rc promise(struct telling *t, const struct i18n *l, struct str *ret, struct err *err)
{
	struct plan p;
	struct calendar cal;
	bool has = false;
	enum rc rc = t->t.plan_code.n ? plan_find_code(t->tx, t->a, t->t.plan_code, &p, err) : RC_NOT_FOUND;

	*ret = STR("");
	if (rc != RC_OK)
		return rc == RC_NOT_FOUND ? RC_OK : rc;
	if (p.calendar.v)
		has = calendar_find(t->tx, t->a, p.calendar, &cal, NULL) == RC_OK;
	*ret = promise_text(t->a, l, &p, has ? &cal : NULL, t->t.kind, t->t.criticality);
	return RC_OK;
}

/* What the kinds of outbox/text.h are filled with, besides what every mail knows. */
struct words {
	struct str promise, next, message, resolution, from, to, reason, phone, answer;
};

/* Filled once: braces in what people wrote are not looked at again (S-28). */
static struct str worded(struct telling *t, const struct i18n *l, const struct recipient *to, const char *kind, const struct words *w)
{
	const struct mail_text_kind *k = mail_text_kind(str_of(kind));
	struct str text = mail_text_pick(t->texts, t->n_texts, kind, i18n_tag(l), tr(l, k->builtin));

	return TR_FILL(t->a, str_z(t->a, text), { "name", to->name }, { "number", t->number }, { "subject", t->t.subject }, { "url", t->url },
		       { "product", t->product }, { "agent", t->e->actor }, { "promise", w->promise }, { "next", w->next },
		       { "message", w->message }, { "resolution", w->resolution }, { "from", w->from }, { "to", w->to }, { "reason", w->reason },
		       { "who", t->e->actor }, { "phone", w->phone }, { "answer", w->answer });
}

static enum rc text_of_opening(struct telling *t, const struct i18n *l, const struct recipient *to, struct str *ret, struct err *err)
{
	struct str p, call = STR("");
	enum rc rc = promise(t, l, &p, err);

	if (rc != RC_OK)
		return rc;
	if (t->t.not_phoned && t->desk->config.phone.n)
		call = arena_strf(t->a, STR_F "\n\n", STR_A(worded(t, l, to, "not-phoned", &(struct words){ .phone = t->desk->config.phone })));
	/* By the form one chose; a mail says nothing of it. */
	if (t->t.channel == CHANNEL_MAIL && !t->t.not_phoned) {
		struct str link = mail_claim_link(t->a, &t->desk->keys, t->t.mail_token);

		call = TR_FILL(t->a, _(l, "Is something broken? Tell us how bad it is: {url}/claim/{link}?is=incident\nDo you need something done, or have a question? {url}/claim/{link}?is=request\n\n"), { "url", t->desk->config.base_url }, { "link", link });
	}
	*ret = worded(t, l, to, "ack", &(struct words){ .promise = p, .next = call });
	return RC_OK;
}

/* Managers are asked; who asked for something is told what they said. */
static struct str text_of_approval(struct telling *t, const struct i18n *l, const struct recipient *to, struct str reason)
{
	struct str what = fact(t->e, t->a, "what");
	bool asked = str_is(what, "asked");
	struct words w = { .reason = reason };

	if (asked)
		w.answer = arena_strf(t->a, STR_F "/approve/" STR_F, STR_A(t->desk->config.base_url),
				      STR_A(approval_link(t->a, t->desk->pin_key, t->t.id, to->contact)));
	return worded(t, l, to, asked ? "approval-asked" : str_is(what, "approved") ? "approval-approved" : "approval-declined", &w);
}

/* Text, and whether there is anything to tell. */
static enum rc text_of(struct telling *t, const struct i18n *l, const struct recipient *to, const char **kind, struct str *ret, struct err *err)
{
	const struct event *e = t->e;
	struct str reason = fact(e, t->a, "reason");

	*ret = STR_NULL;
	if (str_is(e->kind, EV_TICKET_OPENED)) {
		if (str_is(fact(e, t->a, "automatic"), "true"))
			return RC_OK; /* nobody waits for an answer, and it might be answered by itself */
		*kind = "ack";
		return text_of_opening(t, l, to, ret, err);
	}
	if (str_is(e->kind, EV_MESSAGE) && e->actor_kind == ACTOR_AGENT) {
		struct str said;
		enum rc rc = notify_text(t->tx, t->a, e->message, &said, err);

		if (rc != RC_OK)
			return rc;
		*kind = "reply";
		*ret = worded(t, l, to, "reply", &(struct words){ .message = said });
		if (to->contact.v == t->t.contact.v) {
			struct str before, zone = t->desk->config.zone;

			rc = notify_history(t->tx, t->a, l, zone, e->ticket, e->message, &before, err);
			*ret = str_concat(t->a, *ret, before);
		}
		return rc;
	} else if (str_is(e->kind, EV_RESOLVED)) {
		*kind = "resolved";
		*ret = worded(t, l, to, *kind, &(struct words){ .resolution = fact(e, t->a, "resolution") });
	} else if (str_is(e->kind, EV_CRITICALITY) && e->actor_kind != ACTOR_CONTACT) {
		struct str p;
		enum rc rc = promise(t, l, &p, err);

		if (rc != RC_OK)
			return rc;
		*kind = "criticality";
		*ret = worded(t, l, to, *kind,
			      &(struct words){ .promise = p, .reason = reason, .from = fact(e, t->a, "from"), .to = fact(e, t->a, "to") });
	} else if (str_is(e->kind, EV_KIND) && e->actor_kind != ACTOR_CONTACT) {
		*kind = "kind";
		*ret = worded(t, l, to, str_is(fact(e, t->a, "to"), "incident") ? "kind-incident" : "kind-request", &(struct words){ .reason = reason });
	} else if (str_is(e->kind, EV_APPROVAL)) {
		*ret = text_of_approval(t, l, to, reason);
		*kind = "approval";
	}
	return RC_OK;
}

static bool worth_telling(const struct event *e)
{
	static const char *const kinds[] = { EV_TICKET_OPENED, EV_MESSAGE, EV_RESOLVED, EV_CRITICALITY, EV_KIND, EV_APPROVAL };

	for (size_t i = 0; i < COUNT(kinds); i++)
		if (str_is(e->kind, kinds[i]))
			return e->ticket.v != 0;
	return false;
}

/* Answers and solutions always arrive; the rest one may do without. */
static enum rc wanted(struct telling *t, const struct recipient *to, const char *kind, bool *ret, struct err *err)
{
	if (strcmp(kind, "ack") == 0 && !t->t.not_phoned) /* else it has the telephone number, which matters */
		return notice_own(t->tx, to->contact, NOTICE_OWN_ACK, ret, err);
	if (strcmp(kind, "criticality") == 0 || strcmp(kind, "kind") == 0)
		return notice_own(t->tx, to->contact, NOTICE_OWN_CHANGED, ret, err);
	return RC_OK;
}

static enum rc tell(struct telling *t, struct err *err)
{
	struct actor system = actor_system();
	struct recipient *to;
	size_t n;
	struct str files = STR_NULL;
	enum rc rc = ticket_find_id(t->tx, t->a, &system, t->e->ticket, &t->t, err);

	if (rc == RC_OK)
		rc = str_is(t->e->kind, EV_APPROVAL) && str_is(fact(t->e, t->a, "what"), "asked")
			     ? notify_managers(t->tx, t->a, t->t.account, &to, &n, err)
			     : ticket_recipients(t->tx, t->a, t->t.id, &to, &n, err);
	if (rc == RC_OK && str_is(t->e->kind, EV_MESSAGE) && t->e->actor_kind == ACTOR_AGENT)
		rc = notify_files(t->tx, t->a, t->e->message, &files, err);
	if (rc != RC_OK)
		return rc;
	t->number = ticket_number_text(t->a, t->desk->config.prefix, t->t.number);
	t->url = arena_strf(t->a, STR_F "/support/tickets/" STR_F, STR_A(t->desk->config.base_url), STR_A(t->number));
	for (size_t i = 0; i < n && rc == RC_OK; i++) {
		const char *kind = "";
		struct str text;
		bool ack, wants = true;

		rc = text_of(t, i18n_lang(to[i].lang), &to[i], &kind, &text, err);
		ack = strcmp(kind, "ack") == 0;
		if (rc == RC_OK && text.p)
			rc = wanted(t, &to[i], kind, &wants, err);
		/* An acknowledgement is for who wrote, not for those who listen. */
		if (rc == RC_OK && text.p && wants && (!ack || i == 0))
			rc = send_one(t, &to[i], kind, ack, text, files, err);
	}
	return rc;
}

static enum rc handle(struct db_tx *tx, const struct event *events, size_t n, void *arg, struct err *err)
{
	struct desk *d = arg;
	struct mail_text *texts = NULL;
	size_t n_texts = 0;
	bool read = false;
	enum rc rc = RC_OK;
	AUTO_ARENA a;

	arena_init(&a);
	for (size_t i = 0; i < n && rc == RC_OK; i++) {
		if (!worth_telling(&events[i]))
			continue;
		if (!read && (rc = mail_texts(tx, &a, &texts, &n_texts, err)) != RC_OK)
			break;
		read = true;
		struct telling t = { .desk = d, .tx = tx, .a = &a, .e = &events[i], .texts = texts, .n_texts = n_texts };

		t.product = product_name(d, tx, &a);
		rc = tell(&t, err);
	}
	return rc;
}

struct event_reader notify_reader(struct desk *desk)
{
	return (struct event_reader){ .name = "notify", .batch = 20, .handle = handle, .arg = desk };
}

/* ---- answers without a ticket; nothing of what was written comes back (S-12) ---- */

static enum rc answer(struct db_tx *tx, struct filing_job *job, const char *kind, const struct i18n *l, struct str name, const char *subject, struct str text, struct err *err)
{
	const struct desk_config *c = &job->desk->config;
	struct str id = their_id(job->in->message_id);
	struct outmail m = {
		.kind = kind,
		.automatic = true,
		.from_name = product_name(job->desk, tx, job->a),
		.from_addr = c->support_addr,
		.to_name = one_line(job->a, name),
		.to_addr = job->mail->identity,
		.in_reply_to = id,
		.refs = id,
		.subject = str_of(subject),
		.text = text,
	};

	return outbox_put(tx, &m, job->now, NULL, err);
}

/* What an administrator wrote for it, else the built-in text. */
static enum rc text_for(struct db_tx *tx, struct filing_job *job, const char *kind, const struct i18n *l, const char **ret, struct err *err)
{
	struct mail_text *texts = NULL;
	size_t n = 0;
	enum rc rc = mail_texts(tx, job->a, &texts, &n, err);

	if (rc == RC_OK)
		*ret = str_z(job->a, mail_text_pick(texts, n, kind, i18n_tag(l), tr(l, mail_text_kind(str_of(kind))->builtin)));
	return rc;
}

static struct str kb_address(const struct filing_job *job)
{
	return arena_strf(job->a, STR_F "/kb", STR_A(job->desk->config.base_url));
}

enum rc answer_unknown(struct db_tx *tx, struct filing_job *job, struct err *err)
{
	/* Nobody's language is known but by what was written. */
	const char *guess = i18n_guess(job->mail->reply.n ? job->mail->reply : job->mail->text);
	const struct i18n *l = i18n_lang(str_of(guess ? guess : "en"));
	const char *words = NULL;
	enum rc rc = text_for(tx, job, "unknown-sender", l, &words, err);

	if (rc != RC_OK)
		return rc;
	struct str text = TR_FILL(job->a, words, { "kb", kb_address(job) }, { "product", product_name(job->desk, tx, job->a) });

	return answer(tx, job, "unknown-sender", l, STR(""), _(l, "We received your mail"), text, err);
}

enum rc answer_not_covered(struct db_tx *tx, struct filing_job *job, const struct contact *c, struct err *err)
{
	const struct i18n *l = i18n_lang(c->lang);
	struct entitlement e;
	struct ent_ask ask = { .account = c->account, .contact = c, .kind = TICKET_REQUEST, .channel = CHANNEL_MAIL, .at = job->now };
	const char *words = NULL;
	AUTO_BUF who;
	enum rc rc = ent_check(tx, job->a, &ask, &e, err);

	buf_init(&who, 4000);
	if (rc == RC_OK)
		rc = text_for(tx, job, "not-covered", l, &words, err);
	if (rc != RC_OK)
		return rc;
	struct refusal_text t = promise_refusal(job->a, l, &e, c->zone.n ? c->zone : job->desk->config.zone);
	for (size_t i = 0; i < e.n_managers; i++)
		buf_addf(&who, "%s" STR_F " <" STR_F ">", i ? ", " : "", STR_A(e.managers[i].name), STR_A(e.managers[i].email));
	struct str text = TR_FILL(job->a, words, { "name", c->name }, { "why", t.text }, { "who", buf_str(&who) }, { "kb", kb_address(job) },
				  { "product", product_name(job->desk, tx, job->a) });

	return answer(tx, job, "not-covered", l, c->name, str_z(job->a, t.title), text, err);
}
