/* The agents' pages, seen from a browser: whole requests through http/, the answers as bytes. */
#include "auth/auth.h"
#include "blob/blob.h"
#include "mail/intake.h"
#include "search/search.h"
#include "ticket/held.h"
#include "ticket/ticket_world.h"
#include "util/recall.h"
#include "web/web.h"
#include <sys/stat.h>

struct browser {
	struct test *t;
	struct world w;
	struct desk desk;
	struct http_config c;
	struct str session, csrf;
	int64_t number, request; /* an incident and a request */
	int status;
	struct str head, body;
};
static const struct route *const test_routes[] = { desk_routes, desk_ticket_routes, triage_routes, mail_file_routes, NULL };

static enum rc sign_in_as(struct db_tx *tx, struct browser *b, const struct actor *who)
{
	struct person p = { who->kind, who->kind == ACTOR_AGENT ? who->agent.v : who->contact.v };

	return session_start(tx, &b->t->arena, p, false, STR("test"), time_now(), &b->session, &b->t->err);
}

static enum rc seed(struct db_tx *tx, void *arg, struct err *err)
{
	struct browser *b = arg;

	b->number = world_open(b->t, tx, &b->w.writer, 3, "The <b>quiz</b> is slow");
	b->request = world_open(b->t, tx, &b->w.writer, 0, "A new theme");
	return sign_in_as(tx, b, &b->w.ann);
}

static enum rc become_ben(struct db_tx *tx, void *arg, struct err *err)
{
	struct browser *b = arg;

	return sign_in_as(tx, b, &b->w.ben);
}

static enum rc become_customer(struct db_tx *tx, void *arg, struct err *err)
{
	struct browser *b = arg;

	return sign_in_as(tx, b, &b->w.boss);
}

static void open_desk(struct browser *b, struct test *t)
{
	char *blobs = str_z(&t->arena, arena_strf(&t->arena, "%s/blobs", t->dir));

	*b = (struct browser){ .t = t };
	world_make(t, &b->w, -1);
	mkdir(blobs, 0700);
	EXPECT_RC(RC_OK, blob_open(str_of(blobs), 0, &b->desk.blobs, &t->err));
	b->desk.db = t->db;
	b->desk.recall = recall_new(1 << 20);
	b->desk.config.base_url = STR("http://help.example");
	b->desk.config.zone = STR("UTC");
	b->desk.config.prefix = STR("CAR");
	b->desk.config.support_addr = STR("support@desk.example");
	b->desk.config.data_dir = str_of(t->dir);
	b->desk.config.max_upload = b->desk.config.max_mail = 1 << 20;
	b->c = (struct http_config){ .base_url = b->desk.config.base_url,
		                     .routes = test_routes,
		                     .app = &b->desk,
		                     .max_body = 1 << 20,
		                     .max_upload = 1 << 20,
		                     .upload_dir = str_of(t->dir),
		                     .identify = web_identify,
		                     .allowed = web_allowed,
		                     .error_page = web_error_page };
	EXPECT_RC(RC_OK, db_write(t->db, seed, b, &t->err));
}

static void close_desk(struct browser *b)
{
	blob_close(b->desk.blobs);
	recall_free(b->desk.recall);
}

static void ask(struct browser *b, const char *method, struct str path, const char *type, struct str body)
{
	AUTO_BUF out;
	int64_t status = 0;

	buf_init(&out, 4 << 20);
	http_loopback(&b->c,
	              arena_strf(&b->t->arena,
	                         "%s " STR_F
	                         " HTTP/1.1\r\nHost: help.example\r\nOrigin: http://help.example\r\nCookie: "
	                         "session=" STR_F "\r\nContent-Type: %s\r\nContent-Length: %zu\r\n\r\n" STR_F,
	                         method, STR_A(path), STR_A(b->session), type, body.n, STR_A(body)),
	              &out);
	struct str all = arena_str(&b->t->arena, buf_str(&out));
	size_t end = str_find(all, STR("\r\n\r\n"));

	b->head = str_sub(all, 0, end);
	b->body = str_from(all, end + 4);
	b->status = str_to_i64(str_sub(all, 9, 3), &status) == RC_OK ? (int)status : 0;
}

static void get(struct browser *b, const char *path)
{
	ask(b, "GET", str_of(path), "text/plain", STR(""));
}

