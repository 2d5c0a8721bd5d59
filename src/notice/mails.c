/* When mails go, what stands in them, and the link that ends them. One mail a person tells all that waits. */
#include "account/account.h"
#include "jobs/jobs.h"
#include "notice/notice_private.h"
#include "outbox/outbox.h"
#include "outbox/text.h"
#include "ticket/ticket.h"
#include "util/crypt.h"

#define PEOPLE_STEP 50 /* persons a transaction */
#define DAY_MINUTES 1440

/* ---- when ---- */

static int minute_of(const struct civil *c)
{
	return c->hour * 60 + c->minute;
}

static bool in_hours(const struct notice_rhythm *r, int minute)
{
	if (r->quiet_from == r->quiet_to)
		return false;
	return r->quiet_from < r->quiet_to ? minute >= r->quiet_from && minute < r->quiet_to
	                                   : minute >= r->quiet_from || minute < r->quiet_to;
}

static bool weekend(const struct civil *c)
{
	return c->weekday == 0 || c->weekday == 6;
}

bool notice_quiet(const struct notice_rhythm *r, const char *zone, struct instant t)
{
	struct civil c = time_civil_in(t, zone);

	return (r->weekend && weekend(&c)) || in_hours(r, minute_of(&c));
}

/* The wall clock's next `minute` of a day after t, or at it. */
static struct instant next_minute(struct instant t, const char *zone, int minute, bool strictly)
{
	const struct zone *z = time_zone(zone);
	struct civil c = time_civil_in(t, zone);

	for (int day = 0; day < 3; day++) {
		struct civil at = {
			.year = c.year, .month = c.month, .day = c.day, .hour = minute / 60, .minute = minute % 60
		};
		struct instant then = time_from_civil_in(&at, z);

		if (strictly ? then.us > t.us : then.us >= t.us)
			return then;
		c = time_civil(time_add(
		        time_from_civil(&(struct civil){ .year = c.year, .month = c.month, .day = c.day, .hour = 12 }),
		        DAY_US));
	}
	return t;
}

struct instant notice_due(const struct notice_rhythm *r, const char *zone, struct instant at)
{
	struct civil c = time_civil_in(at, zone);
	struct instant t = at;

	if (r->mail == NOTICE_HOURLY)
		t = time_add(at, HOUR_US - (c.minute * 60 + c.second) * SECOND_US - at.us % SECOND_US);
	else if (r->mail == NOTICE_DAILY)
		t = next_minute(at, zone, r->hour * 60, true);
	/* The end of a quiet night may lie in a quiet weekend, and the end of that in a night. */
	for (int i = 0; i < 12 && notice_quiet(r, zone, t); i++) {
		c = time_civil_in(t, zone);
		t = r->weekend && weekend(&c) ? next_minute(t, zone, 0, true)
		                              : next_minute(t, zone, r->quiet_to % DAY_MINUTES, true);
	}
	return t;
}

/* ---- the link that ends them ---- */

/* Addresses in hexadecimal: whatever they hold, the link is one word. */
static struct str hex(struct arena *a, struct str s)
{
	static const char digits[] = "0123456789abcdef";
	char *p = arena_alloc(a, s.n * 2 + 1);

	for (size_t i = 0; i < s.n; i++) {
		p[2 * i] = digits[(unsigned char)s.p[i] >> 4];
		p[2 * i + 1] = digits[s.p[i] & 15];
	}
	return (struct str){ p, s.n * 2 };
}

static int digit(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : 0;
}

static struct str unhex(struct arena *a, struct str s) /* what hex() made: its mac was right */
{
	char *p = arena_alloc(a, s.n / 2 + 1);

	for (size_t i = 0; i + 1 < s.n; i += 2)
		p[i / 2] = (char)(digit(s.p[i]) << 4 | digit(s.p[i + 1]));
	return (struct str){ p, s.n / 2 };
}

static struct str stop_words(struct arena *a, const struct notice_stop *s)
{
	return s->ticket.v
	               ? arena_strf(a, "t%lld-" STR_F, (long long)s->ticket.v, STR_A(hex(a, s->email)))
	               : arena_strf(a, "%c%lld", s->person.kind == ACTOR_AGENT ? 'a' : 'c', (long long)s->person.id);
}

static struct str stop_mac(struct arena *a, const struct desk *d, struct str words)
{
	return mac_token(a, d->pin_key, arena_strf(a, "stop mails:" STR_F, STR_A(words)));
}

struct str notice_stop_url(struct arena *a, const struct desk *d, const struct notice_stop *s)
{
	struct str words = stop_words(a, s);

	return arena_strf(a, STR_F "/mails/stop/" STR_F "." STR_F, STR_A(d->config.base_url), STR_A(words),
	                  STR_A(stop_mac(a, d, words)));
}

enum rc notice_stop_read(struct arena *a, const struct desk *d, struct str token, struct notice_stop *ret,
                         struct err *err)
{
	struct str words, id, mail;

