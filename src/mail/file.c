/* Filing: who wrote, to which ticket, may they? Everything in one transaction with the row that waited. Threading is by
 * proof (our keyed address or Message-ID) or by a stored Message-ID, and always wants a participant as the sender; a
 * ticket number in the subject never grants anything. */
#include "mail/intake_private.h"
#include "mime/addr.h"
#include "util/crypt.h"
#include "util/json.h"

#define MAX_WORDS   200000 /* bytes of a message; more is in the raw mail */
#define MAX_HISTORY 900000
#define SUBJECT_CHARS 200 /* of a ticket's; more would be refused there */

static struct str content_key(struct arena *a, const struct mail *m)
{
	struct sha256 h;
	char *hex = arena_alloc(a, 65);

	sha256_init(&h);
	/* What says the same from somebody else is another mail: a copy that arrives first must not keep the first one out. */
	sha256_add(&h, m->identity.p ? m->identity.p : "", m->identity.n);
	sha256_add(&h, "\n", 1);
	if (!m->message_id.n) /* programs that write the same every day, without an identifier */
		sha256_add(&h, &m->date.us, sizeof(m->date.us));
	sha256_add(&h, m->message_id.p ? m->message_id.p : "", m->message_id.n);
	sha256_add(&h, "\n", 1);
	sha256_add(&h, m->subject.p ? m->subject.p : "", m->subject.n);
	sha256_add(&h, "\n", 1);
	sha256_add(&h, m->text.p ? m->text.p : "", m->text.n);
	sha256_add(&h, m->html.p ? m->html.p : "", m->html.n);
	for (size_t i = 0; i < m->n_files; i++)
		sha256_add(&h, m->files[i].sha256.p, m->files[i].sha256.n);
	sha256_end(&h, hex);
	return (struct str){ hex, 64 };
}

/* People's words for one line: signs that turn the direction of writing make one line look like another (S-04). */
static struct str one_line_of(struct arena *a, struct str s, size_t chars)
{
	AUTO_BUF b;
	size_t n = 0;

	buf_init(&b, 4 * chars + 8);
	for (size_t i = 0; i < s.n;) {
		uint32_t c = str_utf8_next(s, &i);

		if ((c >= 0x202a && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069))
			continue;
		if (n++ == chars - 1 && i < s.n) {
			buf_add_utf8(&b, 0x2026);
			break;
		}
		buf_add_utf8(&b, c);
	}
	return arena_str(a, buf_str(&b));
}

enum rc filing_settle(struct db_tx *tx, struct filing_job *job, enum intake_state state, struct str reason, struct ticket_id ticket, struct err *err)
{
	job->result = (struct filing){ state, reason, ticket };
	enum rc rc = intake_done(tx, job->in, &job->result, err);

	if (rc == RC_OK && ticket.v && job->mail->message_id.n && job->mail->message_id.n <= 500)
		rc = mail_ref_add(tx, job->mail->message_id, ticket, err);
	return rc;
}

enum rc filing_triage(struct db_tx *tx, struct filing_job *job, const char *why, struct err *err)
{
	return filing_settle(tx, job, INTAKE_TRIAGE, str_of(why), (struct ticket_id){ 0 }, err);
}

/* ---- which ticket does it answer? ---- */

static enum rc by_token(struct db_tx *tx, struct filing_job *job, struct str address, bool is_address, struct ticket *ret, struct err *err)
{
	struct str token;
	enum rc rc = is_address ? mail_reply_token(job->a, &job->desk->keys, address, &token) : mail_message_id_token(job->a, &job->desk->keys, address, &token);

	return rc == RC_OK ? ticket_find_token(tx, job->a, token, ret, err) : RC_NOT_FOUND;
}

static enum rc by_ref(struct db_tx *tx, struct filing_job *job, struct str id, struct ticket *ret, struct err *err)
{
	struct ticket_id t;
	struct actor system = actor_system();
	enum rc rc = by_token(tx, job, id, false, ret, err);

