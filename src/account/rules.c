/* account/rules: pure checks of what goes into the rows, roles, words of the enumerations, actors. */
#include "account/rules.h"

static const char *const sub_states[] = { "", "trial", "active", "past-due", "suspended", "cancelled" };
static const char *const contact_roles[] = { "", "auditor", "operator", "manager" };
static const char *const agent_roles[] = { "", "agent", "supervisor", "administrator" };

static int parse_word(struct str s, const char *const *words, size_t n)
{
	for (size_t i = 1; i < n; i++) {
		if (str_eq_nocase(s, str_of(words[i])))
			return (int)i;
	}
	return 0;
}

const char *sub_state_name(enum sub_state s)
{
	return (size_t)s < COUNT(sub_states) ? sub_states[s] : "";
}

enum rc sub_state_parse(struct str s, enum sub_state *ret)
{
	int v = parse_word(s, sub_states, COUNT(sub_states));

	if (v)
		*ret = (enum sub_state)v;
	return v ? RC_OK : RC_INVALID;
}

const char *contact_role_name(enum contact_role r)
{
	return (size_t)r < COUNT(contact_roles) ? contact_roles[r] : "";
}

enum rc contact_role_parse(struct str s, enum contact_role *ret)
{
	int v = parse_word(s, contact_roles, COUNT(contact_roles));

	if (v)
		*ret = (enum contact_role)v;
	return v ? RC_OK : RC_INVALID;
}

const char *agent_role_name(enum agent_role r)
{
	return (size_t)r < COUNT(agent_roles) ? agent_roles[r] : "";
}

enum rc agent_role_parse(struct str s, enum agent_role *ret)
{
	int v = parse_word(s, agent_roles, COUNT(agent_roles));

	if (v)
		*ret = (enum agent_role)v;
	return v ? RC_OK : RC_INVALID;
}

/* ---- what goes into a row ---- */

enum rc rule_name(struct str s, const char *field, struct err *err)
{
	if (str_trim(s).n == 0)
		return fail_field(err, RC_INVALID, field, "Fill in the name.");
	if (s.n > 200)
		return fail_field(err, RC_INVALID, field, "The name is too long: at most 200 characters.");
	if (!str_utf8_valid(s) || str_has_control(s) || str_find_byte(s, '\n') != STR_NONE)
		return fail_field(err, RC_INVALID, field,
		                  "The name holds characters that cannot be shown. Type it anew.");
	return RC_OK;
}

enum rc rule_ref(struct str s, struct err *err)
{
	if (str_null(s))
		return RC_OK;
	if (s.n == 0 || s.n > 100 || !str_utf8_valid(s) || str_has_control(s) || str_find_byte(s, '\n') != STR_NONE)
		return fail_field(err, RC_INVALID, "ref",
		                  "The reference is empty, longer than 100 characters, or cannot be shown.");
	return RC_OK;
}

