/* Differences of texts: lines first, then words inside lines that stand for each other. */
#include "kb/diff.h"

#define LINES_MAX 20000
#define WORDS_MAX 400 /* of a line that are compared one by one */

typedef VEC(struct str) part_list;

/* ops: '=' both move on, '-' left, '+' right. */
struct script {
	char *ops;
	size_t n;
};

static void put(struct script *s, char op, size_t n)
{
	memset(s->ops + s->n, op, n);
	s->n += n;
}

/* Walks back through the furthest points of each number of edits. */
static void walk_back(struct arena *a, int **trace, int d, int n, int m, struct script *s)
{
	char *rev = arena_alloc(a, (size_t)(n + m) + 1);
	size_t k_n = 0;
	int x = n, y = m;

	for (; d > 0; d--) {
		const int *v = trace[d - 1] + d; /* centre of the one before: index -d+1 .. d-1 is valid */
		int k = x - y;
		int from = k == -d || (k != d && v[k - 1] < v[k + 1]) ? k + 1 : k - 1;
		int px = v[from], py = px - from;

		while (x > px && y > py) {
			rev[k_n++] = '=';
			x--, y--;
		}
		rev[k_n++] = x == px ? '+' : '-';
		if (x == px)
			y--;
		else
			x--;
	}
	while (x > 0 && y > 0) {
		rev[k_n++] = '=';
		x--, y--;
	}
	while (k_n)
		s->ops[s->n++] = rev[--k_n];
}

static bool myers(struct arena *a, const struct str *l, int n, const struct str *r, int m, int most, struct script *s)
{
	int max = n + m < most ? n + m : most;
	int **trace = arena_array(a, int *, max + 2);
	int *v = arena_array(a, int, 2 * max + 5), *mid = v + max + 2;

	for (int d = 0; d <= max; d++) {
		for (int k = -d; k <= d; k += 2) {
			int x = k == -d || (k != d && mid[k - 1] < mid[k + 1]) ? mid[k + 1] : mid[k - 1] + 1;

			if (d == 0)
				x = 0;
			while (x < n && x - k < m && x - k >= 0 && str_eq(l[x], r[x - k]))
				x++;
			mid[k] = x;
			if (x >= n && x - k >= m) {
				walk_back(a, trace, d, n, m, s);
				return true;
			}
		}
		/* -d-1 .. d+1, so that the next step's look at both sides is inside */
		trace[d] = arena_array(a, int, 2 * d + 3);
		memcpy(trace[d], mid - d - 1, sizeof(int) * (size_t)(2 * d + 3));
	}
	return false;
}

static struct script compare(struct arena *a, const part_list *l, const part_list *r, int most)
{
	struct script s = { arena_alloc(a, l->n + r->n + 1), 0 };
	size_t head = 0, tail = 0;

	while (head < l->n && head < r->n && str_eq(l->at[head], r->at[head]))
		head++;
	while (tail < l->n - head && tail < r->n - head && str_eq(l->at[l->n - 1 - tail], r->at[r->n - 1 - tail]))
		tail++;
	put(&s, '=', head);
	size_t n = l->n - head - tail, m = r->n - head - tail;

	if (!n || !m || !myers(a, l->at + head, (int)n, r->at + head, (int)m, most, &s)) {
		put(&s, '-', n);
		put(&s, '+', m);
	}
	put(&s, '=', tail);
	return s;
}

static void split_lines(struct arena *a, struct str text, part_list *v, bool *truncated)
{
	struct str line;

	while (str_cut(&text, '\n', &line)) {
		if (v->n >= LINES_MAX) {
			*truncated = true;
			return;
		}
		*VEC_ADD(a, v) = line;
	}
}

static bool is_word(unsigned char c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_' || c >= 0x80;
}

/* Words, runs of blanks, and every other sign alone. */
static void split_words(struct arena *a, struct str line, part_list *v)
{
	for (size_t i = 0; i < line.n && v->n <= WORDS_MAX;) {
		size_t from = i++;

		if (is_word((unsigned char)line.p[from]))
			while (i < line.n && is_word((unsigned char)line.p[i]))
				i++;
		else if (line.p[from] == ' ')
			while (i < line.n && line.p[i] == ' ')
				i++;
		*VEC_ADD(a, v) = str_sub(line, from, i - from);
	}
}

static void whole(struct arena *a, struct kb_side *side, struct str line, int64_t number, bool changed)
{
	*side = (struct kb_side){ number, arena_new(a, struct kb_piece), 1 };
	side->at[0] = (struct kb_piece){ line, changed };
}

/* Neighbouring parts of one kind become one piece: they stand beside each other in the text, too. */
static void add_piece(struct kb_side *side, struct str part, bool changed)
{
	if (side->n && side->at[side->n - 1].changed == changed)
		side->at[side->n - 1].text.n += part.n;
	else
		side->at[side->n++] = (struct kb_piece){ part, changed };
}

