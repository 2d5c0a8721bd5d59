/* Decides where the parts of a multipart/form-data body begin and end. The delimiter is CR LF "--" boundary; CR stands
 * in it only at the start, so a failed match can only begin anew at the byte that broke it, and a counter is all the
 * state the search needs. What is done with the parts is body.c's. */
#include "http/multipart.h"
#include "http/forms.h"

struct multipart {
	struct arena *a;
	struct multipart_sink sink;
	char delimiter[2 + 2 + 70];
	size_t n_delimiter, matched;
	enum { PREAMBLE, AFTER, AFTER_DASH, AFTER_CR, HEADERS, DATA, EPILOGUE } state;
	bool blank; /* white space was seen behind the delimiter */
	bool lent;  /* the line break in `matched` is not data: the body's start or the empty line after the headers */
	size_t parts, n_head;
	char head[MULTIPART_MAX_HEADERS];
};

static bool boundary_char(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c && strchr("'()+_,-./:=? ", c));
}

enum rc multipart_new(struct arena *a, struct str boundary, const struct multipart_sink *sink, struct multipart **ret,
                      struct err *err)
{
	bool ok = boundary.n >= 1 && boundary.n <= 70 && boundary.p[boundary.n - 1] != ' ';
	for (size_t i = 0; ok && i < boundary.n; i++)
		ok = boundary_char(boundary.p[i]);
	if (!ok)
		return fail(err, RC_INVALID, "The form's boundary is missing or not a valid one (RFC 2046).");
	struct multipart *m = arena_new(a, struct multipart);
	m->a = a;
	m->sink = *sink;
	memcpy(m->delimiter, "\r\n--", 4);
	memcpy(m->delimiter + 4, boundary.p, boundary.n);
	m->n_delimiter = 4 + boundary.n;
	m->matched = 2; /* the first one needs no line break before it */
	m->lent = true;
	*ret = m;
	return RC_OK;
}

/* Browsers write `"`, CR and LF in names as %22, %0D and %0A (HTML 4.10.21.8); nothing else is encoded. */
static struct str name_unescape(struct arena *a, struct str s)
{
	if (str_null(s) || str_find_byte(s, '%') == STR_NONE)
		return s;
	char *to = arena_alloc(a, s.n + 1);
	size_t n = 0;
	for (size_t i = 0; i < s.n; i++) {
		struct str three = str_sub(s, i, 3);
		char c = str_is(three, "%22")               ? '"'
		         : str_eq_nocase(three, STR("%0D")) ? '\r'
		         : str_eq_nocase(three, STR("%0A")) ? '\n'
		                                            : '\0';
		to[n++] = c ? c : s.p[i];
		i += c ? 2 : 0;
	}
	return (struct str){ to, n };
}

static enum rc head_line(struct multipart *m, struct str line, struct multipart_part *p, bool *seen, struct err *err)
{
	size_t colon = str_find_byte(line, ':');
	if (colon == STR_NONE || colon == 0)
		return fail(err, RC_INVALID, "A part of the form has a malformed header.");
	struct str name = str_sub(line, 0, colon), value = str_trim(str_from(line, colon + 1));
	if (str_eq_nocase(name, STR("Content-Disposition"))) {
		if (*seen || !str_eq_nocase(header_main(value), STR("form-data")))
			return fail(err, RC_INVALID, "A part of the form has a wrong Content-Disposition.");
		*seen = true;
		p->name = name_unescape(m->a, header_param(m->a, value, "name"));
		p->filename = name_unescape(m->a, header_param(m->a, value, "filename"));
	} else if (str_eq_nocase(name, STR("Content-Type"))) {
		p->type = arena_str(m->a, value);
	} else if (str_eq_nocase(name, STR("Content-Transfer-Encoding")) && !str_eq_nocase(value, STR("binary")) &&
	           !str_eq_nocase(value, STR("8bit")) && !str_eq_nocase(value, STR("7bit"))) {
		return fail(err, RC_INVALID, "A part of the form is transfer-encoded, which RFC 7578 forbids.");
	}
	return RC_OK;
}

static bool text_fit(struct str s)
{
	return str_utf8_valid(s) && str_find_byte(s, '\0') == STR_NONE;
}