	if (rc != RC_NOT_FOUND)
		return rc;
	rc = mail_ref_find(tx, id, &t, err);
	return rc == RC_OK ? ticket_find_id(tx, job->a, &system, t, ret, err) : rc;
}

enum rc filing_thread(struct db_tx *tx, struct filing_job *job, struct ticket *ret, struct err *err)
{
	const struct mail *m = job->mail;
	enum rc rc = by_token(tx, job, job->in->rcpt, true, ret, err);

	if (rc == RC_NOT_FOUND && m->received_for.n) /* a mailbox has lost who it was sent to, but for this trace */
		rc = by_token(tx, job, m->received_for, true, ret, err);
	for (size_t i = 0; rc == RC_NOT_FOUND && i < m->to.n && i < 20; i++)
		rc = by_token(tx, job, m->to.at[i].addr, true, ret, err);
	for (size_t i = 0; rc == RC_NOT_FOUND && i < m->cc.n && i < 20; i++)
		rc = by_token(tx, job, m->cc.at[i].addr, true, ret, err);
	for (size_t i = 0; rc == RC_NOT_FOUND && i < m->in_reply_to.n && i < 5; i++)
		rc = by_ref(tx, job, m->in_reply_to.at[i], ret, err);
	for (size_t i = 0; rc == RC_NOT_FOUND && i < m->references.n && i < 20; i++)
		rc = by_ref(tx, job, m->references.at[m->references.n - 1 - i], ret, err);
	return rc;
}

/* ---- what becomes of it ---- */

/* What is shown where a mail has no words of its own. */
static struct str words_of(const struct filing_job *job)
{
	const struct mail *m = job->mail;
	struct str text = m->reply.n || !m->text.n ? m->reply : m->text;

	if (str_trim(text).n)
		return str_utf8_clip(text, MAX_WORDS);
	if (m->crypto == MAIL_SMIME_ENCRYPTED || m->crypto == MAIL_PGP_ENCRYPTED)
		return STR("This mail is encrypted. It was kept as it came; its words are in the attached file, for whoever holds the key.");
	if (job->forwarded.n)
		return str_utf8_clip(job->forwarded, MAX_WORDS);
	if (m->invite.is)
		return arena_strf(job->a, STR_F "\n" STR_F "\n" STR_F, STR_A(m->invite.summary), STR_A(m->invite.start), STR_A(m->invite.location));
	return text;
}

static struct str invite_json(struct arena *a, const struct mail_invite *v)
{
	struct json j;
	AUTO_BUF b;

	buf_init(&b, 16384);
	if (!v->is)
		return STR_NULL;
	json_init(&j, &b);
	json_obj(&j);
	json_kstr(&j, "method", v->method);
	json_kstr(&j, "summary", v->summary);
	json_kstr(&j, "organizer", v->organizer);
	json_kstr(&j, "location", v->location);
	json_kstr(&j, "start", v->start);
	json_kstr(&j, "end", v->end);
	json_end_obj(&j);
	return arena_str(a, buf_str(&b));
}

struct message_new filing_message(const struct filing_job *job, bool automatic)
{
	const struct mail *m = job->mail;

	return (struct message_new){
		.text = words_of(job),
		.quoted = str_utf8_clip(m->reply.n ? m->quoted : STR(""), MAX_HISTORY),
		.html = job->html,
		.attachments = job->attachments,
		.n_attachments = job->n_attachments,
		.channel = CHANNEL_MAIL,
		.intake = job->in->id,
		.automatic = automatic,
		.author_email = m->identity.p ? m->identity : job->in->mail_from,
		.at = job->in->received_at,
	};
}

/* People of the mail besides its writer and us: noted on the ticket, told nothing until an agent accepts them. */
static enum rc mention(struct db_tx *tx, struct filing_job *job, struct ticket_id t, struct err *err)
{
	const struct mail_addrs lists[] = { job->mail->to, job->mail->cc };
	enum rc rc = RC_OK;

