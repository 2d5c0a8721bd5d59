/* Which mails have words that can be changed, what may be filled into each, and the rows of those that were. */
#include "outbox/text.h"

#define N_(text) text

DB_QUERY(q_all, "mail_text.all", "SELECT kind, lang, text FROM mail_text ORDER BY kind, lang LIMIT 500");
DB_QUERY(q_set, "mail_text.set",
         "INSERT INTO mail_text (kind, lang, text, changed_at) VALUES (:kind, :lang, :text, :now)"
         " ON CONFLICT (kind, lang) DO UPDATE SET text = :text, changed_at = :now");
DB_QUERY(q_drop, "mail_text.drop", "DELETE FROM mail_text WHERE kind = :kind AND lang = :lang");

const struct mail_text_kind *mail_text_kinds(void)
{
	static const struct mail_text_kind kinds[] = {
		{ "ack", N_("Acknowledgement"),
		  N_("Hello {name},\n\nwe received what you wrote, as ticket {number}. {promise}\n\n{next}Follow it here: {url}\nTo add something, answer this mail.\n\n{product}\n"),
		  "name number subject url product promise next", "" },
		{ "reply", N_("Frame of a reply"), N_("{message}\n\n--\nTicket {number}: {url}\n{product}\n"),
		  "name number subject url product message agent", "message" },
		{ "resolved", N_("Resolution, and how our help was"),
		  N_("Hello {name},\n\nyour ticket {number} is solved:\n\n{resolution}\n\nPlease tell us whether it is so, and how our help was: {url}\nIs it not solved? Answer this mail within 14 days and the ticket opens again.\n\n{product}\n"),
		  "name number subject url product resolution agent", "resolution" },
		{ "criticality", N_("Another criticality"),
		  N_("Hello {name},\n\nwe changed the criticality of your ticket {number} from {from} to {to}.\n\nThe reason: {reason}\n\n{promise}\n\n--\nTicket {number}: {url}\n{product}\n"),
		  "name number subject url product from to reason promise agent", "reason" },
		{ "kind-incident", N_("Handled as an incident"),
		  N_("Hello {name},\n\nyour ticket {number} is handled as an incident from now on.\n\nThe reason: {reason}\n\n--\nTicket {number}: {url}\n{product}\n"),
		  "name number subject url product reason agent", "reason" },
		{ "kind-request", N_("Handled as a request"),
		  N_("Hello {name},\n\nyour ticket {number} is handled as a request from now on: by complexity and priority.\n\nThe reason: {reason}\n\n--\nTicket {number}: {url}\n{product}\n"),
		  "name number subject url product reason agent", "reason" },
		{ "not-phoned", N_("In the acknowledgement: very critical by mail, please telephone"),
		  N_("Is this a total interruption, or does it keep people from working? Then please call us now: {phone}. It is the fastest way."),
		  "name number product phone", "phone" },
		{ "approval-asked", N_("A manager's word is asked for"),
		  N_("Hello {name},\n\n{who} asks us for something, and your plan wants a manager's word before we begin:\n\n{subject}\n\nYes or no: {answer}\nUntil then the request waits.\n\n--\nTicket {number}: {url}\n{product}\n"),
		  "name number subject url product who answer", "answer" },
		{ "approval-approved", N_("The manager said yes"),
		  N_("Hello {name},\n\n{who} approved your request {number}. We begin to work on it.\n\n--\nTicket {number}: {url}\n{product}\n"),
		  "name number subject url product who", "" },
		{ "approval-declined", N_("The manager said no"),
		  N_("Hello {name},\n\n{who} did not approve your request {number}.\n\nThe reason: {reason}\n\n--\nTicket {number}: {url}\n{product}\n"),
		  "name number subject url product who reason", "reason" },
		/* Nothing of what a stranger wrote, not even the name, may stand in this one (S-12). */
		{ "unknown-sender", N_("Answer to a sender we do not know"),
		  N_("Hello,\n\nwe received your mail and kept it. The address you wrote from is not known to us as one of our customers' addresses, so a person will look at it.\n\nIf your organisation is a customer, please write from the address you sign in with, or ask a manager of your organisation to add this address. Everybody can read our knowledge base: {kb}\n\n{product}\n"),
		  "kb product", "" },
		{ "not-covered", N_("Answer to a sender whom support does not cover"),
		  N_("Hello {name},\n\nwe received your mail and kept it. {why}\n\nThese people of your organisation can change it: {who}\n\nThe public knowledge base is open to you: {kb}\n\n{product}\n"),
		  "name why who kb product", "why" },
		{ "notice", N_("News, to those who chose to be told"),
		  N_("Hello {name},\n\n{news}\n--\n{product}: {url}\nWhich mails you get, and when: {settings}\n"),
		  "name news count url settings product", "news" },
		{ 0 },
	};

	return kinds;
}