static bool shows(const struct browser *b, const char *text)
{
	return str_find(b->body, str_of(text)) != STR_NONE;
}

static bool says(const struct browser *b, const char *header)
{
	return str_find_nocase(b->head, str_of(header)) != STR_NONE;
}

/* The value of the first hidden field of this name. */
static struct str hidden(struct browser *b, const char *name)
{
	struct str mark = arena_strf(&b->t->arena, "name=\"%s\" value=\"", name);
	size_t at = str_find(b->body, mark);

	if (at == STR_NONE)
		return STR("");
	struct str rest = str_from(b->body, at + mark.n);

	return arena_str(&b->t->arena, str_sub(rest, 0, str_find_byte(rest, '"')));
}

static struct str ticket_url(struct browser *b, int64_t number)
{
	return arena_strf(&b->t->arena, "/desk/tickets/" STR_F,
	                  STR_A(ticket_number_text(&b->t->arena, STR("CAR"), number)));
}

static void get_ticket(struct browser *b, int64_t number)
{
	ask(b, "GET", ticket_url(b, number), "text/plain", STR(""));
}

static struct str form(struct browser *b, const char *fields)
{
	return arena_strf(&b->t->arena, "%s&csrf=" STR_F, fields, STR_A(b->csrf));
}

static void post(struct browser *b, struct str path, const char *fields)
{
	get_ticket(b, b->number);
	b->csrf = hidden(b, "csrf");
	ask(b, "POST", path, "application/x-www-form-urlencoded", form(b, fields));
}

static void act(struct browser *b, int64_t number, const char *action, const char *fields)
{
	post(b, arena_strf(&b->t->arena, STR_F "/%s", STR_A(ticket_url(b, number)), action), fields);
}

#define PART(name, value) "--x\r\nContent-Disposition: form-data; name=\"" name "\"\r\n\r\n" value "\r\n"
#define FILE_PART(name, type, value)                                                                                   \
	"--x\r\nContent-Disposition: form-data; name=\"files\"; filename=\"" name "\"\r\nContent-Type: " type          \
	"\r\n\r\n" value "\r\n"

/* A form with files, `seen` as the page just showed it. */
static void say(struct browser *b, struct str seen, struct str once, const char *parts)
{
	struct arena *a = &b->t->arena;

	ask(b, "POST", arena_strf(a, STR_F "/reply", STR_A(ticket_url(b, b->number))),
	    "multipart/form-data; boundary=x",
	    arena_strf(a, "%s" PART("csrf", STR_F) PART("seen", STR_F) PART("once", STR_F) "--x--\r\n", parts,
	               STR_A(b->csrf), STR_A(seen), STR_A(once)));
}

static void say_now(struct browser *b, const char *parts)
{
	get_ticket(b, b->number);
	b->csrf = hidden(b, "csrf");
	say(b, hidden(b, "seen"), hidden(b, "once"), parts);
}

/* How often `text` stands in the page. */
static int times(const struct browser *b, const char *text)
{
	struct str rest = b->body;
	int n = 0;

	for (size_t at; (at = str_find(rest, str_of(text))) != STR_NONE; n++)
		rest = str_from(rest, at + strlen(text));
	return n;
}

TEST_EACH_DB(desk_views)
{
	struct browser b;

	open_desk(&b, t);
	get(&b, "/desk");
	EXPECT("the desk begins with what nobody has", b.status == 303 && says(&b, "Location: /desk/views/unassigned"));
	get(&b, "/desk/views/unassigned");
	EXPECT_EQ("the view is there", b.status, 200);
	EXPECT("a subject is shown as text, not as markup", shows(&b, "The &lt;b&gt;quiz&lt;/b&gt; is slow"));
	EXPECT("the view counts what it has", shows(&b, "<span class=\"count\">2</span>"));
	get(&b, "/desk/views/incidents");
	EXPECT("incidents show no requests", shows(&b, "quiz") && !shows(&b, "A new theme"));
	get(&b, "/desk/views/mine");
	EXPECT("an empty view says so and leads on",
	       shows(&b, "Nothing waits for you.") && shows(&b, "href=\"/desk/views/unassigned\""));
	get(&b, "/desk/views/unassigned?after=nonsense");
	EXPECT_EQ("a wrong cursor is refused", b.status, 422);
	get(&b, "/desk/views/nothing");
	EXPECT_EQ("there is no such view", b.status, 404);
	EXPECT_RC(RC_OK, db_write(t->db, become_customer, &b, &t->err));
	get(&b, "/desk/views/all");
	EXPECT("customers have no desk", b.status == 404 && !shows(&b, "quiz"));
	close_desk(&b);
}