	for (size_t l = 0; l < COUNT(lists); l++)
		for (size_t i = 0; i < lists[l].n && i < 20 && rc == RC_OK; i++) {
			struct str canon;

			if (addr_canonical(job->a, lists[l].at[i].addr, &canon, NULL) != RC_OK || intake_is_ours(&job->desk->config, canon) ||
			    str_eq(canon, job->mail->identity))
				continue;
			rc = ticket_mention(tx, t, canon, (struct contact_id){ 0 }, err);
			/* So many people are in copy that no more are noted: no reason to lose the mail. */
			if (rc == RC_LIMIT)
				return RC_OK;
		}
	return rc;
}

static bool contains(struct arena *a, struct str hay, struct str needle)
{
	return str_find_nocase(hay, str_lower(a, needle)) != STR_NONE;
}

/* A mailbox names its team in a file: one that is not here is said where mailboxes are (imap.c), and is none here. */
static enum rc wished_team(struct db_tx *tx, struct filing_job *job, struct team_id *ret, struct err *err)
{
	struct team team;
	enum rc rc = job->in->wish.team.n ? team_find_name(tx, job->a, job->in->wish.team, &team, err) : RC_NOT_FOUND;

	if (rc == RC_OK)
		*ret = team.id;
	return rc == RC_NOT_FOUND ? RC_OK : rc;
}

/* Kind and claimed criticality: what an agent ordered, else the first rule that fits and names one, else the mailbox it
 * came from, else the address it was sent to. The team: the first rule that fits and names one, else the mailbox. */
static enum rc classify(struct db_tx *tx, struct filing_job *job, enum ticket_kind *kind, int *criticality, struct team_id *team, struct err *err)
{
	const struct mail *m = job->mail;
	struct mail_rule *rule;
	size_t n;
	bool incident = str_starts_nocase(job->in->rcpt, STR("incident")), ordered = job->in->order.what == INTAKE_OPEN, settled = ordered;

	*kind = incident ? TICKET_INCIDENT : TICKET_REQUEST;
	*criticality = incident ? 3 : 0;
	if (ordered || job->in->wish.kind) {
		*kind = (enum ticket_kind)(ordered ? job->in->order.kind : job->in->wish.kind);
		*criticality = ordered ? job->in->order.criticality : job->in->wish.criticality;
	}
	enum rc rc = mail_rules(tx, job->a, &rule, &n, err);
	for (size_t i = 0; rc == RC_OK && i < n; i++) {
		struct str where = rule[i].field == RULE_TO ? job->in->rcpt : rule[i].field == RULE_FROM ? m->identity : rule[i].field == RULE_SUBJECT ? m->subject : m->reply;

		if (!contains(job->a, where, rule[i].contains))
			continue;
		if (!settled && rule[i].kind) {
			*kind = (enum ticket_kind)rule[i].kind;
			*criticality = rule[i].criticality;
			settled = true;
		}
		if (!team->v)
			*team = rule[i].team;
	}
	return rc == RC_OK && !team->v ? wished_team(tx, job, team, err) : rc;
}

enum rc filing_open(struct db_tx *tx, struct filing_job *job, const struct contact *c, bool automatic, struct err *err)
{
	struct actor who = actor_of_contact(c);
	struct message_new m = filing_message(job, automatic);
	struct ticket_opened opened;
	enum ticket_kind kind;
	struct team_id team = { 0 };
	int criticality;
	enum rc rc = classify(tx, job, &kind, &criticality, &team, err);

	if (rc != RC_OK)
		return rc;
	struct ticket_new n = {
		.account = c->account, .contact = c->id, .kind = kind, .criticality = criticality, .team = team,
		.channel = CHANNEL_MAIL, .subject = str_trim(job->in->subject).n ? one_line_of(job->a, job->in->subject, SUBJECT_CHARS) : STR("(no subject)"), .text = m.text,
		.quoted = m.quoted, .html = m.html, .attachments = m.attachments, .n_attachments = m.n_attachments,
		.opened_at = job->in->received_at, .intake = job->in->id, .automatic = automatic, .author_email = m.author_email,
	};
	rc = ticket_open(tx, job->a, &who, job->now, &n, &opened, err);

