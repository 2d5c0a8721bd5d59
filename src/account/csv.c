/* account/csv: reading and writing RFC 4180. */
#include "account/csv.h"

struct reader {
	struct str s;
	size_t at;
	int line;
	char sep;
};

static char separator_of(struct str s)
{
	size_t end = str_find_byte(s, '\n');
	struct str first = end == STR_NONE ? s : str_sub(s, 0, end);

	if (str_find_byte(first, ',') != STR_NONE)
		return ',';
	if (str_find_byte(first, ';') != STR_NONE)
		return ';';
	return str_find_byte(first, '\t') != STR_NONE ? '\t' : ',';
}

static bool at_line_end(const struct reader *r)
{
	return r->at < r->s.n &&
	       (r->s.p[r->at] == '\n' || (r->s.p[r->at] == '\r' && r->at + 1 < r->s.n && r->s.p[r->at + 1] == '\n'));
}

static enum rc quoted_cell(struct reader *r, struct arena *out, struct str *ret, struct err *err)
{
	int began = r->line;
	size_t from = ++r->at, quotes = 0;

	for (;; r->at++) {
		if (r->at >= r->s.n)
			return fail(err, RC_INVALID, "Line %d: a quotation mark is opened and never closed.", began);
		if (r->s.p[r->at] == '\n')
			r->line++;
		if (r->s.p[r->at] != '"')
			continue;
		if (r->at + 1 >= r->s.n || r->s.p[r->at + 1] != '"')
			break;
		quotes++;
		r->at++;
	}
	*ret = str_sub(r->s, from, r->at - from);
	r->at++;
	if (r->at < r->s.n && r->s.p[r->at] != r->sep && !at_line_end(r))
		return fail(err, RC_INVALID,
		            "Line %d: there is text behind a closing quotation mark. Write a quotation mark inside a "
		            "cell twice.",
		            r->line);
	if (quotes) {
		char *p = arena_alloc(out, ret->n);
		size_t n = 0;

		for (size_t i = 0; i < ret->n; i++) {
			p[n++] = ret->p[i];
			i += ret->p[i] == '"';
		}
		*ret = (struct str){ p, n };
	}
	return RC_OK;
}

static enum rc plain_cell(struct reader *r, struct str *ret, struct err *err)
{
	size_t from = r->at;

	while (r->at < r->s.n && r->s.p[r->at] != r->sep && !at_line_end(r)) {
		if (r->s.p[r->at] == '"')
			return fail(err, RC_INVALID,
			            "Line %d: a quotation mark stands inside a cell without quotation marks around it.",
			            r->line);
		r->at++;
	}
	*ret = str_sub(r->s, from, r->at - from);
	return RC_OK;
}

static enum rc read_row(struct reader *r, struct arena *out, struct csv_row *ret, struct err *err)
{
	struct str cell[CSV_COLUMNS_MAX];
	size_t n = 0;

	ret->line = r->line;
	for (;;) {
		enum rc rc;

		if (n == COUNT(cell))
			return fail(err, RC_LIMIT, "Line %d has more than %d columns.", ret->line, CSV_COLUMNS_MAX);
		if (r->at < r->s.n && r->s.p[r->at] == '"')
			rc = quoted_cell(r, out, &cell[n++], err);
		else
			rc = plain_cell(r, &cell[n++], err);
		if (rc != RC_OK)
			return rc;
		if (r->at >= r->s.n || at_line_end(r))
			break;
		r->at++; /* the separator: another cell follows, be it empty */
	}
	if (r->at < r->s.n) {
		r->at += r->s.p[r->at] == '\r' ? 2 : 1;
		r->line++;
	}
	ret->n = n;
	ret->cell = arena_array(out, struct str, n);
	memcpy(ret->cell, cell, n * sizeof(*cell));
	return RC_OK;
}

static int line_of_bad_byte(struct str s)
{
	int line = 1;
	struct str rest = s, one;

	for (; str_cut(&rest, '\n', &one); line++) {
		if (!str_utf8_valid(one))
			break;
	}
	return line;
}

enum rc csv_parse(struct arena *out, struct str text, struct csv *ret, struct err *err)
{
	VEC(struct csv_row) v = { 0 };
	struct reader r = { .s = text, .line = 1 };

	*ret = (struct csv){ 0 };
	if (text.n > CSV_BYTES_MAX)
		return fail(err, RC_LIMIT,
		            "The file is larger than %d MB. Split it; lines already imported may come again.",
		            CSV_BYTES_MAX / 1024 / 1024);
	if (!str_utf8_valid(text))
		return fail(err, RC_INVALID,
		            "Line %d is not UTF-8. Save the file as \"CSV UTF-8\" and import it again.",
		            line_of_bad_byte(text));
	if (str_starts(text, STR("\xef\xbb\xbf")))
		r.s = str_from(text, 3);
	r.sep = separator_of(r.s);
	while (r.at < r.s.n) {
		struct csv_row row;

		/* Empty lines are no rows; a row with one empty cell is written as "". */
		if (at_line_end(&r)) {
			r.at += r.s.p[r.at] == '\r' ? 2 : 1;
			r.line++;
			continue;
		}
		enum rc rc = read_row(&r, out, &row, err);

		if (rc != RC_OK)
			return rc;
		if (v.n == CSV_LINES_MAX)
			return fail(err, RC_LIMIT,
			            "The file has more than %d lines. Split it; lines already imported may come again.",
			            CSV_LINES_MAX);
		*VEC_ADD(out, &v) = row;
	}
	ret->row = v.at;
	ret->n = v.n;
	return RC_OK;
}

void csv_write(struct buf *out, const struct str *cell, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		bool quote = n == 1 && cell[i].n == 0;

		for (size_t j = 0; j < cell[i].n; j++)
			quote |= memchr(",\"\r\n;\t", cell[i].p[j], 6) != NULL;
		/* A byte order mark at the very beginning would be skipped by the reader. */
		quote |= str_starts(cell[i], STR("\xef\xbb\xbf"));
		if (i)
			buf_addc(out, ',');
		if (!quote) {
			buf_adds(out, cell[i]);
			continue;
		}
		buf_addc(out, '"');
		for (size_t j = 0; j < cell[i].n; j++) {
			if (cell[i].p[j] == '"')
				buf_addc(out, '"');
			buf_addc(out, cell[i].p[j]);
		}
		buf_addc(out, '"');
	}
	buf_addz(out, "\r\n");
}
