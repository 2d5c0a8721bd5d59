/* Words of readers and of articles, folded and stemmed: what a query means, and what of an article is indexed. Stems
 * are Snowball's (libstemmer) in English, Spanish and Portuguese; in other languages words are only folded. A word and
 * its stem are indexed side by side, so that phrases and beginnings of words are found exactly. */
#include "kb/find_private.h"
#include <libstemmer.h>

#define TITLE_WORDS   40
#define HEADING_WORDS 80
#define TAG_WORDS     30
#define KEY_WORDS     16 /* what an article speaks of most */
#define KEY_TIMES     3
#define DISTINCT      (1 << 14) /* of one article; a power of two */
#define BODY_MAX      (256 << 10)
#define POSITION_MAX  16383 /* PostgreSQL's */
#define LAST_WORD     30    /* words of a question that are read at all */

/* ---- stems ---- */

struct stemmer {
	struct sb_stemmer *sb;
	bool es, pt;
};

static struct stemmer stemmer_open(struct str lang)
{
	struct str two = str_sub(lang, 0, 2);
	bool es = str_is(two, "es"), pt = str_is(two, "pt"), en = str_is(two, "en");

	return (struct stemmer){ es   ? sb_stemmer_new("spanish", NULL)
		                 : pt ? sb_stemmer_new("portuguese", NULL)
		                 : en ? sb_stemmer_new("english", NULL)
		                      : NULL,
		                 es, pt };
}

static void stemmer_close(struct stemmer *s)
{
	if (s->sb)
		sb_stemmer_delete(s->sb);
	s->sb = NULL;
}
#define AUTO_STEMMER CLEANUP(stemmer_close) struct stemmer

/* Whoever types without accents means the endings that the algorithms know by theirs. */
static struct str with_accent(const struct stemmer *s, struct str word, char room[128])
{
	static const struct {
		bool pt;
		const char *from, *to;
	} ending[] = {
		{false,  "cion", "ción" },
                { false, "sion", "sión" },
                { true,  "cao",  "ção" },
		{ true,  "coes", "ções"},
                { true,  "sao",  "são"  },
	};

	for (size_t i = 0; i < COUNT(ending); i++) {
		struct str from = str_of(ending[i].from), to = str_of(ending[i].to);

		if ((ending[i].pt ? s->pt : s->es) && str_ends(word, from) && word.n > from.n + 1 && word.n < 100) {
			size_t n = word.n - from.n;

			memcpy(room, word.p, n);
			memcpy(room + n, to.p, to.n);
			return (struct str){ room, n + to.n };
		}
	}
	return word;
}

/* The stem of a word as it is written, folded; the folded word itself when there is no other. */
static struct str stem_of(struct arena *a, const struct stemmer *s, struct str word)
{
	char room[128];
	AUTO_BUF b;

	buf_init(&b, 1024);
	if (s->sb && word.n < 100) {
		AUTO_BUF low; /* with its accents: the algorithms look at them */

		buf_init(&low, 512);
		for (size_t i = 0; i < word.n; i++)
			buf_addc(&low, word.p[i] >= 'A' && word.p[i] <= 'Z' ? (char)(word.p[i] + 32) : word.p[i]);
		struct str w = with_accent(s, buf_str(&low), room);
		const sb_symbol *p = sb_stemmer_stem(s->sb, (const sb_symbol *)w.p, (int)w.n);

		if (p)
			search_fold(&b, (struct str){ (const char *)p, (size_t)sb_stemmer_length(s->sb) });
	}
	if (!b.n)
		search_fold(&b, word);
	return arena_str(a, buf_str(&b));
}

static struct str folded(struct arena *a, struct str word)
{
	AUTO_BUF b;

	buf_init(&b, 1024);
	search_fold(&b, word);
	return arena_str(a, buf_str(&b));
}

struct str find_folded(struct arena *a, struct str words)
{
	struct str w;
	size_t at = 0, n = 0;
	int quotes = 0;
	AUTO_BUF b;

	buf_init(&b, 1000);
	while (n++ < LAST_WORD && search_next_word(words, &at, &quotes, &w)) {
		if (b.n)
			buf_addc(&b, ' ');
		search_fold(&b, w);
	}
	return arena_str(a, buf_str(&b));
}

/* ---- queries ---- */

/* Words that are in every question. Folded. */
static const char silent_en[] =
        " a an and any are as at be been but by can cannot could did do does for from get had has have he her his how "
        "i if in"
        " into is it its just me my no not of on or our she should so some that the their them then there these they "
        "this to"
        " up us was we were what when where which who why will with would you your dont doesnt ";
