/* How long a mail is tried, and what its ticket is told when it is given up, with a clock that is moved; and what stands in
 * a mail whose file is too large for it. */
#include "blob/blob.h"
#include "mail/filing_world.h"
#include "mail/sender.h"
#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

struct looking {
	struct test *t;
	struct outmail_id id;
	struct outmail_row row;
	struct instant now;
	int64_t number, notes;
};

static enum rc look(struct db_tx *tx, void *arg, struct err *err)
{
	struct looking *l = arg;

	l->notes = world_events(l->t, tx, l->number, EV_MAIL_FAILED);
	return outbox_find(tx, &l->t->arena, l->id, &l->row, err);
}

static enum rc again(struct db_tx *tx, void *arg, struct err *err)
{
	struct looking *l = arg;

	struct outmail_row *at;
	size_t n;

	return outbox_again(tx, &l->t->arena, (struct outmail_pick){ .id = l->id }, l->now, &at, &n, err);
}

/* Runs the sender every two hours for so long. */
static void days(struct looking *l, struct desk *desk, int n)
{
	struct test *t = l->t;

	for (struct instant end = time_add(l->now, n * DAY_US); time_before(l->now, end); l->now = time_add(l->now, 2 * HOUR_US))
		sender_run(desk, l->now, 10);
	EXPECT_RC(RC_OK, db_read(t->db, look, l, &t->err));
}

/* A port that is ours and takes no connections: nobody else can have it meanwhile. */
static int closed_port(int *port)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t n = sizeof(at);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || bind(fd, (struct sockaddr *)&at, n) != 0 || getsockname(fd, (struct sockaddr *)&at, &n) != 0)
		die("cannot bind a port");
	*port = ntohs(at.sin_port);
	return fd;
}

TEST_EACH_DB(sender_gives_up_after_five_days)
{
	struct mail_world m;
	struct outmail_row *out = NULL;
	struct looking l = { .t = t };
	int port, fd = closed_port(&port);

	filing_make(t, &m);
	m.desk.config.smtp_url = arena_strf(&t->arena, "smtp://127.0.0.1:%d", port);
	filing_take(t, &m, "From: writer@alpha.example\nTo: support@desk.example\nSubject: Help\nMessage-ID: <1@alpha.example>\n\nIt does not work.\n");
	filing_notify(t, &m);
	if (!EXPECT_EQ("a mail waits", filing_outgoing(t, &m, "writer@alpha.example", &out), 1))
		goto end;
	l.id = out[0].id;
	l.number = m.view.t.number;
	l.now = out[0].created_at;
	days(&l, &m.desk, 5);
	EXPECT_EQ("for five days it is tried", l.row.state, OUTMAIL_QUEUED);
	EXPECT("many times", l.row.tries >= 20 && l.row.error.n > 0);
	EXPECT_EQ("and the ticket is told nothing", l.notes, 0);
	days(&l, &m.desk, 1);
	EXPECT_EQ("then it is given up", l.row.state, OUTMAIL_FAILED);
	EXPECT_EQ("with one note on the ticket", l.notes, 1);
	days(&l, &m.desk, 8);
	EXPECT_EQ("which stays one", l.notes, 1);
	EXPECT_RC(RC_OK, db_write(t->db, again, &l, &t->err));
	days(&l, &m.desk, 5);
	EXPECT_EQ("sent again, it has five days again", l.row.state, OUTMAIL_QUEUED);
	EXPECT_EQ("without a word", l.notes, 1);
	EXPECT("and is the same mail", str_eq(l.row.message_id, out[0].message_id));
	days(&l, &m.desk, 1);
	EXPECT_EQ("before it is given up", l.row.state, OUTMAIL_FAILED);
	EXPECT_EQ("and told once more, since somebody asked for it", l.notes, 2);
end:
	filing_end(&m);
	close(fd);
}

