/* An article of a ticket: its question and what solved it, without personal data. What is taken out is shown, and kept
 * only where the agent says so; nothing is saved before. */
#include "tmpl.h"
#include "util/buf.h"
#include "web/kb_edit_view.h"

#define ANSWERS_MAX 40000 /* bytes of a ticket's text */

struct turning {
	struct req *q;
	int64_t number;
	struct ticket_view t;
	struct recipient *people;
	size_t n_people;
	struct str *mentioned;
	size_t n_mentioned;
	struct contact contact;
	struct account account;
	struct view_counts counts;
	/* what becomes of it */
	struct str title, text;
	struct kb_removal *removed;
	size_t n_removed;
	int64_t page;
};

static struct str or_empty(struct str s)
{
	return s.p ? s : STR("");
}

typedef VEC(struct kb_known) known_list;

/* A name as it is, and its parts: people sign with their first name. */
static void add_name(struct arena *a, known_list *v, struct str name)
{
	struct str rest = str_trim(name), word;

	if (!rest.n)
		return;
	*VEC_ADD(a, v) = (struct kb_known){ KB_NAME, rest };
	while (str_cut(&rest, ' ', &word))
		if (word.n >= 3 && word.p[0] >= 'A' && (word.p[0] <= 'Z' || (unsigned char)word.p[0] >= 0x80))
			*VEC_ADD(a, v) = (struct kb_known){ KB_NAME, word };
}

/* The part before the @ is often the user's name, too. */
static void add_email(struct arena *a, known_list *v, struct str email)
{
	size_t at = str_find_byte(email, '@');

	if (email.n < 3)
		return;
	*VEC_ADD(a, v) = (struct kb_known){ KB_EMAIL, email };
	if (at != STR_NONE && at >= 4)
		*VEC_ADD(a, v) = (struct kb_known){ KB_EMAIL, str_sub(email, 0, at) };
	if (at != STR_NONE)
		*VEC_ADD(a, v) = (struct kb_known){ KB_SITE, str_from(email, at + 1) };
}

/* The customer's site says who the customer is. */
static void add_host(struct arena *a, known_list *v, struct str link)
{
	size_t at = str_find(link, STR("://"));
	struct str host = at == STR_NONE ? STR("") : str_from(link, at + 3);
	size_t n = 0;

	while (n < host.n && !strchr("/:?#", host.p[n]))
		n++;
	*VEC_ADD(a, v) = (struct kb_known){ KB_SITE, str_sub(host, 0, n) };
}

static known_list known_people(const struct turning *x)
{
	struct arena *a = x->q->arena;
	const struct ticket *t = &x->t.t;
	known_list v = { 0 };

	add_name(a, &v, t->contact_name);
	add_email(a, &v, t->contact_email);
	add_email(a, &v, t->affected_email);
	add_host(a, &v, or_empty(t->link));
	*VEC_ADD(a, &v) = (struct kb_known){ KB_NAME, or_empty(t->account_name) };
	*VEC_ADD(a, &v) = (struct kb_known){ KB_PHONE, or_empty(t->callback_phone) };
	*VEC_ADD(a, &v) = (struct kb_known){ KB_PHONE, or_empty(x->contact.phone) };
	for (size_t i = 0; i < x->n_people; i++) {
		add_name(a, &v, x->people[i].name);
		add_email(a, &v, x->people[i].email);
	}
	for (size_t i = 0; i < x->n_mentioned; i++)
		add_email(a, &v, x->mentioned[i]);
	for (size_t i = 0; i < x->t.n_messages; i++)
		if (x->t.messages[i].author_kind != ACTOR_SYSTEM) {
			add_name(a, &v, x->t.messages[i].author);
			add_email(a, &v, or_empty(x->t.messages[i].email));
		}
	return v;
}

/* Question, what was tried in public, resolution: an outline that its writer makes an article of. Internal notes are
 * nobody's business outside. */
static struct str outline(const struct turning *x)
{
	const struct i18n *l = i18n_lang(or_empty(web_field_value(x->q, "lang", str_of(i18n_tag(web_lang(x->q))))));
	struct arena *a = x->q->arena;
	AUTO_BUF b;
	bool asked = false, answered = false;

	buf_init(&b, 4 * ANSWERS_MAX);
	buf_addf(&b, "## %s\n\n", _(l, "What happens"));
	for (size_t i = 0; i < x->t.n_messages && b.n < ANSWERS_MAX; i++) {
		const struct message *m = &x->t.messages[i];

		if (m->internal || m->automatic || m->author_kind == ACTOR_AGENT || asked)
			continue;
		buf_adds(&b, str_utf8_clip(str_trim(m->text), ANSWERS_MAX / 2));
		asked = true;
	}
	buf_addf(&b, "\n\n## %s\n\n", _(l, "What helps"));
	if (x->t.t.resolution.n) {
		buf_adds(&b, str_trim(x->t.t.resolution));
		answered = true;
	}
	for (size_t i = x->t.n_messages; i-- > 0 && !answered;) {
		const struct message *m = &x->t.messages[i];

		if (m->internal || m->automatic || m->author_kind != ACTOR_AGENT)
			continue;
		buf_adds(&b, str_utf8_clip(str_trim(m->text), ANSWERS_MAX / 2));
		answered = true;
	}
	buf_addc(&b, '\n');
	return arena_str(a, buf_str(&b));
}

