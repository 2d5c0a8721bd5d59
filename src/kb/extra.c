/* What a page is besides its text: JSON of kb_page.extra read, checked and written, and the lines authors type for it.
 */
#include "kb/extra.h"
#include "util/json.h"
#include <jansson.h>

static struct str copy(struct arena *a, const json_t *o, const char *key)
{
	const json_t *v = json_object_get(o, key);

	return json_is_string(v) ? arena_str(a, (struct str){ json_string_value(v), json_string_length(v) }) : STR("");
}

static int64_t number(const json_t *o, const char *key)
{
	int64_t n = json_integer_value(json_object_get(o, key));

	return n > 0 ? n : 0;
}

static size_t rows(const json_t *list, size_t max)
{
	return json_array_size(list) < max ? json_array_size(list) : max;
}

static void read_text(struct arena *a, const char *lang, const json_t *o, struct kb_extra_text *t)
{
	const json_t *chapters = json_object_get(o, "chapters"), *tours = json_object_get(o, "tours");

	*t = (struct kb_extra_text){ .lang = arena_str(a, str_of(lang)),
		                     .transcript = copy(a, o, "transcript"),
		                     .sign_in = copy(a, o, "sign_in") };
	t->chapters = arena_array(a, struct kb_chapter, rows(chapters, KB_CHAPTERS) + 1);
	for (size_t i = 0; i < rows(chapters, KB_CHAPTERS); i++)
		t->chapters[t->n_chapters++] = (struct kb_chapter){ number(json_array_get(chapters, i), "at"),
			                                            copy(a, json_array_get(chapters, i), "title") };
	t->tours = arena_array(a, struct kb_tour, rows(tours, KB_TOURS) + 1);
	for (size_t i = 0; i < rows(tours, KB_TOURS); i++) {
		const json_t *tour = json_array_get(tours, i);

		t->tours[t->n_tours++] = (struct kb_tour){ copy(a, tour, "title"), copy(a, tour, "path"),
			                                   copy(a, tour, "hint") };
	}
}

void kb_extra_read(struct arena *a, struct str json, struct kb_extra *ret)
{
	json_t *root = json_loadb(json.p ? json.p : "", json.n, JSON_REJECT_DUPLICATES, NULL), *texts, *text;
	const char *lang;

	*ret = (struct kb_extra){ .media = copy(a, root, "media"),
		                  .embed = copy(a, root, "embed"),
		                  .link = copy(a, root, "link"),
		                  .label = copy(a, root, "label"),
		                  .host = copy(a, root, "host"),
		                  .duration = number(root, "duration") };
	const json_t *captions = json_object_get(root, "captions");

	ret->captions = arena_array(a, struct kb_caption, rows(captions, KB_CAPTIONS) + 1);
	for (size_t i = 0; i < rows(captions, KB_CAPTIONS); i++) {
		const json_t *c = json_array_get(captions, i);

		ret->captions[ret->n_captions++] = (struct kb_caption){ copy(a, c, "lang"), copy(a, c, "label"),
			                                                copy(a, c, "media") };
	}
	texts = json_object_get(root, "text");
	ret->texts = arena_array(a, struct kb_extra_text, json_object_size(texts) + 1);
	json_object_foreach(texts, lang, text) read_text(a, lang, text, &ret->texts[ret->n_texts++]);
	json_decref(root);
}

const struct kb_extra_text *kb_extra_text(const struct kb_extra *x, struct str lang)
{
	const struct kb_extra_text *english = NULL;

	for (size_t i = 0; i < x->n_texts; i++) {
		if (str_eq(x->texts[i].lang, lang))
			return &x->texts[i];
		if (str_is(x->texts[i].lang, "en"))
			english = &x->texts[i];
	}
	return english ? english : x->n_texts ? x->texts : NULL;
}

struct kb_extra_text *kb_extra_text_of(struct arena *a, struct kb_extra *x, struct str lang)
{
	for (size_t i = 0; i < x->n_texts; i++)
		if (str_eq(x->texts[i].lang, lang))
			return &x->texts[i];
	struct kb_extra_text *more = arena_array(a, struct kb_extra_text, x->n_texts + 1);

	if (x->n_texts)
		memcpy(more, x->texts, x->n_texts * sizeof(*more));
	more[x->n_texts] = (struct kb_extra_text){ .lang = lang, .transcript = STR(""), .sign_in = STR("") };
	x->texts = more;
	return &x->texts[x->n_texts++];
}

/* ---- checking ---- */