TEST_EACH_DB(sender_does_not_wait_for_a_key_for_ever)
{
	struct mail_world m;
	struct outmail_row *out = NULL;
	struct looking l = { .t = t };
	int port, fd = closed_port(&port);

	filing_make(t, &m);
	m.desk.config.smtp_url = arena_strf(&t->arena, "smtp://127.0.0.1:%d", port);
	m.desk.config.dkim_key_file = STR("/nowhere/dkim.pem");
	filing_take(t, &m, "From: writer@alpha.example\nTo: support@desk.example\nSubject: Help\nMessage-ID: <1@alpha.example>\n\nIt does not work.\n");
	filing_notify(t, &m);
	if (EXPECT_EQ("a mail waits", filing_outgoing(t, &m, "writer@alpha.example", &out), 1)) {
		l.id = out[0].id;
		l.number = m.view.t.number;
		l.now = out[0].created_at;
		days(&l, &m.desk, 5);
		EXPECT_EQ("a key that cannot be read is waited for", l.row.state, OUTMAIL_QUEUED);
		days(&l, &m.desk, 1);
		EXPECT_EQ("for five days", l.row.state, OUTMAIL_FAILED);
		EXPECT_EQ("then the ticket is told", l.notes, 1);
	}
	filing_end(&m);
	close(fd);
}

/* ---- files that are too large ---- */

DB_QUERY(q_attach, "test.attach",
	 "INSERT INTO attachment (token, sha256, size, name, type, at) VALUES (:token, :sha, 1, :name, 'video/mp4', 1) RETURNING id");

struct taking_mail {
	int fd;
	char text[65536]; /* the mail, soft line ends of quoted-printable taken out */
	size_t n;
};

/* One connection of a server that takes everything. */
static void *take_mail(void *arg)
{
	struct taking_mail *s = arg;
	int fd = accept(s->fd, NULL, NULL);
	FILE *f = fd >= 0 ? fdopen(fd, "rb") : NULL;
	char line[4096];
	bool data = false;

	if (!f)
		return NULL;
	(void)!send(fd, "220 here\r\n", 10, 0);
	while (fgets(line, sizeof(line), f)) {
		size_t n = strlen(line);

		if (data && strcmp(line, ".\r\n") != 0) {
			if (n >= 3 && strcmp(line + n - 3, "=\r\n") == 0)
				n -= 3;
			for (size_t i = 0; i < n && s->n + 1 < sizeof(s->text); i++)
				s->text[s->n++] = line[i];
			continue;
		}
		data = !data && strncmp(line, "DATA", 4) == 0;
		(void)!send(fd, data ? "354 go\r\n" : "250 ok\r\n", 8, 0);
		if (strncmp(line, "QUIT", 4) == 0)
			break;
	}
	fclose(f);
	return NULL;
}

struct large {
	struct test *t;
	struct str sha, token;
	struct outmail_id id;
	struct outmail_row row;
};

static enum rc put_large(struct db_tx *tx, void *arg, struct err *err)
{
	struct large *l = arg;
	struct outmail m = { .kind = "reply", .from_addr = STR("support@desk.example"), .to_addr = STR("writer@alpha.example"), .subject = STR("Film"), .text = STR("Here it is.") };
	int64_t id = 0;
	enum rc rc = db_get_i64(tx, &q_attach, DB_ARGS(db_str("token", l->token), db_str("sha", l->sha), db_str("name", STR("film.mp4"))), &id, err);

	m.attachments = arena_strf(&l->t->arena, "[%lld]", (long long)id);
	return rc == RC_OK ? outbox_put(tx, &m, NOW, &l->id, err) : rc;
}

static enum rc find_large(struct db_tx *tx, void *arg, struct err *err)
{
	struct large *l = arg;

	return outbox_find(tx, &l->t->arena, l->id, &l->row, err);
}

