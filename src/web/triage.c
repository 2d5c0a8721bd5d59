/* Mail that did not become part of a ticket by itself: what waits for a decision, what could not be read, what was
 * refused. A mail is shown as plain text and escaped headers only; its bytes are given out as a file, never as a page.
 * Filing itself is mail/'s. */
#include "blob/blob.h"
#include "jail/jail.h"
#include "inbox/inbox.h"
#include "mime/addr.h"
#include "tmpl.h"
#include "web/desk_view.h"
#include "web/web.h"

#define PAGE_SIZE   50
#define MAX_HEADERS (64 << 10)
#define MAX_TEXT    (64 << 10)

static const struct triage_state {
	const char *name, *word;
	enum intake_state state;
	const char *empty;
} states[] = {
	{"triage",      N_("to decide"),         INTAKE_TRIAGE,     N_("No mail waits for a decision.")},
	{ "quarantine", N_("could not be read"), INTAKE_QUARANTINE, N_("Every mail could be read.")    },
	{ "refused",    N_("refused"),           INTAKE_REFUSED,    N_("No mail was refused.")         },
	{ "received",   N_("waits to be filed"), INTAKE_RECEIVED,   ""                                 },
	{ "message",    N_("filed"),             INTAKE_MESSAGE,    ""                                 },
	{ "duplicate",  N_("came before"),       INTAKE_DUPLICATE,  ""                                 },
};
#define LISTED 3 /* of them have a list */

static const char *state_word(const struct i18n *l, enum intake_state s)
{
	for (size_t i = 0; i < COUNT(states); i++)
		if (states[i].state == s)
			return _(l, states[i].word);
	return "";
}

static struct str or_empty(struct str s)
{
	return s.p ? s : STR("");
}

/* ---- the lists ---- */

struct listing {
	struct req *q;
	const struct triage_state *state;
	int64_t before;
	struct intake *at;
	size_t n;
	struct view_counts counts;
	struct triage_alarm *alarms;
	size_t n_alarms;
};

enum rc desk_mail_alarms(struct db_tx *tx, struct req *q, struct triage_alarm **ret, size_t *ret_n, struct err *err)
{
	const struct i18n *l = web_lang(q);
	VEC(struct triage_alarm) v = { 0 };
	struct mail_channel *ways;
	struct instant oldest;
	size_t n;
	enum rc rc = mail_channels(tx, q->arena, &ways, &n, err);

	if (rc == RC_OK)
		rc = intake_oldest(tx, &oldest, err);
	if (rc != RC_OK)
		return rc;
	for (size_t i = 0; i < n; i++)
		if (mail_channel_alarms(&ways[i], q->now))
			*VEC_ADD(q->arena, &v) = (struct triage_alarm){
				.what = TR_FILL(q->arena, _(l, "Something is wrong with {name}, by which mail comes in."), { "name", ways[i].name }),
				.why = ways[i].error.n ? ways[i].error : str_of(_(l, "Nothing was heard of it for a quarter of an hour.")),
				.since = time_is_set(ways[i].failing_at) ? ways[i].failing_at : ways[i].ok_at
			};
	if (time_is_set(oldest) && q->now.us - oldest.us > INTAKE_STUCK_US)
		*VEC_ADD(q->arena, &v) = (struct triage_alarm){ .what = str_of(_(l, "Mail came in and is not being filed.")),
			                                        .why = str_of(_(l, "It is kept, and tried again. An administrator finds the cause in the log.")),
			                                        .since = oldest };
	*ret = v.at;
	*ret_n = v.n;
	return RC_OK;
}

static enum rc read_list(struct db_tx *tx, void *arg, struct err *err)
{
	struct listing *x = arg;
	enum rc rc = intake_list(tx, x->q->arena, x->state->state, x->before, PAGE_SIZE + 1, &x->at, &x->n, err);

	if (rc == RC_OK)
		rc = desk_mail_alarms(tx, x->q, &x->alarms, &x->n_alarms, err);
	return rc == RC_OK ? desk_counts(tx, x->q, &x->counts, err) : rc;
}

static struct str who_wrote(struct arena *a, const struct intake *in)
{
	if (in->from_name.n && in->from_addr.n)
		return arena_strf(a, STR_F " <" STR_F ">", STR_A(in->from_name), STR_A(addr_display(a, in->from_addr)));
	if (in->from_addr.n)
		return addr_display(a, in->from_addr);
	return in->mail_from.n ? in->mail_from : STR("–");
}

