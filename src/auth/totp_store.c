/* Using a second factor: a code of this, the last or the next half minute, never the same step twice, or a recovery
 * code, which is gone then. */
#include "auth/private.h"
#include "util/crypt.h"

DB_QUERY(q_totp_load, "totp.load",
         "SELECT totp, totp_step, recovery FROM credential WHERE person_kind = :kind AND person_id = :id");
DB_QUERY(q_totp_step, "totp.step",
         "UPDATE credential SET totp_step = :step WHERE person_kind = :kind AND person_id = :id AND totp_step < :step");
DB_QUERY(q_totp_recovery, "totp.recovery",
         "UPDATE credential SET recovery = :left WHERE person_kind = :kind AND person_id = :id AND recovery = :was");

static enum rc wrong(struct err *err)
{
	return fail_field(
	        err, RC_DENIED, "code",
	        "This code is not right, or it was used already. Please wait for the next one and try again.");
}

/* Spaces are how authenticators show codes: "123 456". */
static bool six_digits(struct str code, uint32_t *ret)
{
	uint32_t v = 0;
	int n = 0;

	for (size_t i = 0; i < code.n; i++) {
		if (code.p[i] == ' ')
			continue;
		if (code.p[i] < '0' || code.p[i] > '9' || ++n > 6)
			return false;
		v = v * 10 + (uint32_t)(code.p[i] - '0');
	}
	*ret = v;
	return n == 6;
}

static enum rc use_step(struct db_tx *tx, struct person p, int64_t step, struct err *err)
{
	int64_t changed = 0;
	enum rc rc = db_exec(tx, &q_totp_step,
	                     DB_ARGS(db_i64("step", step), db_i64("kind", p.kind), db_i64("id", p.id)), &changed, err);

	if (rc == RC_OK && changed != 1)
		return wrong(err);
	return rc;
}

static enum rc use_recovery(struct db_tx *tx, struct arena *a, struct person p, struct str list, struct str code,
                            struct err *err)
{
	struct str left;
	int64_t changed = 0;
	enum rc rc;

	if (!recovery_take(a, list, recovery_code_hash(a, code), &left))
		return wrong(err);
	rc = db_exec(tx, &q_totp_recovery,
	             DB_ARGS(db_str("left", left), db_i64("kind", p.kind), db_i64("id", p.id), db_str("was", list)),
	             &changed, err);
	if (rc == RC_OK && changed != 1)
		return wrong(err);
	return rc;
}

enum rc totp_use(struct db_tx *tx, struct person p, struct str code, struct instant now, struct err *err)
{
	AUTO_ARENA a;
	struct str secret = STR_NULL, recovery = STR_NULL;
	int64_t last = 0, step = now.us / SECOND_US / 30, hit = 0;
	uint32_t given, want;
	enum rc rc;

	arena_init(&a);
	{
		AUTO_ROWS rows = { 0 };

		rc = db_select(tx, &q_totp_load, DB_ARGS(db_i64("kind", p.kind), db_i64("id", p.id)), &rows, err);
		if (rc != RC_OK)
			return rc;
		if ((rc = db_next(&rows, err)) != RC_OK)
			return rc == RC_NOT_FOUND ? wrong(err) : rc;
		secret = db_col_str(&rows, 0, &a);
		last = db_col_i64(&rows, 1);
		recovery = db_col_str(&rows, 2, &a);
	}
	if (str_empty(secret))
		return wrong(err);
	if (!six_digits(code, &given))
		return use_recovery(tx, &a, p, recovery, code, err);
	for (int64_t s = step - 1; s <= step + 1; s++)
		if (s > last && totp_code(secret, s, &want) == RC_OK && want == given)
			hit = s;
	return hit ? use_step(tx, p, hit, err) : wrong(err);
}
