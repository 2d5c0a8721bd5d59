/* Precedence, mistakes collected with their places, defaults that fit together. */
#include "desk/desk.h"
#include "desk/secret.h"
#include "test/test.h"
#include "util/buf.h"
#include <stdio.h>
#include <sys/stat.h>

TEST(config_precedence_and_mistakes)
{
	char *env[] = { "CARREL_PRODUCT=From the environment", "CARREL_PREFIX=ENV", "HOME=/x", NULL };
	char *flags[] = { "--prefix", "FLAG", "--base-url=https://help.example/", "--lisen=1", "--max-mail",
		          "many",     NULL };
	struct desk_config c;
	struct config_problem *p;
	size_t n;
	AUTO_BUF path;

	buf_init(&path, 1000);
	buf_addf(&path, "%s/carrel.conf", t->dir);
	FILE *f = fopen(path.p, "w");
	fputs("# a comment\nproduct = From the file\nzone = America/Bogota\nnonsense\n", f);
	fclose(f);
	EXPECT_RC(RC_OK, config_load(&t->arena, buf_str(&path), env, flags, &c, &p, &n, &t->err));
	EXPECT_STR("the environment wins over the file", c.product, "From the environment");
	EXPECT_STR("a flag wins over both", c.prefix, "FLAG");
	EXPECT_STR("the file counts where nothing else is said", c.zone, "America/Bogota");
	EXPECT_STR("no slash at the end", c.base_url, "https://help.example");
	EXPECT_STR("the address follows from the host", c.support_addr, "support@help.example");
	EXPECT_EQ("all three mistakes are told at once", n, 3);
	if (n < 3)
		return;
	EXPECT("with the place", str_ends(p[0].where, STR("carrel.conf:4")));
	EXPECT("and what was meant", str_find(p[1].text, STR("\"listen\"")) != STR_NONE);
}

static struct str write_file(struct test *t, const char *name, const char *text, mode_t mode)
{
	struct str path = arena_strf(&t->arena, "%s/%s", t->dir, name);
	FILE *f = fopen(str_z(&t->arena, path), "w");

	fputs(text, f);
	fclose(f);
	chmod(str_z(&t->arena, path), mode);
	return path;
}

TEST(config_defaults_fit_together)
{
	struct desk_config c;
	struct config_problem *p;
	size_t n;

	EXPECT_RC(RC_OK, config_load(&t->arena, STR_NULL, NULL, NULL, &c, &p, &n, &t->err));
	EXPECT_EQ("what comes with the program has no mistake", n, 0);
	EXPECT_STR("the address follows from where it listens", c.base_url, "http://127.0.0.1:8080");
	EXPECT_STR("a mail address wants a name", c.support_addr, "support@localhost");
	EXPECT_STR("and Message-IDs its domain", c.mail_domain, "localhost");
	EXPECT_EQ("sizes have units", c.max_mail, 25 << 20);
	EXPECT_EQ("room for one and a half mails", c.min_free, c.max_mail + c.max_mail / 2);
}

TEST(config_every_mistake)
{
	static const struct {
		const char *why, *line, *want;
	} row[] = {
		{"a misspelt key",                  "smtp_ulr = smtp://x:25",                    "did you mean \"smtp-url\""     },
		{ "a key of another program",       "frobnicate = 1",                            "there is no key \"frobnicate\""},
		{ "no equals sign",                 "listen 127.0.0.1:1",                        "KEY = VALUE"                   },
		{ "a number with letters",          "max-mail = 2x",                             "number of bytes"               },
		{ "a number that is too large",     "max-upload = 99999999999999999G",           "number of bytes"               },
		{ "a mail limit beyond reason",     "max-mail = 2G",                             "between"                       },
		{ "neither yes nor no",             "smtp-starttls = maybe",                     "yes or no"                     },
		{ "no port",                        "listen = localhost",                        "ADDRESS:PORT"                  },
		{ "a path in the address",          "base-url = https://help.example/desk",      "without a path"                },
		{ "another scheme",                 "base-url = ftp://help.example",             "http://"                       },
		{ "no host",                        "base-url = https://",                       "a host"                        },
		{ "a database nobody knows",        "db = mysql://x",                            "sqlite:"                       },
		{ "a zone nobody knows",            "zone = America/Nowhere",                    "no time zone"                  },
		{ "a zone that climbs",             "zone = ../../etc/passwd",                   "no time zone"                  },
		{ "a level nobody knows",           "log-level = loud",                          "debug"                         },
		{ "two addresses as one",           "support-addr = a@b.example c@d.example",    "one mail address"              },
		{ "an address too long for proofs", "support-addr = customer-support@b.example", "longer"                        },
		{ "a list with a bad address",      "mail-addresses = help@b.example, nobody",   "no mail address"               },
		{ "nine hosts",                     "hosts = a b c d e f g h i",                 "at most 8"                     },
		{ "a user without a password",      "smtp-user = desk",                          "smtp-password-file"            },
		{ "a file that is not there",       "metrics-token-file = /nonexistent/token",   "cannot be read"                },
		{ "a wrong prefix",                 "prefix = CAR-",                             "letters and digits"            },
		{ "a key twice",                    "phone = 1\nphone = 2",                      "set twice"                     },
	};

	for (size_t i = 0; i < COUNT(row); i++) {
		struct desk_config c;
		struct config_problem *p;
		struct str file = write_file(t, "carrel.conf", row[i].line, 0644);
		size_t n = 0;

		EXPECT_RC(RC_OK, config_load(&t->arena, file, NULL, NULL, &c, &p, &n, &t->err));
		if (!EXPECT_EQ(row[i].why, n, 1))
			continue;
		EXPECT(row[i].why, str_find(p[0].text, str_of(row[i].want)) != STR_NONE);
		EXPECT("the place is told", str_find(p[0].where, STR("carrel.conf:")) != STR_NONE);
	}
}