static void changed_line(struct arena *a, struct kb_diff_row *row, struct str l, int64_t ln, struct str r, int64_t rn)
{
	part_list lw = { 0 }, rw = { 0 };
	size_t x = 0, y = 0, same = 0;

	row->kind = KB_CHANGED;
	split_words(a, l, &lw);
	split_words(a, r, &rw);
	if (lw.n > WORDS_MAX || rw.n > WORDS_MAX) {
		whole(a, &row->left, l, ln, true);
		whole(a, &row->right, r, rn, true);
		return;
	}
	struct script s = compare(a, &lw, &rw, 2 * WORDS_MAX);

	row->left = (struct kb_side){ ln, arena_array(a, struct kb_piece, lw.n + 1), 0 };
	row->right = (struct kb_side){ rn, arena_array(a, struct kb_piece, rw.n + 1), 0 };
	for (size_t i = 0; i < s.n; i++) {
		if (s.ops[i] == '=') {
			same += lw.at[x].n;
			add_piece(&row->left, lw.at[x++], false);
			add_piece(&row->right, rw.at[y++], false);
		} else if (s.ops[i] == '-') {
			add_piece(&row->left, lw.at[x++], true);
		} else {
			add_piece(&row->right, rw.at[y++], true);
		}
	}
	/* Hardly anything in common: shown as wholly new, which is easier to read. */
	if (same * 4 < l.n && same * 4 < r.n) {
		whole(a, &row->left, l, ln, true);
		whole(a, &row->right, r, rn, true);
	}
}

typedef VEC(struct kb_diff_row) row_list;

static struct kb_diff_row *next_row(struct arena *a, row_list *v, struct kb_diff *d)
{
	if (v->n >= KB_DIFF_ROWS) {
		d->truncated = true;
		return NULL;
	}
	struct kb_diff_row *row = VEC_ADD(a, v);

	*row = (struct kb_diff_row){ 0 };
	return row;
}

/* Lines that went and came at one place stand beside each other, in order. */
static void add_change(struct arena *a, row_list *v, struct kb_diff *d, const part_list *l, size_t x, size_t gone,
                       const part_list *r, size_t y, size_t came)
{
	size_t n = gone > came ? gone : came;
	struct kb_diff_row *row;

	d->gone += (int64_t)gone;
	d->came += (int64_t)came;
	for (size_t i = 0; i < n && (row = next_row(a, v, d)); i++) {
		if (i < gone && i < came) {
			changed_line(a, row, l->at[x + i], (int64_t)(x + i) + 1, r->at[y + i], (int64_t)(y + i) + 1);
		} else if (i < gone) {
			row->kind = KB_GONE;
			whole(a, &row->left, l->at[x + i], (int64_t)(x + i) + 1, true);
		} else {
			row->kind = KB_NEW;
			whole(a, &row->right, r->at[y + i], (int64_t)(y + i) + 1, true);
		}
	}
}

static void add_same(struct arena *a, row_list *v, struct kb_diff *d, const part_list *l, size_t x, size_t y, size_t n,
                     bool first, bool last)
{
	size_t head = first ? 0 : KB_DIFF_NEAR, tail = last ? 0 : KB_DIFF_NEAR;
	struct kb_diff_row *row;

	for (size_t i = 0; i < n; i++) {
		if (n > head + tail + 1 && i == head) {
			row = next_row(a, v, d);
			if (row)
				*row = (struct kb_diff_row){ .kind = KB_SKIPPED,
					                     .skipped = (int64_t)(n - head - tail) };
			i = n - tail;
			if (i >= n)
				return;
		}
		row = next_row(a, v, d);
		if (!row)
			return;
		whole(a, &row->left, l->at[x + i], (int64_t)(x + i) + 1, false);
		whole(a, &row->right, l->at[x + i], (int64_t)(y + i) + 1, false);
	}
}

void kb_diff(struct arena *a, struct str before, struct str after, struct kb_diff *ret)
{
	part_list l = { 0 }, r = { 0 };
	row_list v = { 0 };
	size_t x = 0, y = 0;

	*ret = (struct kb_diff){ 0 };
	split_lines(a, before, &l, &ret->truncated);
	split_lines(a, after, &r, &ret->truncated);
	struct script s = compare(a, &l, &r, KB_DIFF_EDITS);

	for (size_t i = 0; i < s.n;) {
		size_t from = i, gone = 0, came = 0;

		while (i < s.n && s.ops[i] == '=')
			i++;
		if (i > from)
			add_same(a, &v, ret, &l, x, y, i - from, from == 0, i == s.n);
		x += i - from;
		y += i - from;
		while (i < s.n && s.ops[i] != '=') {
			gone += s.ops[i] == '-';
			came += s.ops[i++] == '+';
		}
		if (gone || came)
			add_change(a, &v, ret, &l, x, gone, &r, y, came);
		x += gone;
		y += came;
	}
	ret->rows = v.at;
	ret->n = v.n;
}