TEST_EACH_DB(desk_search)
{
	struct event_reader reader = search_reader();
	struct browser b;

	open_desk(&b, t);
	while (event_read_once(t->db, &reader, &t->err) == RC_OK)
		;
	get(&b, "/desk/search?q=Quiz%20slow");
	EXPECT("a ticket is found by words of its subject",
	       b.status == 200 && shows(&b, "is slow") && !shows(&b, "A new theme"));
	get(&b, "/desk/search?q=quiz%20%22%3E%3Cscript%3E");
	EXPECT("what was searched is shown as text", b.status == 200 && !shows(&b, "<script>"));
	ask(&b, "GET",
	    arena_strf(&t->arena, "/desk/search?q=" STR_F, STR_A(ticket_number_text(&t->arena, STR("car"), b.request))),
	    "text/plain", STR(""));
	EXPECT("a number leads to its ticket", b.status == 303 && says(&b, "Location: /desk/tickets/CAR-"));
	get(&b, "/desk/search");
	EXPECT_EQ("no words ask for some", b.status, 200);
	close_desk(&b);
}

TEST_EACH_DB(desk_reply_and_note)
{
	struct browser b;
	struct str seen, once;

	open_desk(&b, t);
	say_now(&b, PART("text", "We look into it.") PART("act", "send"));
	EXPECT_EQ("a reply is taken", b.status, 303);
	get_ticket(&b, b.number);
	EXPECT("the reply stands in the thread", shows(&b, "We look into it.") && shows(&b, "msg us"));
	EXPECT("who answers has the ticket", shows(&b, "ann took the ticket"));
	say_now(&b, PART("text", "The customer is angry.") PART("mode", "note") PART("act", "send"));
	get_ticket(&b, b.number);
	EXPECT("the switch alone makes it a note, whatever the button",
	       times(&b, "msg note") == 1 && times(&b, "msg us") == 1);
	seen = hidden(&b, "seen");
	once = hidden(&b, "once");
	say(&b, seen, once, PART("text", "Once only.") PART("act", "wait"));
	EXPECT_EQ("the first press sends", b.status, 303);
	say(&b, seen, once, PART("text", "Once only.") PART("act", "wait"));
	EXPECT_EQ("the second press is answered alike", b.status, 303);
	get_ticket(&b, b.number);
	EXPECT_EQ("two presses are one message", times(&b, "Once only."), 1);
	EXPECT("the ticket waits for the customer", shows(&b, "Waiting for customer</span>"));
	say(&b, seen, once, PART("text", "Something else.") PART("act", "send"));
	EXPECT("a used form with another text is shown again with it", b.status == 422 && shows(&b, "Something else."));
	say_now(&b, PART("text", "") PART("act", "send"));
	EXPECT("an empty reply is refused", b.status == 422 && shows(&b, "There is a problem"));
	close_desk(&b);
}

