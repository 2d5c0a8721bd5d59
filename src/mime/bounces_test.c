/* Labelled mails of tests/bounces: bounces in the shapes of mail servers and providers, other automatic mail, and what
 * persons write that looks like either. A file has entries: "=== NAME: LABEL", the mail as it came, up to the next.
 * Labels: "bounce RECIPIENT STATUS" ("-" where the mail does not say; of the status only the class counts), "robot"
 * (automatic, no bounce), "person". */
#include "mime/mime.h"
#include "test/test.h"
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

struct tally {
	int bounces, found, named, classed;
	int robots, automatic;
	int persons, mistaken;
	int not_bounces, false_bounces;
};

static struct str load(struct test *t, const char *name)
{
	static const char *const from[] = { "tests/bounces", "../tests/bounces" };
	char *p = arena_alloc(&t->arena, 1 << 20);
	ssize_t n = 0;

	for (size_t i = 0; i < COUNT(from) && n <= 0; i++) {
		int fd = open(str_z(&t->arena, arena_strf(&t->arena, "%s/%s.txt", from[i], name)),
		              O_RDONLY | O_CLOEXEC);

		if (fd < 0)
			continue;
		n = read(fd, p, 1 << 20);
		close(fd);
	}
	EXPECT("the labelled mails are there (run from the top of the source)", n > 0);
	return (struct str){ p, n > 0 ? (size_t)n : 0 };
}

static void judge_bounce(const struct mail *m, struct str label, struct str name, struct tally *c)
{
	struct str who, status = label;

	str_cut(&status, ' ', &who);
	c->bounces++;
	c->found += m->bounce.is;
	if (!m->bounce.is || m->auto_reason.n == 0)
		printf(STR_F ": not seen as a bounce\n", STR_A(name));
	bool named = str_is(who, "-") || str_eq_nocase(m->bounce.recipient, who);
	bool classed = str_is(status, "-") || (m->bounce.status.n && m->bounce.status.p[0] == status.p[0]);
	c->named += named;
	c->classed += classed;
	if (m->bounce.is && !(named && classed))
		printf(STR_F ": who was not reached is [" STR_F "], status [" STR_F "]\n", STR_A(name),
		       STR_A(m->bounce.recipient), STR_A(m->bounce.status));
}

static void judge(struct test *t, struct str head, struct str raw, struct tally *c)
{
	size_t colon = str_find(head, STR(": "));
	struct str name = str_sub(head, 0, colon), label = str_from(head, colon + 2);
	struct mail m;

	EXPECT_RC(RC_OK, mime_parse(&t->arena, raw, NULL, &m, &t->err));
	if (str_starts(label, STR("bounce "))) {
		judge_bounce(&m, str_from(label, 7), name, c);
		return;
	}
	c->not_bounces++;
	c->false_bounces += m.bounce.is;
	if (m.bounce.is)
		printf(STR_F ": no bounce, and taken for one\n", STR_A(name));
	if (str_is(label, "robot")) {
		c->robots++;
		c->automatic += m.auto_reason.n > 0;
		if (m.auto_reason.n == 0)
			printf(STR_F ": automatic, and taken for a person's\n", STR_A(name));
		return;
	}
	EXPECT("a label is bounce, robot or person", str_is(label, "person"));
	c->persons++;
	c->mistaken += m.auto_reason.n > 0;
	if (m.auto_reason.n)
		printf(STR_F ": a person's, and taken for automatic: " STR_F "\n", STR_A(name), STR_A(m.auto_reason));
}