	*ret = (struct notice_stop){ 0 };
	if (token.n > 600 || !str_cut(&token, '.', &words) || words.n < 2 || !crypt_equal(token, stop_mac(a, d, words)))
		return fail(err, RC_NOT_FOUND, "This link is not whole. Copy all of it from the mail.");
	mail = str_from(words, 1);
	if (words.p[0] != 't') {
		ret->person.kind = words.p[0] == 'a' ? ACTOR_AGENT : ACTOR_CONTACT;
		return str_to_i64(mail, &ret->person.id);
	}
	if (!str_cut(&mail, '-', &id) || str_to_i64(id, &ret->ticket.v) != RC_OK)
		return fail(err, RC_NOT_FOUND, "This link is not whole. Copy all of it from the mail.");
	ret->email = unhex(a, mail);
	return RC_OK;
}

/* ---- the mail ---- */

struct writing {
	struct desk *desk;
	struct db_tx *tx;
	struct arena *a;
	struct instant now;
	const struct notice_told *to;
	const struct mail_text *texts;
	size_t n_texts;
	struct str product;
};

static struct str ticket_url(struct writing *w, struct str number)
{
	return arena_strf(w->a, STR_F "%s" STR_F, STR_A(w->desk->config.base_url),
	                  w->to->person.kind == ACTOR_AGENT ? "/desk/tickets/" : "/support/tickets/", STR_A(number));
}

/* What people wrote, set off by two blanks a line. */
static void put_excerpt(struct buf *b, struct str text)
{
	struct str rest = str_trim(text), line;

	while (str_cut(&rest, '\n', &line))
		if (str_trim(line).n)
			buf_addf(b, "    " STR_F "\n", STR_A(str_trim(line)));
}

static void put_ticket(struct writing *w, struct buf *b, const struct notice *at, size_t n, size_t first)
{
	const struct i18n *l = i18n_lang(w->to->lang);
	struct str zone = w->to->zone.n ? w->to->zone : w->desk->config.zone;
	struct str number = ticket_number_text(w->a, w->desk->config.prefix, at[first].number);

	buf_addf(b, "%s" STR_F " " STR_F, b->n ? "\n" : "", STR_A(number),
	         STR_A(mail_header_text(w->a, at[first].subject)));
	if (w->to->person.kind == ACTOR_AGENT)
		buf_addf(b, " (" STR_F ")", STR_A(mail_header_text(w->a, at[first].account)));
	buf_addz(b, "\n");
	for (size_t i = first; i < n; i++) {
		if (at[i].number != at[first].number)
			continue;
		buf_addf(b, "  " STR_F "  " STR_F "\n", STR_A(i18n_date(w->a, l, at[i].at, zone, DATE_MINUTE)),
		         STR_A(mail_header_text(w->a, notice_sentence(w->a, l, zone, &at[i]))));
		if (at[i].text.n)
			put_excerpt(b, at[i].text);
	}
	buf_addf(b, "  " STR_F "\n", STR_A(ticket_url(w, number)));
}

static size_t put_news(struct writing *w, struct buf *b, const struct notice *at, size_t n, int64_t all)
{
	const struct i18n *l = i18n_lang(w->to->lang);
	size_t tickets = 0;

	for (size_t i = 0; i < n; i++) {
		bool seen = false;

		for (size_t j = 0; j < i && !seen; j++)
			seen = at[j].number == at[i].number;
		if (seen)
			continue;
		tickets++;
		put_ticket(w, b, at, n, i);
	}
	if (all > (int64_t)n)
		buf_addf(b, "\n" STR_F "\n",
		         STR_A(TR_FILL(w->a, tr_n(l, "And one more.", "And {n} more.", all - (int64_t)n),
		                       { "n", arena_strf(w->a, "%lld", (long long)(all - (int64_t)n)) })));
	return tickets;
}

static struct str subject_of(struct writing *w, const struct notice *at, size_t tickets, int64_t all)
{
	const struct i18n *l = i18n_lang(w->to->lang);

	if (tickets == 1)
		return arena_strf(w->a, "[" STR_F "] " STR_F,
		                  STR_A(ticket_number_text(w->a, w->desk->config.prefix, at[0].number)),
		                  STR_A(mail_header_text(w->a, at[0].subject)));
	return TR_FILL(
	        w->a, tr_n(l, "One thing happened on your tickets", "{n} things happened on {tickets} tickets", all),
	        { "n", arena_strf(w->a, "%lld", (long long)all) }, { "tickets", arena_strf(w->a, "%zu", tickets) });
}