static const char silent_es[] = " a al algo ante como con cual cuando de del desde donde e el ella ellos en era es esa "
                                "ese esta este esto estos fue ha"
                                " hay la las le les lo los mas me mi mis muy no nos o para pero por porque puede puedo "
                                "que quien se ser si sin sobre"
                                " son su sus te tiene tu un una uno unos y ya yo hacer hago ";
static const char silent_pt[] = " a ao aos as com como da das de dela dele do dos e ela ele em entre era essa esse "
                                "esta este eu foi ha isso isto ja la"
                                " lhe mais mas me meu minha muito na nao nas nem no nos o onde os ou para pela pelo "
                                "por porque posso pode quando que"
                                " quem se sem ser seu sua so sao tem um uma uns voce ";

static bool in_list(const char *list, struct str word)
{
	AUTO_BUF b;

	buf_init(&b, 256);
	buf_addc(&b, ' ');
	buf_adds(&b, word);
	buf_addc(&b, ' ');
	return !b.full && str_find(str_of(list), buf_str(&b)) != STR_NONE;
}

static bool silent(struct str word, struct str lang)
{
	struct str two = str_sub(lang, 0, 2);

	if (str_is(two, "es"))
		return in_list(silent_es, word);
	if (str_is(two, "pt"))
		return in_list(silent_pt, word);
	return in_list(silent_en, word);
}

static void form_put(struct find_group *g, struct str text, bool prefix)
{
	for (size_t i = 0; i < g->n; i++)
		if (str_eq(g->form[i].text, text)) {
			g->form[i].prefix |= prefix;
			return;
		}
	if (g->n < FIND_FORMS && text.n)
		g->form[g->n++] = (struct find_form){ text, prefix };
}

/* In the reader's language and in English: that is what there is to find. */
void find_form_add(struct arena *a, struct find_group *g, struct str word, struct str lang)
{
	form_put(g, find_folded(a, word), false);
	if (str_find_byte(str_trim(word), ' ') != STR_NONE)
		return;
	AUTO_STEMMER own = stemmer_open(lang);
	AUTO_STEMMER english = stemmer_open(STR("en"));

	form_put(g, stem_of(a, &own, word), false);
	form_put(g, stem_of(a, &english, word), false);
}

void find_parse(struct arena *a, struct str words, struct str lang, struct find_terms *ret)
{
	struct search_word w[LAST_WORD];
	size_t n = search_words(words, w, LAST_WORD);
	bool said = false;

	*ret = (struct find_terms){ 0 };
	for (size_t i = 0; i < n; i++) {
		bool joins = i + 1 < n && w[i + 1].joined;

		said |= w[i].joined || joins || !silent(folded(a, w[i].text), lang);
	}
	for (size_t i = 0; i < n;) {
		struct find_group *g;
		struct str text = folded(a, w[i].text);
		size_t first = i++;

		for (; i < n && w[i].joined; i++) {
			struct str add = folded(a, w[i].text);

			text = arena_strf(a, STR_F " " STR_F, STR_A(text), STR_A(add));
		}
		if (i == first + 1 && said && silent(text, lang))
			continue;
		if (ret->n == FIND_GROUPS)
			break;
		g = &ret->at[ret->n++];
		g->typed = text;
		g->phrase = i > first + 1;
		if (g->phrase)
			form_put(g, text, false);
		else
			find_form_add(a, g, w[first].text, lang);
		if (w[first].prefix)
			g->form[0].prefix = true;
	}
}

struct str find_list(struct arena *a, struct str words, size_t *ret_n)
{
	struct str part;
	AUTO_BUF b;

	buf_init(&b, 2000);
	*ret_n = 0;
	while (str_cut(&words, ',', &part)) {
		struct str f = find_folded(a, part);

		if (!f.n)
			continue;
		if (b.n)
			buf_addz(&b, ", ");
		buf_adds(&b, f);
		++*ret_n;
	}
	return arena_str(a, buf_str(&b));
}

void find_widen(struct arena *a, struct find_terms *t, struct str group, struct str lang)
{
	for (size_t i = 0; i < t->n; i++) {
		struct find_group *g = &t->at[i];
		struct str rest = group, one;
		bool is = false;

		if (g->phrase)
			continue;
		while (!is && str_cut(&rest, ',', &one)) {
			struct find_group other = { 0 };

			find_form_add(a, &other, str_trim(one), lang);
			for (size_t k = 0; k < other.n; k++)
				is |= str_eq(other.form[k].text, g->typed);
			for (size_t k = 0; k < g->n; k++)
				is |= str_eq(g->form[k].text, str_trim(one));
		}
		rest = group;
		while (is && str_cut(&rest, ',', &one))
			find_form_add(a, g, str_trim(one), lang);
	}
}