static bool only(struct str s, const char *more)
{
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];

		if (!((c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') || (c && strchr(more, c))))
			return false;
	}
	return true;
}

enum rc rule_lang(struct str s, struct err *err)
{
	if (s.n == 0 || (s.n >= 2 && s.n <= 10 && only(s, "-_")))
		return RC_OK;
	return fail_field(err, RC_INVALID, "lang", "The language is a code like \"en\" or \"es\".");
}

enum rc rule_zone(struct str s, struct err *err)
{
	char name[64];

	/* The name becomes a file name in the zone database, so it must not leave it. */
	if (s.n == 0)
		return RC_OK;
	if (s.n < sizeof(name) && only(s, "/_+-") && s.p[0] != '/' && s.p[0] != '-') {
		memcpy(name, s.p, s.n);
		name[s.n] = 0;
		if (time_zone_known(name))
			return RC_OK;
	}
	return fail_field(err, RC_INVALID, "zone", "The time zone is a name like \"America/Bogota\" or \"UTC\".");
}

enum rc rule_phone(struct arena *out, struct str s, struct str *ret, struct err *err)
{
	char digits[16];
	size_t n = 0;

	*ret = STR_NULL;
	s = str_trim(s);
	if (s.n == 0)
		return RC_OK;
	bool ok = s.n <= 40 && s.p[0] == '+';

	for (size_t i = 1; ok && i < s.n; i++) {
		if (s.p[i] >= '0' && s.p[i] <= '9' && n < 15)
			digits[n++] = s.p[i];
		else
			ok = s.p[i] && strchr(" -./()", s.p[i]);
	}
	if (!ok || n < 7 || digits[0] == '0')
		return fail_field(err, RC_INVALID, "phone",
		                  "Write the telephone number with its country code, like +57 1 555 0100.");
	*ret = arena_strf(out, "+%.*s", (int)n, digits);
	return RC_OK;
}

/* RFC 1123 host name, A-labels for other scripts. */
static bool is_host(struct str h, bool dotted)
{
	struct str rest = h, label;
	size_t labels = 0;

	if (h.n == 0 || h.n > 253 || h.p[h.n - 1] == '.')
		return false;
	while (str_cut(&rest, '.', &label)) {
		if (label.n == 0 || label.n > 63 || !only(label, "-_") || label.p[0] == '-' ||
		    label.p[label.n - 1] == '-')
			return false;
		labels++;
	}
	return !dotted || labels > 1;
}

enum rc rule_email(struct arena *out, struct str s, struct str *ret, struct err *err)
{
	s = str_trim(s);
	size_t at = str_find_byte(s, '@');
	bool ok = s.n > 0 && s.n <= 254 && at != STR_NONE && at > 0 && at <= 64;

	/* RFC 5321 Dot-string only: quoted local parts and comments are how addresses are smuggled. */
	for (size_t i = 0; ok && i < at; i++) {
		char c[2] = { s.p[i], 0 };
		bool dot = c[0] == '.';

		ok = dot ? i > 0 && i + 1 < at && s.p[i - 1] != '.' : only(str_of(c), "!#$%&'*+-/=?^_`{|}~") && c[0];
	}
	if (!ok || !is_host(str_from(s, at + 1), false))
		return fail_field(err, RC_INVALID, "email", "\"%.*s\" is no e-mail address like name@example.org.",
		                  (int)str_utf8_clip(s, 80).n, s.p ? s.p : "");
	*ret = str_lower(out, s);
	return RC_OK;
}

enum rc rule_host(struct arena *out, struct str s, struct str *ret, struct err *err)
{
	if (!is_host(s, true))
		return fail_field(err, RC_INVALID, "hosts",
		                  "\"%.*s\" is no host name like lms.example.org. Write it without https:// and path.",
		                  (int)str_utf8_clip(s, 80).n, s.p ? s.p : "");
	*ret = str_lower(out, s);
	return RC_OK;
}

/* ---- roles ---- */

static enum contact_role widest(const struct contact *c)
{
	enum contact_role best = 0;

	for (size_t i = 0; i < c->n_roles; i++)
		best = c->roles[i].role > best ? c->roles[i].role : best;
	return best;
}

enum contact_role contact_role_for(const struct contact *c, struct subscription_id sub, struct site_id site)
{
	enum contact_role best = 0;

	if (time_is_set(c->disabled_at))
		return 0;
	for (size_t i = 0; i < c->n_roles; i++) {
		const struct role *r = &c->roles[i];
		bool covers = (r->scope == SCOPE_ACCOUNT && r->scope_id == c->account.v) ||
		              (r->scope == SCOPE_SUBSCRIPTION && sub.v && r->scope_id == sub.v) ||
		              (r->scope == SCOPE_SITE && site.v && r->scope_id == site.v);

		if (covers && r->role > best)
			best = r->role;
	}
	return best;
}

bool rule_manages(const struct contact *by, const struct role_place *p)
{
	if (p->role.scope == SCOPE_ACCOUNT)
		return rule_is_account_manager(by) && p->role.scope_id == by->account.v;
	return contact_role_for(by, p->sub, p->site) == CONTACT_MANAGER;
}

bool rule_is_account_manager(const struct contact *c)
{
	return contact_role_for(c, (struct subscription_id){ 0 }, (struct site_id){ 0 }) == CONTACT_MANAGER;
}

/* ---- actors ---- */

struct actor actor_of_contact(const struct contact *c)
{
	return (struct actor){ .kind = time_is_set(c->disabled_at) ? ACTOR_NOBODY : ACTOR_CONTACT,
		               .contact = c->id,
		               .account = c->account,
		               .contact_role = widest(c),
		               .name = c->name,
		               .email = c->email,
		               .lang = c->lang,
		               .zone = c->zone };
}

struct actor actor_of_agent(const struct agent *a)
{
	return (struct actor){ .kind = time_is_set(a->disabled_at) ? ACTOR_NOBODY : ACTOR_AGENT,
		               .agent = a->id,
		               .agent_role = a->role,
		               .name = a->name,
		               .email = a->email,
		               .lang = a->lang,
		               .zone = a->zone };
}

struct actor actor_system(void)
{
	return (struct actor){ .kind = ACTOR_SYSTEM, .name = STR("Carrel"), .lang = STR("en"), .zone = STR("UTC") };
}
