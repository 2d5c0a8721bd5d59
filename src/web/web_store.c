/* The settings that pages show, in one read. */
#include "db/db.h"
#include "web/web.h"

DB_QUERY(q_settings, "web.settings",
         "SELECT key, value FROM setting WHERE key IN ('product', 'phone', 'support_addr', 'require_totp')");

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
		else
			l->s->require_totp = str_is(db_col_peek(&rows, 1), "1");
	}
	return rc == RC_NOT_FOUND ? RC_OK : rc;
}

struct web_settings web_settings_of(const struct desk *d, struct arena *a)
{
	const struct desk_config *c = &d->config;
	struct web_settings s = { STR_INIT(""), STR_INIT(""), STR_INIT(""), false };
	struct load l = { a, &s };

	if (db_read(d->db, load, &l, NULL) != RC_OK)
		s = (struct web_settings){ STR_INIT(""), STR_INIT(""), STR_INIT(""), false };
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

struct web_settings web_settings(const struct req *q)
{
	return web_settings_of(web_desk(q), q->arena);
}
