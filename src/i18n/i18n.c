/* Catalogues compiled in by tools/po.py; looking up, filling, plurals, dates. */
#include "i18n/i18n.h"
#include "i18n/catalog.h"
#include "util/log.h"

static const struct i18n english = { .tag = "en" };

static bool same_language(struct str tag, const char *have)
{
	size_t n = strlen(have);

	return str_starts_nocase(tag, str_of(have)) && (tag.n == n || tag.p[n] == '-' || tag.p[n] == '_');
}

static const struct i18n *exact(struct str tag)
{
	for (const struct i18n *const *c = i18n_catalogs; *c; c++)
		if (same_language(tag, (*c)->tag))
			return *c;
	return same_language(tag, "en") ? &english : NULL;
}

const struct i18n *i18n_lang(struct str tag)
{
	const struct i18n *l = exact(tag);

	return l ? l : &english;
}

/* "es-CO,es;q=0.9,en;q=0.8": the best weight of a language we have. */
const struct i18n *i18n_accept(struct str header)
{
	const struct i18n *best = &english;
	struct str rest = header, one, tag;
	int64_t best_q = 0;

	while (str_cut(&rest, ',', &one)) {
		int64_t weight = 1000;

		one = str_trim(one);
		if (!str_cut(&one, ';', &tag))
			continue;
		one = str_trim(one);
		if (str_starts(one, STR("q="))) {
			struct str v = str_from(one, 2);

			weight = v.n && v.p[0] == '1' ? 1000 : 0;
			for (size_t i = 2, unit = 100; i < v.n && unit && v.p[0] == '0'; i++, unit /= 10)
				weight += v.p[i] >= '0' && v.p[i] <= '9' ? (int64_t)(unit * (size_t)(v.p[i] - '0')) : 0;
		}
		const struct i18n *l = exact(str_trim(tag));
		if (l && weight > best_q) {
			best = l;
			best_q = weight;
		}
	}
	return best;
}

const char *i18n_tag(const struct i18n *l)
{
	return l ? l->tag : "en";
}

const char *const *i18n_tags(void)
{
	return i18n_tag_list;
}

static const struct i18n_message *find(const struct i18n *l, const char *msg)
{
	size_t lo = 0, hi = l ? l->n : 0;

	while (lo < hi) {
		size_t mid = (lo + hi) / 2;
		int c = strcmp(msg, l->at[mid].id);

		if (c == 0)
			return &l->at[mid];
		if (c < 0)
			hi = mid;
		else
			lo = mid + 1;
	}
	return NULL;
}

const char *tr(const struct i18n *l, const char *msg)
{
	const struct i18n_message *m = find(l, msg);

	return m ? m->text[0] : msg;
}

const char *tr_n(const struct i18n *l, const char *one, const char *many, int64_t n)
{
	const struct i18n_message *m = find(l, one);

	/* English, Spanish and Portuguese: one, and all others. */
	if (!m || !m->text[1])
		return n == 1 ? one : many;
	return m->text[n == 1 ? 0 : 1];
}

struct str tr_fill(struct arena *a, const char *text, const struct tr_arg *args, size_t n)
{
	struct str rest = str_of(text), head, name;
	AUTO_BUF b;

	buf_init(&b, 1 << 20);
	while (str_cut(&rest, '{', &head)) {
		const struct tr_arg *arg = NULL;

		buf_adds(&b, head);
		if (str_null(rest))
			break;
		size_t end = str_find_byte(rest, '}');
		name = str_sub(rest, 0, end);
		for (size_t i = 0; i < n && end != STR_NONE; i++)
			if (str_is(name, args[i].name))
				arg = &args[i];
		if (arg) {
			buf_adds(&b, arg->value);
			rest = str_from(rest, end + 1);
		} else {
			buf_addc(&b, '{'); /* not one of ours: literal (S-28) */
		}
	}
	return arena_str(a, buf_str(&b));
}

/* ---- dates ---- */

static char *put_int(char *to, int v, int width)
{
	char text[12], *p = text + sizeof(text);
	unsigned u = v < 0 ? 0u - (unsigned)v : (unsigned)v;

	for (; u || width > 0; u /= 10, width--)
		*--p = (char)('0' + u % 10);
	if (v < 0)
		*--p = '-';
	memcpy(to, p, (size_t)(text + sizeof(text) - p));
	return to + (text + sizeof(text) - p);
}