TEST_EACH_DB(desk_somebody_was_faster)
{
	struct browser b;
	struct str seen, once, mine;

	open_desk(&b, t);
	get_ticket(&b, b.number);
	seen = hidden(&b, "seen");
	once = hidden(&b, "once");
	mine = b.session;
	EXPECT_RC(RC_OK, db_write(t->db, become_ben, &b, &t->err));
	say_now(&b, PART("text", "Ben was faster.") PART("act", "send"));
	b.session = mine;
	get_ticket(&b, b.number);
	b.csrf = hidden(&b, "csrf");
	say(&b, seen, once,
	    PART("text", "My <long> answer") PART("act", "send") FILE_PART("a.txt", "text/plain", "kept bytes"));
	EXPECT_EQ("a late reply is held back", b.status, 409);
	EXPECT("what happened meanwhile is shown", shows(&b, "Ben was faster."));
	EXPECT("what was there before is not", !shows(&b, "It does not work."));
	EXPECT("the text is kept", shows(&b, "My &lt;long&gt; answer</textarea>"));
	EXPECT("it can be sent all the same, or become a note",
	       shows(&b, "Send anyway") && shows(&b, "Make it a note"));
	seen = hidden(&b, "seen");
	once = hidden(&b, "once");
	get_ticket(&b, b.number);
	EXPECT("the ticket's page has text and file, too", shows(&b, "My &lt;long&gt; answer</textarea>") &&
	                                                           shows(&b, "a.txt") &&
	                                                           times(&b, "class=\"msg us\"") == 1);
	say(&b, seen, once, PART("text", "My longer answer") PART("act", "send"));
	EXPECT_EQ("now it is sent", b.status, 303);
	get_ticket(&b, b.number);
	EXPECT("with the file that was kept",
	       shows(&b, "My longer answer") && times(&b, "a.txt") == 1 && !shows(&b, "leave out"));
	EXPECT("and the draft is gone", shows(&b, "></textarea>") && !shows(&b, "My &lt;long&gt; answer"));
	act(&b, b.number, "state", "to=waiting-others&seen=1");
	EXPECT("a small form is held back alike",
	       b.status == 409 && shows(&b, "Do it anyway") && shows(&b, "name=\"to\" value=\"waiting-others\""));
	close_desk(&b);
}

static enum rc hold_ten(struct db_tx *tx, void *arg, struct err *err)
{
	return setting_set(tx, HELD_SECONDS, STR("10"), err);
}

static int64_t held_id(struct browser *b)
{
	int64_t id = 0;

	return str_to_i64(hidden(b, "id"), &id) == RC_OK ? id : 0;
}

TEST_EACH_DB(desk_reply_is_held)
{
	struct browser b;
	struct instant now = time_now();

	open_desk(&b, t);
	EXPECT_RC(RC_OK, db_write(t->db, hold_ten, NULL, &t->err));
	say_now(&b, PART("text", "To the wrong person") PART("act", "send") FILE_PART("a.txt", "text/plain", "bytes"));
	EXPECT("a held reply leads to where it can be undone", b.status == 303 && says(&b, "#held"));
	get_ticket(&b, b.number);
	EXPECT("it waits, with its seconds", shows(&b, "Sending in") && shows(&b, "To the wrong person") && shows(&b, "Undo"));
	EXPECT("and is not in the conversation", times(&b, "class=\"msg us\"") == 0);
	int64_t id = held_id(&b);

	EXPECT_RC(RC_OK, desk_send_due(&b.desk, id, now, &t->arena, &t->err));
	get_ticket(&b, b.number);
	EXPECT("before its moment it is not sent", times(&b, "class=\"msg us\"") == 0);
	act(&b, b.number, "held", str_z(&t->arena, arena_strf(&t->arena, "act=undo&id=%lld", (long long)id)));
	EXPECT_EQ("undone", b.status, 303);
	get_ticket(&b, b.number);
	EXPECT("text and file are in the composer again", shows(&b, "To the wrong person</textarea>") && shows(&b, "a.txt") && !shows(&b, "Sending in"));
	say_now(&b, PART("text", "To the right person") PART("act", "wait"));
	get_ticket(&b, b.number);
	id = held_id(&b);
	now = time_add(time_now(), MINUTE_US);
	EXPECT_RC(RC_OK, desk_send_due(&b.desk, id, now, &t->arena, &t->err));
	EXPECT_RC(RC_OK, desk_send_due(&b.desk, id, now, &t->arena, &t->err));
	get_ticket(&b, b.number);
	EXPECT("at its moment it is said, once, with its file", times(&b, "class=\"msg us\"") == 1 && times(&b, "a.txt") == 1 && shows(&b, "Waiting for customer"));
	act(&b, b.number, "held", str_z(&t->arena, arena_strf(&t->arena, "act=undo&id=%lld", (long long)id)));
	EXPECT("too late to undo is said", b.status == 303);
	get_ticket(&b, b.number);
	EXPECT("and changes nothing", times(&b, "class=\"msg us\"") == 1 && shows(&b, "></textarea>"));
	close_desk(&b);
}

