/* The addresses of the API. Every row is also a row of the OpenAPI file: `carrel routes --openapi`. */
#include "api/api_private.h"

const struct field api_list_fields[] = {
	{ "limit", FIELD_INT, 100, false, NULL, "How many, 1 to 100; 50 when left out" },
	{ "after", FIELD_TEXT, 300, false, NULL, "The value of next of the page before" },
	{ .name = NULL },
};
static const struct field ticket_list_fields[] = {
	{ "view", FIELD_CHOICE, 0, false, "all|open|solved|unassigned|mine|incidents|requests|waiting|callbacks|teams", "Which tickets; teams: of the teams whose member the agent is" },
	{ "account", FIELD_INT, 0, false, NULL, "Only of this account (agents' tokens)" },
	{ "team", FIELD_INT, 0, false, NULL, "Only of this team (agents' tokens)" },
	{ "limit", FIELD_INT, 100, false, NULL, "How many, 1 to 100; 50 when left out" },
	{ "after", FIELD_TEXT, 300, false, NULL, "The value of next of the page before" },
	{ .name = NULL },
};
static const struct field ticket_fields[] = {
	{ "kind", FIELD_CHOICE, 0, true, "incident|request", "What it is" },
	{ "criticality", FIELD_INT, 4, false, NULL, "Incidents: 1 total interruption to 4 specific error" },
	{ "priority", FIELD_INT, 4, false, NULL, "Requests: 1 to 4" },
	{ "subject", FIELD_TEXT, 400, true, NULL, "One line" },
	{ "text", FIELD_LINES, 200000, false, NULL, "What happened" },
	{ "account", FIELD_INT, 0, false, NULL, "For whom (agents' tokens)" },
	{ "contact", FIELD_INT, 0, false, NULL, "Who asks" },
	{ "team", FIELD_INT, 0, false, NULL, "Team id (agents' tokens)" },
	{ "site", FIELD_INT, 0, false, NULL, "Which site; found by the link when left out" },
	{ "course", FIELD_TEXT, 400, false, NULL, "Course ID" },
	{ "unit", FIELD_TEXT, 600, false, NULL, "Usage key of the unit" },
	{ "affectedEmail", FIELD_TEXT, 320, false, NULL, "Email of the affected user" },
	{ "link", FIELD_TEXT, 2000, false, NULL, "Link to the page; fills course and unit" },
	{ "wantedOn", FIELD_TEXT, 10, false, NULL, "Requests: YYYY-MM-DD" },
	{ "callbackPhone", FIELD_TEXT, 40, false, NULL, "Asks to be called back" },
	{ "attachments", FIELD_JSON, 0, false, NULL, "List of {handle, name, type} from POST /api/v1/uploads" },
	{ .name = NULL },
};
static const struct field patch_fields[] = {
	{ "criticality", FIELD_INT, 4, false, NULL, "With reason" },
	{ "complexity", FIELD_CHOICE, 0, false, "S|M|L", "Requests" },
	{ "priority", FIELD_INT, 4, false, NULL, "Requests" },
	{ "reason", FIELD_LINES, 2000, false, NULL, "The customer reads it" },
	{ "subject", FIELD_TEXT, 200, false, NULL, NULL },
	{ "course", FIELD_TEXT, 400, false, NULL, NULL },
	{ "unit", FIELD_TEXT, 600, false, NULL, NULL },
	{ "affectedEmail", FIELD_TEXT, 320, false, NULL, NULL },
	{ "link", FIELD_TEXT, 2000, false, NULL, NULL },
	{ "wantedOn", FIELD_TEXT, 10, false, NULL, NULL },
	{ "assignee", FIELD_INT, 0, false, NULL, "Agent id, 0 = nobody" },
	{ "team", FIELD_INT, 0, false, NULL, "Team id, 0 = none" },
	{ "state", FIELD_CHOICE, 0, false, "new|open|waiting", NULL },
	{ "waitingFor", FIELD_CHOICE, 0, false, "customer|others", NULL },
	{ "version", FIELD_INT, 0, false, NULL, "The version you saw: 409 when somebody changed it since" },
	{ .name = NULL },
};
static const struct field convert_fields[] = {
	{ "kind", FIELD_CHOICE, 0, true, "incident|request", "What it becomes" },
	{ "criticality", FIELD_INT, 4, false, NULL, "For an incident" },
	{ "priority", FIELD_INT, 4, false, NULL, "For a request" },
	{ "reason", FIELD_LINES, 2000, true, NULL, "The customer reads it" },
	{ "version", FIELD_INT, 0, false, NULL, NULL },
	{ .name = NULL },
};
static const struct field resolve_fields[] = { { "resolution", FIELD_LINES, 20000, true, NULL, "How it was solved" }, { "version", FIELD_INT, 0, false, NULL, NULL }, { .name = NULL } };
static const struct field reason_fields[] = { { "reason", FIELD_LINES, 2000, false, NULL, "What is still wrong" }, { .name = NULL } };
static const struct field rate_fields[] = { { "rating", FIELD_CHOICE, 0, true, "good|fair|bad", NULL }, { "comment", FIELD_LINES, 2000, false, NULL, NULL }, { .name = NULL } };
static const struct field message_fields[] = {
	{ "text", FIELD_LINES, 200000, false, NULL, "The message" },
	{ "internal", FIELD_BOOL, 0, false, NULL, "An internal note (agents' tokens)" },
	{ "then", FIELD_CHOICE, 0, false, "waiting", "Agents: wait for the customer afterwards" },
	{ "attachments", FIELD_JSON, 0, false, NULL, "List of {handle, name, type} from POST /api/v1/uploads" },
	{ "version", FIELD_INT, 0, false, NULL, NULL },
	{ .name = NULL },
};
static const struct field upload_fields[] = { { "name", FIELD_TEXT, 300, false, NULL, "File name (query)" }, { .name = NULL } };
static const struct field account_list_fields[] = {
	{ "name", FIELD_TEXT, 200, false, NULL, "Beginning of the name" },
	{ "limit", FIELD_INT, 100, false, NULL, NULL },
	{ "after", FIELD_TEXT, 300, false, NULL, NULL },
	{ .name = NULL },
};
static const struct field account_fields[] = {
	{ "name", FIELD_TEXT, 200, true, NULL, NULL }, { "ref", FIELD_TEXT, 100, false, NULL, "Your own key" },
	{ "lang", FIELD_TEXT, 10, false, NULL, NULL }, { "zone", FIELD_TEXT, 60, false, NULL, "IANA time zone" }, { .name = NULL },
};
static const struct field account_patch_fields[] = {
	{ "name", FIELD_TEXT, 200, false, NULL, NULL }, { "ref", FIELD_TEXT, 100, false, NULL, NULL }, { "lang", FIELD_TEXT, 10, false, NULL, NULL },
	{ "zone", FIELD_TEXT, 60, false, NULL, NULL }, { .name = NULL },
};
static const struct field contact_list_fields[] = {
	{ "account", FIELD_INT, 0, false, NULL, NULL }, { "email", FIELD_TEXT, 320, false, NULL, "Exactly this address" },
	{ "limit", FIELD_INT, 100, false, NULL, NULL }, { "after", FIELD_TEXT, 300, false, NULL, NULL }, { .name = NULL },
};
static const struct field contact_fields[] = {
	{ "account", FIELD_INT, 0, false, NULL, NULL }, { "name", FIELD_TEXT, 200, true, NULL, NULL }, { "email", FIELD_TEXT, 320, true, NULL, NULL },
	{ "phone", FIELD_TEXT, 40, false, NULL, NULL }, { "lang", FIELD_TEXT, 10, false, NULL, NULL }, { "zone", FIELD_TEXT, 60, false, NULL, NULL },
	{ "roles", FIELD_JSON, 0, false, NULL, "List of {role, scope, id}" }, { .name = NULL },
};
static const struct field contact_patch_fields[] = {
	{ "name", FIELD_TEXT, 200, false, NULL, NULL }, { "phone", FIELD_TEXT, 40, false, NULL, NULL }, { "lang", FIELD_TEXT, 10, false, NULL, NULL },
	{ "zone", FIELD_TEXT, 60, false, NULL, NULL }, { "roles", FIELD_JSON, 0, false, NULL, NULL }, { "disabled", FIELD_BOOL, 0, false, NULL, NULL }, { .name = NULL },
};
static const struct field subscription_list_fields[] = {
	{ "account", FIELD_INT, 0, false, NULL, NULL }, { "limit", FIELD_INT, 100, false, NULL, NULL }, { "after", FIELD_TEXT, 300, false, NULL, NULL }, { .name = NULL },
};
static const struct field subscription_fields[] = {
	{ "account", FIELD_INT, 0, true, NULL, NULL }, { "plan", FIELD_TEXT, 60, true, NULL, "Code of the plan" }, { "name", FIELD_TEXT, 200, true, NULL, NULL },
	{ "ref", FIELD_TEXT, 100, false, NULL, NULL }, { "state", FIELD_CHOICE, 0, false, "trial|active|past-due|suspended|cancelled", NULL },
	{ "validFrom", FIELD_TEXT, 40, false, NULL, NULL }, { "validTo", FIELD_TEXT, 40, false, NULL, "Exclusive" }, { .name = NULL },
};
static const struct field subscription_patch_fields[] = {
	{ "plan", FIELD_TEXT, 60, false, NULL, NULL }, { "name", FIELD_TEXT, 200, false, NULL, NULL }, { "ref", FIELD_TEXT, 100, false, NULL, NULL },
	{ "state", FIELD_CHOICE, 0, false, "trial|active|past-due|suspended|cancelled", NULL }, { "validFrom", FIELD_TEXT, 40, false, NULL, NULL },
	{ "validTo", FIELD_TEXT, 40, false, NULL, NULL }, { .name = NULL },
};
#define PLAN_FIELDS                                                                                                                   \
	{ "name", FIELD_TEXT, 200, true, NULL, NULL }, { "support", FIELD_BOOL, 0, false, NULL, "Without it nothing opens" },         \
	{ "rank", FIELD_INT, 1000000, false, NULL, "The better plan has the larger one; 100 when left out" },                         \
	{ "calendar", FIELD_INT, 0, false, NULL, "Working time by which promises count" },                                            \
	{ "quotaMonth", FIELD_INT, 1000000, false, NULL, "Tickets a month; left out: as many as wanted" },                            \
	{ "channels", FIELD_JSON, 0, false, NULL, "List of {kind, criticality, channel}: what may come which way" },                  \
	{ "targets", FIELD_JSON, 0, false, NULL, "List of {criticality, metric, minutes, calendar}: what is promised" }