/* In a list, a line or two of it. */
static struct str short_of(struct arena *a, struct str s)
{
	struct str head = str_utf8_clip(s, 160);

	return head.n < s.n ? str_concat(a, head, STR("…")) : s;
}

static struct triage_row *rows_of(struct req *q, const struct intake *at, size_t n)
{
	struct triage_row *v = arena_array(q->arena, struct triage_row, n + 1);
	const struct i18n *l = web_lang(q);

	for (size_t i = 0; i < n; i++)
		v[i] = (struct triage_row){ .id = at[i].id.v,
			                    .who = who_wrote(q->arena, &at[i]),
			                    .subject = short_of(q->arena, or_empty(at[i].subject)),
			                    .reason = str_of(tr(l, str_z(q->arena, or_empty(at[i].reason)))),
			                    .size = i18n_bytes(q->arena, l, at[i].size),
			                    .refused_by = or_empty(at[i].refused_by),
			                    .at = at[i].received_at };
	return v;
}

static enum rc get_triage(struct req *q, struct resp *r)
{
	const struct i18n *l = web_lang(q);
	struct str state = req_field(q, "state");
	struct listing x = { .q = q, .state = &states[0] };
	struct page page;

	for (size_t i = 0; i < LISTED; i++)
		if (str_is(state, states[i].name))
			x.state = &states[i];
	req_int(q, "before", &x.before);
	enum rc rc = db_read(web_desk(q)->db, read_list, &x, req_err(q));

	if (rc != RC_OK)
		return rc;
	size_t n = x.n > PAGE_SIZE ? PAGE_SIZE : x.n;
	struct triage_list v = { .state = x.state->name,
		                 .rows = rows_of(q, x.at, n),
		                 .n = n,
		                 .empty = _(l, x.state->empty),
		                 .next_url = STR_INIT("") };
	v.alarms = x.alarms;
	v.n_alarms = x.n_alarms;
	if (x.n > n)
		v.next_url = arena_strf(q->arena, "/desk/triage?state=%s&before=%lld", x.state->name,
		                        (long long)x.at[n - 1].id.v);
	struct out o = web_out(q, r);

	desk_page_init(&page, q, r, _(l, "Mail triage"), NAV_TRIAGE, &x.counts);
	tmpl_desk_head(&o, &page);
	tmpl_triage_list(&o, &v);
	tmpl_desk_foot(&o, &page);
	return RC_OK;
}

/* ---- one mail ---- */

struct looking {
	struct req *q;
	struct intake in;
	struct str raw; /* its bytes, while the database has them; else they are a blob */
	struct ticket ticket;
	struct view_counts counts;
};

static enum rc read_mail(struct db_tx *tx, void *arg, struct err *err)
{
	struct looking *x = arg;
	struct req *q = x->q;
	enum rc rc = intake_find(tx, q->arena, (struct intake_id){ web_path_id(q, "id") }, &x->in, err);

	if (rc == RC_OK)
		rc = desk_counts(tx, q, &x->counts, err);
	if (rc == RC_OK && x->in.ticket.v)
		rc = ticket_find_id(tx, q->arena, &q->actor, x->in.ticket, &x->ticket, err);
	if (rc != RC_OK)
		return rc;
	rc = raw_mail_get(tx, q->arena, x->in.sha256, &x->raw, NULL);
	return rc == RC_NOT_FOUND ? RC_OK : rc;
}

/* The header block as it came, up to the empty line; what is no UTF-8 is shown as question marks. */
static struct str header_block(struct arena *a, struct str raw)
{
	size_t crlf = str_find(raw, STR("\r\n\r\n")), lf = str_find(raw, STR("\n\n")), end = crlf < lf ? crlf : lf;
	AUTO_BUF b;

	raw = str_sub(raw, 0, end == STR_NONE || end > MAX_HEADERS ? MAX_HEADERS : end);
	buf_init(&b, 4 * MAX_HEADERS);
	for (size_t i = 0; i < raw.n;) {
		uint32_t c = str_utf8_next(raw, &i);

		if (c == '\n' || c == '\t' || (c >= 0x20 && c != 0x7f))
			buf_add_utf8(&b, c);
	}
	return arena_str(a, buf_str(&b));
}

