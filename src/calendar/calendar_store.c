/* calendar: its rows. Hours are kept as the JSON they came as and read by calendar_parse(). */
#include "calendar/calendar.h"

DB_QUERY(q_find, "calendar.find", "SELECT id, name, zone, hours FROM calendar WHERE id = :id");
DB_QUERY(q_create, "calendar.create",
         "INSERT INTO calendar (name, zone, hours) VALUES (:name, :zone, :hours) RETURNING id");

enum rc calendar_find(struct db_tx *tx, struct arena *out, struct calendar_id id, struct calendar *ret, struct err *err)
{
	AUTO_ROWS rows = { 0 };
	enum rc rc = db_select(tx, &q_find, DB_ARGS(db_i64("id", id.v)), &rows, err);

	if (rc == RC_OK)
		rc = db_next(&rows, err);
	if (rc == RC_NOT_FOUND)
		return fail(err, RC_NOT_FOUND, "There is no such calendar.");
	if (rc != RC_OK)
		return rc;
	*ret = (struct calendar){ .id = { db_col_i64(&rows, 0) },
		                  .name = db_col_str(&rows, 1, out),
		                  .zone = db_col_str(&rows, 2, out) };
	return calendar_parse(out, db_col_peek(&rows, 3), ret, err);
}

enum rc calendar_create(struct db_tx *tx, struct str name, struct str zone, struct str hours_json,
                        struct calendar_id *ret, struct err *err)
{
	struct calendar checked = { 0 };
	AUTO_ARENA scratch;
	enum rc rc;

	arena_init(&scratch);
	if (str_trim(name).n == 0 || name.n > 200 || str_has_control(name) || !str_utf8_valid(name))
		return fail_field(err, RC_INVALID, "name", "Give the calendar a name of at most 200 characters.");
	if (zone.n == 0 || zone.n >= 64 || str_has_control(zone))
		return fail_field(err, RC_INVALID, "zone", "Give the calendar a time zone like America/Bogota.");
	rc = calendar_parse(&scratch, hours_json, &checked, err);
	if (rc != RC_OK)
		return rc;
	rc = db_get_i64(tx, &q_create, DB_ARGS(db_str("name", name), db_str("zone", zone), db_str("hours", hours_json)),
	                &ret->v, err);
	if (rc == RC_CONFLICT)
		return fail_field(err, RC_CONFLICT, "name",
		                  "There is a calendar of this name already. Choose another name.");
	return rc;
}
