/* account: the import of accounts, subscriptions, sites and people from one CSV file (docs/IMPORT.md). Goes through the
 * same functions as the pages, so the same rules hold and every change has its event. All lines or none: a file with
 * one wrong line changes nothing, and a dry run does everything and takes it back, so its report is the real one. */
#include "account/change.h"
#include "account/csv.h"

enum col {
	ACCOUNT_REF,
	ACCOUNT_NAME,
	PLAN,
	SUB_REF,
	SUB_NAME,
	STATE,
	VALID_FROM,
	VALID_TO,
	SITE_NAME,
	HOSTS,
	EMAIL,
	CONTACT_NAME,
	ROLE,
	PHONE,
	LANG,
	ZONE,
	N_COLS
};
static const char *const col_name[N_COLS] = { "account_ref",       "account_name",  "plan",          "subscription_ref",
	                                      "subscription_name", "state",         "valid_from",    "valid_to",
	                                      "site_name",         "hosts",         "contact_email", "contact_name",
	                                      "contact_role",      "contact_phone", "lang",          "zone" };
#define ERRORS_SHOWN 1000 /* more help nobody */

struct import {
	struct arena *out;
	const struct actor *who;
	struct instant now;
	struct csv csv;
	int at[N_COLS]; /* column of the file, -1: not there */
	bool dry_run;
	struct import_report *report;
	VEC(struct import_line) lines;
};

/* One line while it is worked on. */
struct work {
	struct import *im;
	struct db_tx *tx;
	const struct csv_row *row;
	struct account account;
	struct subscription sub; /* id 0: the line names none */
	struct str done;         /* what it did, for the report */
	bool created, updated, new_account;
};

static struct str cell(const struct work *w, enum col c)
{
	int at = w->im->at[c];

	return at < 0 || (size_t)at >= w->row->n ? STR("") : str_trim(w->row->cell[at]);
}

static bool has(const struct work *w, enum col c)
{
	return cell(w, c).n > 0;
}

static void add_line(struct import *im, int line, const char *field, struct str text, bool error)
{
	if (error && ++im->report->errors > ERRORS_SHOWN)
		return;
	*VEC_ADD(im->out, &im->lines) = (struct import_line){
		.line = line, .field = str_of(field), .text = text, .error = error
	};
}

/* The line is wrong in this column: says why and shows the value. Goes on with the next line. */
static enum rc wrong(struct work *w, enum col c, const char *why)
{
	struct str value = str_utf8_clip(cell(w, c), 80);

	add_line(w->im, w->row->line, col_name[c],
	         value.n ? arena_strf(w->im->out, "%s: \"" STR_F "\". %s", col_name[c], STR_A(value), why)
	                 : arena_strf(w->im->out, "%s is empty. %s", col_name[c], why),
	         true);
	return RC_INVALID;
}

/* A refusal of a store function: the line's fault, or ours (then the import ends). */
static enum rc refused(struct work *w, enum rc rc, const struct err *e, enum col name_col, enum col otherwise,
                       struct err *err)
{
	static const struct {
		const char *field;
		enum col col;
	} map[] = {
		{"valid_from",    VALID_FROM},
                { "valid_to",     VALID_TO  },
                { "phone",        PHONE     },
                { "email",        EMAIL     },
		{ "hosts",        HOSTS     },
                { "lang",         LANG      },
                { "zone",         ZONE      },
                { "roles",        ROLE      },
		{ "subscription", SUB_REF   },
                { "plan",         PLAN      }
	};
	enum col c = otherwise;

	if (rc != RC_INVALID && rc != RC_CONFLICT && rc != RC_NOT_FOUND && rc != RC_LIMIT) {
		if (err)
			*err = *e;
		return rc;
	}
	if (strcmp(e->field, "name") == 0)
		c = name_col;
	for (size_t i = 0; i < COUNT(map); i++) {
		if (strcmp(e->field, map[i].field) == 0)
			c = map[i].col;
	}
	return wrong(w, c, e->text);
}