TEST_EACH_DB(desk_reply_is_scheduled)
{
	struct browser b;
	struct civil c = time_civil_in(time_add(time_now(), DAY_US), "UTC");
	struct str when = arena_strf(&t->arena, "%04d-%02d-%02dT08:00", c.year, c.month, c.day);

	open_desk(&b, t);
	say_now(&b, PART("text", "Too early") PART("act", "send") PART("later_at", "2020-01-01T08:00"));
	EXPECT("not into the past; the text stays", b.status == 422 && shows(&b, "Too early</textarea>") && shows(&b, "id=\"later_at-error\""));
	say_now(&b, str_z(&t->arena, arena_strf(&t->arena, PART("text", "Good morning") PART("act", "send") PART("later_at", STR_F), STR_A(when))));
	EXPECT_EQ("into the future", b.status, 303);
	get_ticket(&b, b.number);
	EXPECT("the ticket says when", shows(&b, "Will be sent") && shows(&b, "Good morning") && times(&b, "class=\"msg us\"") == 0);
	say_now(&b, PART("text", "And one more") PART("act", "send") PART("later_at", "2199-01-01T08:00"));
	EXPECT("beyond a year is refused", b.status == 422);
	get(&b, "/desk/later");
	EXPECT("its agent has a list of them", b.status == 200 && shows(&b, "Good morning") && shows(&b, "Send now"));
	EXPECT_RC(RC_OK, db_write(t->db, become_ben, &b, &t->err));
	get(&b, "/desk/later");
	EXPECT("nobody else has", b.status == 200 && !shows(&b, "Good morning"));
	get_ticket(&b, b.number);
	EXPECT("colleagues see that it waits and cannot touch it", shows(&b, "Good morning") && !shows(&b, "value=\"undo\""));
	close_desk(&b);
}

TEST_EACH_DB(desk_actions)
{
	struct browser b;

	open_desk(&b, t);
	act(&b, b.number, "criticality", "criticality=2&reason=");
	EXPECT("no new criticality without a reason", b.status == 422 && shows(&b, "id=\"criticality-reason-error\""));
	EXPECT("the choice is kept and its form open",
	       shows(&b, "<option value=\"2\" selected>") && shows(&b, "<details open><summary data-key=\"p\">"));
	EXPECT("the summary leads to the field", shows(&b, "href=\"#criticality-reason\""));
	act(&b, b.number, "criticality", "criticality=2&reason=All+classes+are+hit");
	EXPECT_EQ("with a reason it changes", b.status, 303);
	get_ticket(&b, b.number);
	EXPECT("and the thread tells it", shows(&b, "ann changed the criticality from 3 to 2: All classes are hit"));
	act(&b, b.number, "grade", "priority=1&reason=x");
	EXPECT_EQ("an incident has no priority", b.status, 422);
	act(&b, b.request, "grade", "complexity=2&priority=1&reason=");
	get_ticket(&b, b.request);
	EXPECT("a request has both", b.status == 200 && shows(&b, "Request M · P1"));
	act(&b, b.request, "take", "seen=0");
	get_ticket(&b, b.request);
	EXPECT("taken", shows(&b, "ann took the ticket"));
	act(&b, b.request, "resolve", "resolution=");
	EXPECT("not resolved without a resolution", b.status == 422 && shows(&b, "resolve-resolution-error"));
	act(&b, b.request, "resolve", "resolution=The+theme+is+live.");
	get_ticket(&b, b.request);
	EXPECT("resolved", shows(&b, "The theme is live.") && shows(&b, "Reopen"));
	act(&b, b.request, "reopen", "reason=");
	get_ticket(&b, b.request);
	EXPECT("open again", shows(&b, "ann reopened the ticket"));
	act(&b, b.request, "participant", "accept=1&email=Friend@Else.example");
	get_ticket(&b, b.request);
	EXPECT("the friend gets mails", shows(&b, "friend@else.example"));
	act(&b, b.request, "called", "");
	EXPECT_EQ("nobody waits for a call", b.status, 409);
	act(&b, b.number, "convert", "to=request&priority=2&reason=It+is+a+wish");
	get_ticket(&b, b.number);
	EXPECT("converted", shows(&b, "ann made it a request: It is a wish"));
	act(&b, b.number, "fields", "subject=A+better+subject&course=&unit=&affected_email=&link=&wanted_on=soon");
	EXPECT("a wrong date keeps what was typed",
	       b.status == 422 && shows(&b, "value=\"soon\"") && shows(&b, "value=\"A better subject\""));
	close_desk(&b);
}

