/* What each shape of shapes.c and the lists hold, as data: the schemas of the OpenAPI file. A flow test holds real answers
 * against them, members that are not here included. */
#include "api/api_private.h"

/* kind: string, integer, boolean, time, or the name of a schema; "?" behind it: may be null; "[]": a list of it;
 * "a|b": one of these words. */
struct member {
	const char *name, *kind, *doc;
};

static const struct member account[] = {
	{ "id", "integer", NULL },          { "name", "string", NULL },     { "ref", "string?", "Your own key" },
	{ "lang", "string", NULL },         { "zone", "string", NULL },     { "createdAt", "time", NULL },
	{ "closedAt", "time?", "Closed accounts' people cannot sign in" }, { NULL, NULL, NULL },
};
static const struct member role[] = {
	{ "role", "auditor|operator|manager", NULL },
	{ "scope", "account|subscription|site", NULL },
	{ "id", "integer", "Of the account, subscription or site" },
	{ NULL, NULL, NULL },
};
static const struct member contact[] = {
	{ "id", "integer", NULL },     { "account", "integer", NULL }, { "name", "string", NULL },
	{ "email", "string", NULL },   { "phone", "string?", NULL },   { "lang", "string", NULL },
	{ "zone", "string?", NULL },   { "roles", "Role[]", NULL },    { "createdAt", "time", NULL },
	{ "disabledAt", "time?", NULL }, { NULL, NULL, NULL },
};
static const struct member subscription[] = {
	{ "id", "integer", NULL },
	{ "account", "integer", NULL },
	{ "plan", "string", "Code of the plan" },
	{ "ref", "string?", "Your own key" },
	{ "name", "string", NULL },
	{ "state", "trial|active|past-due|suspended|cancelled", NULL },
	{ "validFrom", "time", NULL },
	{ "validTo", "time?", "Exclusive; null has no end" },
	{ "stateAt", "time", "Since when the state is so" },
	{ NULL, NULL, NULL },
};
static const struct member plan_channel[] = {
	{ "kind", "incident|request", NULL },
	{ "criticality", "integer?", "1 to 4 of incidents" },
	{ "channel", "form|mail|phone|api|widget|agent", NULL },
	{ NULL, NULL, NULL },
};
static const struct member plan_target[] = {
	{ "criticality", "integer", NULL },
	{ "metric", "firstResponse|nextResponse|update|solution", NULL },
	{ "minutes", "integer", "Of the calendar" },
	{ "calendar", "integer?", "Another one than the plan's" },
	{ "warn", "integer", "Percent of the time after which is warned" },
	{ "pauses", "default|customer|others|both|never", "Waiting for whom stops the clock" },
	{ NULL, NULL, NULL },
};
static const struct member promise[] = {
	{ "since", "time", NULL },
	{ "criticality", "integer", NULL },
	{ "plan", "string?", NULL },
	{ "goalDuration", "integer", "Seconds of working time" },
	{ "breachTime", "time?", "As it was to be then" },
	{ "breached", "boolean", NULL },
	{ "changedBy", "string?", "Whose change made it" },
	{ "reason", "string?", NULL },
	{ NULL, NULL, NULL },
};
static const struct member clock_cycle[] = {
	{ "metric", "firstResponse|nextResponse|update|solution", NULL },
	{ "cycle", "integer", "From 1; next responses and updates come again" },
	{ "state", "running|paused|stopped|cancelled", NULL },
	{ "ongoing", "boolean", NULL },
	{ "startTime", "time", "Receipt of the mail, begin of the call" },
	{ "stopTime", "time?", NULL },
	{ "breachTime", "time?", "The deadline; null while it is paused" },
	{ "breached", "boolean", NULL },
	{ "paused", "boolean", NULL },
	{ "withinCalendarHours", "boolean", "Working time counts at this moment" },
	{ "goalDuration", "integer", "Seconds of working time" },
	{ "elapsedTime", "integer", "Seconds of working time" },
	{ "remainingTime", "integer", "Seconds of working time; negative when late" },
	{ "promises", "Promise[]", "What was promised, oldest first; the last one holds" },
	{ NULL, NULL, NULL },
};
static const struct member plan[] = {
	{ "code", "string", NULL },
	{ "name", "string", NULL },
	{ "support", "boolean", "Without it nothing opens" },
	{ "rank", "integer", "The better plan has the larger one" },
	{ "calendar", "integer?", "Working time by which promises count; null: around the clock" },
	{ "quotaMonth", "integer?", "Tickets a month; null: as many as wanted" },
	{ "approval", "boolean", "Requests of others than managers wait for a manager's word" },
	{ "channels", "PlanChannel[]", "What may come which way" },
	{ "targets", "PlanTarget[]", "What is promised" },
	{ NULL, NULL, NULL },
};
static const struct member entitlement[] = {
	{ "verdict", "string", NULL },       { "opens", "boolean", NULL },        { "plan", "string?", NULL },
	{ "since", "time?", "Since when it is so" }, { "until", "time?", NULL }, { "usedThisMonth", "integer", NULL },
	{ NULL, NULL, NULL },
};
static const struct member ticket[] = {
	{ "number", "string", "With prefix and check digit" },
	{ "url", "string", NULL },
	{ "kind", "incident|request", NULL },
	{ "criticality", "integer?", NULL },
	{ "claimedCriticality", "integer?", "What the customer said first" },
	{ "complexity", "string?", "S, M or L" },
	{ "priority", "integer?", NULL },
	{ "state", "new|open|waiting|resolved|closed", NULL },
	{ "waitingFor", "string?", "customer or others" },
	{ "channel", "form|mail|phone|api|widget|agent", NULL },
	{ "subject", "string", NULL },
	{ "course", "string?", NULL },
	{ "unit", "string?", NULL },
	{ "affectedEmail", "string?", NULL },
	{ "link", "string?", NULL },
	{ "wantedOn", "string?", "YYYY-MM-DD" },
	{ "account", "integer?", NULL },
	{ "contact", "integer?", NULL },
	{ "subscription", "integer?", NULL },
	{ "site", "integer?", NULL },
	{ "assignee", "integer?", "Agents' tokens" },
	{ "assigneeName", "string?", NULL },
	{ "team", "integer?", "Agents' tokens" },
	{ "teamName", "string?", "Agents' tokens" },
	{ "entitlement", "string?", "The verdict, frozen when it was opened" },
	{ "notPhoned", "boolean", "Criticality 1 or 2 that did not come by telephone" },
	{ "resolution", "string?", NULL },
	{ "rating", "string?", "good, fair or bad" },
	{ "callbackAskedAt", "time?", NULL },
	{ "openedAt", "time", NULL },
	{ "updatedAt", "time", NULL },
	{ "respondedAt", "time?", NULL },
	{ "resolvedAt", "time?", NULL },
	{ "confirmedAt", "time?", NULL },
	{ "closedAt", "time?", NULL },
	{ "approval", "string?", "Of a request: asked, approved or declined by a manager of the account; null: none needed" },
	{ "knownProblem", "boolean", "It is part of a problem that others have, too" },
	{ "problem", "integer?", "Agents' tokens: the same number on all tickets of a known problem" },
	{ "version", "integer", "Grows with every change that you can see" },
	{ "clocks", "Clock[]", "Of incidents; requests have none" },
	{ NULL, NULL, NULL },
};
static const struct member ticket_row[] = {
	{ "number", "string", NULL },      { "kind", "incident|request", NULL },
	{ "criticality", "integer?", NULL }, { "state", "new|open|waiting|resolved|closed", NULL },
	{ "subject", "string", NULL },     { "account", "integer", NULL },
	{ "accountName", "string?", NULL }, { "contactName", "string?", NULL },
	{ "assigneeName", "string?", NULL }, { "teamName", "string?", "Agents' tokens" },
	{ "resolution", "string?", NULL },
	{ "openedAt", "time", NULL },      { "updatedAt", "time", NULL },
	{ "version", "integer", NULL },    { NULL, NULL, NULL },
};
static const struct member attachment[] = {
	{ "id", "string", NULL },    { "name", "string", NULL },   { "type", "string", "Found by its first bytes" },
	{ "size", "integer", NULL }, { "sha256", "string", NULL }, { "url", "string", NULL },
	{ NULL, NULL, NULL },
};
static const struct member message[] = {
	{ "id", "integer", NULL },
	{ "internal", "boolean", "A note that customers never see" },
	{ "automatic", "boolean", NULL },
	{ "authorKind", "nobody|contact|agent|system", NULL },
	{ "author", "string?", NULL },
	{ "channel", "form|mail|phone|api|widget|agent", NULL },
	{ "at", "time", NULL },
	{ "text", "string", NULL },
	{ "quoted", "string?", "What was quoted below" },
	{ "html", "string?", "Cleaned" },
	{ "attachments", "Attachment[]", NULL },
	{ NULL, NULL, NULL },
};
static const struct member upload[] = {
	{ "handle", "string", "For attachments, with name and type as they are" },
	{ "name", "string", NULL },
	{ "type", "string", NULL },
	{ "size", "integer", NULL },
	{ NULL, NULL, NULL },
};
static const struct member problem[] = {
	{ "type", "string", NULL },
	{ "title", "string", NULL },
	{ "status", "integer", NULL },
	{ "detail", "string", "A sentence for a human" },
	{ "field", "string+", "The member at fault, with its path: targets[2].minutes" },
	{ "code", "string+", "A word for a machine" },
	{ NULL, NULL, NULL },
};
#define LIST(name, of)                                                                                                 \
	static const struct member list_of_##name[] = { { #name, of "[]", NULL },                                      \
		                                        { "next", "string?", "after of the next page; null: the end" }, \
		                                        { NULL, NULL, NULL } }