static void did(struct work *w, bool created, const char *what, struct str name)
{
	struct str shown = str_utf8_clip(name, 80);

	w->created |= created;
	w->updated |= !created;
	w->done = arena_strf(w->im->out, STR_F "%s%s %s " STR_F, STR_A(w->done), w->done.n ? "; " : "",
	                     created ? "new" : "changed", what, STR_A(shown));
}

/* ---- the parts of a line ---- */

static enum rc import_account(struct work *w, struct err *err)
{
	struct import *im = w->im;
	struct err e = { 0 };
	struct account a = { 0 };
	enum rc rc;

	if (!has(w, ACCOUNT_REF))
		return wrong(w, ACCOUNT_REF, "Every line needs the account's reference.");
	rc = account_find_ref(w->tx, im->out, cell(w, ACCOUNT_REF), &a, &e);
	if (rc == RC_NOT_FOUND) {
		if (!has(w, ACCOUNT_NAME))
			return wrong(w, ACCOUNT_NAME, "The account is new, so it needs a name.");
		a = (struct account){ .name = cell(w, ACCOUNT_NAME),
			              .ref = cell(w, ACCOUNT_REF),
			              .lang = cell(w, LANG),
			              .zone = cell(w, ZONE) };
		rc = account_create(w->tx, im->who, im->now, &a, &a.id, &e);
		if (rc == RC_OK)
			did(w, true, "account", a.name);
		w->new_account = true;
	} else if (rc == RC_OK) {
		struct account old = a;

		a.name = has(w, ACCOUNT_NAME) ? cell(w, ACCOUNT_NAME) : a.name;
		if (!has(w, EMAIL)) { /* next to a person, language and zone are the person's */
			a.lang = has(w, LANG) ? cell(w, LANG) : a.lang;
			a.zone = has(w, ZONE) ? cell(w, ZONE) : a.zone;
		}
		if (!str_eq(a.name, old.name) || !str_eq(a.lang, old.lang) || !str_eq(a.zone, old.zone)) {
			rc = account_update(w->tx, im->who, im->now, &a, &e);
			if (rc == RC_OK)
				did(w, false, "account", a.name);
		}
	}
	w->account = a;
	return rc == RC_OK ? RC_OK : refused(w, rc, &e, ACCOUNT_NAME, ACCOUNT_REF, err);
}

static enum rc import_date(struct work *w, enum col c, struct instant *ret)
{
	if (!has(w, c))
		return RC_OK;
	if (c == VALID_TO && str_is(cell(w, c), "open")) {
		*ret = (struct instant){ 0 };
		return RC_OK;
	}
	return time_parse_iso(cell(w, c), ret) == RC_OK ? RC_OK : wrong(w, c, "Write the date like 2026-11-23.");
}

/* The cells over what is there. */
static enum rc fill_sub(struct work *w, struct subscription *s, struct err *err)
{
	struct err e = { 0 };
	struct str plan_name = s->plan_name;
	enum rc rc = RC_OK;

	if (has(w, PLAN))
		rc = change_plan(w->tx, w->im->out, cell(w, PLAN), &s->plan, &plan_name, &e);
	if (rc != RC_OK)
		return refused(w, rc, &e, SUB_NAME, PLAN, err);
	if (has(w, STATE) && sub_state_parse(cell(w, STATE), &s->state) != RC_OK)
		return wrong(w, STATE, "The states are trial, active, past-due, suspended and cancelled.");
	rc = import_date(w, VALID_FROM, &s->valid_from);
	if (rc == RC_OK)
		rc = import_date(w, VALID_TO, &s->valid_to);
	s->name = has(w, SUB_NAME) ? cell(w, SUB_NAME) : s->name.n ? s->name : plan_name;
	return rc;
}

static enum rc new_sub(struct work *w, struct err *err)
{
	struct err e = { 0 };
	struct subscription s = { .account = w->account.id, .ref = cell(w, SUB_REF), .state = SUB_ACTIVE };
	enum rc rc;

