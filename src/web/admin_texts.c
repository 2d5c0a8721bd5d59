/* Administration: the words of mails about tickets. Which there are, and what may be filled in, is outbox/text.h's;
 * mail/notify.c fills them. The preview is of a ticket that does not exist. */
#include "event/event.h"
#include "html/html.h"
#include "outbox/text.h"
#include "tmpl.h"
#include "web/admin_view.h"
#include "web/signin_private.h"

struct texts {
	struct req *q;
	const struct mail_text_kind *kind;
	const char *lang;
	struct mail_text *written;
	size_t n_written;
	struct str preview;
};

static const char *lang_name(const char *tag)
{
	return strcmp(tag, "es") == 0 ? "Español" : strcmp(tag, "en") == 0 ? "English" : tag;
}

/* The first of each when the address names none. */
static enum rc which(struct texts *t)
{
	const char *const *tags = i18n_tags();
	struct str kind = req_field(t->q, "kind"), lang = req_field(t->q, "lang");

	t->kind = kind.n ? mail_text_kind(kind) : mail_text_kinds();
	for (size_t i = 0; tags[i] && !t->lang; i++)
		if (!lang.n || str_is(lang, tags[i]))
			t->lang = tags[i];
	return t->kind && t->lang ? RC_OK : http_fail(t->q, RC_NOT_FOUND, NULL, "There is no such text.");
}

static enum rc load_texts(struct db_tx *tx, void *arg, struct err *err)
{
	struct texts *t = arg;

	return mail_texts(tx, t->q->arena, &t->written, &t->n_written, err);
}

static bool is_written(const struct texts *t, const char *kind, const char *lang)
{
	return mail_text_pick(t->written, t->n_written, kind, lang, NULL).p != NULL;
}

static struct str sample(struct texts *t, struct str text)
{
	struct req *q = t->q;
	struct arena *a = q->arena;
	const struct i18n *l = i18n_lang(str_of(t->lang));

	return TR_FILL(a, str_z(a, text), { "name", STR("Ana Ruiz") }, { "number", STR("CAR-1042-7") },
	               { "subject", str_of(_(l, "Videos do not play")) },
	               { "url", arena_strf(a, STR_F "/support/tickets/CAR-1042-7", STR_A(web_desk(q)->config.base_url)) },
	               { "product", web_settings(q).product }, { "agent", q->actor.name },
	               { "promise", str_of(_(l, "Here stands what the plan promises.")) }, { "next", STR("") },
	               { "message", str_of(_(l, "Here stands what the agent wrote.")) },
	               { "resolution", str_of(_(l, "Here stands how it was solved.")) }, { "from", STR("3") }, { "to", STR("2") },
	               { "reason", str_of(_(l, "Here stands the reason.")) }, { "who", STR("Ana Ruiz <ana@campus.example>") },
	               { "phone", web_desk(q)->config.phone.n ? web_desk(q)->config.phone : STR("+34 000 000 000") },
	               { "answer", arena_strf(a, STR_F "/approve/…", STR_A(web_desk(q)->config.base_url)) },
	               { "kb", arena_strf(a, STR_F "/kb", STR_A(web_desk(q)->config.base_url)) },
	               { "why", str_of(_(l, "Here stands what the plan does not cover.")) },
	               { "news", str_of(_(l, "CAR-1042-7 Videos do not play\n  Ana Ruiz wrote:\n    It happens in Firefox, too.\n")) }, { "count", STR("1") },
	               { "settings", arena_strf(a, STR_F "/desk/notices/settings", STR_A(web_desk(q)->config.base_url)) });
}

static enum rc show(struct texts *t, struct resp *r)
{
	struct req *q = t->q;
	struct arena *a = q->arena;
	const struct i18n *l = i18n_lang(str_of(t->lang));
	const char *const *tags = i18n_tags();
	struct str rest = str_of(t->kind->places), one;
	struct page p;
	VEC(struct admin_text_line) lines = { 0 };
	VEC(struct str) places = { 0 };
	enum rc rc = db_read(web_desk(q)->db, load_texts, t, r->status == 200 ? req_err(q) : NULL);