	if (rc == RC_DENIED && opened.verdict && !ent_opens(opened.verdict)) {
		rc = automatic ? RC_OK : answer_not_covered(tx, job, c, err);
		return rc == RC_OK ? filing_triage(tx, job, str_z(job->a, arena_strf(job->a, "Support does not cover the sender: %s. The sender was told.", ent_verdict_name(opened.verdict))), err) : rc;
	}
	if (rc == RC_OK)
		rc = mention(tx, job, opened.id, err);
	return rc == RC_OK ? filing_settle(tx, job, INTAKE_MESSAGE, STR(""), opened.id, err) : rc;
}

/* As the person we know, as far as his rights on this ticket go; whom an agent let in is heard in any case. */
static enum rc answer(struct db_tx *tx, struct filing_job *job, const struct ticket *t, const struct contact *c, bool let_in, bool *closed, struct err *err)
{
	struct message_new m = filing_message(job, false);
	bool by_rights = c && c->account.v == t->account.v;
	struct actor who = by_rights ? actor_of_contact(c) : actor_system(), system = actor_system();
	struct message_id id;
	enum rc rc = RC_DENIED; /* who opened it, and was disabled or is of another account now */

	system.name = c ? c->name : job->in->from_name.n ? job->in->from_name : job->in->from_addr;
	if (by_rights || let_in)
		rc = ticket_say(tx, job->a, by_rights ? &who : &system, job->now, t->number, &m, (struct event_id){ 0 }, &id, err);
	if (by_rights && let_in && (rc == RC_NOT_FOUND || rc == RC_DENIED))
		rc = ticket_say(tx, job->a, &system, job->now, t->number, &m, (struct event_id){ 0 }, &id, err);
	if (rc == RC_NOT_FOUND || rc == RC_DENIED)
		return filing_triage(tx, job, str_z(job->a, arena_strf(job->a, "It answers ticket " STR_F ", but its sender may not write there any more.",
								       STR_A(ticket_number_text(job->a, job->desk->config.prefix, t->number)))), err);
	*closed = rc == RC_CONFLICT && strcmp(err->code, "closed") == 0;
	if (rc == RC_OK)
		rc = mention(tx, job, t->id, err);
	return rc == RC_OK ? filing_settle(tx, job, INTAKE_MESSAGE, STR(""), t->id, err) : rc;
}

bool filing_is_strict(const struct desk_config *c)
{
	return c->authserv_id.n || c->mail_dns.n;
}

static enum auth_verdict said_by_server(const struct filing_job *job)
{
	return authres_verdict(job->mail->auth_results, job->desk->config.authserv_id, addr_domain(job->mail->identity));
}

/* Not for what is filed in the same way whoever wrote it: what names nobody, bounces, spam, what an agent decided. */
bool filing_wants_origin(const struct filing_job *job)
{
	const struct mail *m = job->mail;

	return job->desk->config.mail_dns.n && job->in->origin == ORIGIN_UNASKED && m->identity.p && !m->bounce.is && !m->spam &&
	       job->in->order.what == INTAKE_NO_DECISION && said_by_server(job) == AUTH_NONE;
}

enum auth_verdict filing_auth(struct filing_job *job)
{
	enum auth_verdict v = said_by_server(job);

	if (v == AUTH_NONE)
		v = job->in->origin == ORIGIN_PASSED ? AUTH_PASS : job->in->origin == ORIGIN_FAILED ? AUTH_FAIL : AUTH_NONE;
	job->in->auth = v == AUTH_PASS ? INTAKE_AUTH_PASS : v == AUTH_FAIL ? INTAKE_AUTH_FAIL : INTAKE_AUTH_NONE;
	return v;
}