	if (!has(w, PLAN))
		return wrong(w, PLAN, "The subscription is new, so it needs the code of its plan.");
	if (!has(w, VALID_FROM))
		return wrong(w, VALID_FROM, "The subscription is new, so it needs the day it starts.");
	rc = fill_sub(w, &s, err);
	if (rc != RC_OK)
		return rc;
	rc = subscription_create(w->tx, w->im->who, w->im->now, &s, &s.id, &e);
	if (rc != RC_OK)
		return refused(w, rc, &e, SUB_NAME, SUB_REF, err);
	did(w, true, "subscription", s.ref);
	w->sub = s;
	return RC_OK;
}

static enum rc import_sub(struct work *w, struct err *err)
{
	struct err e = { 0 };
	struct subscription old, s;
	enum rc rc;

	if (!has(w, SUB_REF)) {
		if (has(w, PLAN) || has(w, STATE) || has(w, VALID_FROM) || has(w, VALID_TO) || has(w, SUB_NAME))
			return wrong(w, SUB_REF, "Name the subscription that plan, state and dates are for.");
		return RC_OK;
	}
	rc = subscription_find_ref(w->tx, w->im->out, cell(w, SUB_REF), &old, &e);
	if (rc == RC_NOT_FOUND)
		return new_sub(w, err);
	if (rc != RC_OK)
		return refused(w, rc, &e, SUB_NAME, SUB_REF, err);
	if (old.account.v != w->account.id.v)
		return wrong(w, SUB_REF, "This subscription belongs to another account.");
	s = old;
	w->sub = s;
	rc = fill_sub(w, &s, err);
	if (rc != RC_OK || (s.plan.v == old.plan.v && s.state == old.state && s.valid_from.us == old.valid_from.us &&
	                    s.valid_to.us == old.valid_to.us && str_eq(s.name, old.name)))
		return rc;
	rc = subscription_update(w->tx, w->im->who, w->im->now, &s, &e);
	if (rc != RC_OK)
		return refused(w, rc, &e, SUB_NAME, SUB_REF, err);
	did(w, false, "subscription", s.ref);
	return RC_OK;
}

/* "lms.a.example studio:cms.a.example": separated by space, ';' or ','; what a host is for may be said, else is
 * guessed. */
static enum rc parse_hosts(struct work *w, struct site *s)
{
	struct str all = cell(w, HOSTS);
	size_t at = 0;

	s->n_hosts = 0;
	while (at < all.n) {
		size_t from = at;

		while (at < all.n && !memchr(" ;,\n\t", all.p[at], 5))
			at++;
		struct str one = str_sub(all, from, at - from);

		at++;
		if (one.n == 0)
			continue;
		if (s->n_hosts == COUNT(s->hosts))
			return wrong(w, HOSTS, "A site has at most six host names.");
		size_t colon = str_find_byte(one, ':');
		struct str use = colon == STR_NONE ? STR("") : str_sub(one, 0, colon);
		struct str host = colon == STR_NONE ? one : str_from(one, colon + 1);

		if (colon != STR_NONE && !str_is(use, "lms") && !str_is(use, "studio") && !str_is(use, "mfe"))
			return wrong(
			        w, HOSTS,
			        "Before the colon goes lms, studio or mfe; behind it a host name without https://.");
		bool studio = str_is(use, "studio") || (!use.n && str_starts_nocase(host, STR("studio.")));
		bool mfe = str_is(use, "mfe") || (!use.n && str_starts_nocase(host, STR("apps.")));

		s->roles[s->n_hosts] = studio ? HOST_STUDIO : mfe ? HOST_MFE : HOST_LMS;
		s->hosts[s->n_hosts++] = str_lower(w->im->out, host);
	}
	return RC_OK;
}

static bool same_hosts(const struct site *a, const struct site *b)
{
	size_t found = 0;

	for (size_t i = 0; i < a->n_hosts; i++) {
		for (size_t j = 0; j < b->n_hosts; j++)
			found += a->roles[i] == b->roles[j] && str_eq(a->hosts[i], b->hosts[j]);
	}
	return found == a->n_hosts && a->n_hosts == b->n_hosts;
}

static enum rc import_site(struct work *w, struct err *err)
{
	struct err e = { 0 };
	struct site old = { 0 }, s;
	enum rc rc;

