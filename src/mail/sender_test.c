/* How long a mail is tried, and what its ticket is told when it is given up: with a clock that is moved. */
#include "mail/filing_world.h"
#include "mail/sender.h"
#include <arpa/inet.h>
#include <netinet/in.h>
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

	return outbox_again(tx, l->id, l->now, err);
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
