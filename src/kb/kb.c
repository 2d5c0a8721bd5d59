/* Articles: who may read which, what an article must be, and Markdown to HTML when it is written (text.h). The rows are
 * kb_store.c's. */
#include "kb/find.h"
#include "kb/kb_private.h"
#include "kb/text.h"
#include "util/json.h"

#define MAX_BODY     (256 << 10)
#define AUTO_SUMMARY 200

int kb_level(const struct actor *who)
{
	return actor_is_agent(who) ? 3 : who->kind == ACTOR_CONTACT ? 2 : 1;
}

const char *article_kind_name(enum article_kind k)
{
	static const char *const name[] = { "", "documentation", "article", "faq", "video", "resource", "demo" };

	return k >= ARTICLE_DOC && k <= ARTICLE_DEMO ? name[k] : "";
}

/* Words of lower-case letters and digits with single hyphens between them. */
bool kb_slug_ok(struct str s)
{
	char before = '-';

	for (size_t i = 0; i < s.n; before = s.p[i++])
		if (!((s.p[i] >= 'a' && s.p[i] <= 'z') || (s.p[i] >= '0' && s.p[i] <= '9') ||
		      (s.p[i] == '-' && before != '-')))
			return false;
	return before != '-' && s.n <= KB_SLUG_MAX;
}

bool kb_lang_ok(struct str s) /* "en", "pt-br" */
{
	for (size_t i = 0; i < s.n; i++)
		if (!((s.p[i] >= 'a' && s.p[i] <= 'z') || (s.p[i] == '-' && i >= 2)))
			return false;
	return s.n >= 2 && s.n <= 12;
}

static bool one_line(struct str s)
{
	return str_utf8_valid(s) && !str_has_control(s) && str_find_byte(s, '\n') == STR_NONE;
}

static enum rc check(const struct actor *who, const struct article *a, struct err *err)
{
	if (!actor_is_agent(who))
		return fail(err, RC_DENIED, "Only agents write articles; nothing was saved");
	if (!kb_slug_ok(a->slug))
		return fail_field(
		        err, RC_INVALID, "slug",
		        "The address of an article is words of lower-case letters and digits with hyphens between"
		        " them, at most %d signs",
		        KB_SLUG_MAX);
	if (!kb_lang_ok(a->lang))
		return fail_field(err, RC_INVALID, "lang", "The language is a short code like en or es");
	if (!str_trim(a->title).n || a->title.n > KB_TITLE_MAX || !one_line(a->title))
		return fail_field(err, RC_INVALID, "title", "An article needs a title of one line, at most %d bytes",
		                  KB_TITLE_MAX);
	if (a->summary.n > KB_SUMMARY_MAX || !str_utf8_valid(a->summary))
		return fail_field(err, RC_INVALID, "summary", "The summary has at most %d bytes", KB_SUMMARY_MAX);
	if (a->kind < ARTICLE_DOC || a->kind > ARTICLE_DEMO)
		return fail_field(err, RC_INVALID, "kind", "There is no such kind of article");
	if (a->visibility < VISIBLE_PUBLIC || a->visibility > VISIBLE_INTERNAL)
		return fail_field(err, RC_INVALID, "visibility",
		                  "An article is public, for customers, for plans or accounts, or internal");
	if (a->markdown.n > KB_MARKDOWN_MAX)
		return fail_field(err, RC_LIMIT, "markdown", "The text is larger than %d KiB; nothing was saved",
		                  KB_MARKDOWN_MAX >> 10);
	if (!str_utf8_valid(a->markdown))
		return fail_field(err, RC_INVALID, "markdown", "The text is not UTF-8; nothing was saved");
	return RC_OK;
}

/* The beginning of the text in one line, cut between words. */
struct str kb_summary(struct arena *a, struct str text)
{
	AUTO_BUF b;
	struct str rest = str_trim(text), word;

	buf_init(&b, 4096);
	for (size_t i = 0; i <= rest.n; i++) {
		size_t from = i;

		while (i < rest.n && (unsigned char)rest.p[i] > ' ')
			i++;
		word = str_sub(rest, from, i - from);
		if (!word.n)
			continue;
		if (b.n + word.n > AUTO_SUMMARY) {
			buf_adds(&b, b.n ? STR("") : str_utf8_clip(word, AUTO_SUMMARY));
			buf_addz(&b, "…");
			break;
		}
		if (b.n)
			buf_addc(&b, ' ');
		buf_adds(&b, word);
	}
	return arena_str(a, buf_str(&b));
}

static enum rc tell(struct db_tx *tx, const struct actor *who, struct instant now, const struct article *a,
                    struct article_id id, struct err *err)
{
	struct event e = { .at = now, .kind = STR_INIT(EV_ARTICLE) };
	struct json j;
	AUTO_BUF data;

	buf_init(&data, 4096);
	json_init(&j, &data);
	json_obj(&j);
	json_ki64(&j, "id", id.v);
	json_kstr(&j, "what", STR("saved"));
	json_kstr(&j, "slug", a->slug);
	json_kstr(&j, "lang", a->lang);
	json_ki64(&j, "visibility", a->visibility);
	json_kbool(&j, "published", time_is_set(a->published_at));
	json_end_obj(&j);
	e.data = buf_str(&data);
	event_by(&e, who);
	return event_append(tx, &e, NULL, err);
}

enum rc kb_save(struct db_tx *tx, struct arena *scratch, const struct actor *who, struct instant now,
                const struct article *given, struct article_id *ret, struct err *err)
{
	struct article a = *given;
	struct markdown_page page = { 0 };
	enum rc rc = check(who, &a, err);

	if (rc == RC_OK)
		rc = kb_render(tx, scratch, a.visibility, a.lang, now, a.markdown, &page, err);
	if (rc != RC_OK)
		return rc;
	struct str text = page.plain;
	a.html = page.html;
	a.title = str_trim(a.title);
	a.summary = str_trim(a.summary).n ? str_trim(a.summary) : kb_summary(scratch, text);
	a.markdown = a.markdown.p ? a.markdown : STR("");
	rc = article_put(tx, now, &a, str_utf8_clip(text, MAX_BODY), ret, err);
	if (rc == RC_OK)
		rc = kb_extra_media(tx, scratch, a.page, &page, err);
	if (rc == RC_OK)
		rc = kb_note_media(tx, a.page, a.lang, true, &page, err);
	if (rc == RC_OK)
		rc = kb_revise(tx, scratch, who, now, &a, *ret, err);
	if (rc == RC_OK)
		rc = kb_index_put(tx, *ret, err);
	if (rc == RC_OK)
		rc = tell(tx, who, now, &a, *ret, err);
	return rc == RC_OK ? kb_refresh_includes(tx, now, err) : rc;
}
