/* What the forms of duty show: admin_schedule.c (layers of a schedule) and admin_policy.c (steps of a policy). */
#pragma once
#include "web/oncall_view.h"

struct duty_input { /* id is the field's name, too; with what was typed and what was wrong with it */
	struct str id, value, error;
};
struct layer_person {
	struct str id, label;
	int64_t agent; /* 0: free */
};
struct layer_form {
	size_t i, place; /* from 0, from 1 */
	bool temporary, over, first, last, restricted;
	struct duty_input name, rotation, every, start, handoff, until, people, extra, day[7];
	struct layer_person *person;
	size_t n_person;
};
struct schedule_form {
	struct page *p;
	int64_t id;
	struct str url, was; /* was: a sum of what the form was made from */
	struct duty_input name, zone;
	struct layer_form *layers;
	size_t n;
	bool full;
	struct agent *agents;
	size_t n_agents;
	bool previewed;
	struct duty_schedule next; /* two weeks, and the gaps of thirty days */
};
struct target_option {
	struct str value, label;
};
struct step_target {
	struct str id, label, value;
};
struct step_form {
	size_t i, place, minute; /* minutes from the beginning */
	bool first, last;
	struct duty_input delay, targets, hooks;
	struct step_target *target;
	size_t n_target;
};
struct policy_form {
	struct page *p;
	int64_t id;
	struct str url, was, secret;
	struct duty_input name, repeat;
	struct step_form *steps;
	size_t n;
	bool full;
	struct target_option *options;
	size_t n_options;
};
/* duty_form.c: shared by both. */
struct duty_input duty_typed(struct req *q, const char *id);
void duty_wrong(struct req *q, struct str id, const char *text);
int64_t duty_button(const struct req *q,
                    const char *what); /* the number of a button "what:3", -1: another was pressed */
struct str duty_sum(struct arena *a, struct str name, struct str zone, struct str text);
MUST_USE enum rc duty_preview(struct arena *a, const struct oncall_schedule *s, const struct agent *agents, size_t n,
                              struct instant now, struct duty_schedule *ret, struct err *err);