/* "3 Feb 2026" and "3 Feb 2026, 14:05", by hand: a page holds a hundred of them. */
static struct str short_date(struct arena *a, const struct civil *c, const char *month, bool minute)
{
	size_t n = strlen(month);
	char *to = arena_alloc(a, n + 48), *p = put_int(to, c->day, 1);

	*p++ = ' ';
	memcpy(p, month, n);
	p[n] = ' ';
	p = put_int(p + n + 1, c->year, 1);
	if (minute) {
		*p++ = ',';
		*p++ = ' ';
		p = put_int(p, c->hour, 2);
		*p++ = ':';
		p = put_int(p, c->minute, 2);
	}
	return (struct str){ to, (size_t)(p - to) };
}

struct str i18n_date(struct arena *a, const struct i18n *l, struct instant t, struct str zone, enum date_style style)
{
	static const char *const month[] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun",
		                             "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };
	static const char *const long_month[] = {
		"January", "February", "March",     "April",   "May ",     "June",
		"July",    "August",   "September", "October", "November", "December"
	};
	static const char *const day[] = {
		"Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"
	};
	struct civil c = time_civil_in(t, zone.n ? str_z(a, zone) : "UTC");
	bool es = strcmp(i18n_tag(l), "es") == 0;

	switch (style) {
	case DATE_DAY:
	case DATE_MINUTE:
		return short_date(a, &c, tr(l, month[c.month - 1]), style == DATE_MINUTE);
	case DATE_TIME_ONLY:
		return arena_strf(a, "%02d:%02d", c.hour, c.minute);
	case DATE_LONG:
		break;
	}
	struct str m = str_trim(str_of(tr(l, long_month[c.month - 1])));
	return es ? arena_strf(a, "%s %d de " STR_F " de %d", tr(l, day[c.weekday]), c.day, STR_A(m), c.year)
	          : arena_strf(a, "%s %d " STR_F " %d", tr(l, day[c.weekday]), c.day, STR_A(m), c.year);
}

static struct str counted(struct arena *a, const struct i18n *l, const char *one, const char *many, int64_t n)
{
	return TR_FILL(a, tr_n(l, one, many, n), { "n", arena_strf(a, "%lld", (long long)n) });
}

static struct str span_of(struct arena *a, const struct i18n *l, int64_t us, bool rough)
{
	int64_t minutes = us / MINUTE_US, hours = minutes / 60, days = hours / 24;

	if (days >= 2 || (rough && days >= 1))
		return counted(a, l, "{n} day", "{n} days", days);
	if (hours >= 1) {
		struct str h = counted(a, l, "{n} hour", "{n} hours", hours);

		if (rough || minutes % 60 == 0)
			return h;
		return arena_strf(a, STR_F " " STR_F, STR_A(h),
		                  STR_A(counted(a, l, "{n} minute", "{n} minutes", minutes % 60)));
	}
	return counted(a, l, "{n} minute", "{n} minutes", minutes);
}

struct str i18n_span(struct arena *a, const struct i18n *l, int64_t us)
{
	return span_of(a, l, us, false);
}

struct str i18n_ago(struct arena *a, const struct i18n *l, struct instant t, struct instant now)
{
	int64_t us = now.us - t.us;

	if (us < MINUTE_US)
		return str_of(tr(l, "just now"));
	if (us > 7 * DAY_US)
		return i18n_date(a, l, t, STR("UTC"), DATE_DAY);
	return TR_FILL(a, tr(l, "{time} ago"), { "time", span_of(a, l, us, true) });
}

struct str i18n_bytes(struct arena *a, const struct i18n *l, int64_t n)
{
	const char *point = strcmp(i18n_tag(l), "es") == 0 ? "," : ".";

	if (n < 1000)
		return counted(a, l, "{n} byte", "{n} bytes", n);
	if (n < 1000000)
		return arena_strf(a, "%lld kB", (long long)(n + 500) / 1000);
	return arena_strf(a, "%lld%s%lld MB", (long long)(n / 1000000), point, (long long)(n / 100000 % 10));
}
