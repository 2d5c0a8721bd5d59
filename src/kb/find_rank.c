/* What comes first, what is shown of it, and which words are near a mistyped one. The order does not come from the
 * engines: both have the same. */
#include "kb/find_private.h"

#define IN_TITLE       100
#define IN_HEADING     50
#define IN_TAG         40
#define IN_KEYS        20
#define IN_TEXT        10
#define EXACT          5  /* as typed, not by its stem */
#define WHOLE_TITLE    80 /* nothing else is in the title */
#define TITLE_BEGINS   30
#define TOGETHER       25 /* two words follow each other in the title */
#define SNIPPET        220
#define SNIPPET_BEFORE 60
#define LOOKED_AT      (16 << 10)

/* ---- order ---- */

/* Words of a line stand as " word~stem word "; 2 as typed, 1 by its stem or beginning, 0 not there. */
static int in_line(const struct find_group *g, struct str line)
{
	int best = 0;
	char need[256];

	for (size_t k = 0; k < g->n && best < 2; k++) {
		struct str f = g->form[k].text;
		struct str rest = line;
		size_t at;

		if (f.n + 1 >= sizeof(need))
			continue;
		if (str_find_byte(f, ' ') != STR_NONE) { /* a phrase: words may have stems between them */
			struct str first = str_sub(f, 0, str_find_byte(f, ' '));

			best = str_find(line, first) != STR_NONE ? 1 : best;
			continue;
		}
		while ((at = str_find(rest, f)) != STR_NONE) {
			char before = at ? rest.p[at - 1] : ' ', after = at + f.n < rest.n ? rest.p[at + f.n] : ' ';

			if (before == ' ' && (after == ' ' || after == '~'))
				best = k == 0 ? 2 : best > 1 ? best : 1;
			else if (before == '~' && after == ' ')
				best = best > 1 ? best : 1;
			else if (before == ' ' && g->form[k].prefix)
				best = best > 1 ? best : 1;
			rest = str_from(rest, at + f.n);
		}
	}
	return best;
}

static size_t words_in(struct str line)
{
	size_t n = 0;

	for (size_t i = 0; i < line.n; i++)
		n += line.p[i] == ' ';
	return n ? n - 1 : 0;
}

int find_score(const struct find_terms *t, struct str rank, bool some)
{
	static const int worth[] = { IN_TITLE, IN_HEADING, IN_TAG, IN_KEYS };
	struct str line[4] = { { 0 } }, rest = rank;
	int score = 0;
	size_t titled = 0, together = 0;
	bool before = false;

	for (int i = 0; i < 4 && str_cut(&rest, '\n', &line[i]); i++)
		;
	for (size_t g = 0; g < t->n; g++) {
		int best = some ? 0 : IN_TEXT;
		bool title = false;

		for (int i = 0; i < 4; i++) {
			int is = in_line(&t->at[g], line[i]);
			int here = is ? worth[i] + (is == 2 ? EXACT : 0) : 0;

			title |= i == 0 && is;
			best = here > best ? here : best;
		}
		score += best;
		titled += title;
		together += title && before;
		before = title;
	}
	if (t->n && titled == t->n) {
		size_t n = words_in(line[0]);

		score += n <= titled ? WHOLE_TITLE : (int)(TITLE_BEGINS * titled / n);
		score += TOGETHER * (int)together;
	}
	return score;
}

/* ---- snippets ---- */

/* Most words of a text begin with a letter that no word of the query begins with. */
static void first_letters(const struct find_terms *t, bool ret[256])
{
	for (int c = 0x80; c < 256; c++) /* what it is without accents shows when it is folded */
		ret[c] = true;
	for (size_t g = 0; g < t->n; g++)
		for (size_t k = 0; k < t->at[g].n; k++) {
			struct str rest = t->at[g].form[k].text, one;

			while (str_cut(&rest, ' ', &one))
				if (one.n) {
					unsigned char c = (unsigned char)one.p[0];

					ret[c] = true;
					if (c >= 'a' && c <= 'z')
						ret[c - 32] = true;
				}
		}
}

static bool is_hit(struct arena *a, const struct find_terms *t, struct str word)
{
	AUTO_BUF b;

	buf_init(&b, 512);
	search_fold(&b, word);
	struct str f = buf_str(&b);
	for (size_t g = 0; g < t->n; g++)
		for (size_t k = 0; k < t->at[g].n; k++) {
			struct str rest = t->at[g].form[k].text, one;

			/* A stem is the beginning of its words, or nearly: what is behind it is an ending. */
			while (str_cut(&rest, ' ', &one))
				if (str_eq(f, one) ||
				    (str_starts(f, one) &&
				     (t->at[g].form[k].prefix || (one.n >= 4 && f.n <= one.n + 6 && k > 0))))
					return true;
		}
	return false;
}

struct spot {
	size_t from, to;
};

size_t find_snippet(struct arena *a, const struct find_terms *t, struct str lang, struct str text,
                    struct kb_scrap **ret)
{
	VEC(struct spot) hits = { 0 };
	VEC(struct kb_scrap) v = { 0 };
	struct str w;
	size_t at = 0, best = 0, best_n = 0, from, to;
	int quotes = 0;
	bool begins[256] = { 0 };