	if (!has(w, SITE_NAME))
		return has(w, HOSTS) ? wrong(w, SITE_NAME, "Name the site that has these host names.") : RC_OK;
	rc = site_find_name(w->tx, w->im->out, w->account.id, cell(w, SITE_NAME), &old, &e);
	if (rc != RC_OK && rc != RC_NOT_FOUND)
		return refused(w, rc, &e, SITE_NAME, SITE_NAME, err);
	s = old;
	s.name = cell(w, SITE_NAME);
	s.account = w->account.id;
	s.subscription = w->sub.id.v ? w->sub.id : s.subscription;
	if (has(w, HOSTS) && parse_hosts(w, &s) != RC_OK)
		return RC_INVALID;
	bool is_new = rc == RC_NOT_FOUND;

	if (!is_new && s.subscription.v == old.subscription.v && same_hosts(&s, &old))
		return RC_OK;
	if (is_new)
		rc = site_create(w->tx, w->im->who, w->im->now, &s, &s.id, &e);
	else
		rc = site_update(w->tx, w->im->who, w->im->now, &s, &e);
	if (rc != RC_OK)
		return refused(w, rc, &e, SITE_NAME, SITE_NAME, err);
	did(w, is_new, "site", s.name);
	return RC_OK;
}

/* The role for the whole account; those for a subscription or site are kept. */
static bool set_role(struct contact *c, enum contact_role role)
{
	for (size_t i = 0; i < c->n_roles; i++) {
		if (c->roles[i].scope == SCOPE_ACCOUNT) {
			bool differs = c->roles[i].role != role;

			c->roles[i].role = role;
			return differs;
		}
	}
	if (c->n_roles == COUNT(c->roles))
		return false;
	c->roles[c->n_roles++] = (struct role){ role, SCOPE_ACCOUNT, c->account.v };
	return true;
}

static bool put(struct str *at, struct str value)
{
	bool differs = value.n > 0 && !str_eq(*at, value);

	if (differs)
		*at = value;
	return differs;
}

static enum rc import_contact(struct work *w, struct err *err)
{
	struct err e = { 0 };
	struct contact c = { 0 };
	struct str email, phone;
	enum contact_role role = 0;
	enum rc rc;

	if (!has(w, EMAIL))
		return has(w, CONTACT_NAME) || has(w, ROLE) || has(w, PHONE)
		               ? wrong(w, EMAIL, "A person is known by the e-mail address.")
		               : RC_OK;
	if (rule_email(w->im->out, cell(w, EMAIL), &email, &e) != RC_OK)
		return wrong(w, EMAIL, "Write one address like name@example.org.");
	if (rule_phone(w->im->out, cell(w, PHONE), &phone, &e) != RC_OK)
		return wrong(w, PHONE, e.text);
	if (has(w, ROLE) && contact_role_parse(cell(w, ROLE), &role) != RC_OK)
		return wrong(w, ROLE, "The roles are auditor, operator and manager.");
	rc = contact_find_email(w->tx, w->im->out, email, &c, &e);
	bool is_new = rc == RC_NOT_FOUND, differs = false;

	if (rc != RC_OK && !is_new)
		return refused(w, rc, &e, CONTACT_NAME, EMAIL, err);
	if (is_new && !has(w, CONTACT_NAME))
		return wrong(w, CONTACT_NAME, "The person is new and needs a name.");
	if (is_new)
		c = (struct contact){ .account = w->account.id, .email = cell(w, EMAIL) };
	if (c.account.v != w->account.id.v)
		return wrong(w, EMAIL, "This address belongs to a person of another account.");
	differs |= put(&c.name, cell(w, CONTACT_NAME));
	differs |= put(&c.phone, phone);
	differs |= put(&c.lang, cell(w, LANG));
	differs |= put(&c.zone, cell(w, ZONE));
	differs |= role && set_role(&c, role);
	if (!is_new && !differs)
		return RC_OK;
	if (is_new)
		rc = contact_create(w->tx, w->im->who, w->im->now, &c, &c.id, &e);
	else
		rc = contact_update(w->tx, w->im->who, w->im->now, &c, &e);
	if (rc != RC_OK)
		return refused(w, rc, &e, CONTACT_NAME, EMAIL, err);
	did(w, is_new, "person", email);
	return RC_OK;
}