const struct mail_text_kind *mail_text_kind(struct str name)
{
	for (const struct mail_text_kind *k = mail_text_kinds(); k->name; k++)
		if (str_is(name, k->name))
			return k;
	return NULL;
}

struct str mail_text_pick(const struct mail_text *at, size_t n, const char *kind, const char *lang, const char *builtin)
{
	for (size_t i = 0; i < n; i++)
		if (str_is(at[i].kind, kind) && str_is(at[i].lang, lang))
			return at[i].text;
	return str_of(builtin);
}

static bool in_list(const char *places, struct str name)
{
	struct str rest = str_of(places), one;

	while (str_cut(&rest, ' ', &one))
		if (str_eq(one, name))
			return true;
	return false;
}

enum mail_text_fault mail_text_check(const struct mail_text_kind *k, struct str text, struct str *ret_place)
{
	struct str rest = text, head;
	bool has = !k->must[0];

	while (str_cut(&rest, '{', &head) && !str_null(rest)) {
		size_t end = str_find_byte(rest, '}');
		struct str name = str_sub(rest, 0, end);

		if (end == STR_NONE)
			break;
		if (str_find_byte(name, ' ') != STR_NONE || str_find_byte(name, '\n') != STR_NONE || str_find_byte(name, '{') != STR_NONE)
			continue; /* braces of a sentence, not of a place */
		if (!in_list(k->places, name)) {
			*ret_place = str_sub(name, 0, 60);
			return MAIL_TEXT_UNKNOWN;
		}
		has |= str_is(name, k->must);
	}
	*ret_place = str_of(k->must);
	return has ? MAIL_TEXT_GOOD : MAIL_TEXT_LACKS;
}

enum rc mail_texts(struct db_tx *tx, struct arena *out, struct mail_text **ret, size_t *ret_n, struct err *err)
{
	VEC(struct mail_text) v = { 0 };
	AUTO_ROWS r = { 0 };
	enum rc rc = db_select(tx, &q_all, DB_NO_ARGS, &r, err);

	while (rc == RC_OK && (rc = db_next(&r, err)) == RC_OK)
		*VEC_ADD(out, &v) = (struct mail_text){ db_col_str(&r, 0, out), db_col_str(&r, 1, out), db_col_str(&r, 2, out) };
	*ret = v.at;
	*ret_n = v.n;
	return rc == RC_NOT_FOUND ? RC_OK : rc;
}

enum rc mail_text_set(struct db_tx *tx, const char *kind, struct str lang, struct str text, struct instant now, struct err *err)
{
	return db_exec(tx, &q_set, DB_ARGS(db_str("kind", str_of(kind)), db_str("lang", lang), db_str("text", text), db_time("now", now)), NULL, err);
}

enum rc mail_text_drop(struct db_tx *tx, const char *kind, struct str lang, struct err *err)
{
	return db_exec(tx, &q_drop, DB_ARGS(db_str("kind", str_of(kind)), db_str("lang", lang)), NULL, err);
}
