/* Which texts are taken, and that each built-in one would be. */
#include "outbox/text.h"
#include "test/test.h"

TEST(mail_text_places)
{
	static const struct {
		const char *why, *kind, *text;
		enum mail_text_fault want;
		const char *place;
	} row[] = {
		{ "what is listed", "reply", "{name}: {message}", MAIL_TEXT_GOOD, NULL },
		{ "the text of the reply left out", "reply", "Hello {name}", MAIL_TEXT_LACKS, "message" },
		{ "a place of another mail", "reply", "{message} {resolution}", MAIL_TEXT_UNKNOWN, "resolution" },
		{ "a secret", "ack", "{config.secret}", MAIL_TEXT_UNKNOWN, "config.secret" },
		{ "a sum, nested", "ack", "{{7*7}}", MAIL_TEXT_UNKNOWN, "7*7" },
		{ "empty braces", "ack", "a {} b", MAIL_TEXT_UNKNOWN, "" },
		{ "braces of a sentence", "ack", "we { as always } answer", MAIL_TEXT_GOOD, NULL },
		{ "a brace that never ends", "ack", "we {name", MAIL_TEXT_GOOD, NULL },
		{ "other languages' signs", "ack", "${7} #x %n%s", MAIL_TEXT_UNKNOWN, "7" },
	};
	struct str place;

	for (size_t i = 0; i < COUNT(row); i++) {
		EXPECT_EQ(row[i].why, mail_text_check(mail_text_kind(str_of(row[i].kind)), str_of(row[i].text), &place), row[i].want);
		EXPECT(row[i].why, !row[i].place || str_is(place, row[i].place));
	}
	for (const struct mail_text_kind *k = mail_text_kinds(); k->name; k++)
		EXPECT_EQ(k->name, mail_text_check(k, str_of(k->builtin), &place), MAIL_TEXT_GOOD);
	EXPECT("others are none", !mail_text_kind(STR("sign-in")));
}

struct writing {
	struct test *t;
	const char *text; /* NULL: back to the built-in one */
	struct mail_text *at;
	size_t n;
};

static enum rc write(struct db_tx *tx, void *arg, struct err *err)
{
	struct writing *w = arg;
	enum rc rc = w->text ? mail_text_set(tx, "ack", STR("es"), str_of(w->text), (struct instant){ 5 }, err)
	                     : mail_text_drop(tx, "ack", STR("es"), err);

	return rc == RC_OK ? mail_texts(tx, &w->t->arena, &w->at, &w->n, err) : rc;
}

TEST_EACH_DB(mail_text_rows)
{
	struct writing w = { .t = t, .text = "Hola" };

	EXPECT_RC(RC_OK, db_write(t->db, write, &w, &t->err));
	w.text = "Buenas, {name}";
	EXPECT_RC(RC_OK, db_write(t->db, write, &w, &t->err));
	EXPECT_EQ("one row a kind and language", w.n, 1);
	EXPECT("the newest", str_is(mail_text_pick(w.at, w.n, "ack", "es", "built in"), "Buenas, {name}"));
	EXPECT("not for other languages", str_is(mail_text_pick(w.at, w.n, "ack", "en", "built in"), "built in"));
	EXPECT("nor for other mails", str_is(mail_text_pick(w.at, w.n, "reply", "es", "built in"), "built in"));
	w.text = NULL;
	EXPECT_RC(RC_OK, db_write(t->db, write, &w, &t->err));
	EXPECT_EQ("and gone", w.n, 0);
}