/* ---- the file ---- */

static enum rc read_header(struct import *im, struct err *err)
{
	const struct csv_row *head;

	for (size_t i = 0; i < N_COLS; i++)
		im->at[i] = -1;
	if (im->csv.n == 0)
		return fail(
		        err, RC_INVALID,
		        "The file is empty. Its first line names the columns, for example account_ref,account_name.");
	head = &im->csv.row[0];
	for (size_t i = 0; i < head->n; i++) {
		struct str name = str_trim(head->cell[i]), shown = str_utf8_clip(name, 60);
		size_t c = 0;

		while (c < N_COLS && !str_eq_nocase(name, str_of(col_name[c])))
			c++;
		if (c == N_COLS)
			return fail_field(err, RC_INVALID, "header",
			                  "There is no column \"" STR_F "\". The columns are listed in docs/IMPORT.md.",
			                  STR_A(shown));
		if (im->at[c] >= 0)
			return fail_field(err, RC_INVALID, "header", "The column \"%s\" is there twice.", col_name[c]);
		im->at[c] = (int)i;
	}
	if (im->at[ACCOUNT_REF] < 0)
		return fail_field(err, RC_INVALID, "header",
		                  "The column account_ref is missing: it says which account a line is about.");
	return RC_OK;
}

static enum rc import_row(struct import *im, struct db_tx *tx, const struct csv_row *row, struct err *err)
{
	struct work w = { .im = im, .tx = tx, .row = row, .done = STR("") };
	enum rc rc;

	im->report->lines++;
	if (row->n > im->csv.row[0].n) {
		add_line(im, row->line, "",
		         arena_strf(im->out, "The line has %zu cells, the header %zu. Is a quotation mark missing?",
		                    row->n, im->csv.row[0].n),
		         true);
		return RC_OK;
	}
	rc = import_account(&w, err);
	if (rc == RC_OK)
		rc = import_sub(&w, err);
	if (rc == RC_OK)
		rc = import_site(&w, err);
	if (rc == RC_OK)
		rc = import_contact(&w, err);
	if (rc != RC_OK)
		return rc == RC_INVALID ? RC_OK : rc; /* RC_INVALID: it is in the report */
	im->report->created += w.created;
	im->report->updated += !w.created && w.updated;
	im->report->unchanged += !w.created && !w.updated;
	if (w.done.n)
		add_line(im, row->line, "", w.done, false);
	return RC_OK;
}

/* May run again from the start, so it starts a new report. */
static enum rc import_all(struct db_tx *tx, void *arg, struct err *err)
{
	struct import *im = arg;

	*im->report = (struct import_report){ 0 };
	im->lines.n = 0;
	for (size_t i = 1; i < im->csv.n; i++) {
		enum rc rc = import_row(im, tx, &im->csv.row[i], err);

		if (rc != RC_OK)
			return rc;
	}
	im->report->at = im->lines.at;
	im->report->n = im->lines.n;
	if (im->dry_run || im->report->errors)
		return fail_code(err, RC_CONFLICT, "taken-back", "Nothing was imported.");
	return RC_OK;
}

enum rc account_import_csv(struct db *db, struct arena *out, const struct actor *who, struct instant now,
                           struct str csv, bool dry_run, struct import_report *ret, struct err *err)
{
	struct import im = { .out = out, .who = who, .now = now, .dry_run = dry_run, .report = ret };
	struct err e = { 0 };
	enum rc rc = change_by_desk(who, err);

	*ret = (struct import_report){ 0 };
	if (rc == RC_OK)
		rc = csv_parse(out, csv, &im.csv, err);
	if (rc == RC_OK)
		rc = read_header(&im, err);
	if (rc != RC_OK)
		return rc;
	rc = db_write(db, import_all, &im, &e);
	if (rc == RC_CONFLICT && strcmp(e.code, "taken-back") == 0)
		return RC_OK;
	if (rc != RC_OK && err)
		*err = e;
	return rc;
}
