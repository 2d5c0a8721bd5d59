/* calendar: its rows. Hours are kept as the JSON they came as and read by calendar_parse(); each text a calendar ever
 * had stays as a revision. */
#include "auth/actor.h"
#include "calendar/calendar.h"
#include "event/event.h"
#include "util/json.h"

#define CALENDARS_MAX 500

DB_QUERY(q_find, "calendar.find", "SELECT id, name, zone, hours FROM calendar WHERE id = :id");
DB_QUERY(q_list, "calendar.list", "SELECT id, name, zone, hours FROM calendar ORDER BY name, id LIMIT :max");
DB_QUERY(q_create, "calendar.create",
         "INSERT INTO calendar (name, zone, hours) VALUES (:name, :zone, :hours) RETURNING id");
DB_QUERY(q_change, "calendar.change", "UPDATE calendar SET name = :name, zone = :zone, hours = :hours WHERE id = :id");
DB_QUERY(q_revise, "calendar.revise",
         "INSERT INTO calendar_revision (calendar_id, at, zone, hours) VALUES (:id, :at, :zone, :hours) RETURNING id");
DB_QUERY(q_revision, "calendar.revision",
         "SELECT r.id, r.calendar_id, r.at, r.zone, r.hours, c.name FROM calendar_revision r"
         " JOIN calendar c ON c.id = r.calendar_id WHERE r.id = :id");
DB_QUERY(q_newest, "calendar.newest_revision", "SELECT MAX(id) FROM calendar_revision WHERE calendar_id = :id");

static enum rc row(struct db_rows *rows, struct arena *out, struct calendar *ret, struct err *err)
{
	*ret = (struct calendar){ .id = { db_col_i64(rows, 0) } };
	enum rc rc = calendar_parse(out, db_col_peek(rows, 3), ret, err);

	ret->name = db_col_str(rows, 1, out);
	ret->zone = db_col_str(rows, 2, out);
	return rc;
}

enum rc calendar_find(struct db_tx *tx, struct arena *out, struct calendar_id id, struct calendar *ret, struct err *err)
{
	AUTO_ROWS rows = { 0 };
	enum rc rc = db_select(tx, &q_find, DB_ARGS(db_i64("id", id.v)), &rows, err);

	if (rc == RC_OK)
		rc = db_next(&rows, err);
	if (rc == RC_NOT_FOUND)
		return fail(err, RC_NOT_FOUND, "There is no such calendar.");
	return rc == RC_OK ? row(&rows, out, ret, err) : rc;
}

enum rc calendar_json(struct db_tx *tx, struct arena *out, struct calendar_id id, struct str *ret, struct err *err)
{
	AUTO_ROWS rows = { 0 };
	enum rc rc = db_select(tx, &q_find, DB_ARGS(db_i64("id", id.v)), &rows, err);

	if (rc == RC_OK)
		rc = db_next(&rows, err);
	if (rc == RC_NOT_FOUND)
		return fail(err, RC_NOT_FOUND, "There is no such calendar.");
	if (rc == RC_OK)
		*ret = db_col_str(&rows, 3, out);
	return rc;
}

enum rc calendar_list(struct db_tx *tx, struct arena *out, struct calendar **ret, size_t *ret_n, struct err *err)
{
	VEC(struct calendar) v = { 0 };
	AUTO_ROWS rows = { 0 };
	enum rc rc = db_select(tx, &q_list, DB_ARGS(db_i64("max", CALENDARS_MAX)), &rows, err);

	while (rc == RC_OK && (rc = db_next(&rows, err)) == RC_OK)
		rc = row(&rows, out, VEC_ADD(out, &v), err);
	*ret = v.at;
	*ret_n = v.n;
	return rc == RC_NOT_FOUND ? RC_OK : rc;
}

static enum rc check(struct arena *scratch, struct str name, struct str zone, struct str hours_json, struct err *err)
{
	struct calendar checked = { .zone = zone };

	if (str_trim(name).n == 0 || name.n > 200 || str_has_control(name) || !str_utf8_valid(name))
		return fail_field(err, RC_INVALID, "name", "Give the calendar a name of at most 200 characters.");
	if (zone.n == 0 || zone.n >= 64 || str_has_control(zone) || (!calendar_zone(&checked) && !str_is(zone, "UTC")))
		return fail_field(err, RC_INVALID, "zone", "Give the calendar a time zone like America/Bogota.");
	enum rc rc = calendar_parse(scratch, hours_json, &checked, err);