	*ret = NULL;
	first_letters(t, begins);
	text = str_utf8_clip(text, LOOKED_AT);
	while (hits.n < 200 && search_next_word(text, &at, &quotes, &w))
		if (begins[(unsigned char)w.p[0]] && is_hit(a, t, w))
			*VEC_ADD(a, &hits) = (struct spot){ (size_t)(w.p - text.p), (size_t)(w.p - text.p) + w.n };
	if (!hits.n)
		return 0;
	for (size_t i = 0; i < hits.n; i++) { /* where most of them are near each other */
		size_t n = 0;

		while (i + n < hits.n && hits.at[i + n].to < hits.at[i].from + SNIPPET - SNIPPET_BEFORE)
			n++;
		if (n > best_n) {
			best = i;
			best_n = n;
		}
	}
	from = hits.at[best].from > SNIPPET_BEFORE ? hits.at[best].from - SNIPPET_BEFORE : 0;
	while (from > 0 && from < hits.at[best].from && (unsigned char)text.p[from - 1] > ' ')
		from++; /* whole words */
	to = from + SNIPPET < text.n ? from + SNIPPET : text.n;
	while (to < text.n && to > hits.at[best].to && (unsigned char)text.p[to] > ' ')
		to--;
	if (from)
		*VEC_ADD(a, &v) = (struct kb_scrap){ STR("… "), false };
	for (size_t i = best; i < hits.n && hits.at[i].to <= to; i++) {
		if (hits.at[i].from > from)
			*VEC_ADD(a, &v) = (struct kb_scrap){ str_sub(text, from, hits.at[i].from - from), false };
		*VEC_ADD(a, &v) = (struct kb_scrap){ str_sub(text, hits.at[i].from, hits.at[i].to - hits.at[i].from),
			                             true };
		from = hits.at[i].to;
	}
	if (to > from)
		*VEC_ADD(a, &v) = (struct kb_scrap){ str_utf8_clip(str_sub(text, from, to - from), to - from), false };
	if (to < text.n)
		*VEC_ADD(a, &v) = (struct kb_scrap){ STR(" …"), false };
	*ret = v.at;
	return v.n;
}

/* ---- mistakes ---- */

#define LETTERS 40

static size_t letters(struct str s, uint32_t ret[LETTERS])
{
	size_t n = 0;

	for (size_t i = 0; i < s.n && n < LETTERS;)
		ret[n++] = str_utf8_next(s, &i);
	return n;
}

int find_tolerance(size_t n)
{
	return n < 4 ? 0 : n < 8 ? 1 : 2;
}

int find_distance(struct str x, struct str y, int max)
{
	uint32_t a[LETTERS], b[LETTERS];
	int row[3][LETTERS + 1];
	size_t n = letters(x, a), m = letters(y, b);

	if ((n > m ? n - m : m - n) > (size_t)max)
		return max + 1;
	for (size_t j = 0; j <= m; j++)
		row[0][j] = (int)j;
	for (size_t i = 1; i <= n; i++) {
		int *now = row[i % 3], *last = row[(i + 2) % 3], *before = row[(i + 1) % 3], least = (int)i;

		now[0] = (int)i;
		for (size_t j = 1; j <= m; j++) {
			int d = last[j - 1] + (a[i - 1] != b[j - 1]);

			d = last[j] + 1 < d ? last[j] + 1 : d;
			d = now[j - 1] + 1 < d ? now[j - 1] + 1 : d;
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] && before[j - 2] + 1 < d)
				d = before[j - 2] + 1;
			now[j] = d;
			least = d < least ? d : least;
		}
		if (least > max)
			return max + 1;
	}
	return row[n % 3][m] > max ? max + 1 : row[n % 3][m];
}

static int64_t key(const uint32_t *w, size_t n, size_t without, size_t and_without)
{
	uint64_t h = 1469598103934665603u;

	for (size_t i = 0; i < n; i++)
		if (i != without && i != and_without)
			h = (h ^ w[i]) * 1099511628211u;
	return (int64_t)(h >> 1);
}

static size_t key_put(int64_t *ret, size_t n, int64_t k)
{
	for (size_t i = 0; i < n; i++)
		if (ret[i] == k)
			return n;
	ret[n] = k;
	return n + 1;
}

size_t find_keys(struct str word, int64_t ret[FIND_KEYS])
{
	uint32_t w[LETTERS];
	size_t all = letters(word, w), n = all < 7 ? all : 7, k = 0;
	int d = find_tolerance(all);

	/* The keys of a word of seven letters and of one of eight must meet. */
	d = all == 7 ? 2 : d;
	k = key_put(ret, k, key(w, n, n, n));
	for (size_t i = 0; i < n && d >= 1; i++)
		k = key_put(ret, k, key(w, n, i, n));
	for (size_t i = 0; i < n && d >= 2; i++)
		for (size_t j = i + 1; j < n; j++)
			k = key_put(ret, k, key(w, n, i, j));
	return k;
}