/* Read anew in the jail: what a stranger wrote is taken apart nowhere else. */
static void preview(struct req *q, const struct intake *in, struct str raw, struct triage_mail *v)
{
	struct desk *d = web_desk(q);
	struct err why = { 0 };
	struct mail m = { 0 };

	v->text = v->headers = v->preview_error = STR("");
	enum rc rc = raw.p ? RC_OK : blob_read(q->arena, d->blobs, in->sha256, (size_t)d->config.max_mail + 1, &raw, &why);

	if (rc == RC_OK) {
		v->headers = header_block(q->arena, raw);
		rc = d->jail ? jail_mail(d->jail, q->arena, raw, &m, &why)
		             : fail(&why, RC_RETRY, "Mail cannot be taken apart at the moment. Try again later.");
	}
	if (rc != RC_OK) {
		v->preview_error = arena_str(q->arena, str_of(tr(web_lang(q), why.text)));
		return;
	}
	v->text = str_utf8_clip(or_empty(m.text), MAX_TEXT);
	v->cut = in->cut || m.text.n > MAX_TEXT;
	if (!v->subject.n)
		v->subject = or_empty(m.subject);
	v->files = arena_array(q->arena, struct desk_file, m.n_files + 1);
	for (size_t i = 0; i < m.n_files; i++)
		v->files[v->n_files++] = (struct desk_file){ .name = blob_safe_name(q->arena, m.files[i].name),
			                                     .size = i18n_bytes(q->arena, web_lang(q),
			                                                        (int64_t)m.files[i].bytes.n) };
}

static const char *channel_word(const struct i18n *l, enum intake_channel c)
{
	return c == INTAKE_LMTP   ? _(l, "by LMTP")
	       : c == INTAKE_PIPE ? _(l, "by the command line")
	                          : _(l, "from a mailbox");
}

static enum rc show_mail(struct req *q, struct resp *r)
{
	const struct i18n *l = web_lang(q);
	struct looking x = { .q = q };
	struct err spare = { 0 };
	struct page page;
	enum rc rc = db_read(web_desk(q)->db, read_mail, &x, desk_err(q, r, &spare));

	if (rc != RC_OK)
		return rc;
	enum intake_state s = x.in.state;
	struct triage_mail v = {
		.id = x.in.id.v,
		.subject = or_empty(x.in.subject),
		.reason = str_of(tr(l, str_z(q->arena, or_empty(x.in.reason)))),
		.mail_from = x.in.mail_from,
		.rcpt = x.in.rcpt,
		.from_addr = x.in.from_addr,
		.received_at = x.in.received_at,
		.refused_by = or_empty(x.in.refused_by),
		.refused_at = x.in.refused_at,
		.state = state_word(l, s),
		.channel = channel_word(l, x.in.channel),
		.size = i18n_bytes(q->arena, l, x.in.size),
		.from = who_wrote(q->arena, &x.in),
		.contact = or_empty(web_field_value(q, "contact", STR(""))),
		.e_contact = web_field_error(q, "contact"),
		.e_reason = web_field_error(q, "reason"),
		.ticket = or_empty(web_field_value(q, "ticket", STR(""))),
		.e_ticket = web_field_error(q, "ticket"),
		.person = or_empty(web_field_value(q, "person", x.in.from_addr)),
		.e_person = web_field_error(q, "person"),
		.account = or_empty(web_field_value(q, "account", STR(""))),
		.e_account = web_field_error(q, "account"),
		.name = or_empty(web_field_value(q, "name", x.in.from_name)),
		.e_name = web_field_error(q, "name"),
		.may_decide = s == INTAKE_TRIAGE || s == INTAKE_REFUSED,
		.open = s == INTAKE_TRIAGE || s == INTAKE_QUARANTINE || s == INTAKE_REFUSED,
		.may_refuse = s == INTAKE_TRIAGE || s == INTAKE_QUARANTINE,
		.may_link = s == INTAKE_TRIAGE && x.in.from_addr.n > 0,
		.list_url = arena_strf(q->arena, "/desk/triage?state=%s",
		                       s == INTAKE_QUARANTINE ? "quarantine"
		                       : s == INTAKE_REFUSED  ? "refused"
		                                              : "triage"),
		.ticket_url = STR_INIT(""),
	};
	if (x.in.ticket.v) {
		v.ticket_number = desk_number(q, x.ticket.number);
		v.ticket_url = desk_ticket_url(q, x.ticket.number);
	}
	preview(q, &x.in, x.raw, &v);
	struct out o = web_out(q, r);

	desk_page_init(&page, q, r, _(l, "Mail triage"), NAV_TRIAGE, &x.counts);
	tmpl_desk_head(&o, &page);
	tmpl_triage_mail(&o, &v);
	tmpl_desk_foot(&o, &page);
	return RC_OK;
}