LIST(accounts, "Account");
LIST(contacts, "Contact");
LIST(subscriptions, "Subscription");
LIST(tickets, "TicketRow");
LIST(messages, "Message");
static const struct member team[] = {
	{ "id", "integer", NULL }, { "name", "string", NULL }, { "about", "string", NULL },
	{ "members", "integer", "Who may sign in" }, { "openTickets", "integer", "Counted up to 1000" }, { NULL, NULL, NULL },
};
static const struct member list_of_teams[] = { { "teams", "Team[]", NULL }, { NULL, NULL, NULL } };
static const struct member list_of_plans[] = { { "plans", "Plan[]", NULL }, { NULL, NULL, NULL } };

static const struct {
	const char *name;
	const struct member *members;
} schemas[] = {
	{ "Problem", problem },
	{ "Account", account },
	{ "AccountList", list_of_accounts },
	{ "Role", role },
	{ "Contact", contact },
	{ "ContactList", list_of_contacts },
	{ "Subscription", subscription },
	{ "SubscriptionList", list_of_subscriptions },
	{ "PlanChannel", plan_channel },
	{ "PlanTarget", plan_target },
	{ "Promise", promise },
	{ "Clock", clock_cycle },
	{ "Plan", plan },
	{ "PlanList", list_of_plans },
	{ "Entitlement", entitlement },
	{ "Ticket", ticket },
	{ "TicketRow", ticket_row },
	{ "Team", team },
	{ "TeamList", list_of_teams },
	{ "TicketList", list_of_tickets },
	{ "Attachment", attachment },
	{ "Message", message },
	{ "MessageList", list_of_messages },
	{ "Upload", upload },
};