	if (rc == RC_OK && !str_eq(checked.zone, zone)) /* two truths about one thing are one too many */
		return fail_field(err, RC_INVALID, "zone", "The hours name another zone than the calendar does.");
	return rc;
}

static enum rc name_taken(struct err *err)
{
	return fail_field(err, RC_CONFLICT, "name", "There is a calendar of this name already. Choose another name.");
}

static enum rc revise(struct db_tx *tx, struct instant now, int64_t id, struct str zone, struct str hours,
                      struct err *err)
{
	int64_t revision;

	return db_get_i64(tx, &q_revise,
	                  DB_ARGS(db_i64("id", id), db_i64("at", now.us), db_str("zone", zone), db_str("hours", hours)),
	                  &revision, err);
}

enum rc calendar_create(struct db_tx *tx, struct str name, struct str zone, struct str hours_json,
                        struct calendar_id *ret, struct err *err)
{
	AUTO_ARENA scratch;
	enum rc rc;

	arena_init(&scratch);
	rc = check(&scratch, name, zone, hours_json, err);
	if (rc == RC_OK)
		rc = db_get_i64(tx, &q_create,
		                DB_ARGS(db_str("name", name), db_str("zone", zone), db_str("hours", hours_json)),
		                &ret->v, err);
	if (rc == RC_CONFLICT)
		return name_taken(err);
	return rc == RC_OK ? revise(tx, (struct instant){ 0 }, ret->v, zone, hours_json, err) : rc;
}

static enum rc tell(struct db_tx *tx, const struct actor *who, struct instant now, int64_t id, struct str name,
                    struct err *err)
{
	struct event e = { .at = now, .kind = STR(EV_CALENDAR) };
	struct json json;
	AUTO_BUF b;

	buf_init(&b, 4000);
	json_init(&json, &b);
	json_obj(&json);
	json_ki64(&json, "id", id);
	json_kstr(&json, "name", name);
	json_end_obj(&json);
	e.data = buf_str(&b);
	event_by(&e, who);
	return event_append(tx, &e, NULL, err);
}

enum rc calendar_change(struct db_tx *tx, const struct actor *who, struct instant now, struct calendar_id id,
                        struct str name, struct str zone, struct str hours_json, struct err *err)
{
	int64_t n = 0;
	AUTO_ARENA scratch;

	arena_init(&scratch);
	if (!actor_is_admin(who) || who->token_scope == SCOPE_READ)
		return fail(err, RC_DENIED, "Only administrators change calendars. Nothing was changed.");
	enum rc rc = check(&scratch, name, zone, hours_json, err);
	if (rc == RC_OK)
		rc = db_exec(tx, &q_change,
		             DB_ARGS(db_i64("id", id.v), db_str("name", name), db_str("zone", zone),
		                     db_str("hours", hours_json)),
		             &n, err);
	if (rc == RC_CONFLICT)
		return name_taken(err);
	if (rc == RC_OK && n == 0)
		return fail(err, RC_NOT_FOUND, "There is no such calendar.");
	if (rc == RC_OK)
		rc = revise(tx, now, id.v, zone, hours_json, err);
	return rc == RC_OK ? tell(tx, who, now, id.v, name, err) : rc;
}

enum rc calendar_revision_now(struct db_tx *tx, struct calendar_id id, int64_t *ret, struct err *err)
{
	return db_get_i64(tx, &q_newest, DB_ARGS(db_i64("id", id.v)), ret, err);
}

enum rc calendar_revision_find(struct db_tx *tx, struct arena *out, int64_t revision, struct calendar_revision *ret,
                               struct err *err)
{
	AUTO_ROWS r = { 0 };
	enum rc rc = db_select(tx, &q_revision, DB_ARGS(db_i64("id", revision)), &r, err);

	if (rc == RC_OK)
		rc = db_next(&r, err);
	if (rc == RC_NOT_FOUND)
		return fail(err, RC_NOT_FOUND, "There is no such text of a calendar.");
	if (rc != RC_OK)
		return rc;
	*ret = (struct calendar_revision){ .id = db_col_i64(&r, 0),
		                           .calendar = { db_col_i64(&r, 1) },
		                           .at = db_col_time(&r, 2) };
	rc = calendar_parse(out, db_col_peek(&r, 4), &ret->rules, err);
	ret->rules.id = ret->calendar;
	ret->rules.zone = db_col_str(&r, 3, out);
	ret->rules.name = db_col_str(&r, 5, out);
	return rc;
}