static const char *unverified(struct filing_job *job, enum auth_verdict v)
{
	struct str said = job->in->origin_said;

	if (job->in->origin == ORIGIN_NO_ANSWER)
		return "Unverified: DNS does not say who sent it, it did not answer for five minutes. It is asked again; then this is filed by itself.";
	if (job->in->origin == ORIGIN_FAILED)
		return str_z(job->a, arena_strf(job->a, "Unverified: it does not come from the domain in From. " STR_F ".", STR_A(said)));
	if (job->in->origin == ORIGIN_NOTHING)
		return str_z(job->a, arena_strf(job->a, "Unverified: nothing shows that it comes from the domain in From. " STR_F ".", STR_A(said)));
	return v == AUTH_FAIL ? "Unverified: your mail server says that it does not come from the domain in From." :
				"Unverified: your mail server said nothing of who sent it.";
}

static enum rc from_person(struct db_tx *tx, struct filing_job *job, struct err *err)
{
	const struct desk_config *conf = &job->desk->config;
	const struct mail *m = job->mail;
	struct contact c;
	struct agent g;
	struct ticket t;
	enum participant_kind part = PART_STRANGER;
	enum auth_verdict auth = filing_auth(job);
	bool closed = false;
	enum rc rc;

	if (intake_is_ours(conf, m->identity) || agent_find_email(tx, job->a, m->identity, &g, NULL) == RC_OK)
		return filing_triage(tx, job, "It says it is from this desk or one of its agents; agents answer in the workspace, not by mail from outside.", err);
	if (auth == AUTH_FAIL || (filing_is_strict(conf) && auth != AUTH_PASS))
		return filing_triage(tx, job, unverified(job, auth), err);
	rc = contact_find_email(tx, job->a, m->identity, &c, err);
	if (rc != RC_OK && rc != RC_NOT_FOUND)
		return rc;
	bool known = rc == RC_OK && !time_is_set(c.disabled_at);
	rc = filing_thread(tx, job, &t, err);
	if (rc == RC_OK) {
		if ((rc = ticket_participant(tx, t.id, m->identity, &part, err)) != RC_OK)
			return rc;
		if (part != PART_REQUESTER && part != PART_ACCEPTED)
			return filing_triage(tx, job, str_z(job->a, arena_strf(job->a, "It answers ticket " STR_F ", but its sender does not take part in that ticket.",
									STR_A(ticket_number_text(job->a, conf->prefix, t.number)))), err);
		rc = answer(tx, job, &t, known ? &c : NULL, part == PART_ACCEPTED, &closed, err);
		if (!closed)
			return rc;
	} else if (rc != RC_NOT_FOUND) {
		return rc;
	}
	if (known)
		return filing_open(tx, job, &c, false, err);
	if ((rc = answer_unknown(tx, job, err)) != RC_OK)
		return rc;
	return filing_triage(tx, job, "Unknown sender: the address belongs to no contact. The sender was told how to reach us.", err);
}

/* ---- as an agent ordered ---- */

static enum rc ordered_attach(struct db_tx *tx, struct filing_job *job, struct err *err)
{
	struct message_new m = filing_message(job, job->mail->auto_reason.p != NULL);
	struct actor system = actor_system();
	struct message_id id;
	struct ticket t;
	struct contact c;
	enum rc rc = ticket_find_id(tx, job->a, &system, job->in->order.ticket, &t, err);
	bool known = rc == RC_OK && job->mail->identity.p && contact_find_email(tx, job->a, job->mail->identity, &c, NULL) == RC_OK &&
		     !time_is_set(c.disabled_at) && c.account.v == t.account.v;
	struct actor who = known ? actor_of_contact(&c) : system;