static bool plain(struct str s, size_t max)
{
	return s.n <= max && str_utf8_valid(s) && !str_has_control(s);
}

static bool address_ok(struct str s) /* https, a host, no blanks or brackets */
{
	struct str rest = str_from(s, 8);

	if (s.n > 1000 || !str_starts(s, STR("https://")) || !rest.n || !plain(s, 1000))
		return false;
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] <= ' ' || strchr("\"<>\\^`{|}", s.p[i]))
			return false;
	return rest.p[0] != '/' && str_find_byte(str_sub(rest, 0, str_find_byte(rest, '/')), '@') == STR_NONE;
}

static bool id_of(struct str s, size_t max, struct str *ret) /* letters, digits, - and _ up to something else */
{
	size_t n = 0;

	while (n < s.n && ((s.p[n] >= 'a' && s.p[n] <= 'z') || (s.p[n] >= 'A' && s.p[n] <= 'Z') ||
	                   (s.p[n] >= '0' && s.p[n] <= '9') || s.p[n] == '-' || s.p[n] == '_'))
		n++;
	*ret = str_sub(s, 0, n);
	return n > 0 && n <= max;
}

/* The address that is embedded, of what people copy from their browser. */
static bool embed_of(struct arena *a, struct str s, struct str *ret)
{
	static const char *const tube[] = {
		"https://www.youtube.com/watch?v=", "https://youtube.com/watch?v=",
		"https://m.youtube.com/watch?v=",   "https://youtu.be/",
		"https://www.youtube.com/embed/",   "https://www.youtube-nocookie.com/embed/"
	};
	static const char *const vimeo[] = { "https://vimeo.com/", "https://player.vimeo.com/video/" };
	struct str id;

	for (size_t i = 0; i < COUNT(tube); i++)
		if (str_starts(s, str_of(tube[i])) && id_of(str_from(s, strlen(tube[i])), 40, &id)) {
			*ret = arena_strf(a, "https://www.youtube-nocookie.com/embed/" STR_F, STR_A(id));
			return true;
		}
	for (size_t i = 0; i < COUNT(vimeo); i++)
		if (str_starts(s, str_of(vimeo[i])) && id_of(str_from(s, strlen(vimeo[i])), 20, &id)) {
			*ret = arena_strf(a, "https://player.vimeo.com/video/" STR_F "?dnt=1", STR_A(id));
			return true;
		}
	return false;
}

static bool host_ok(struct str s)
{
	size_t dots = 0;

	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];

		dots += c == '.';
		if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
		      (c == '.' && i && s.p[i - 1] != '.')))
			return false;
	}
	return dots && s.n <= 253 && s.p[0] != '-' && s.p[s.n - 1] != '.';
}

static bool token_ok(struct str s)
{
	struct str id;

	return !s.n || (id_of(s, 64, &id) && id.n == s.n);
}

static enum rc check(struct arena *a, enum article_kind kind, struct kb_extra *x, struct err *err)
{
	if (!token_ok(x->media))
		return fail_field(err, RC_INVALID, "media", "This is no file of ours: upload it, or choose one");
	if (x->embed.n && !embed_of(a, x->embed, &x->embed))
		return fail_field(
		        err, RC_INVALID, "embed",
		        "Videos from elsewhere are embedded from YouTube or Vimeo only, in the form that sets no"
		        " cookies: paste the address of the video's page");
	if (x->link.n && !address_ok(x->link))
		return fail_field(err, RC_INVALID, "link", "The address begins with https:// and has no blanks");
	if (!plain(x->label, 200))
		return fail_field(err, RC_INVALID, "label", "The label is one line, at most 200 bytes");
	x->host = str_lower(a, str_starts_nocase(x->host, STR("https://")) ? str_from(x->host, 8) : x->host);
	if (str_ends(x->host, STR("/")))
		x->host.n--;
	if (kind == ARTICLE_DEMO && x->host.n && !host_ok(x->host))
		return fail_field(err, RC_INVALID, "host",
		                  "The host of a demo site is a name like demo.campus.example");
	for (size_t i = 0; i < x->n_texts; i++)
		if (x->texts[i].transcript.n > KB_TRANSCRIPT_MAX || !str_utf8_valid(x->texts[i].transcript))
			return fail_field(err, RC_LIMIT, "transcript", "The transcript has at most %d KiB",
			                  KB_TRANSCRIPT_MAX >> 10);
		else if (x->texts[i].sign_in.n > 2000 || !str_utf8_valid(x->texts[i].sign_in))
			return fail_field(err, RC_LIMIT, "sign_in", "The hints for signing in have at most 2000 bytes");
	return RC_OK;
}