static enum rc write_mail(struct writing *w, const struct notice *at, size_t n, int64_t all, struct err *err)
{
	const struct notice_told *to = w->to;
	const struct i18n *l = i18n_lang(to->lang);
	const struct mail_text_kind *k = mail_text_kind(STR("notice"));
	bool agent = to->person.kind == ACTOR_AGENT;
	struct str stop = notice_stop_url(w->a, w->desk, &(struct notice_stop){ .person = to->person });
	struct str settings = arena_strf(w->a, STR_F "%s", STR_A(w->desk->config.base_url),
	                                 agent ? "/desk/notices/settings" : "/profile/mails");
	AUTO_BUF news;

	buf_init(&news, 256 << 10);
	size_t tickets = put_news(w, &news, at, n, all);
	struct str text = TR_FILL(
	        w->a, str_z(w->a, mail_text_pick(w->texts, w->n_texts, "notice", i18n_tag(l), tr(l, k->builtin))),
	        { "name", to->name }, { "news", buf_str(&news) }, { "count", arena_strf(w->a, "%lld", (long long)all) },
	        { "url",
	          arena_strf(w->a, STR_F "%s", STR_A(w->desk->config.base_url), agent ? "/desk/notices" : "/support") },
	        { "settings", settings }, { "product", w->product });
	struct str up = tickets == 1 ? mail_parent_id(w->a, &w->desk->keys, at[0].number) : STR_NULL;
	struct outmail m = {
		.dedupe = arena_strf(w->a, "notice:%lld", (long long)at[n - 1].id),
		.kind = "notice",
		.automatic = OUTMAIL_GENERATED,
		.from_name = w->product,
		.from_addr = w->desk->config.support_addr,
		.to_name = mail_header_text(w->a, to->name),
		.to_addr = to->email,
		.refs = up, /* clients put all mails of a ticket together */
		.subject = subject_of(w, at, tickets, all),
		.text = text,
		.unsubscribe = stop,
	};

	if (news.full)
		return fail(err, RC_LIMIT, "the news of one person are too long for a mail");
	return outbox_put(w->tx, &m, w->now, NULL, err);
}

/* ---- the job ---- */

struct round {
	struct desk *desk;
	struct instant now;
	struct notice_person after;
	size_t sent;
	bool more;
};

static enum rc one_person(struct writing *w, struct round *r, struct err *err)
{
	struct str zone = w->to->zone.n ? w->to->zone : w->desk->config.zone;
	struct notice *at;
	size_t n;
	int64_t all;

	if (!w->to->email.n) /* switched off meanwhile */
		return notice_told_all(w->tx, w->to->person, err);
	if (time_before(w->now, notice_due(&w->to->rhythm, str_z(w->a, zone), w->to->oldest)) ||
	    notice_quiet(&w->to->rhythm, str_z(w->a, zone), w->now))
		return RC_OK;
	enum rc rc = notice_news(w->tx, w->a, w->to->person, &at, &n, &all, err);
	if (rc == RC_OK && n)
		rc = write_mail(w, at, n, all, err);
	if (rc == RC_OK)
		r->sent += n > 0;
	return rc == RC_OK ? notice_told_all(w->tx, w->to->person, err) : rc;
}

static enum rc step(struct db_tx *tx, void *arg, struct err *err)
{
	struct round *r = arg;
	struct round was = *r;
	struct writing w = { .desk = r->desk, .tx = tx, .now = r->now };
	struct mail_text *texts;
	struct notice_told *to;
	size_t n;
	AUTO_ARENA a;

	arena_init(&a);
	w.a = &a;
	enum rc rc = notice_waiting(tx, &a, r->after, PEOPLE_STEP, &to, &n, err);
	if (rc == RC_OK && n)
		rc = mail_texts(tx, &a, &texts, &w.n_texts, err);
	if (rc == RC_OK && n) {
		w.texts = texts;
		w.product = setting_product(tx, &a, r->desk->config.product);
	}
	for (size_t i = 0; i < n && rc == RC_OK; i++) {
		w.to = &to[i];
		r->after = to[i].person;
		rc = one_person(&w, r, err);
	}
	r->more = n == PEOPLE_STEP;
	if (rc != RC_OK)
		*r = was; /* a write function may run again */
	return rc;
}

static enum rc anybody(struct db_tx *tx, void *arg, struct err *err)
{
	struct round *r = arg;
	struct notice_told *to;
	size_t n = 0;
	AUTO_ARENA a;

	arena_init(&a);
	enum rc rc = notice_waiting(tx, &a, (struct notice_person){ 0 }, 1, &to, &n, err);
	r->more = n > 0;
	return rc;
}

enum rc notice_mails(struct desk *d, struct instant now, size_t *ret_n, struct err *err)
{
	struct round r = { .desk = d, .now = now };
	enum rc rc = db_read(d->db, anybody, &r, err); /* an idle desk writes nothing */

	while (rc == RC_OK && r.more)
		rc = db_write_behind(d->db, step, &r, err);
	*ret_n = r.sent;
	return rc;
}

enum rc notice_job(void *app, const struct job *job, struct arena *scratch, struct err *err)
{
	size_t n;

	return notice_mails(app, time_now(), &n, err);
}