TEST(config_secrets_are_closed)
{
	struct desk_config c;
	struct config_problem *p;
	size_t n;
	struct str open = write_file(t, "open", "x", 0640), closed = write_file(t, "closed", "x", 0600);
	char *flags[] = { str_z(&t->arena, arena_strf(&t->arena, "--metrics-token-file=" STR_F, STR_A(open))),
		          "--smtp_user",
		          "desk",
		          "--smtp_password_file",
		          str_z(&t->arena, closed),
		          NULL };

	EXPECT_RC(RC_OK, config_load(&t->arena, STR_NULL, NULL, flags, &c, &p, &n, &t->err));
	if (EXPECT_EQ("only the open one is a mistake", n, 1))
		EXPECT_STR("named by its flag", p[0].where, "--metrics-token-file");
	EXPECT("hyphens and underscores are the same", str_eq(c.smtp_password_file, closed));
	EXPECT_RC(RC_INVALID, config_load(&t->arena, STR("/nonexistent/carrel.conf"), NULL, NULL, &c, &p, &n, &t->err));
}

TEST(config_values)
{
	static const char text[] =
	        "\xef\xbb\xbf# with the mark of an editor\r\nproduct = \"My desk\"\r\nhosts = A.example, b.example\r\n"
	        "listen=[::1]:9000\nphone = +57 1 234 = 5\n";
	struct str file = write_file(t, "carrel.conf", text, 0644);
	char *env[] = { "CARREL_SMTP_STARTTLS=yes", "CARREL_TEST_X=1", "CARREL_CONFIG=x", NULL };
	struct desk_config c;
	struct config_problem *p;
	size_t n;

	EXPECT_RC(RC_OK, config_load(&t->arena, file, env, NULL, &c, &p, &n, &t->err));
	EXPECT_EQ("no mistake", n, 0);
	EXPECT_STR("quotes around a value are not part of it", c.product, "My desk");
	EXPECT_EQ("lists may have commas", c.n_hosts, 2);
	EXPECT_STR("hosts are lower case", c.hosts[0], "a.example");
	EXPECT_STR("a numeric host has no mail", c.support_addr, "support@localhost");
	EXPECT_STR("only the first equals sign counts", c.phone, "+57 1 234 = 5");
	EXPECT("the environment is read", c.smtp_starttls);
}

/* The document is made of the table: carrel config keys --markdown. */
TEST(config_document_is_current)
{
	static const char *const paths[] = { "docs/CONFIGURATION.md", "../docs/CONFIGURATION.md" };
	AUTO_BUF want;
	AUTO_BUF got;
	FILE *f = NULL;
	int ch;

	buf_init(&want, 1 << 20);
	buf_init(&got, 1 << 20);
	config_document(&want);
	for (size_t i = 0; i < COUNT(paths) && !f; i++)
		f = fopen(paths[i], "r");
	if (!f)
		SKIP("the source tree is not here");
	while ((ch = getc(f)) != EOF)
		buf_addc(&got, (char)ch);
	fclose(f);
	EXPECT("docs/CONFIGURATION.md is what the program prints", str_eq(buf_str(&want), buf_str(&got)));
}

TEST(secret_file_is_made_and_kept)
{
	struct desk d = {
		.config = {.data_dir = str_of(t->dir),
                           .support_addr = STR_INIT("support@desk.example"),
                           .mail_domain = STR_INIT("desk.example")}
	};
	struct str path = arena_strf(&t->arena, "%s/secret", t->dir), first;
	struct stat st;

	EXPECT_RC(RC_OK, secret_load(&t->arena, &d, &t->err));
	EXPECT_EQ("one key", d.keys.n, 1);
	EXPECT_EQ("of 32 bytes in hex", d.keys.key[0].n, 64);
	EXPECT_EQ("nobody else may read it", stat(str_z(&t->arena, path), &st) == 0 ? st.st_mode & 0777 : 0, 0600);
	EXPECT_STR("proofs stand behind support+", d.keys.reply_local, "support");
	EXPECT("the key of PINs is another one", d.pin_key.n && !str_eq(d.pin_key, d.keys.key[0]));
	first = d.keys.key[0];
	EXPECT_RC(RC_OK, secret_load(&t->arena, &d, &t->err));
	EXPECT("it stays the same", str_eq(d.keys.key[0], first));
	write_file(t, "secret",
	           str_z(&t->arena, arena_strf(&t->arena, "# rotated\n%064d\n" STR_F "\n", 7, STR_A(first))), 0600);
	EXPECT_RC(RC_OK, secret_load(&t->arena, &d, &t->err));
	EXPECT("the newest first, the old one behind it", d.keys.n == 2 && str_eq(d.keys.key[1], first));
	chmod(str_z(&t->arena, path), 0644);
	EXPECT_RC(RC_INVALID, secret_load(&t->arena, &d, &t->err));
	write_file(t, "secret", "short\n", 0600);
	EXPECT_RC(RC_INVALID, secret_load(&t->arena, &d, &t->err));
	write_file(t, "secret", "\n", 0600);
	EXPECT_RC(RC_INVALID, secret_load(&t->arena, &d, &t->err));
}