TEST_EACH_DB(desk_files)
{
	struct browser b;
	struct str rest;
	size_t at;

	open_desk(&b, t);
	say_now(&b, PART("text", "See these.") PART("act", "send")
	                    FILE_PART("../p\"x.png", "image/png", "\x89PNG\r\n\x1a\n....")
	                            FILE_PART("evil.png", "image/png", "<svg onload=alert(1)>"));
	EXPECT_EQ("files are taken", b.status, 303);
	get_ticket(&b, b.number);
	EXPECT("only the image is a thumbnail", times(&b, "<img src=\"/desk/attachments/") == 1);
	at = str_find(b.body, STR("/desk/attachments/"));
	rest = str_from(b.body, at == STR_NONE ? b.body.n : at);
	struct str page = b.body, image = str_sub(rest, 0, str_find_byte(rest, '"'));

	ask(&b, "GET", image, "text/plain", STR(""));
	EXPECT("an image is shown, in a sandbox",
	       b.status == 200 && says(&b, "Content-Type: image/png") && says(&b, "Content-Disposition: inline") &&
	               says(&b, "sandbox; default-src 'none'") && says(&b, "nosniff"));
	at = str_find(page, STR("\">evil.png"));
	struct str before = str_sub(page, 0, at == STR_NONE ? 0 : at);

	rest = before;
	while ((at = str_find(rest, STR("/desk/attachments/"))) != STR_NONE)
		rest = str_from(rest, at + 1);
	ask(&b, "GET", arena_strf(&t->arena, "/" STR_F, STR_A(rest)), "text/plain", STR(""));
	EXPECT("what only says it is an image is saved",
	       b.status == 200 && says(&b, "application/octet-stream") && says(&b, "Content-Disposition: attachment"));
	struct str token = str_from(image, strlen("/desk/attachments/"));
	struct mail_keys *k = &b.desk.keys;

	k->key[0] = STR("a key for tests only");
	k->n = 1;
	b.session = STR("");
	ask(&b, "GET", arena_strf(&t->arena, "/mail-file/" STR_F, STR_A(mail_file_link(&t->arena, k, token, time_add(time_now(), DAY_US)))), "text/plain", STR(""));
	EXPECT("the link of a mail opens it without signing in, to be saved",
	       b.status == 200 && says(&b, "application/octet-stream") && says(&b, "Content-Disposition: attachment"));
	ask(&b, "GET", arena_strf(&t->arena, "/mail-file/" STR_F, STR_A(mail_file_link(&t->arena, k, token, (struct instant){ DAY_US }))), "text/plain", STR(""));
	EXPECT("for its time", b.status == 404 && shows(&b, "good for 30 days"));
	ask(&b, "GET", arena_strf(&t->arena, "/mail-file/" STR_F, STR_A(token)), "text/plain", STR(""));
	EXPECT_EQ("and not without its proof", b.status, 404);
	EXPECT_RC(RC_OK, db_write(t->db, become_customer, &b, &t->err));
	ask(&b, "GET", image, "text/plain", STR(""));
	EXPECT_EQ("customers have their own address for it", b.status, 404);
	close_desk(&b);
}

TEST_EACH_DB(desk_drafts)
{
	struct browser b;
	struct str mine;

	open_desk(&b, t);
	mine = b.session;
	act(&b, b.number, "draft", "text=Half+a+thought&mode=reply");
	EXPECT_EQ("the draft is kept", b.status, 204);
	act(&b, b.number, "draft", "text=Half+a+note&mode=note");
	get_ticket(&b, b.number);
	EXPECT("the newest is restored, as what it was",
	       shows(&b, "Half a note</textarea>") && !shows(&b, "Half a thought") &&
	               shows(&b, "value=\"note\" data-key=\"n\" aria-controls=\"text\" checked"));
	EXPECT_RC(RC_OK, db_write(t->db, become_ben, &b, &t->err));
	get_ticket(&b, b.number);
	EXPECT("nobody else sees it", b.status == 200 && !shows(&b, "Half a note"));
	b.session = mine;
	act(&b, b.number, "draft", "text=&mode=note");
	get_ticket(&b, b.number);
	EXPECT("an empty text ends it", !shows(&b, "Half a note"));
	close_desk(&b);
}