	if (rc != RC_OK)
		return rc;
	for (const struct mail_text_kind *k = mail_text_kinds(); k->name; k++)
		for (size_t i = 0; tags[i]; i++)
			*VEC_ADD(a, &lines) = (struct admin_text_line){
				k->name, k->title, tags[i], lang_name(tags[i]), is_written(t, k->name, tags[i]), k == t->kind && strcmp(tags[i], t->lang) == 0
			};
	while (str_cut(&rest, ' ', &one))
		*VEC_ADD(a, &places) = arena_strf(a, "{" STR_F "}", STR_A(one));
	struct str kept = mail_text_pick(t->written, t->n_written, t->kind->name, t->lang, tr(l, t->kind->builtin));
	struct out o = admin_begin(q, r, &p, _(web_lang(q), "Texts of mails"));
	struct str preview = t->preview.n ? t->preview : sample(t, kept);
	struct admin_texts v = { .p = &p,
		                 .lines = lines.at,
		                 .n = lines.n,
		                 .kind = t->kind->name,
		                 .title = t->kind->title,
		                 .lang = t->lang,
		                 .lang_name = lang_name(t->lang),
		                 .places = places.at,
		                 .n_places = places.n,
		                 .text = web_field_value(q, "text", kept),
		                 .e_text = web_field_error(q, "text"),
		                 .preview = preview,
		                 .page = { html_from_text(a, preview) },
		                 .changed = is_written(t, t->kind->name, t->lang) };

	tmpl_admin_texts(&o, &v);
	return RC_OK;
}

enum rc admin_texts_show(struct req *q, struct resp *r)
{
	struct texts t = { .q = q };
	enum rc rc = which(&t);

	return rc == RC_OK ? show(&t, r) : rc;
}

static enum rc check(struct texts *t, struct str text)
{
	struct req *q = t->q;
	const char *why = NULL;
	struct str place;

	if (!str_trim(text).n)
		return http_fail(q, RC_INVALID, "text", "Write a text, or go back to the built-in one. Nothing was changed.");
	enum mail_text_fault fault = mail_text_check(t->kind, text, &place);

	if (fault == MAIL_TEXT_UNKNOWN)
		why = _(web_lang(q), "{place} cannot be filled into this mail. Take one of those below the text, or leave it out. Nothing was changed.");
	else if (fault == MAIL_TEXT_LACKS)
		why = _(web_lang(q), "The mail would say nothing without {place}: put it where it belongs. Nothing was changed.");
	if (!why)
		return RC_OK;
	struct str told = TR_FILL(q->arena, why, { "place", arena_strf(q->arena, "{" STR_F "}", STR_A(place)) });

	return fail_field(req_err(q), RC_INVALID, "text", STR_F, STR_A(told));
}

static enum rc write_text(struct db_tx *tx, void *arg, struct err *err)
{
	struct texts *t = arg;
	struct req *q = t->q;
	enum rc rc = str_is(req_field(q, "do"), "builtin")
	                     ? mail_text_drop(tx, t->kind->name, str_of(t->lang), err)
	                     : mail_text_set(tx, t->kind->name, str_of(t->lang), req_field(q, "text"), q->now, err);

	return rc == RC_OK ? signin_event(tx, q, &q->actor, EV_AUTH, "text of a mail changed", err) : rc;
}

enum rc admin_texts_do(struct req *q, struct resp *r)
{
	struct texts t = { .q = q };
	enum rc rc = which(&t);

	if (rc != RC_OK)
		return rc;
	if (web_fields_wrong(q, r))
		return show(&t, r);
	if (!str_is(req_field(q, "do"), "builtin"))
		rc = check(&t, req_field(q, "text"));
	if (rc == RC_OK && str_is(req_field(q, "do"), "preview")) {
		t.preview = sample(&t, req_field(q, "text"));
		return show(&t, r);
	}
	if (rc == RC_OK)
		rc = db_write(web_desk(q)->db, write_text, &t, req_err(q));
	if (web_form_failed(q, r, rc))
		return show(&t, r);
	return rc == RC_OK ? web_done(r, _(web_lang(q), "Saved."), arena_strf(q->arena, "/desk/admin/mail-texts?kind=%s&lang=%s", t.kind->name, t.lang)) : rc;
}
