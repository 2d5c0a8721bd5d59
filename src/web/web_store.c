/* The settings that pages show, in one read. */
#include "db/db.h"
#include "util/recall.h"
#include "web/web.h"

DB_QUERY(q_settings, "web.settings",
         "SELECT key, value FROM setting WHERE key IN ('product', 'phone', 'support_addr', 'require_totp', 'accent', 'logo')");

static const struct web_settings none = { .product = STR_INIT(""),
	                                  .phone = STR_INIT(""),
	                                  .support_addr = STR_INIT(""),
	                                  .accent = STR_INIT(""),
	                                  .logo = STR_INIT("") };

struct load {
	struct arena *a;
	struct web_settings *s;
};

static enum rc load(struct db_tx *tx, void *arg, struct err *err)
{
	struct load *l = arg;
	AUTO_ROWS rows = { 0 };
	enum rc rc = db_select(tx, &q_settings, DB_NO_ARGS, &rows, err);

	while (rc == RC_OK && (rc = db_next(&rows, err)) == RC_OK) {
		struct str key = db_col_peek(&rows, 0);

		if (str_is(key, "product"))
			l->s->product = db_col_str(&rows, 1, l->a);
		else if (str_is(key, "phone"))
			l->s->phone = db_col_str(&rows, 1, l->a);
		else if (str_is(key, "support_addr"))
			l->s->support_addr = db_col_str(&rows, 1, l->a);
		else if (str_is(key, "accent"))
			l->s->accent = db_col_str(&rows, 1, l->a);
		else if (str_is(key, "logo"))
			l->s->logo = db_col_str(&rows, 1, l->a);
		else
			l->s->require_totp = str_is(db_col_peek(&rows, 1), "1");
	}
	return rc == RC_NOT_FOUND ? RC_OK : rc;
}

/* Kept as "PRODUCT NUL PHONE NUL ADDRESS NUL COLOUR NUL LOGO NUL 0|1". A change by this process is seen at once, by another one in 2 s. */
static struct str pack(struct arena *a, const struct web_settings *s)
{
	return arena_strf(a, STR_F "%c" STR_F "%c" STR_F "%c" STR_F "%c" STR_F "%c%d", STR_A(s->product), 0, STR_A(s->phone), 0,
	                  STR_A(s->support_addr), 0, STR_A(s->accent), 0, STR_A(s->logo), 0, s->require_totp);
}

static bool unpack(struct str have, struct web_settings *s)
{
	bool good = str_cut(&have, 0, &s->product) && str_cut(&have, 0, &s->phone) &&
	            str_cut(&have, 0, &s->support_addr) && str_cut(&have, 0, &s->accent) &&
	            str_cut(&have, 0, &s->logo);

	s->require_totp = str_is(have, "1");
	return good;
}

static struct web_settings read_settings(const struct desk *d, struct arena *a, struct instant now)
{
	struct web_settings s = none;
	int64_t stamp = (int64_t)db_commits(d->db);
	struct load l = { a, &s };
	struct str have;

	if (recall_get(d->recall, STR("settings"), stamp, now, 2 * SECOND_US, a, &have) && unpack(have, &s))
		return s;
	s = none;
	if (db_read(d->db, load, &l, NULL) == RC_OK)
		recall_put(d->recall, STR("settings"), stamp, now, pack(a, &s));
	else
		s = none;
	return s;
}

static struct web_settings settings_at(const struct desk *d, struct arena *a, struct instant now)
{
	const struct desk_config *c = &d->config;
	struct web_settings s = read_settings(d, a, now);

	if (c->product.n)
		s.product = c->product;
	if (c->phone.n)
		s.phone = c->phone;
	if (c->support_addr.n)
		s.support_addr = c->support_addr;
	if (!s.product.n)
		s.product = STR("Carrel");
	return s;
}

struct web_settings web_settings_of(const struct desk *d, struct arena *a)
{
	return settings_at(d, a, time_now());
}

struct web_settings web_settings(const struct req *q)
{
	return settings_at(web_desk(q), q->arena, q->now);
}
