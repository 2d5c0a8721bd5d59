/* ids: every id is its own type, so that swapping an account and a contact does not compile. They live here, at the
 * bottom, so that rooms can name each other's things without including each other. 0 means "none". */
#pragma once
#include <stdint.h>

#define ID_TYPE(name) struct name { int64_t v; }
ID_TYPE(account_id);
ID_TYPE(subscription_id);
ID_TYPE(plan_id);
ID_TYPE(site_id);
ID_TYPE(contact_id);
ID_TYPE(agent_id);
ID_TYPE(team_id);
ID_TYPE(ticket_id);
ID_TYPE(message_id);
ID_TYPE(attachment_id);
ID_TYPE(event_id);
ID_TYPE(job_id);
ID_TYPE(outmail_id);
ID_TYPE(intake_id);
ID_TYPE(draft_id);
ID_TYPE(calendar_id);
ID_TYPE(article_id);
ID_TYPE(token_id);
