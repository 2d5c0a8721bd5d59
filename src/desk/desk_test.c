/* Precedence, mistakes collected with their places, defaults that fit together. */
#include "desk/desk.h"
#include "test/test.h"
#include "util/buf.h"

TEST(config_precedence_and_mistakes)
{
	char *env[] = { "CARREL_PRODUCT=From the environment", "CARREL_PREFIX=ENV", "HOME=/x", NULL };
	char *flags[] = { "--prefix", "FLAG", "--base-url=https://help.example/", "--lisen=1", "--max-mail", "many", NULL };
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
	EXPECT("with the place", str_ends(p[0].where, STR("carrel.conf:4")));
	EXPECT("and what was meant", str_find(p[1].text, STR("\"listen\"")) != STR_NONE);
}
