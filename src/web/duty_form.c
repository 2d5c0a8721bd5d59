/* What the two forms of duty share: fields with what was typed and what was wrong, buttons that change the form and
 * save nothing, the sum that shows whether somebody else saved meanwhile, and who is on duty next. */
#include "util/crypt.h"
#include "web/schedule_view.h"
#include "web/web.h"

#define PREVIEW (14 * DAY_US)
#define GAPS    (30 * DAY_US)

struct duty_input duty_typed(struct req *q, const char *id)
{
	struct str v = req_field(q, id);

	return (struct duty_input){ arena_str(q->arena, str_of(id)), str_null(v) ? STR("") : v, STR("") };
}

/* Put with what http/ found, so that the summary and the field show it. The first one of a field counts. */
void duty_wrong(struct req *q, struct str id, const char *text)
{
	struct field_error *e = arena_array(q->arena, struct field_error, q->n_field_errors + 1);

	for (size_t i = 0; i < q->n_field_errors; i++) {
		if (str_eq(q->field_errors[i].field, id))
			return;
		e[i] = q->field_errors[i];
	}
	e[q->n_field_errors] = (struct field_error){ arena_str(q->arena, id), arena_str(q->arena, str_of(text)) };
	q->field_errors = e;
	q->n_field_errors++;
}

int64_t duty_button(const struct req *q, const char *what)
{
	struct str s = req_field(q, "do");
	int64_t n = -1;

	if (str_null(s) || !str_starts(s, str_of(what)) || s.n <= strlen(what) || s.p[strlen(what)] != ':')
		return -1;
	return str_to_i64(str_from(s, strlen(what) + 1), &n) == RC_OK ? n : -1;
}

struct str duty_sum(struct arena *a, struct str name, struct str zone, struct str text)
{
	return str_sub(sha256_hex(a, arena_strf(a, STR_F "\n" STR_F "\n" STR_F, STR_A(name), STR_A(zone), STR_A(text))),
	               0, 16);
}

static struct str name_of(const struct agent *agents, size_t n, struct agent_id id)
{
	for (size_t i = 0; i < n; i++)
		if (agents[i].id.v == id.v)
			return agents[i].name;
	return id.v ? STR("?") : STR("");
}

enum rc duty_preview(struct arena *a, const struct oncall_schedule *s, const struct agent *agents, size_t n,
                     struct instant now, struct duty_schedule *ret, struct err *err)
{
	struct instant end = time_add(now, PREVIEW);
	struct oncall_shift *shift;
	size_t n_shift;
	enum rc rc = oncall_shifts(s, a, now, time_add(now, GAPS), &shift, &n_shift, err);

	if (rc != RC_OK)
		return rc;
	ret->id = s->id;
	ret->name = s->name;
	ret->zone = s->zone;
	ret->now = name_of(agents, n, oncall_at(s, now));
	ret->shifts = arena_array(a, struct duty_shift, n_shift + 1);
	ret->gap = arena_array(a, struct duty_shift, n_shift + 1);
	for (size_t i = 0; i < n_shift; i++) {
		struct duty_shift v = { .who = name_of(agents, n, shift[i].agent),
			                .from = shift[i].from,
			                .to = shift[i].to };

		v.gap = shift[i].agent.v == 0;
		v.now = !time_before(now, v.from) && time_before(now, v.to);
		if (v.gap)
			ret->gap[ret->gaps++] = v;
		if (!time_before(v.from, end))
			continue;
		if (time_before(end, v.to))
			v.to = end;
		ret->shifts[ret->n_shifts++] = v;
	}
	return RC_OK;
}