static void add_form(struct buf *out, const struct find_form *f, bool postgres)
{
	struct str rest = f->text, word;
	bool first = true;

	buf_addc(out, postgres ? '(' : '"');
	while (str_cut(&rest, ' ', &word)) {
		buf_addz(out, postgres ? (first ? "'" : " <-> '") : (first ? "" : " "));
		buf_adds(out, word);
		if (postgres)
			buf_addc(out, '\'');
		first = false;
	}
	if (postgres)
		buf_addz(out, f->prefix ? ":*)" : ")");
	else
		buf_addz(out, f->prefix ? "\"*" : "\"");
}

void find_expression(struct buf *out, const struct find_terms *t, bool postgres, bool any, bool head)
{
	if (!postgres)
		buf_addz(out, head ? "head : (" : "(");
	for (size_t i = 0; i < t->n; i++) {
		buf_addz(out, !i ? "(" : postgres ? (any ? " | (" : " & (") : (any ? " OR (" : " AND ("));
		for (size_t k = 0; k < t->at[i].n; k++) {
			buf_addz(out, !k ? "" : postgres ? " | " : " OR ");
			add_form(out, &t->at[i].form[k], postgres);
		}
		buf_addc(out, ')');
	}
	if (!postgres)
		buf_addc(out, ')');
}

/* ---- articles ---- */

struct known {
	struct str word, stem;
	unsigned n;
};
struct indexing {
	struct arena *a;
	bool postgres;
	struct stemmer stemmer;
	struct known *known;
	size_t n_known;
	struct buf word; /* the one that is looked at */
};

static struct known *know(struct indexing *x, struct str word)
{
	uint64_t h = 1469598103934665603u;
	struct buf *const b = &x->word;

	buf_clear(b);
	search_fold(b, word);
	for (size_t i = 0; i < b->n; i++)
		h = (h ^ (unsigned char)b->p[i]) * 1099511628211u;
	for (size_t i = (size_t)(h % DISTINCT);; i = (i + 1) % DISTINCT) {
		struct known *k = &x->known[i];

		if (k->word.p && str_eq(k->word, buf_str(b)))
			return k;
		if (k->word.p)
			continue;
		if (x->n_known == DISTINCT / 2)
			return NULL; /* a list of all there is: nobody looks for it by its last words */
		x->n_known++;
		k->word = arena_str(x->a, buf_str(b));
		k->stem = stem_of(x->a, &x->stemmer, word);
		return k;
	}
}

static void put_lexeme(struct buf *out, struct str word, int pos)
{
	buf_addz(out, out->n ? " '" : "'");
	buf_adds(out, word);
	buf_addf(out, "':%d", pos < POSITION_MAX ? pos : POSITION_MAX);
}

/* SQLite: words in their order; their stems come behind all of them, where no phrase reaches. */
static void add_text(struct indexing *x, struct buf *out, int *pos, struct str text, unsigned counts)
{
	struct str w;
	size_t at = 0;
	int quotes = 0;

	while (!out->full && search_next_word(text, &at, &quotes, &w)) {
		struct known *k = know(x, w);

		if (!k)
			continue;
		k->n += counts;
		++*pos;
		if (x->postgres) {
			put_lexeme(out, k->word, *pos);
			if (!str_eq(k->word, k->stem))
				put_lexeme(out, k->stem, *pos);
			continue;
		}
		buf_adds(out, k->word);
		buf_addc(out, ' ');
	}
	++*pos;
}

static void add_stems(struct indexing *x, struct buf *out, struct str text)
{
	struct str w;
	size_t at = 0;
	int quotes = 0;

	while (!x->postgres && search_next_word(text, &at, &quotes, &w)) {
		struct known *k = know(x, w);

		if (k && !str_eq(k->word, k->stem)) {
			buf_adds(out, k->stem);
			buf_addc(out, ' ');
		}
	}
}

static void rank_line(struct indexing *x, struct buf *out, struct str text, size_t max)
{
	struct str w;
	size_t at = 0, n = 0;
	int quotes = 0;

	while (n++ < max && search_next_word(text, &at, &quotes, &w)) {
		struct known *k = know(x, w);

		if (!k)
			continue;
		buf_addc(out, ' ');
		buf_adds(out, k->word);
		if (str_eq(k->word, k->stem))
			continue;
		buf_addc(out, '~');
		buf_adds(out, k->stem);
	}
	buf_addz(out, " \n");
}

