/* Only words reach the engines; both find the same; what may not be seen is not found. */
#include "search/search_private.h"
#include "test/test.h"

/* ---- words ---- */

TEST(search_words_only)
{
	static const struct {
		const char *why, *text, *want; /* words, '*' behind a prefix, '+' before a joined one */
	} row[] = {
		{"plain words",                             "quiz submit",             "quiz submit"       },
		{ "operators are words, signs are nothing", "NEAR(\"a\" b) AND col:x", "NEAR a b AND col x"},
		{ "accents and scripts are letters",        "¿Qué día? 日本",     "Qué día 日本"  },
		{ "a quote cannot open a string",           "\"' OR 1=1 --",           "OR +1 +1"          },
		{ "nothing but signs is nothing",           "()*\"':;-",               ""                  },
		{ "a star behind a word is a prefix",       "certif* x",               "certif* x"         },
		{ "a star elsewhere is none",               "*certif x *",             "certif x"          },
		{ "one letter is no prefix",                "a* bc*",                  "a bc*"             },
		{ "quotes make a phrase",                   "a \"b c\" d",             "a b +c d"          },
		{ "two phrases stay apart",                 "\"a b\" \"c d\"",         "a +b c +d"         },
		{ "typographic quotes, too",                "“a b” c",             "a +b c"            },
		{ "a quote left open ends with the text",   "\"a b",                   "a +b"              },
		{ "addresses fall into words",              "ana@campus.example",      "ana campus example"},
		{ "a mark alone is no word",                "\xcc\x81 a",              "a"                 },
		{ "a hundred words are cut",                "a b c d e f g h i j k l", "a b c d e f g h"   },
	};
	for (size_t i = 0; i < COUNT(row); i++) {
		struct search_word w[SEARCH_WORDS];
		size_t n = search_words(str_of(row[i].text), w, SEARCH_WORDS);
		AUTO_BUF b;

		buf_init(&b, 1000);
		for (size_t k = 0; k < n; k++)
			buf_addf(&b, "%s%s" STR_F "%s", k ? " " : "", w[k].joined ? "+" : "", STR_A(w[k].text),
			         w[k].prefix ? "*" : "");
		EXPECT_STR(row[i].why, buf_str(&b), row[i].want);
	}
}

TEST(search_expressions)
{
	AUTO_BUF lite;
	AUTO_BUF pg;
	AUTO_BUF tsv;
	int pos = 0;

	buf_init(&lite, 1000);
	buf_init(&pg, 1000);
	buf_init(&tsv, 1000);
	EXPECT("there are words", search_expression(&lite, false, STR("Día \"Quiz two\" cert*")));
	EXPECT_STR("FTS5 folds by itself", buf_str(&lite), "\"Día\" \"Quiz two\" \"cert\"*");
	EXPECT("there are words", search_expression(&pg, true, STR("Día \"Quiz two\" cert*")));
	EXPECT_STR("for PostgreSQL it is done here", buf_str(&pg), "'dia' & 'quiz' <-> 'two' & 'cert':*");
	search_tsvector(&tsv, STR("Ñandú, ana@x.example"), 'A', &pos);
	search_tsvector(&tsv, STR("end"), 'D', &pos);
	EXPECT_STR("words in their places", buf_str(&tsv), "'nandu':1A 'ana':2A 'x':3A 'example':4A 'end':6D");
}

static enum rc hostile(struct db_tx *tx, void *arg, struct err *err)
{
	static const char *const text[] = {
		"\"*",     "NEAR(",  "col:x",    "a' | 'b",          "\\",           "x:*",     "'''",
		"a & !b",  "%_",     "\xff\xfe", "a\" OR \"b",       "{a b}: c",     "^a",      "-a",
		"a NOT b", "a\\' b", "'a':*B",   "\xcc\x81\xcc\x81", "\xe2\x80\x8d", "a <2> b", ":q :max"
	};
	struct test *t = arg;
	struct search_page p;

	for (size_t i = 0; i < COUNT(text); i++)
		EXPECT_EQ(text[i], search_tickets(tx, &t->arena, str_of(text[i]), 0, 10, &p, err), RC_OK);
	return RC_OK;
}

TEST_EACH_DB(search_survives_syntax)
{
	EXPECT_RC(RC_OK, db_read(t->db, hostile, t, &t->err));
}

/* ---- messages ---- */

DB_QUERY(q_account, "test.search-account", "INSERT INTO account (id, name, created_at) VALUES (1, 'Campus', 1)");
DB_QUERY(q_ticket, "test.search-ticket",
         "INSERT INTO ticket (id, number, account_id, kind, criticality, state, channel, subject, verdict, plan_code, "
         "opened_at,"
         " updated_at, mail_token) VALUES (:id, :id, 1, 1, 3, 1, 1, :subject, 1, '', 1, 1, CAST(CAST(:id AS BIGINT) AS "
         "TEXT))");
DB_QUERY(q_message, "test.search-message",
         "INSERT INTO message (id, ticket_id, internal, author_kind, author, email, channel, at, text)"
         " VALUES (:id, :ticket, 0, 1, 'Ana', 'ana@campus.example', 1, 1, :text)");