/* m->head holds the headers with the empty line that ended them. */
static enum rc head_end(struct multipart *m, struct err *err)
{
	struct multipart_part p = { .type = STR("") };
	struct str rest = { m->head, m->n_head - 2 };
	bool seen = false;
	while (!str_empty(rest)) {
		size_t end = str_find(rest, STR("\r\n"));
		if (end == STR_NONE)
			end = rest.n;
		enum rc rc = head_line(m, str_sub(rest, 0, end), &p, &seen, err);
		if (rc != RC_OK)
			return rc;
		rest = str_from(rest, end + 2);
	}
	if (str_null(p.name) || !text_fit(p.name) || !text_fit(p.filename) || !text_fit(p.type))
		return fail(err, RC_INVALID, "A part of the form has no name, or one that is not UTF-8.");
	/* header_param() borrows tokens from m->head, which the next part overwrites. */
	p.name = arena_str(m->a, p.name);
	if (!str_null(p.filename))
		p.filename = arena_str(m->a, p.filename);
	if (++m->parts > MULTIPART_MAX_PARTS)
		return fail(err, RC_LIMIT, "The form has more than %d parts.", MULTIPART_MAX_PARTS);
	return m->sink.begin(m->sink.ctx, &p, err);
}

static enum rc head_byte(struct multipart *m, char c, struct err *err)
{
	if (m->n_head == sizeof m->head)
		return fail(err, RC_LIMIT, "The headers of a part of the form are too long.");
	if (c == '\n' && (m->n_head == 0 || m->head[m->n_head - 1] != '\r'))
		return fail(err, RC_INVALID, "A part of the form has a malformed header.");
	m->head[m->n_head++] = c;
	bool empty_line = (m->n_head == 2 && memcmp(m->head, "\r\n", 2) == 0) ||
	                  (m->n_head >= 4 && memcmp(m->head + m->n_head - 4, "\r\n\r\n", 4) == 0);
	if (!empty_line)
		return RC_OK;
	m->state = DATA;
	/* RFC 2046 5.1.1: the CRLF before a delimiter belongs to it; an empty part may leave it out. Both are read. */
	m->matched = 2;
	m->lent = true;
	return head_end(m, err);
}

static enum rc data_out(struct multipart *m, const char *p, size_t n, struct err *err)
{
	if (m->state != DATA || n == 0)
		return RC_OK;
	return m->sink.data(m->sink.ctx, p, n, err);
}

/* Takes bytes of a preamble or a part's content up to and with the delimiter; moves *i on. */
static enum rc scan(struct multipart *m, const char *p, size_t n, size_t *i, struct err *err)
{
	while (*i < n) {
		if (m->matched == 0) {
			const char *cr = memchr(p + *i, '\r', n - *i);
			size_t run = cr ? (size_t)(cr - p) - *i : n - *i;
			enum rc rc = data_out(m, p + *i, run, err);
			*i += run;
			if (rc != RC_OK || !cr)
				return rc;
			m->matched = 1;
			++*i;
		} else if (p[*i] == m->delimiter[m->matched]) {
			++*i;
			if (++m->matched == m->n_delimiter) {
				enum rc rc = m->state == DATA ? m->sink.end(m->sink.ctx, err) : RC_OK;
				m->state = AFTER;
				m->blank = m->lent = false;
				m->matched = 0;
				return rc;
			}
		} else {
			size_t lent = m->lent ? 2 : 0, held = m->matched - lent;
			m->lent = false;
			m->matched = 0;
			enum rc rc = data_out(m, m->delimiter + lent, held, err);
			if (rc != RC_OK)
				return rc;
		}
	}
	return RC_OK;
}

static enum rc after(struct multipart *m, char c, struct err *err)
{
	if (m->state == AFTER_CR && c == '\n') {
		m->state = HEADERS;
		m->n_head = 0;
		return RC_OK;
	}
	if (m->state == AFTER_DASH && c == '-') {
		m->state = EPILOGUE;
		return RC_OK;
	}
	if (m->state == AFTER) {
		if (c == '\r') {
			m->state = AFTER_CR;
			return RC_OK;
		}
		if (c == '-' && !m->blank) {
			m->state = AFTER_DASH;
			return RC_OK;
		}
		if (c == ' ' || c == '\t') {
			m->blank = true;
			return RC_OK;
		}
	}
	return fail(err, RC_INVALID, "The parts of the form are not separated as its boundary says.");
}

enum rc multipart_feed(struct multipart *m, const char *p, size_t n, struct err *err)
{
	enum rc rc = RC_OK;
	for (size_t i = 0; i < n && rc == RC_OK;) {
		if (m->state == PREAMBLE || m->state == DATA)
			rc = scan(m, p, n, &i, err);
		else if (m->state == HEADERS)
			rc = head_byte(m, p[i++], err);
		else if (m->state == EPILOGUE)
			break;
		else
			rc = after(m, p[i++], err);
	}
	return rc;
}

enum rc multipart_end(struct multipart *m, struct err *err)
{
	if (m->state == EPILOGUE)
		return RC_OK;
	return fail(err, RC_INVALID,
	            "The form ended before its closing boundary; nothing was kept. Please send it again.");
}