/* Lines of Markdown that are headings, one after the other. */
static struct str headings(struct arena *a, struct str markdown)
{
	struct str line;
	bool code = false;
	AUTO_BUF b;

	buf_init(&b, 8192);
	while (str_cut(&markdown, '\n', &line)) {
		size_t n = 0;

		code ^= str_starts(line, STR("```")) || str_starts(line, STR("~~~"));
		while (!code && n < line.n && line.p[n] == '#')
			n++;
		if (n == 0 || n > 6 || n == line.n || line.p[n] != ' ')
			continue;
		line = str_from(line, n);
		if (str_find(line, STR("{#")) != STR_NONE)
			line = str_sub(line, 0, str_find(line, STR("{#")));
		buf_adds(&b, line);
		buf_addc(&b, '\n');
	}
	return arena_str(a, buf_str(&b));
}

static void keys(struct indexing *x, struct str lang, struct buf *out)
{
	const struct known *top[KEY_WORDS] = { 0 };

	for (size_t i = 0; i < DISTINCT; i++) {
		const struct known *k = &x->known[i];

		if (k->n < KEY_TIMES || k->word.n < 3 || silent(k->word, lang))
			continue;
		for (size_t at = 0; at < KEY_WORDS; at++) /* by number, then by letters: the same on each machine */
			if (!top[at] || k->n > top[at]->n ||
			    (k->n == top[at]->n && str_cmp(k->word, top[at]->word) < 0)) {
				memmove(&top[at + 1], &top[at], (KEY_WORDS - 1 - at) * sizeof(*top));
				top[at] = k;
				break;
			}
	}
	for (size_t i = 0; i < KEY_WORDS && top[i]; i++)
		buf_addf(out, " " STR_F "~" STR_F, STR_A(top[i]->word), STR_A(top[i]->stem));
	buf_addz(out, " \n");
}

static void vocabulary(struct indexing *x, struct find_entry *ret)
{
	ret->words = arena_array(x->a, struct str, x->n_known + 1);
	for (size_t i = 0; i < DISTINCT; i++) {
		const struct known *k = &x->known[i];
		bool letters = k->word.n >= 3 && k->word.n <= 40;

		for (size_t c = 0; c < k->word.n && letters; c++)
			letters = !(k->word.p[c] >= '0' && k->word.p[c] <= '9');
		if (k->n && letters)
			ret->words[ret->n_words++] = k->word;
	}
}

void find_index(struct arena *a, const struct find_source *s, bool postgres, struct find_entry *ret)
{
	AUTO_STEMMER stems = stemmer_open(s->lang);
	struct indexing x = {
		.a = a, .postgres = postgres, .stemmer = stems, .known = arena_array(a, struct known, DISTINCT)
	};
	struct str part[3] = { s->title, headings(a, s->markdown), s->tags }, text = str_utf8_clip(s->body, BODY_MAX);
	int pos = 0;
	AUTO_BUF head;
	AUTO_BUF body;
	AUTO_BUF rank;

	buf_init(&head, 64 << 10);
	buf_init(&body, 1 << 20);
	buf_init(&rank, 64 << 10);
	buf_init(&x.word, 1024);
	*ret = (struct find_entry){ 0 };
	for (int i = 0; i < 3; i++) {
		add_text(&x, &head, &pos, part[i], 1);
		if (!postgres)
			buf_addz(&head, "0x0 "); /* no phrase goes on in the next part */
	}
	for (int i = 0; i < 3; i++)
		add_stems(&x, &head, part[i]);
	/* All of it again with the text: words of the title and of the text find an article together. */
	pos = 0;
	for (int i = 0; i < 3; i++) {
		add_text(&x, &body, &pos, part[i], 0);
		if (!postgres)
			buf_addz(&body, "0x0 ");
	}
	add_text(&x, &body, &pos, text, 1);
	for (size_t i = 0; i < DISTINCT && !postgres; i++)
		if (x.known[i].word.n && !str_eq(x.known[i].word, x.known[i].stem)) {
			buf_adds(&body, x.known[i].stem);
			buf_addc(&body, ' ');
		}
	rank_line(&x, &rank, part[0], TITLE_WORDS);
	rank_line(&x, &rank, part[1], HEADING_WORDS);
	rank_line(&x, &rank, part[2], TAG_WORDS);
	keys(&x, s->lang, &rank);
	vocabulary(&x, ret);
	buf_release(&x.word);
	ret->head = arena_str(a, buf_str(&head));
	ret->body = arena_str(a, buf_str(&body));
	ret->rank = arena_str(a, buf_str(&rank));
}