/* What is kept between requests is the page, not whose tokens are in it, and not longer than it is true. */
TEST_EACH_DB(desk_page_is_kept)
{
	struct browser b;
	struct str ann, once;

	open_desk(&b, t);
	ann = b.session;
	get_ticket(&b, b.number);
	int forms = times(&b, "name=\"csrf\"");

	once = hidden(&b, "once");
	get_ticket(&b, b.number);
	EXPECT_EQ("each form has its token again", times(&b, "name=\"csrf\""), forms);
	EXPECT("a new key for what is sent", once.n && hidden(&b, "once").n && !str_eq(hidden(&b, "once"), once));
	EXPECT_RC(RC_OK, db_write(t->db, become_ben, &b, &t->err));
	get_ticket(&b, b.number);
	EXPECT_EQ("a colleague's page has as many", times(&b, "name=\"csrf\""), forms);
	say_now(&b, PART("mode", "note") PART("text", "Have a look at the proxy"));
	EXPECT_EQ("and his tokens are his: he writes a note", b.status, 303);
	b.session = ann;
	get_ticket(&b, b.number);
	EXPECT("the first one sees it at once", shows(&b, "Have a look at the proxy"));
	get_ticket(&b, b.number);
	EXPECT("and again", shows(&b, "Have a look at the proxy"));
	EXPECT_RC(RC_OK, db_write(t->db, become_customer, &b, &t->err));
	get_ticket(&b, b.number);
	EXPECT("a customer does not", b.status >= 300 && !shows(&b, "proxy"));
	close_desk(&b);
}

/* ---- mail ---- */

static const char mail[] = "From: <svg/onload=x> <new@alpha.example>\r\nSubject: Help\r\n\r\nHello\r\n";

struct mail_in {
	struct browser *b;
	struct intake *at;
	size_t n;
};

DB_QUERY(q_to_triage, "test.intake_to_triage",
         "UPDATE intake SET state = 3, reason = 'nobody knows the sender', from_addr = 'new@alpha.example', subject = "
         "'Help'");

static enum rc to_triage(struct db_tx *tx, void *arg, struct err *err)
{
	struct mail_in *m = arg;
	enum rc rc = db_exec(tx, &q_to_triage, DB_NO_ARGS, NULL, err);

	return rc == RC_OK ? intake_list(tx, &m->b->t->arena, INTAKE_TRIAGE, 0, 10, &m->at, &m->n, err) : rc;
}

static enum rc find_writer(struct db_tx *tx, void *arg, struct err *err)
{
	struct contact c;
	struct browser *b = arg;
	enum rc rc = contact_find_email(tx, &b->t->arena, STR("new@alpha.example"), &c, err);

	return rc == RC_OK && c.id.v == b->w.writer.contact.v ? RC_OK : RC_FAULT;
}