	if (rc != RC_OK)
		return rc;
	if (!known)
		who.name = job->in->from_name.n ? job->in->from_name : job->in->from_addr.n ? job->in->from_addr : STR("Unknown sender");
	if (!m.author_email.n)
		m.author_email = STR("unknown");
	rc = ticket_say(tx, job->a, &who, job->now, t.number, &m, (struct event_id){ 0 }, &id, err);
	if (rc == RC_NOT_FOUND && known) { /* a person who does not reach this ticket by their role; the agent wants it there */
		struct str name = who.name;

		who = system;
		who.name = name;
		rc = ticket_say(tx, job->a, &who, job->now, t.number, &m, (struct event_id){ 0 }, &id, err);
	}
	if (rc == RC_CONFLICT)
		return filing_triage(tx, job, str_z(job->a, arena_strf(job->a, "It could not be put on ticket " STR_F ": %s",
								       STR_A(ticket_number_text(job->a, job->desk->config.prefix, t.number)), err->text)), err);
	return rc == RC_OK ? filing_settle(tx, job, INTAKE_MESSAGE, STR(""), t.id, err) : rc;
}

static enum rc as_ordered(struct db_tx *tx, struct filing_job *job, struct err *err)
{
	struct contact c;

	if (job->in->order.what == INTAKE_ATTACH)
		return ordered_attach(tx, job, err);
	enum rc rc = contact_find(tx, job->a, job->in->order.contact, &c, err);
	if (rc == RC_OK)
		rc = filing_open(tx, job, &c, job->mail->auto_reason.p != NULL, err);
	if (rc == RC_DENIED || rc == RC_INVALID)
		return filing_triage(tx, job, str_z(job->a, arena_strf(job->a, "No ticket was made: %s", err->text)), err);
	return rc;
}

/* A limit was passed; the raw mail has all of it. */
static bool is_cut(const struct filing_job *job)
{
	static const char *const codes[] = { "header-cut", "parts-cut", "text-cut", "html-cut", "message-cut", "too-deep" };
	const struct mail *m = job->mail;
	struct str shown = m->reply.n || !m->text.n ? m->reply : m->text;

	for (size_t i = 0; i < COUNT(codes); i++)
		if (mail_has_defect(m, codes[i]))
			return true;
	return job->files_left > 0 || m->subject.n > 4 * SUBJECT_CHARS || shown.n > MAX_WORDS || m->quoted.n > MAX_HISTORY || (m->html.n && !job->html.n);
}

enum rc file_mail(struct db_tx *tx, void *arg, struct err *err)
{
	struct filing_job *job = arg;
	const struct mail *m = job->mail;
	enum rc rc;

	job->in->from_addr = m->identity.p ? m->identity : m->from.n ? m->from.at[0].addr : STR_NULL;
	job->in->from_name = m->from.n ? one_line_of(job->a, m->from.at[0].name, 200) : STR_NULL;
	job->in->subject = m->subject.p ? one_line_of(job->a, m->subject, 400) : STR_NULL;
	job->in->invite = invite_json(job->a, &m->invite);
	job->in->crypto = (int)m->crypto;
	job->in->message_id = m->message_id.n <= 500 ? m->message_id : STR_NULL;
	job->in->cut = is_cut(job);
	rc = intake_claim(tx, job->in->id, content_key(job->a, m), m->identity.p && filing_auth(job) == AUTH_PASS, err);
	if (rc == RC_CONFLICT)
		return filing_settle(tx, job, INTAKE_DUPLICATE, STR("The same mail was filed before."), (struct ticket_id){ 0 }, err);
	if (rc != RC_OK)
		return rc;
	if ((rc = intake_has_id(tx, job->in->id, job->in->message_id, &job->in->same_id, err)) != RC_OK)
		return rc;
	if (job->in->order.what != INTAKE_NO_DECISION)
		return as_ordered(tx, job, err);
	if (m->spam && !m->bounce.is)
		return filing_triage(tx, job, "Your mail server calls it spam. It was not answered.", err);
	if (m->auto_reason.p || m->bounce.is || (job->in->mail_from.n == 0 && job->in->channel != INTAKE_IMAP))
		return file_automatic(tx, job, err);
	if (!m->identity.p)
		return filing_triage(tx, job, "The From of this mail names nobody in particular, so it cannot speak for anybody.", err);
	return from_person(tx, job, err);
}