static void turn(struct turning *x)
{
	struct req *q = x->q;
	struct str keep[KB_REMOVALS];
	known_list known = known_people(x);
	size_t n_keep = req_fields(q, "keep", keep, COUNT(keep)), n;
	struct kb_removal *in_title;
	/* The title first: what it loses is listed with the rest, since both go through one text. */
	struct str both = arena_strf(q->arena, STR_F "\n\n" STR_F, STR_A(x->t.t.subject), STR_A(outline(x)));

	/* Who writes an address in one place writes the user's name in another. */
	struct str once;
	kb_scrub(q->arena, both, known.at, known.n, NULL, 0, &once, &x->removed, &x->n_removed);
	for (size_t i = 0; i < x->n_removed; i++)
		if (x->removed[i].kind == KB_EMAIL && str_find_byte(x->removed[i].text, '@') != STR_NONE)
			add_email(q->arena, &known, x->removed[i].text);
	kb_scrub(q->arena, both, known.at, known.n, keep, n_keep, &both, &x->removed, &x->n_removed);
	n = str_find(both, STR("\n\n"));
	x->text = str_from(both, n == STR_NONE ? both.n : n + 2);
	kb_scrub(q->arena, or_empty(web_field_value(q, "title", str_sub(both, 0, n))), known.at, known.n, keep, n_keep,
	         &x->title, &in_title, &n);
}

static enum rc read_ticket(struct db_tx *tx, void *arg, struct err *err)
{
	struct turning *x = arg;
	struct req *q = x->q;
	enum rc rc = ticket_view(tx, q->arena, &q->actor, x->number, &x->t, err);

	if (rc == RC_OK)
		rc = ticket_recipients(tx, q->arena, x->t.t.id, &x->people, &x->n_people, err);
	if (rc == RC_OK)
		rc = ticket_mentioned(tx, q->arena, x->t.t.id, &x->mentioned, &x->n_mentioned, err);
	if (rc == RC_OK && x->t.t.contact.v)
		rc = contact_find(tx, q->arena, x->t.t.contact, &x->contact, err);
	if (rc == RC_OK)
		turn(x);
	return rc == RC_OK ? desk_counts(tx, q, &x->counts, err) : rc;
}

static void draw_ticket(struct out *o, const void *v)
{
	tmpl_kb_of_ticket(o, v);
}

static enum rc show_ticket(struct req *q, struct resp *r)
{
	const struct i18n *l = web_lang(q);
	struct turning x = { .q = q, .number = desk_path_number(q) };
	struct err spare = { 0 };

	if (!x.number)
		return web_not_found(q);
	enum rc rc = db_read(web_desk(q)->db, read_ticket, &x, desk_err(q, r, &spare));

	if (rc != RC_OK)
		return rc;
	struct kb_ticket_view v = { .q = q,
		                    .number = desk_number(q, x.number),
		                    .url = desk_ticket_url(q, x.number),
		                    .title = x.title,
		                    .text = x.text,
		                    .e_title = web_field_error(q, "title"),
		                    .e_lang = web_field_error(q, "lang"),
		                    .removed = x.removed,
		                    .n_removed = x.n_removed };

	v.kinds = kb_kinds(q, ARTICLE_ARTICLE, &v.n_kinds);
	v.langs = kb_langs(q, or_empty(web_field_value(q, "lang", str_of(i18n_tag(l)))), false, &v.n_langs);
	return kb_show(q, r, _(l, "Make an article of this ticket"), &x.counts, draw_ticket, &v);
}

static enum rc make(struct db_tx *tx, void *arg, struct err *err)
{
	struct turning *x = arg;
	struct req *q = x->q;
	enum rc rc = read_ticket(tx, x, err);
	struct kb_new n = { .kind = ARTICLE_ARTICLE,
		            .visibility = VISIBLE_INTERNAL,
		            .lang = req_field(q, "lang"),
		            .title = x->title,
		            .slug = STR_INIT(""),
		            .markdown = x->text };

	for (enum article_kind k = ARTICLE_DOC; k <= ARTICLE_DEMO; k++)
		if (str_is(req_field(q, "kind"), article_kind_name(k)))
			n.kind = k;
	if (rc == RC_OK)
		rc = kb_page_create(tx, q->arena, &q->actor, q->now, &n, &x->page, err);
	return rc == RC_OK ? kb_use_add(tx, x->page, x->t.t.id, 3, q->now, err) : rc;
}

static enum rc post_ticket(struct req *q, struct resp *r)
{
	struct turning x = { .q = q, .number = desk_path_number(q) };

	if (!x.number)
		return web_not_found(q);
	if (web_fields_wrong(q, r) || str_is(req_field(q, "act"), "again"))
		return show_ticket(q, r);
	enum rc rc = db_write(web_desk(q)->db, make, &x, req_err(q));

	if (web_form_failed(q, r, rc))
		return show_ticket(q, r);
	return rc == RC_OK ? web_done(r, _(web_lang(q), "A draft for agents was made. Read it before others do."),
	                              kb_edit_url(q, x.page, req_field(q, "lang"), NULL))
	                   : rc;
}

static const struct field ticket_fields[] = {
	{"act",         FIELD_CHOICE, 0, false, "again|make", "Look again, or make it" },
	{ "title",            FIELD_TEXT, KB_TITLE_MAX, false, NULL, "Title" },
	{ "kind", FIELD_TEXT, 20, false, NULL, "Kind" },
	{ "lang",            FIELD_TEXT, 12, true, NULL, "Language" },
	{ "keep",FIELD_TEXT, 500, false, NULL, "What is not personal and stays" },
	{ .name = NULL       },
};

const struct route kb_ticket_routes[] = {
	{HTTP_GET,   "/desk/tickets/{number}/article", CAP_AGENT, show_ticket, NULL, 0, "Make an article of a ticket",
         NULL, NULL },
	{ HTTP_POST, "/desk/tickets/{number}/article", CAP_AGENT, post_ticket, ticket_fields, ROUTE_LENIENT,
         "Make an article of a ticket", NULL, NULL },
	{ .path = NULL     },
};