static enum rc get_raw(struct req *q, struct resp *r)
{
	struct looking x = { .q = q };
	enum rc rc = db_read(web_desk(q)->db, read_mail, &x, req_err(q));

	if (rc != RC_OK)
		return rc;
	if (x.raw.p)
		buf_adds(r->body, x.raw);
	else if (str_null(r->file = blob_path(q->arena, web_desk(q)->blobs, x.in.sha256)))
		return web_not_found(q);
	r->type = STR("message/rfc822");
	r->csp = STR("sandbox; default-src 'none'");
	resp_header(r, "Content-Disposition",
	            blob_disposition(q->arena, arena_strf(q->arena, "mail-%lld.eml", (long long)x.in.id.v), false));
	return RC_OK;
}

/* ---- decisions ---- */

static enum rc do_reprocess(struct db_tx *tx, void *arg, struct err *err)
{
	struct req *q = arg;

	return intake_reprocess(tx, (struct intake_id){ web_path_id(q, "id") }, err);
}

static enum rc do_refuse(struct db_tx *tx, void *arg, struct err *err)
{
	struct req *q = arg;
	struct str reason = req_field(q, "reason");

	return intake_refuse(tx, (struct intake_id){ web_path_id(q, "id") }, reason.n ? reason : STR("spam"), q->actor.name, q->now, err);
}

/* The address the mail came from speaks for the person from now on. */
static enum rc do_contact(struct db_tx *tx, void *arg, struct err *err)
{
	struct req *q = arg;
	struct intake in;
	struct contact c;
	struct str email;
	enum rc rc = intake_find(tx, q->arena, (struct intake_id){ web_path_id(q, "id") }, &in, err);

	if (rc == RC_OK && (in.state != INTAKE_TRIAGE || !in.from_addr.n))
		return fail(err, RC_CONFLICT, "This mail does not wait for a decision any more. Nothing was changed.");
	if (rc == RC_OK && (addr_canonical(q->arena, req_field(q, "contact"), &email, NULL) != RC_OK ||
	                    contact_find_email(tx, q->arena, email, &c, NULL) != RC_OK || time_is_set(c.disabled_at)))
		return fail_field(err, RC_INVALID, "contact",
		                  "Nobody has this address. Write the address under which we know the person, or add "
		                  "the person first.");
	if (rc == RC_OK)
		rc = contact_add_address(tx, &q->actor, q->now, c.id, in.from_addr, err);
	if (rc == RC_INVALID || rc == RC_CONFLICT)
		return fail_field(err, rc, "contact",
		                  "This mail's address cannot be added: it is somebody else's, or no plain address.");
	return rc == RC_OK ? intake_reprocess(tx, in.id, err) : rc;
}

static enum rc still_open(struct db_tx *tx, struct req *q, struct intake *in, struct err *err)
{
	enum rc rc = intake_find(tx, q->arena, (struct intake_id){ web_path_id(q, "id") }, in, err);

	if (rc == RC_OK && in->state != INTAKE_TRIAGE && in->state != INTAKE_REFUSED)
		return fail(err, RC_CONFLICT, "This mail does not wait for a decision any more. Nothing was changed.");
	return rc;
}

static enum rc do_attach(struct db_tx *tx, void *arg, struct err *err)
{
	struct req *q = arg;
	struct intake in;
	struct ticket t;
	int64_t number;
	enum rc rc = still_open(tx, q, &in, err);

	if (rc != RC_OK)
		return rc;
	if (ticket_number_parse(req_field(q, "ticket"), web_desk(q)->config.prefix, &number) != RC_OK ||
	    ticket_find(tx, q->arena, &q->actor, number, &t, NULL) != RC_OK)
		return fail_field(err, RC_INVALID, "ticket", "There is no ticket with this number. Copy it from the ticket's page.");
	return intake_decide(tx, in.id, &(struct intake_order){ .what = INTAKE_ATTACH, .ticket = t.id, .by = q->actor.agent }, err);
}

static enum rc known_person(struct db_tx *tx, struct req *q, const char *field, struct contact *ret, struct err *err)
{
	struct str email;

	if (addr_canonical(q->arena, req_field(q, field), &email, NULL) != RC_OK ||
	    contact_find_email(tx, q->arena, email, ret, NULL) != RC_OK || time_is_set(ret->disabled_at))
		return fail_field(err, RC_INVALID, field,
		                  "Nobody has this address. Write the address under which we know the person, or add "
		                  "the person first.");
	return RC_OK;
}

