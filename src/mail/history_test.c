/* What stands below a reply, and for whom; that the customer's answer is cut again where it begins. */
#include "account/account.h"
#include "mail/filing_world.h"
#include "mime/mime.h"
#include "outbox/text.h"

struct saying {
	struct test *t;
	struct mail_world *m;
	const char *history;
	bool copy; /* somebody in copy, too */
};

static enum rc say(struct db_tx *tx, void *arg, struct err *err)
{
	struct saying *x = arg;
	struct world *w = &x->m->w;
	int64_t n = x->m->view.t.number;
	enum rc rc = setting_set(tx, MAIL_HISTORY, str_of(x->history), err);

	if (rc == RC_OK && x->copy)
		rc = ticket_accept_participant(tx, &x->t->arena, &w->ann, NOW, n, STR("aunt@else.example"), true, err);
	if (rc == RC_OK)
		rc = world_say(x->t, tx, &w->ben, NOW, n, "The secret of the house", true);
	return rc == RC_OK ? world_say(x->t, tx, &w->ann, NOW, n, "Please try again.", false) : rc;
}

static struct str newest_to(struct test *t, struct mail_world *m, const char *to)
{
	struct outmail_row *out = NULL;
	size_t n = filing_outgoing(t, m, to, &out), best = 0;

	for (size_t i = 1; i < n; i++)
		if (out[i].id.v > out[best].id.v)
			best = i;
	return n ? out[best].text : STR("");
}

TEST_EACH_DB(history_below_a_reply)
{
	struct mail_world m;

	filing_make(t, &m);
	filing_take(t, &m,
	            "From: writer@alpha.example\nTo: support@desk.example\nMessage-ID: <h1@alpha.example>\nSubject: "
	            "Help\n\nIt does not work.\nNot at all.\n");
	struct saying x = { t, &m, "none", false };

	EXPECT_RC(RC_OK, db_write(t->db, say, &x, &t->err));
	filing_notify(t, &m);
	struct str mail = newest_to(t, &m, "writer@alpha.example");

	EXPECT("nothing, when nothing was chosen", str_find(mail, STR("Please try again.")) != STR_NONE &&
	                                                   str_find(mail, STR("It does not work.")) == STR_NONE);
	x = (struct saying){ t, &m, "last", false };
	EXPECT_RC(RC_OK, db_write(t->db, say, &x, &t->err));
	filing_notify(t, &m);
	mail = newest_to(t, &m, "writer@alpha.example");
	EXPECT("the one before", str_find(mail, STR("> Please try again.\n")) != STR_NONE);
	EXPECT("alone", str_find(mail, STR("It does not work.")) == STR_NONE);
	x = (struct saying){ t, &m, "all", true };
	EXPECT_RC(RC_OK, db_write(t->db, say, &x, &t->err));
	filing_notify(t, &m);
	mail = newest_to(t, &m, "writer@alpha.example");
	EXPECT("all, the newest first", str_find(mail, STR("> Please try again.\n")) <
	                                        str_find(mail, STR("> It does not work.\n> Not at all.\n")));
	EXPECT("with who said it", str_find(mail, STR("writer wrote:\n> It does not work.")) != STR_NONE);
	EXPECT("but no note", str_find(mail, STR("secret")) == STR_NONE);
	struct str copy = newest_to(t, &m, "aunt@else.example");

	EXPECT("somebody in copy gets the answer", str_find(copy, STR("Please try again.")) != STR_NONE);
	EXPECT("and nothing of the past",
	       str_find(copy, STR("It does not work.")) == STR_NONE && str_find(copy, STR("wrote:")) == STR_NONE);
	filing_end(&m);
}