TEST_EACH_DB(sender_links_to_what_is_too_large)
{
	static const struct timeval limit = { .tv_sec = 60 };
	struct large l = { .t = t, .token = STR("abcdefghijklmnopqrstuvwxyz234567") };
	struct taking_mail *s = arena_new(&t->arena, struct taking_mail);
	struct mail_world m;
	size_t n = (20u << 20) + 1;
	char *film = calloc(1, n), sha[65];
	pthread_t thread;
	int port;

	filing_make(t, &m);
	EXPECT_RC(RC_OK, blob_put(m.desk.blobs, (struct str){ film, n }, sha, &t->err));
	free(film);
	l.sha = str_of(sha);
	s->fd = closed_port(&port);
	if (listen(s->fd, 1) != 0 || setsockopt(s->fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)) != 0 || pthread_create(&thread, NULL, take_mail, s) != 0)
		die("cannot listen");
	m.desk.config.smtp_url = arena_strf(&t->arena, "smtp://127.0.0.1:%d", port);
	EXPECT_RC(RC_OK, db_write(t->db, put_large, &l, &t->err));
	sender_run(&m.desk, NOW, 10);
	pthread_join(thread, NULL);
	EXPECT_RC(RC_OK, db_read(t->db, find_large, &l, &t->err));
	EXPECT_EQ("it is sent", l.row.state, OUTMAIL_SENT);
	struct str link = mail_file_link(&t->arena, &m.desk.keys, l.token, LATER(30 * DAY_US));

	EXPECT("with a link in the place of the file",
	       str_find((struct str){ s->text, s->n }, arena_strf(&t->arena, "film.mp4: https://desk.example/mail-file/" STR_F, STR_A(link))) != STR_NONE);
	filing_end(&m);
	close(s->fd);
}

/* ---- mails one may not want ---- */

static enum rc put_news(struct db_tx *tx, void *arg, struct err *err)
{
	struct large *l = arg;
	struct outmail m = { .kind = "notice", .automatic = OUTMAIL_GENERATED, .from_addr = STR("support@desk.example"),
		             .to_addr = STR("ann@desk.example"), .subject = STR("News"), .text = STR("Somebody wrote."),
		             .unsubscribe = STR("https://desk.example/mails/stop/a1.abc") };
	struct outmail bad = m;

	bad.unsubscribe = STR("https://desk.example/>\r\nBcc: mallory@else.example");
	test_expect(l->t, __FILE__, __LINE__, "a link is no way to write headers", "outbox_put", outbox_put(tx, &bad, NOW, &l->id, err) == RC_INVALID);
	return outbox_put(tx, &m, NOW, &l->id, err);
}

TEST_EACH_DB(sender_says_how_to_end_mails)
{
	static const struct timeval limit = { .tv_sec = 60 };
	struct large l = { .t = t };
	struct taking_mail *s = arena_new(&t->arena, struct taking_mail);
	struct mail_world m;
	pthread_t thread;
	int port;

	filing_make(t, &m);
	s->fd = closed_port(&port);
	if (listen(s->fd, 1) != 0 || setsockopt(s->fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)) != 0 || pthread_create(&thread, NULL, take_mail, s) != 0)
		die("cannot listen");
	m.desk.config.smtp_url = arena_strf(&t->arena, "smtp://127.0.0.1:%d", port);
	EXPECT_RC(RC_OK, db_write(t->db, put_news, &l, &t->err));
	sender_run(&m.desk, NOW, 10);
	pthread_join(thread, NULL);
	struct str mail = { s->text, s->n };

	EXPECT("one click (RFC 8058)", str_find(mail, STR("\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n")) != STR_NONE);
	EXPECT("and where", str_find(mail, STR("\nList-Unsubscribe: <https://desk.example/mails/stop/a1.abc>\r\n")) != STR_NONE);
	EXPECT("it answers nobody", str_find(mail, STR("\nAuto-Submitted: auto-generated\r\n")) != STR_NONE);
	filing_end(&m);
	close(s->fd);
}