struct said {
	int64_t id, ticket;
	const char *text;
};

static enum rc say(struct db_tx *tx, const struct said *s, struct err *err)
{
	struct event e = { .at = { 1 },
		           .kind = STR_INIT(EV_MESSAGE),
		           .actor = STR_INIT("Ana"),
		           .message = { s->id },
		           .ticket = { s->ticket } };
	enum rc rc = db_exec(tx, &q_message,
	                     DB_ARGS(db_i64("id", s->id), db_i64("ticket", s->ticket), db_str("text", str_of(s->text))),
	                     NULL, err);

	return rc == RC_OK ? event_append(tx, &e, NULL, err) : rc;
}

static enum rc write_world(struct db_tx *tx, void *arg, struct err *err)
{
	static const struct said said[] = {
		{1,  1, "The quiz cannot be submitted"        },
                { 2, 1, "Which browser? The quiz works here"  },
		{ 3, 2, "El certificado del examen no llega"  },
                { 4, 2, "Certificate sent; see the quiz, too" },
		{ 5, 1, "¿Qué navegador? Añadí la captura"},
	};
	static const char *const subject[] = { "Submitting fails", "Certificado perdido" };
	enum rc rc = db_exec(tx, &q_account, DB_NO_ARGS, NULL, err);

	for (int64_t i = 0; i < 2 && rc == RC_OK; i++)
		rc = db_exec(tx, &q_ticket, DB_ARGS(db_i64("id", i + 1), db_str("subject", str_of(subject[i]))), NULL,
		             err);
	for (size_t i = 0; i < COUNT(said) && rc == RC_OK; i++)
		rc = say(tx, &said[i], err);
	return rc;
}

static enum rc find(struct db_tx *tx, void *arg, struct err *err)
{
	static const struct {
		const char *why, *words;
		int64_t first, second; /* messages */
	} row[] = {
		{"newest message first, one a ticket",        "quiz",                       4, 2},
		{ "all words, in any order",                  "certificate quiz",           4, 0},
		{ "of one message",                           "certificate browser",        0, 0},
		{ "case does not matter",                     "CERTIFICATE",                4, 0},
		{ "nor do accents, either way",               "que anadi",                  5, 0},
		{ "typed accents find plain text",            "quíz",                      4, 2},
		{ "a prefix",		                 "certif*",                    4, 0},
		{ "a word is whole without a star",           "certif",                     0, 0},
		{ "a phrase in its order",                    "\"cannot be submitted\"",    1, 0},
		{ "and in no other",                          "\"submitted be cannot\"",    0, 0},
		{ "the subject belongs to the first message", "submitting",                 1, 0},
		{ "the writer's address",                     "ana@campus.example captura", 5, 0},
		{ "an absent word",                           "zebra",                      0, 0},
		{ "no word at all",                           "?!",                         0, 0},
	};
	struct test *t = arg;
	struct search_page p;

	for (size_t i = 0; i < COUNT(row); i++) {
		enum rc rc = search_tickets(tx, &t->arena, str_of(row[i].words), 0, 10, &p, err);

		if (rc != RC_OK)
			return rc;
		EXPECT_EQ(row[i].why, p.n, (row[i].first != 0) + (row[i].second != 0));
		EXPECT_EQ(row[i].why, p.n > 0 ? p.at[0].message.v : 0, row[i].first);
		EXPECT_EQ(row[i].why, p.n > 1 ? p.at[1].message.v : 0, row[i].second);
	}
	enum rc rc = search_tickets(tx, &t->arena, STR("quiz"), 0, 1, &p, err);
	EXPECT("a full page says that there is more", rc == RC_OK && p.n == 1 && p.more);
	rc = search_tickets(tx, &t->arena, STR("quiz"), p.before, 1, &p, err);
	EXPECT("the next page goes on behind it", rc == RC_OK && p.n == 1 && p.at[0].message.v == 2 && !p.more);
	return rc;
}

TEST_EACH_DB(search_finds_messages)
{
	struct event_reader r = search_reader();
	enum rc rc;

	EXPECT_RC(RC_OK, db_write(t->db, write_world, NULL, &t->err));
	while ((rc = event_read_once(t->db, &r, &t->err)) == RC_OK)
		;
	EXPECT_RC(RC_NOT_FOUND, rc);
	EXPECT_RC(RC_OK, db_read(t->db, find, t, &t->err));
}

static enum rc twice(struct db_tx *tx, void *arg, struct err *err)
{
	struct event e = {
		.at = { 1 }, .kind = STR_INIT(EV_MESSAGE), .actor = STR_INIT("Ana"), .message = { 4 }, .ticket = { 2 }
	};

	return event_append(tx, &e, NULL, err);
}

TEST_EACH_DB(search_indexes_once)
{
	struct event_reader r = search_reader();

	EXPECT_RC(RC_OK, db_write(t->db, write_world, NULL, &t->err));
	EXPECT_RC(RC_OK, db_write(t->db, twice, NULL, &t->err));
	while (event_read_once(t->db, &r, &t->err) == RC_OK)
		;
	EXPECT_RC(RC_OK, db_read(t->db, find, t, &t->err));
}