/* ---- writing ---- */

static void write_text(struct json *j, enum article_kind kind, const struct kb_extra_text *t)
{
	json_obj(j);
	if (kind == ARTICLE_VIDEO) {
		json_key(j, "chapters");
		json_arr(j);
		for (size_t i = 0; i < t->n_chapters; i++) {
			json_obj(j);
			json_ki64(j, "at", t->chapters[i].at);
			json_kstr(j, "title", t->chapters[i].title);
			json_end_obj(j);
		}
		json_end_arr(j);
		json_kstr(j, "transcript", t->transcript);
	} else {
		json_kstr(j, "sign_in", t->sign_in);
		json_key(j, "tours");
		json_arr(j);
		for (size_t i = 0; i < t->n_tours; i++) {
			json_obj(j);
			json_kstr(j, "title", t->tours[i].title);
			json_kstr(j, "path", t->tours[i].path);
			json_kstr(j, "hint", t->tours[i].hint);
			json_end_obj(j);
		}
		json_end_arr(j);
	}
	json_end_obj(j);
}

static void write_video(struct json *j, const struct kb_extra *x)
{
	json_kstr(j, "media", x->media);
	json_kstr(j, "embed", x->embed);
	json_ki64(j, "duration", x->duration);
	json_key(j, "captions");
	json_arr(j);
	for (size_t i = 0; i < x->n_captions; i++) {
		json_obj(j);
		json_kstr(j, "lang", x->captions[i].lang);
		json_kstr(j, "label", x->captions[i].label);
		json_kstr(j, "media", x->captions[i].media);
		json_end_obj(j);
	}
	json_end_arr(j);
}

enum rc kb_extra_write(struct arena *a, enum article_kind kind, struct kb_extra *x, struct str *ret, struct err *err)
{
	struct json j;
	AUTO_BUF b;
	buf_init(&b, KB_EXTRA_MAX);
	enum rc rc = check(a, kind, x, err);

	if (rc != RC_OK)
		return rc;
	json_init(&j, &b);
	json_obj(&j);
	if (kind == ARTICLE_VIDEO) {
		write_video(&j, x);
	} else if (kind == ARTICLE_RESOURCE || kind == ARTICLE_FAQ) {
		json_kstr(&j, "media", x->media);
		json_kstr(&j, "link", x->link);
		json_kstr(&j, "label", x->label);
	} else if (kind == ARTICLE_DEMO) {
		json_kstr(&j, "host", x->host);
	}
	if (kind == ARTICLE_VIDEO || kind == ARTICLE_DEMO) {
		json_key(&j, "text");
		json_obj(&j);
		for (size_t i = 0; i < x->n_texts; i++) {
			json_key(&j, str_z(a, x->texts[i].lang));
			write_text(&j, kind, &x->texts[i]);
		}
		json_end_obj(&j);
	}
	json_end_obj(&j);
	if (b.full)
		return fail_field(err, RC_LIMIT, "transcript", "Transcripts, chapters and tours are too long together");
	*ret = arena_str(a, buf_str(&b));
	return RC_OK;
}

/* ---- lines ---- */

struct str kb_clock(struct arena *a, int64_t s)
{
	if (s >= 3600)
		return arena_strf(a, "%lld:%02d:%02d", (long long)(s / 3600), (int)(s / 60 % 60), (int)(s % 60));
	return arena_strf(a, "%d:%02d", (int)(s / 60), (int)(s % 60));
}

enum rc kb_clock_parse(struct str s, int64_t *ret)
{
	struct str part;
	int64_t sum = 0, n;
	int parts = 0;

	while (str_cut(&s, ':', &part)) {
		if (str_to_i64(part, &n) != RC_OK || n < 0 || n > 100000 || (parts && (n > 59 || part.n != 2)) ||
		    ++parts > 3)
			return RC_INVALID;
		sum = sum * 60 + n;
	}
	if (!parts)
		return RC_INVALID;
	*ret = sum;
	return RC_OK;
}

enum rc kb_chapters_parse(struct arena *a, struct str lines, struct kb_chapter **ret, size_t *ret_n, struct err *err)
{
	VEC(struct kb_chapter) v = { 0 };
	struct str line, when;
	int64_t before = -1;