TEST(bounces_of_many_servers_and_what_looks_like_them)
{
	static const char *const files[] = { "bounces-later",   "bounces", "bounces-words",
		                             "bounces-reports", "robots",  "persons" };
	struct tally c = { 0 };

	for (size_t i = 0; i < COUNT(files); i++) {
		struct str rest = load(t, files[i]);

		while (str_starts(rest, STR("=== "))) {
			size_t lf = str_find_byte(rest, '\n'), next;
			struct str head = str_sub(rest, 4, lf - 4);

			rest = str_from(rest, lf + 1);
			next = str_find(rest, STR("\n=== "));
			judge(t, head, str_sub(rest, 0, next == STR_NONE ? rest.n : next + 1), &c);
			rest = str_from(rest, next == STR_NONE ? rest.n : next + 1);
		}
	}
	printf("bounces: %d of %d known, %d with who was not reached, %d with the status's class; %d of %d other mails "
	       "taken for one\nautomatic: %d of %d robots known, %d of %d persons mistaken\n",
	       c.found, c.bounces, c.named, c.classed, c.false_bounces, c.not_bounces, c.automatic, c.robots,
	       c.mistaken, c.persons);
	EXPECT("there are some of each", c.bounces >= 145 && c.robots >= 10 && c.persons >= 40);
	EXPECT("bounces are known", c.found * 100 >= c.bounces * 99);
	EXPECT("who was not reached is known", c.named * 100 >= c.bounces * 99);
	EXPECT("the status's class is known", c.classed * 100 >= c.bounces * 99);
	EXPECT("nothing else is taken for a bounce", c.false_bounces * 200 <= c.not_bounces);
	EXPECT("robots are known", c.automatic * 100 >= c.robots * 95);
	EXPECT("persons are hardly ever mistaken", c.mistaken * 200 <= c.persons);
}

/* Mails that others collected to try parsers with: none but the reports among them is a bounce. */
static int strangers_in(struct test *t, const char *dir, int *reports)
{
	static const char *const are[] = { "multi_address_bounce1.eml",
		                           "multipart_report_multiple_status.eml",
		                           "report_422.eml",
		                           "report_530.eml",
		                           "cpython/msg_05.txt",
		                           "cpython/msg_16.txt",
		                           "cpython/msg_25.txt",
		                           "cpython/msg_43.txt",
		                           "mimepart_without_content_type.eml",
		                           "bounce.eml" };
	DIR *d = opendir(dir);
	char *p = d ? arena_alloc(&t->arena, 1 << 20) : NULL;
	int n = 0;

	for (struct dirent *e; d && (e = readdir(d));) {
		struct str path = arena_strf(&t->arena, "%s/%s", dir, e->d_name);
		int fd = open(str_z(&t->arena, path), O_RDONLY | O_CLOEXEC);
		ssize_t got = fd < 0 ? -1 : read(fd, p, 1 << 20);
		bool is = false;
		struct mail m;

		if (fd >= 0)
			close(fd);
		if (got <= 0 || mime_parse(&t->arena, (struct str){ p, (size_t)got }, NULL, &m, &t->err) != RC_OK)
			continue;
		n++;
		for (size_t i = 0; i < COUNT(are); i++)
			is |= str_ends(path, str_of(are[i]));
		*reports += is;
		if (is != m.bounce.is)
			printf(STR_F ": taken for %s\n", STR_A(path), m.bounce.is ? "a bounce" : "no bounce");
		EXPECT("a stranger's mail is a bounce when it is one", is == m.bounce.is);
	}
	if (d)
		closedir(d);
	return n;
}

TEST(bounces_are_few_among_the_mails_of_strangers)
{
	static const char *const sets[] = { "cpython", "mikel", "mime4j", "postalmime", "stalwart", "talon" };
	int n = 0, reports = 0;

	for (size_t i = 0; i < COUNT(sets); i++)
		n += strangers_in(t, str_z(&t->arena, arena_strf(&t->arena, "../shared/corpora/mail/%s", sets[i])),
		                  &reports) +
		     strangers_in(t, str_z(&t->arena, arena_strf(&t->arena, "../../shared/corpora/mail/%s", sets[i])),
		                  &reports);
	if (n == 0)
		SKIP("the corpora of mails are not beside the source");
	printf("bounces: %d of %d mails of strangers\n", reports, n);
}