/* For somebody we know; who wrote it stays on the message. */
static enum rc do_open(struct db_tx *tx, void *arg, struct err *err)
{
	struct req *q = arg;
	struct intake in;
	struct contact c;
	struct str kind = req_field(q, "kind");
	enum rc rc = still_open(tx, q, &in, err);

	if (rc == RC_OK)
		rc = known_person(tx, q, "person", &c, err);
	if (rc != RC_OK)
		return rc;
	int criticality = str_is(kind, "request") ? 0 : kind.p[0] - '0';
	struct intake_order o = { .what = INTAKE_OPEN,
		                  .contact = c.id,
		                  .kind = criticality ? TICKET_INCIDENT : TICKET_REQUEST,
		                  .criticality = criticality,
		                  .by = q->actor.agent };
	return intake_decide(tx, in.id, &o, err);
}

/* The address becomes a new person of an account, and so the mail is somebody's. */
static enum rc do_person(struct db_tx *tx, void *arg, struct err *err)
{
	struct req *q = arg;
	struct intake in;
	struct account *at = NULL;
	struct list_page page = { .max = 2 };
	struct str name = req_field(q, "name"), wanted = req_field(q, "account");
	size_t n = 0, hit = 0;
	bool more;
	enum rc rc = still_open(tx, q, &in, err);

	if (rc == RC_OK && !in.from_addr.n)
		return fail(err, RC_CONFLICT, "This mail names no sender. Nothing was changed.");
	if (rc == RC_OK)
		rc = account_list(tx, q->arena, wanted, &page, &at, &n, &more, err);
	if (rc != RC_OK)
		return rc;
	while (hit < n && !str_eq_nocase(at[hit].name, wanted))
		hit++;
	if (hit == n && n != 1)
		return fail_field(err, RC_INVALID, "account", "No account, or more than one, begins like this. Write its whole name.");
	hit = hit == n ? 0 : hit;
	struct contact c = { .account = at[hit].id, .name = name, .email = in.from_addr, .n_roles = 1 };
	c.roles[0] = (struct role){ CONTACT_OPERATOR, SCOPE_ACCOUNT, at[hit].id.v };
	rc = contact_create(tx, &q->actor, q->now, &c, &c.id, err);
	if (rc == RC_INVALID || rc == RC_CONFLICT)
		return fail_field(err, RC_INVALID, "account", "This mail's address cannot be added: it is somebody else's, or no plain address.");
	return rc == RC_OK ? intake_reprocess(tx, in.id, err) : rc;
}

static enum rc decide(struct req *q, struct resp *r, db_fn *fn, const char *done)
{
	if (!web_path_id(q, "id"))
		return web_not_found(q);
	if (web_fields_wrong(q, r))
		return show_mail(q, r);
	enum rc rc = db_write(web_desk(q)->db, fn, q, req_err(q));

	if (web_form_failed(q, r, rc))
		return show_mail(q, r);
	return rc == RC_OK ? web_done(r, done, STR("/desk/triage")) : rc;
}

static enum rc post_reprocess(struct req *q, struct resp *r)
{
	return decide(q, r, do_reprocess,
	              _(web_lang(q), "The mail is being filed again; if it comes back here, its reason says why."));
}

struct again {
	struct req *q;
	int64_t n;
};

static enum rc do_all_again(struct db_tx *tx, void *arg, struct err *err)
{
	struct again *x = arg;

	return intake_reprocess_quarantine(tx, x->q->now, &x->n, err);
}

/* What made mails unreadable was one thing, mostly, and is mended: a reader, a disk. */
static enum rc post_all_again(struct req *q, struct resp *r)
{
	struct again x = { .q = q };
	enum rc rc = db_write(web_desk(q)->db, do_all_again, &x, req_err(q));
	const struct i18n *l = web_lang(q);

	if (rc != RC_OK)
		return rc;
	return web_done(r, str_z(q->arena, TR_FILL(q->arena, tr_n(l, "{n} mail is being filed again.", "{n} mails are being filed again.", x.n), { "n", arena_strf(q->arena, "%lld", (long long)x.n) })),
	                STR("/desk/triage?state=quarantine"));
}

static enum rc post_refuse(struct req *q, struct resp *r)
{
	return decide(q, r, do_refuse, _(web_lang(q), "The mail is refused. It is kept, and can be filed again."));
}