static const struct field plan_fields[] = { { "code", FIELD_TEXT, 40, true, NULL, "A word, like BASIC" }, PLAN_FIELDS, { .name = NULL } };
static const struct field plan_put_fields[] = { PLAN_FIELDS, { .name = NULL } };
static const struct field entitlement_fields[] = {
	{ "kind", FIELD_CHOICE, 0, false, "incident|request", NULL }, { "criticality", FIELD_INT, 4, false, NULL, NULL }, { .name = NULL },
};

#define A ROUTE_API
const struct route api_routes[] = {
	{ HTTP_GET, "/api/v1/openapi.json", CAP_PUBLIC, api_openapi_get, NULL, A, "This description", NULL, NULL },
	{ HTTP_GET, "/api/v1/accounts", CAP_API_READ, api_accounts_list, account_list_fields, A, "List accounts by name", NULL, "AccountList" },
	{ HTTP_POST, "/api/v1/accounts", CAP_API_ADMIN, api_account_create, account_fields, A, "Create an account", NULL, "Account" },
	{ HTTP_GET, "/api/v1/accounts/{id}", CAP_API_READ, api_account_get, NULL, A, "Read an account", NULL, "Account" },
	{ HTTP_PATCH, "/api/v1/accounts/{id}", CAP_API_ADMIN, api_account_patch, account_patch_fields, A, "Change an account", NULL, "Account" },
	{ HTTP_GET, "/api/v1/accounts/{id}/entitlement", CAP_API_READ, api_entitlement, entitlement_fields, A, "Judge whether support covers something now", NULL, "Entitlement" },
	{ HTTP_GET, "/api/v1/contacts", CAP_API_READ, api_contacts_list, contact_list_fields, A, "List contacts, or find one by address", NULL, "ContactList" },
	{ HTTP_POST, "/api/v1/contacts", CAP_API_ADMIN, api_contact_create, contact_fields, A, "Create a contact", NULL, "Contact" },
	{ HTTP_GET, "/api/v1/contacts/{id}", CAP_API_READ, api_contact_get, NULL, A, "Read a contact", NULL, "Contact" },
	{ HTTP_PATCH, "/api/v1/contacts/{id}", CAP_API_ADMIN, api_contact_patch, contact_patch_fields, A, "Change a contact", NULL, "Contact" },
	{ HTTP_GET, "/api/v1/subscriptions", CAP_API_READ, api_subscriptions_list, subscription_list_fields, A, "List subscriptions", NULL, "SubscriptionList" },
	{ HTTP_POST, "/api/v1/subscriptions", CAP_API_ADMIN, api_subscription_create, subscription_fields, A, "Create a subscription", NULL, "Subscription" },
	{ HTTP_GET, "/api/v1/subscriptions/{id}", CAP_API_READ, api_subscription_get, NULL, A, "Read a subscription", NULL, "Subscription" },
	{ HTTP_PATCH, "/api/v1/subscriptions/{id}", CAP_API_ADMIN, api_subscription_patch, subscription_patch_fields, A, "Change a subscription", NULL, "Subscription" },
	{ HTTP_GET, "/api/v1/plans", CAP_API_READ, api_plans_list, NULL, A, "List plans with what they entitle to", NULL, "PlanList" },
	{ HTTP_POST, "/api/v1/plans", CAP_API_ADMIN, api_plan_create, plan_fields, A, "Create a plan", NULL, "Plan" },
	{ HTTP_GET, "/api/v1/plans/{code}", CAP_API_READ, api_plan_get, NULL, A, "Read a plan", NULL, "Plan" },
	{ HTTP_PUT, "/api/v1/plans/{code}", CAP_API_ADMIN, api_plan_put, plan_put_fields, A, "Create or replace a plan; tickets there are keep their verdict", NULL, "Plan" },
	{ HTTP_GET, "/api/v1/teams", CAP_API_READ, api_teams_list, NULL, A, "List teams with their members and open tickets counted (agents)", NULL, "TeamList" },
	{ HTTP_GET, "/api/v1/tickets", CAP_API_READ, api_tickets_list, ticket_list_fields, A, "List tickets of a view", NULL, "TicketList" },
	{ HTTP_POST, "/api/v1/tickets", CAP_API_WRITE, api_ticket_create, ticket_fields, A, "Open a ticket", NULL, "Ticket" },
	{ HTTP_GET, "/api/v1/tickets/{number}", CAP_API_READ, api_ticket_get, NULL, A, "Read a ticket", NULL, "Ticket" },
	{ HTTP_PATCH, "/api/v1/tickets/{number}", CAP_API_WRITE, api_ticket_patch, patch_fields, A, "Change a ticket (agents)", NULL, "Ticket" },
	{ HTTP_POST, "/api/v1/tickets/{number}/convert", CAP_API_WRITE, api_ticket_convert, convert_fields, A, "Make it an incident or a request (agents)", NULL, "Ticket" },
	{ HTTP_POST, "/api/v1/tickets/{number}/resolve", CAP_API_WRITE, api_ticket_resolve, resolve_fields, A, "Resolve with a written resolution (agents)", NULL, "Ticket" },
	{ HTTP_POST, "/api/v1/tickets/{number}/reopen", CAP_API_WRITE, api_ticket_reopen, reason_fields, A, "Reopen within 14 days", NULL, "Ticket" },
	{ HTTP_POST, "/api/v1/tickets/{number}/confirm", CAP_API_WRITE, api_ticket_confirm, NULL, A, "Confirm that it is solved", NULL, "Ticket" },
	{ HTTP_POST, "/api/v1/tickets/{number}/rate", CAP_API_WRITE, api_ticket_rate, rate_fields, A, "Rate the help", NULL, "Ticket" },
	{ HTTP_GET, "/api/v1/tickets/{number}/messages", CAP_API_READ, api_messages_list, api_list_fields, A, "Messages, oldest first, with attachments", NULL, "MessageList" },
	{ HTTP_POST, "/api/v1/tickets/{number}/messages", CAP_API_WRITE, api_message_create, message_fields, A, "Write a message or an internal note", NULL, "Message" },
	{ HTTP_POST, "/api/v1/uploads", CAP_API_WRITE, api_upload, upload_fields, A | ROUTE_RAW, "Upload the bytes of one file; the name in the query", NULL, "Upload" },
	{ HTTP_GET, "/api/v1/attachments/{id}", CAP_API_READ, api_attachment_get, NULL, A, "Download an attachment", NULL, NULL },
	{ .path = NULL },
};
