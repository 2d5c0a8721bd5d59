/* Invitations (RFC 5545, RFC 5546): the few lines of a text/calendar part a person wants to see at a glance. The file
 * itself is an attachment like any other. Times are given as they are written, with their zone: which moment that is
 * depends on rules inside of the file that calendars know and we need not. */
#include "mime/private.h"
#include <stdio.h>

#define LINES_MAX 20000

struct line {
	struct str name, params, value;
};

/* Unfolds one line (3.1) and cuts it at the colon that is not in quotes. */
static bool next_line(struct arena *a, struct str *rest, struct line *ret)
{
	size_t end = 0, colon = STR_NONE;
	bool quoted = false, folded = false;
	struct str raw;

	if (rest->n == 0)
		return false;
	for (;;) {
		size_t lf = str_find_byte(str_from(*rest, end), '\n');

		end = lf == STR_NONE ? rest->n : end + lf + 1;
		if (end >= rest->n || (rest->p[end] != ' ' && rest->p[end] != '\t') || end > 65536)
			break;
		folded = true;
	}
	raw = str_sub(*rest, 0, end);
	*rest = str_from(*rest, end);
	if (folded) {
		char *p = arena_alloc(a, raw.n + 1);
		size_t n = 0;

		for (size_t i = 0; i < raw.n; i++) {
			if (raw.p[i] == '\n' && i + 1 < raw.n)
				i++; /* and the blank behind it */
			else if (raw.p[i] != '\r')
				p[n++] = raw.p[i];
		}
		raw = (struct str){ p, n };
	}
	raw = str_trim(raw);
	for (size_t i = 0; i < raw.n && colon == STR_NONE; i++) {
		quoted = raw.p[i] == '"' ? !quoted : quoted;
		if (raw.p[i] == ':' && !quoted)
			colon = i;
	}
	*ret = (struct line){ .value = str_from(raw, colon == STR_NONE ? raw.n : colon + 1) };
	raw = str_sub(raw, 0, colon);
	size_t semi = str_find_byte(raw, ';');
	ret->name = str_sub(raw, 0, semi);
	ret->params = semi == STR_NONE ? STR("") : str_from(raw, semi + 1);
	return true;
}

static struct str param(const struct line *l, const char *name)
{
	struct str rest = l->params, one, key;

	while (str_cut(&rest, ';', &one))
		if (str_cut(&one, '=', &key) && str_eq_nocase(key, str_of(name))) {
			if (one.n >= 2 && one.p[0] == '"' && one.p[one.n - 1] == '"')
				one = str_sub(one, 1, one.n - 2);
			return one;
		}
	return STR_NULL;
}

/* TEXT (3.3.11), on one line, without controls. */
static struct str text_value(struct arena *a, struct str v)
{
	char *p = arena_alloc(a, v.n + 1);
	size_t n = 0;

	for (size_t i = 0; i < v.n; i++) {
		char c = v.p[i];

		if (c == '\\' && i + 1 < v.n) {
			c = v.p[++i];
			c = c == 'n' || c == 'N' ? ' ' : c;
		}
		if ((unsigned char)c >= ' ' && c != 0x7f)
			p[n++] = c;
	}
	return str_utf8_clip((struct str){ p, n }, 500);
}

static bool digits(struct str s, size_t n)
{
	if (s.n < n)
		return false;
	for (size_t i = 0; i < n; i++)
		if (s.p[i] < '0' || s.p[i] > '9')
			return false;
	return true;
}

/* "20261123T100000" with TZID=Europe/Madrid: "2026-11-23 10:00 Europe/Madrid"; with Z: UTC; a date alone: all day. */
static struct str time_value(struct arena *a, const struct line *l)
{
	struct str v = str_trim(l->value), zone = param(l, "TZID");
	char day[16];

	if (!digits(v, 8))
		return STR_NULL;
	snprintf(day, sizeof(day), "%.4s-%.2s-%.2s", v.p, v.p + 4, v.p + 6);
	if (v.n < 13 || v.p[8] != 'T' || !digits(str_from(v, 9), 4))
		return arena_strf(a, "%s", day);
	if (v.p[v.n - 1] == 'Z')
		zone = STR("UTC");
	zone = str_null(zone) ? STR("") : text_value(a, zone);
	return arena_strf(a, "%s %.2s:%.2s%s" STR_F, day, v.p + 9, v.p + 11, zone.n ? " " : "", STR_A(zone));
}

static struct str who(struct arena *a, const struct line *l)
{
	struct str cn = param(l, "CN"), v = l->value;

	if (str_starts_nocase(v, STR("mailto:")))
		v = str_from(v, 7);
	v = text_value(a, v);
	if (str_null(cn) || cn.n == 0)
		return v;
	cn = text_value(a, cn);
	return arena_strf(a, STR_F " <" STR_F ">", STR_A(cn), STR_A(v));
}

void mime_invite(struct arena *a, struct str text, struct str method, struct mail_invite *ret)
{
	struct line l;
	bool in_event = false;
	int deeper = 0;

	*ret = (struct mail_invite){ .method = str_null(method) ? STR_NULL : text_value(a, method) };
	for (int i = 0; i < LINES_MAX && next_line(a, &text, &l); i++) {
		if (str_eq_nocase(l.name, STR("BEGIN"))) {
			bool event = str_eq_nocase(l.value, STR("VEVENT")) || str_eq_nocase(l.value, STR("VTODO"));

			if (event && !in_event && !ret->is)
				in_event = ret->is = true;
			else if (in_event)
				deeper++; /* an alarm has a SUMMARY, too */
		} else if (str_eq_nocase(l.name, STR("END")) && in_event) {
			in_event = deeper > 0;
			deeper -= deeper > 0;
		} else if (str_eq_nocase(l.name, STR("METHOD")) && str_null(ret->method)) {
			ret->method = text_value(a, l.value);
		} else if (in_event && deeper == 0) {
			if (str_eq_nocase(l.name, STR("SUMMARY")))
				ret->summary = text_value(a, l.value);
			else if (str_eq_nocase(l.name, STR("LOCATION")))
				ret->location = text_value(a, l.value);
			else if (str_eq_nocase(l.name, STR("ORGANIZER")))
				ret->organizer = who(a, &l);
			else if (str_eq_nocase(l.name, STR("DTSTART")))
				ret->start = time_value(a, &l);
			else if (str_eq_nocase(l.name, STR("DTEND")) || str_eq_nocase(l.name, STR("DUE")))
				ret->end = time_value(a, &l);
		}
	}
	if (!ret->is)
		*ret = (struct mail_invite){ 0 };
	else if (!str_null(ret->method))
		ret->method = str_lower(a, str_utf8_clip(ret->method, 20));
}