	while (str_cut(&lines, '\n', &line)) {
		struct kb_chapter c = { 0 };

		line = str_trim(line);
		if (!line.n)
			continue;
		struct str whole = line;
		if (!str_cut(&line, ' ', &when) || kb_clock_parse(when, &c.at) != RC_OK || !str_trim(line).n ||
		    !plain(line, 300) || c.at <= before || v.n >= KB_CHAPTERS)
			return fail_field(err, RC_INVALID, "chapters",
			                  "A chapter is a line like “1:05 Title”, later ones below, at most %d: “" STR_F
			                  "”",
			                  KB_CHAPTERS, STR_A(str_utf8_clip(whole, 80)));
		before = c.at;
		c.title = str_trim(line);
		*VEC_ADD(a, &v) = c;
	}
	*ret = v.at;
	*ret_n = v.n;
	return RC_OK;
}

struct str kb_chapters_text(struct arena *a, const struct kb_chapter *at, size_t n)
{
	struct str s = STR("");

	for (size_t i = 0; i < n; i++)
		s = arena_strf(a, STR_F "%s" STR_F " " STR_F, STR_A(s), i ? "\n" : "", STR_A(kb_clock(a, at[i].at)),
		               STR_A(at[i].title));
	return s;
}

enum rc kb_tours_parse(struct arena *a, struct str lines, struct kb_tour **ret, size_t *ret_n, struct err *err)
{
	VEC(struct kb_tour) v = { 0 };
	struct str line;

	while (str_cut(&lines, '\n', &line)) {
		struct kb_tour t = { .path = STR(""), .hint = STR("") };
		struct str rest = str_trim(line), whole = rest;

		if (!rest.n)
			continue;
		str_cut(&rest, '|', &t.title);
		if (str_cut(&rest, '|', &t.path))
			t.hint = rest.p ? str_trim(rest) : STR("");
		t.title = str_trim(t.title);
		t.path = str_trim(t.path);
		if (!t.title.n || !plain(whole, 1500) || !str_starts(t.path, STR("/")) ||
		    str_starts(t.path, STR("//")) || str_find_byte(t.path, ' ') != STR_NONE ||
		    str_find_byte(t.path, '\\') != STR_NONE || v.n >= KB_TOURS)
			return fail_field(
			        err, RC_INVALID, "tours",
			        "A tour is a line like “A peer-graded assignment | /courses/... | what to look at”,"
			        " at most %d: “" STR_F "”",
			        KB_TOURS, STR_A(str_utf8_clip(whole, 80)));
		*VEC_ADD(a, &v) = t;
	}
	*ret = v.at;
	*ret_n = v.n;
	return RC_OK;
}

struct str kb_tours_text(struct arena *a, const struct kb_tour *at, size_t n)
{
	struct str s = STR("");

	for (size_t i = 0; i < n; i++)
		s = arena_strf(a, STR_F "%s" STR_F " | " STR_F "%s" STR_F, STR_A(s), i ? "\n" : "", STR_A(at[i].title),
		               STR_A(at[i].path), at[i].hint.n ? " | " : "", STR_A(at[i].hint));
	return s;
}

enum rc kb_captions_parse(struct arena *a, struct str lines, struct kb_caption **ret, size_t *ret_n, struct err *err)
{
	VEC(struct kb_caption) v = { 0 };
	struct str line;

	while (str_cut(&lines, '\n', &line)) {
		struct kb_caption c = { .media = STR("") };
		struct str rest = str_trim(line), whole = rest;

		if (!rest.n)
			continue;
		str_cut(&rest, ' ', &c.lang);
		rest = str_trim(rest);
		str_cut(&rest, ' ', &c.media);
		c.label = str_trim(rest).n ? str_trim(rest) : c.lang;
		if (c.lang.n < 2 || c.lang.n > 12 || !c.media.n || !token_ok(c.media) || !token_ok(c.lang) ||
		    !plain(c.label, 100) || v.n >= KB_CAPTIONS)
			return fail_field(err, RC_INVALID, "captions",
			                  "Captions are a line each: language, the file’s token, name, like “es"
			                  " a1b2c3 Español”: “" STR_F "”",
			                  STR_A(str_utf8_clip(whole, 80)));
		*VEC_ADD(a, &v) = c;
	}
	*ret = v.at;
	*ret_n = v.n;
	return RC_OK;
}

struct str kb_captions_text(struct arena *a, const struct kb_caption *at, size_t n)
{
	struct str s = STR("");

	for (size_t i = 0; i < n; i++)
		s = arena_strf(a, STR_F "%s" STR_F " " STR_F " " STR_F, STR_A(s), i ? "\n" : "", STR_A(at[i].lang),
		               STR_A(at[i].media), STR_A(at[i].label));
	return s;
}