static void ref(struct json *j, struct str name)
{
	AUTO_BUF b;

	buf_init(&b, 200);
	buf_addf(&b, "#/components/schemas/" STR_F, STR_A(name));
	json_kstr(j, "$ref", buf_str(&b));
}

static void value(struct json *j, struct str kind, bool null)
{
	struct str type = str_is(kind, "time") || str_find_byte(kind, '|') != STR_NONE ? STR("string") : kind, one;

	if (null) {
		json_key(j, "type");
		json_arr(j);
		json_str(j, type);
		json_str(j, STR("null"));
		json_end_arr(j);
	} else {
		json_kstr(j, "type", type);
	}
	if (str_is(kind, "time"))
		json_kstr(j, "format", STR("date-time"));
	if (str_find_byte(kind, '|') == STR_NONE)
		return;
	json_key(j, "enum");
	json_arr(j);
	while (str_cut(&kind, '|', &one))
		json_str(j, one);
	json_end_arr(j);
}

static void property(struct json *j, const struct member *m)
{
	struct str kind = str_of(m->kind);
	char last = kind.p[kind.n - 1];
	bool list = last == ']';

	json_obj(j);
	if (m->doc)
		json_kstr(j, "description", str_of(m->doc));
	if (list || last == '?' || last == '+')
		kind.n -= list ? 2 : 1;
	if (list) {
		json_kstr(j, "type", STR("array"));
		json_key(j, "items");
		json_obj(j);
	}
	if (kind.p[0] >= 'A' && kind.p[0] <= 'Z')
		ref(j, kind);
	else
		value(j, kind, last == '?');
	if (list)
		json_end_obj(j);
	json_end_obj(j);
}

bool api_schema_known(const char *name)
{
	for (size_t i = 0; i < COUNT(schemas); i++)
		if (strcmp(schemas[i].name, name) == 0)
			return true;
	return false;
}

void api_schemas(struct json *j)
{
	json_key(j, "schemas");
	json_obj(j);
	for (size_t i = 0; i < COUNT(schemas); i++) {
		json_key(j, schemas[i].name);
		json_obj(j);
		json_kstr(j, "type", STR("object"));
		json_key(j, "properties");
		json_obj(j);
		for (const struct member *m = schemas[i].members; m->name; m++) {
			json_key(j, m->name);
			property(j, m);
		}
		json_end_obj(j);
		json_key(j, "required");
		json_arr(j);
		for (const struct member *m = schemas[i].members; m->name; m++)
			if (m->kind[strlen(m->kind) - 1] != '+') /* the others may be left out */
				json_str(j, str_of(m->name));
		json_end_arr(j);
		json_end_obj(j);
	}
	json_end_obj(j);
}
