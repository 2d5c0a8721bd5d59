/* ticket: what may go into a ticket's fields. Every check names its field, so that a form can show the sentence there.
 */
#include "lms/link.h"
#include "ticket/ticket_private.h"

enum rc ticket_check_text(struct str s, const char *field, size_t max, struct err *err)
{
	if (s.n > max)
		return fail_field(err, RC_LIMIT, field,
		                  "This text is too long: at most %zu characters. Nothing was changed; shorten it or "
		                  "attach it as a file.",
		                  max);
	if (!str_utf8_valid(s) || (s.n && str_find_byte(s, 0) != STR_NONE))
		return fail_field(err, RC_INVALID, field,
		                  "This text holds characters that cannot be kept. Type it anew.");
	return RC_OK;
}

enum rc ticket_check_line(struct str s, const char *field, size_t max, struct err *err)
{
	enum rc rc = ticket_check_text(s, field, max, err);

	if (rc == RC_OK && s.n && (str_has_control(s) || str_find_byte(s, '\n') != STR_NONE))
		return fail_field(err, RC_INVALID, field,
		                  "This holds characters that cannot be shown in one line. Type it anew.");
	return rc;
}

enum rc ticket_check_reason(struct str s, bool required, struct err *err)
{
	if (required && str_trim(s).n == 0)
		return fail_field(err, RC_INVALID, "reason",
		                  "Write the reason: the customer will read it. Nothing was changed yet.");
	return ticket_check_text(s, "reason", REASON_MAX, err);
}

enum rc ticket_check_criticality(int v, struct err *err)
{
	if (v < 1 || v > 4)
		return fail_field(err, RC_INVALID, "criticality", "Choose a criticality from 1 to 4.");
	return RC_OK;
}

enum rc ticket_check_priority(int v, struct err *err)
{
	if (v < 1 || v > 4)
		return fail_field(err, RC_INVALID, "priority", "Choose a priority from 1 to 4.");
	return RC_OK;
}

enum rc ticket_check_date(struct str s, struct err *err)
{
	struct instant t;

	if (str_empty(s))
		return RC_OK;
	if (s.n != 10 || time_parse_iso(s, &t) != RC_OK)
		return fail_field(err, RC_INVALID, "wanted_on", "Write the date as year-month-day, like 2027-03-31.");
	return RC_OK;
}

/* A number that a person or an exchange can dial; national ones too. */
enum rc ticket_check_phone(struct str s, struct err *err)
{
	size_t digits = 0;
	bool ok = s.n <= 40;

	for (size_t i = 0; i < s.n && ok; i++) {
		bool digit = s.p[i] >= '0' && s.p[i] <= '9';

		digits += digit;
		ok = digit || (s.p[i] && strchr(" +-./()", s.p[i]));
	}
	if (!ok || digits < 5)
		return fail_field(err, RC_INVALID, "phone", "Write the telephone number to call, like +57 1 555 0100.");
	return RC_OK;
}

enum rc ticket_check_subject(struct arena *out, struct str s, struct str *ret, struct err *err)
{
	size_t chars = 0;

	*ret = str_trim(s);
	if (ret->n == 0)
		return fail_field(err, RC_INVALID, "subject", "Say in a few words what it is about.");
	enum rc rc = ticket_check_line(*ret, "subject", SUBJECT_MAX * 4, err);

	for (size_t i = 0; rc == RC_OK && i < ret->n; chars++)
		(void)str_utf8_next(*ret, &i);
	if (rc == RC_OK && chars > SUBJECT_MAX)
		return fail_field(err, RC_LIMIT, "subject",
		                  "The subject is too long: at most %d characters. Say the rest in the text.",
		                  SUBJECT_MAX);
	return rc;
}

/* A course id in its canonical form; what is none stays as it was typed: an agent may still make sense of it. */
struct str ticket_clean_course(struct arena *out, struct str s)
{
	struct str course;

	s = null_if_empty(s);
	return s.p && lms_course(out, s, &course, NULL) == RC_OK ? course : s;
}
