/* ticket/number: the number people read, write and say (PREFIX-COUNTER-CHECK), and the words of the states. The check
 * digit is Damm's (H. M. Damm, Total anti-symmetrische Quasigruppen, 2004): it notices every single wrong digit and
 * every swap of two neighbours, so that a mistyped number finds nothing instead of another customer's ticket. */
#include "ticket/ticket.h"

static const uint8_t damm[10][10] = {
	{0,  3, 1, 7, 5, 9, 8, 6, 4, 2},
        { 7, 0, 9, 2, 1, 5, 4, 8, 6, 3},
        { 4, 2, 0, 6, 8, 7, 1, 3, 5, 9},
	{ 1, 7, 5, 0, 9, 8, 3, 4, 2, 6},
        { 6, 1, 2, 3, 0, 4, 5, 9, 7, 8},
        { 3, 6, 7, 4, 2, 0, 9, 5, 8, 1},
	{ 5, 8, 6, 9, 7, 2, 0, 1, 3, 4},
        { 8, 9, 4, 5, 3, 6, 2, 0, 1, 7},
        { 9, 4, 3, 8, 6, 1, 7, 2, 0, 5},
	{ 2, 5, 8, 1, 4, 3, 6, 7, 9, 0},
};

static const char *const states[] = { "", "new", "open", "waiting", "resolved", "closed" };

const char *ticket_state_name(enum ticket_state s)
{
	return (size_t)s < COUNT(states) ? states[s] : "";
}

enum rc ticket_state_parse(struct str s, enum ticket_state *ret)
{
	for (size_t i = 1; i < COUNT(states); i++) {
		if (str_eq_nocase(s, str_of(states[i]))) {
			*ret = (enum ticket_state)i;
			return RC_OK;
		}
	}
	return RC_INVALID;
}

static int check_digit(struct str digits)
{
	int interim = 0;

	for (size_t i = 0; i < digits.n; i++)
		interim = damm[interim][digits.p[i] - '0'];
	return interim;
}

struct str ticket_number_text(struct arena *a, struct str prefix, int64_t number)
{
	char text[24], *p = text + sizeof(text), *to = arena_alloc(a, prefix.n + sizeof(text) + 3), *at = to;
	uint64_t left = number < 0 ? 0 : (uint64_t)number;

	do
		*--p = (char)('0' + left % 10);
	while (left /= 10);
	struct str digits = { p, (size_t)(text + sizeof(text) - p) };

	if (prefix.n)
		memcpy(at, prefix.p, prefix.n);
	at += prefix.n;
	*at++ = '-';
	memcpy(at, digits.p, digits.n);
	at += digits.n;
	*at++ = '-';
	*at++ = (char)('0' + check_digit(digits));
	return (struct str){ to, (size_t)(at - to) };
}

static bool all_digits(struct str s)
{
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] < '0' || s.p[i] > '9')
			return false;
	}
	return s.n > 0;
}

enum rc ticket_number_parse(struct str text, struct str prefix, int64_t *ret)
{
	struct str rest = str_trim(text), digits;
	int64_t number;

	if (rest.n && rest.p[0] == '#')
		rest = str_from(rest, 1);
	if (prefix.n && str_starts_nocase(rest, prefix) && rest.n > prefix.n && rest.p[prefix.n] == '-')
		rest = str_from(rest, prefix.n + 1);
	size_t dash = str_find_byte(rest, '-');

	if (dash == STR_NONE || dash > 18 || rest.n != dash + 2)
		return RC_INVALID;
	digits = str_sub(rest, 0, dash);
	rest = str_from(rest, dash + 1);
	if (!all_digits(digits) || !all_digits(rest) || digits.p[0] == '0' || check_digit(digits) != rest.p[0] - '0' ||
	    str_to_i64(digits, &number) != RC_OK)
		return RC_INVALID;
	*ret = number;
	return RC_OK;
}