static enum rc post_contact(struct req *q, struct resp *r)
{
	return decide(q, r, do_contact, _(web_lang(q), "The address is added and the mail is being filed."));
}

static enum rc post_attach(struct req *q, struct resp *r)
{
	return decide(q, r, do_attach, _(web_lang(q), "The mail is being put on the ticket."));
}

static enum rc post_open(struct req *q, struct resp *r)
{
	return decide(q, r, do_open, _(web_lang(q), "A ticket is being made of the mail; if it comes back here, its reason says why."));
}

static enum rc post_person(struct req *q, struct resp *r)
{
	return decide(q, r, do_person, _(web_lang(q), "The person is added and the mail is being filed."));
}

static enum rc do_spam(struct db_tx *tx, void *arg, struct err *err)
{
	struct req *q = arg;

	return intake_refuse(tx, (struct intake_id){ web_path_id(q, "id") }, STR("spam"), q->actor.name, q->now, err);
}

static enum rc post_spam(struct req *q, struct resp *r)
{
	return decide(q, r, do_spam, _(web_lang(q), "The mail is kept as spam. It can be filed again."));
}

static const struct field list_fields[] = {
	{"state",	              FIELD_CHOICE, 0, false, "triage|quarantine|refused", "Which mails" },
	{ "before",	                   FIELD_INT, 0, false, NULL, "Cursor of the next page" },
	{ .name = NULL},
};
static const struct field refuse_fields[] = {
	{"reason", FIELD_TEXT, 500, false, NULL, "For colleagues" },
	{ .name = NULL    },
};
static const struct field contact_fields[] = {
	{"contact", FIELD_TEXT, 254, true, NULL, "Address of a known person" },
	{ .name = NULL     },
};

static const struct field attach_fields[] = {
	{"ticket", FIELD_TEXT, 40, true, NULL, "Number of the ticket" },
	{ .name = NULL    },
};
static const struct field open_fields[] = {
	{"person",	   FIELD_TEXT, 254, true, NULL, "Address of the person it is for" },
	{ "kind",	   FIELD_CHOICE, 0, true, "request|4|3|2|1", "Request, or the criticality of the incident" },
	{ .name = NULL    },
};
static const struct field person_fields[] = {
	{"account",	   FIELD_TEXT, 200, true, NULL, "Name of the account" },
	{ "name",	   FIELD_TEXT, 200, true, NULL, "Name of the person" },
	{ .name = NULL    },
};

#define MAIL "/desk/intake/{id}"
const struct route triage_routes[] = {
	{HTTP_GET,	                  "/desk/triage", CAP_AGENT, get_triage, list_fields, 0, "Mail that waits for a decision", NULL,
         NULL },
	{ HTTP_POST, "/desk/triage", CAP_AGENT, post_all_again, NULL, 0, "Files all of the quarantine again", NULL, NULL },
	{ HTTP_GET,	                MAIL, CAP_AGENT, show_mail, NULL, ROUTE_SLOW, "A mail, as plain text", NULL, NULL },
	{ HTTP_GET,	              MAIL "/raw", CAP_AGENT, get_raw, NULL, 0, "A mail's bytes", NULL, NULL },
	{ HTTP_POST, MAIL "/reprocess", CAP_AGENT, post_reprocess, NULL, ROUTE_LENIENT, "Files it again", NULL, NULL },
	{ HTTP_POST, MAIL "/attach", CAP_AGENT, post_attach, attach_fields, ROUTE_LENIENT, "Puts it on a ticket", NULL, NULL },
	{ HTTP_POST, MAIL "/open", CAP_AGENT, post_open, open_fields, ROUTE_LENIENT, "Makes a ticket of it", NULL, NULL },
	{ HTTP_POST, MAIL "/person", CAP_AGENT, post_person, person_fields, ROUTE_LENIENT, "Its sender is a new person", NULL, NULL },
	{ HTTP_POST, MAIL "/spam", CAP_AGENT, post_spam, NULL, ROUTE_LENIENT, "It is spam", NULL, NULL },
	{ HTTP_POST,	                      MAIL "/refuse", CAP_AGENT, post_refuse, refuse_fields, ROUTE_LENIENT, "Refuses it", NULL, NULL },
	{ HTTP_POST,	                 MAIL "/contact", CAP_AGENT, post_contact, contact_fields, ROUTE_LENIENT,
         "The sender is somebody known", NULL, NULL },
	{ .path = NULL	               },
};