TEST_EACH_DB(desk_triage)
{
	struct browser b;
	struct str to = STR("support@desk.example");
	char sha[65];

	open_desk(&b, t);
	EXPECT_RC(RC_OK, blob_put(b.desk.blobs, str_of(mail), sha, &t->err));
	EXPECT_RC(RC_OK, intake_accept(t->db, INTAKE_LMTP, str_of(sha), (int64_t)strlen(mail), STR("new@alpha.example"),
	                               &to, 1, NOW, &t->err));
	struct mail_in m = { .b = &b };

	EXPECT_RC(RC_OK, db_write(t->db, to_triage, &m, &t->err));
	get(&b, "/desk/triage");
	EXPECT("the mail waits, with its reason", shows(&b, "Help") && shows(&b, "nobody knows the sender"));
	struct str url = arena_strf(&t->arena, "/desk/intake/%lld", m.n ? (long long)m.at[0].id.v : 0LL);

	ask(&b, "GET", url, "text/plain", STR(""));
	EXPECT("headers are text", b.status == 200 && shows(&b, "&lt;svg/onload=x&gt;") && !shows(&b, "<svg/onload"));
	ask(&b, "GET", arena_strf(&t->arena, STR_F "/raw", STR_A(url)), "text/plain", STR(""));
	EXPECT("the bytes are a file to save", b.status == 200 && says(&b, "message/rfc822") &&
	                                               says(&b, "Content-Disposition: attachment") &&
	                                               says(&b, "sandbox") && str_eq(b.body, str_of(mail)));
	post(&b, arena_strf(&t->arena, STR_F "/contact", STR_A(url)), "contact=nobody@nowhere.example");
	EXPECT("nobody has that address", b.status == 422 && shows(&b, "value=\"nobody@nowhere.example\""));
	post(&b, arena_strf(&t->arena, STR_F "/attach", STR_A(url)), "ticket=CAR-9999-9");
	EXPECT("there is no such ticket", b.status == 422 && shows(&b, "value=\"CAR-9999-9\""));
	post(&b, arena_strf(&t->arena, STR_F "/open", STR_A(url)), "person=writer@alpha.example&kind=7");
	EXPECT_EQ("there is no such kind", b.status, 422);
	post(&b, arena_strf(&t->arena, STR_F "/person", STR_A(url)), "account=Gamma&name=New");
	EXPECT("there is no such account", b.status == 422 && shows(&b, "value=\"Gamma\""));
	struct str number = ticket_number_text(&t->arena, b.desk.config.prefix, b.number);
	post(&b, arena_strf(&t->arena, STR_F "/attach", STR_A(url)),
	     str_z(&t->arena, arena_strf(&t->arena, "ticket=" STR_F, STR_A(number))));
	EXPECT_EQ("put on a ticket", b.status, 303);
	post(&b, arena_strf(&t->arena, STR_F "/open", STR_A(url)), "person=writer@alpha.example&kind=3");
	EXPECT_EQ("what is decided waits no more", b.status, 409);
	EXPECT_RC(RC_OK, db_write(t->db, to_triage, &m, &t->err));
	post(&b, arena_strf(&t->arena, STR_F "/open", STR_A(url)), "person=writer@alpha.example&kind=3");
	EXPECT_EQ("made a ticket", b.status, 303);
	EXPECT_RC(RC_OK, db_write(t->db, to_triage, &m, &t->err));
	post(&b, arena_strf(&t->arena, STR_F "/spam", STR_A(url)), "");
	EXPECT_EQ("spam", b.status, 303);
	EXPECT_RC(RC_OK, db_write(t->db, to_triage, &m, &t->err));
	post(&b, arena_strf(&t->arena, STR_F "/refuse", STR_A(url)), "reason=");
	EXPECT_EQ("refused", b.status, 303);
	get(&b, "/desk/triage?state=refused");
	EXPECT("refused mail is kept, with who refused it", shows(&b, "Help") && shows(&b, "spam") && shows(&b, "Refused by"));
	EXPECT_RC(RC_OK, db_write(t->db, to_triage, &m, &t->err));
	post(&b, arena_strf(&t->arena, STR_F "/contact", STR_A(url)), "contact=writer@alpha.example");
	EXPECT_EQ("the address is added", b.status, 303);
	EXPECT_RC(RC_OK, db_read(t->db, find_writer, &b, &t->err));
	get(&b, "/desk/triage");
	EXPECT("nothing waits any more", shows(&b, "No mail waits for a decision."));
	get(&b, "/desk/intake/999999");
	EXPECT_EQ("there is no such mail", b.status, 404);
	struct str small = STR("From: new@alpha.example\r\nX-Small: yes\r\n\r\nfew words\r\n");

	EXPECT_RC(RC_OK, intake_accept_small(t->db, INTAKE_LMTP, small, STR("new@alpha.example"), &to, 1, NOW, &t->err));
	EXPECT_RC(RC_OK, db_write(t->db, to_triage, &m, &t->err));
	url = arena_strf(&t->arena, "/desk/intake/%lld", m.n ? (long long)m.at[0].id.v : 0LL);
	ask(&b, "GET", url, "text/plain", STR(""));
	EXPECT("a mail that is no file yet is shown", b.status == 200 && shows(&b, "X-Small: yes"));
	ask(&b, "GET", arena_strf(&t->arena, STR_F "/raw", STR_A(url)), "text/plain", STR(""));
	EXPECT("and given out", b.status == 200 && says(&b, "message/rfc822") && says(&b, "Content-Disposition: attachment") && str_eq(b.body, small));
	close_desk(&b);
}
