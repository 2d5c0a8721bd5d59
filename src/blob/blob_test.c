/* The store keeps, keeps once, refuses when full; names and types of hostile files. */
#include "blob/blob.h"
#include "test/test.h"
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

static struct blob_store *open_store(struct test *t, const char *sub, int64_t reserve)
{
	struct blob_store *s = NULL;

	EXPECT_RC(RC_OK, blob_open(arena_strf(&t->arena, "%s/%s", t->dir, sub), reserve, &s, &t->err));
	return s;
}

TEST(blob_put_keeps_bytes_once)
{
	struct blob_store *s = open_store(t, "b", 0);
	char sha[65], again[65];
	struct str got;
	struct stat st;

	EXPECT_RC(RC_OK, blob_put(s, STR("hello"), sha, &t->err));
	EXPECT_STR("a blob is named by the SHA-256 of its bytes", str_of(sha),
	           "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824");
	EXPECT_RC(RC_OK, blob_put(s, STR("hello"), again, &t->err));
	EXPECT_STR("the same bytes have the same name", str_of(again), sha);
	EXPECT_RC(RC_OK, blob_read(&t->arena, s, str_of(sha), 100, &got, &t->err));
	EXPECT_STR("what was put is read back", got, "hello");
	EXPECT_RC(RC_LIMIT, blob_read(&t->arena, s, str_of(sha), 4, &got, &t->err));
	EXPECT("the path leads to the file", stat(blob_path(&t->arena, s, str_of(sha)).p, &st) == 0 && st.st_size == 5);
	EXPECT("a path made of something else is refused", str_null(blob_path(&t->arena, s, STR("../../etc/passwd"))));
	EXPECT_RC(RC_NOT_FOUND,
	          blob_read(&t->arena, s, STR("0000000000000000000000000000000000000000000000000000000000000000"), 9,
	                    &got, &t->err));
	blob_close(s);
}

TEST(blob_writer_streams_and_aborts)
{
	struct blob_store *s = open_store(t, "b", 0);
	struct blob_writer *w;
	char sha[65];
	int64_t size = 0;

	EXPECT_RC(RC_OK, blob_begin(s, &w, &t->err));
	for (int i = 0; i < 1000; i++)
		EXPECT_RC(RC_OK, blob_write(w, STR("0123456789abcdef0123456789abcdef"), &t->err));
	EXPECT_RC(RC_OK, blob_finish(w, sha, &size, &t->err));
	EXPECT_EQ("every piece was counted", size, 32000);
	EXPECT("the blob is there", blob_has(s, str_of(sha)));
	EXPECT_RC(RC_INVALID, blob_remove(s, STR("../../etc"), &t->err));
	EXPECT_RC(RC_OK, blob_begin(s, &w, &t->err));
	EXPECT_RC(RC_OK, blob_write(w, STR("gone"), &t->err));
	blob_abort(w);
	blob_close(s);
	char *left = str_z(&t->arena, arena_strf(&t->arena, "%s/b/tmp/999999999.1", t->dir));
	char *busy = str_z(&t->arena, arena_strf(&t->arena, "%s/b/tmp/%d.1", t->dir, (int)getppid()));
	close(open(left, O_CREAT | O_WRONLY, 0600));
	close(open(busy, O_CREAT | O_WRONLY, 0600));
	s = open_store(t, "b", 0);
	EXPECT("what a crash left behind is removed at the next start", access(left, F_OK) != 0);
	EXPECT("what another living process is writing stays", access(busy, F_OK) == 0);
	EXPECT("blobs stay", blob_has(s, str_of(sha)));
	EXPECT_RC(RC_OK, blob_remove(s, str_of(sha), &t->err));
	EXPECT("until they are removed", !blob_has(s, str_of(sha)));
	EXPECT_RC(RC_OK, blob_remove(s, str_of(sha), &t->err));
	blob_close(s);
}

TEST(blob_adopts_uploads)
{
	struct blob_store *s = open_store(t, "b", 0);
	const char *sha = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";
	char *up = str_z(&t->arena, arena_strf(&t->arena, "%s/up", t->dir));

	for (int i = 0; i < 2; i++) {
		FILE *f = fopen(up, "w");
		fputs("hello", f);
		fclose(f);
		EXPECT_RC(RC_OK, blob_adopt(s, up, str_of(sha), &t->err));
		EXPECT("the upload moved", access(up, F_OK) != 0 && blob_has(s, str_of(sha)));
	}
	EXPECT_RC(RC_FAULT, blob_adopt(s, up, STR("xyz"), &t->err));
	blob_close(s);
}

TEST(blob_refuses_below_the_reserve)
{
	struct blob_store *s = open_store(t, "b", INT64_MAX);
	struct blob_writer *w;

	EXPECT_RC(RC_FULL, blob_begin(s, &w, &t->err));
	blob_close(s);
}

TEST(blob_full_disk_keeps_nothing)
{
	char *dir = str_z(&t->arena, arena_strf(&t->arena, "%s/small", t->dir)), sha[65];

	mkdir(dir, 0700);
	if (geteuid() != 0 || mount("tmpfs", dir, "tmpfs", 0, "size=1m") != 0)
		SKIP("only root can mount a small file system");
	struct blob_store *s = open_store(t, "small", 0);
	char *big = arena_alloc(&t->arena, 3 << 20);
	EXPECT_RC(RC_FULL, blob_put(s, (struct str){ big, 3 << 20 }, sha, &t->err));
	EXPECT_RC(RC_OK, blob_put(s, STR("small"), sha, &t->err));
	EXPECT("the space of the refused one came back", blob_free_bytes(s) > 512 << 10);
	blob_close(s);
	umount(dir);
}

struct many {
	struct blob_store *s;
	int from;
	bool ok;
};

static void *put_many(void *arg)
{
	struct many *m = arg;

	m->ok = true;
	for (int i = 0; i < 40; i++) {
		char text[32], sha[65];
		struct err err;

		snprintf(text, sizeof(text), "%d", m->from + i % 20);
		m->ok = m->ok && blob_put(m->s, str_of(text), sha, &err) == RC_OK && blob_has(m->s, str_of(sha));
	}
	return NULL;
}

TEST(blob_threads_share_folder_syncs)
{
	struct blob_store *s = open_store(t, "b", 0);
	pthread_t th[6];
	struct many m[6];

	for (int i = 0; i < 6; i++) {
		m[i] = (struct many){ s, i / 2 * 20, false };
		pthread_create(&th[i], NULL, put_many, &m[i]);
	}
	for (int i = 0; i < 6; i++) {
		pthread_join(th[i], NULL);
		EXPECT("each thread's blobs were kept, also those two threads wrote at once", m[i].ok);
	}
	blob_close(s);
}

TEST(blob_sniffs_the_allow_list)
{
	EXPECT_EQ("PNG by magic", blob_sniff(STR("\x89PNG\r\n\x1a\nxxxx")), BLOB_PNG);
	EXPECT_EQ("JPEG by magic", blob_sniff(STR("\xff\xd8\xff\xe0")), BLOB_JPEG);
	EXPECT_EQ("GIF by magic", blob_sniff(STR("GIF89a..")), BLOB_GIF);
	EXPECT_EQ("WebP by magic", blob_sniff(STR("RIFF\1\2\3\4WEBPVP8 ")), BLOB_WEBP);
	EXPECT_EQ("PDF by magic", blob_sniff(STR("%PDF-1.7")), BLOB_PDF);
	EXPECT_EQ("SVG is no picture", blob_sniff(STR("<svg xmlns=")), BLOB_OTHER);
	EXPECT_EQ("HTML is no picture", blob_sniff(STR("<html>")), BLOB_OTHER);
	EXPECT_EQ("nothing is nothing", blob_sniff(STR_NULL), BLOB_OTHER);
	EXPECT("a PNG that calls itself SVG is not shown (S-03)", !blob_may_inline(BLOB_PNG, STR("image/svg+xml")));
	EXPECT("a PNG that calls itself a page is not shown",
	       !blob_may_inline(BLOB_PNG, STR("text/html;charset=utf-7")));
	EXPECT("a PNG is shown", blob_may_inline(BLOB_PNG, STR("image/png")));
	EXPECT("a PDF is not shown in the page", !blob_may_inline(BLOB_PDF, STR("application/pdf")));
}

TEST(blob_names_are_safe)
{
	static const struct {
		const char *why, *name, *safe;
	} rows[] = {
		{"an ordinary name stays",                        "Report 2026.pdf",                              "Report 2026.pdf"            },
		{ "folders are cut off",                          "../../etc/passwd",                             "passwd"                     },
		{ "Windows folders are cut off",                  "..\\..\\boot.ini",                             "boot.ini"                   },
		{ "line ends cannot make a header",               "a\r\nX: y.txt",                                "aX_ y.txt"                  },
		{ "markup cannot close an attribute",             "\"><svg onload=alert(1)>.txt",                 "___svg onload=alert(1)_.txt"},
		{ "the last component of markup with a slash",    "\"><svg/onload=x>.txt",                        "onload=x_.txt"              },
		{ "right-to-left override is dropped",            "invoice\xe2\x80\xaetxt.exe",                   "invoicetxt.exe"             },
		{ "devices get a prefix",                         "CON",                                          "_CON"                       },
		{ "devices with an extension too",                "lpt1.txt",                                     "_lpt1.txt"                  },
		{ "a device look-alike stays",                    "console.txt",                                  "console.txt"                },
		{ "empty has a name",                             "",		                             "file"                       },
		{ "dots only have a name",                        "...",                                          "file"                       },
		{ "hidden files are not hidden",                  ".htaccess",                                    "htaccess"                   },
		{ "zero width before a dot does not help",        "\xe2\x80\x8b.htaccess",                        "htaccess"                   },
		{ "a byte order mark before a dot does not help", "\xef\xbb\xbf.htaccess",                        "htaccess"                   },
		{ "soft hyphens are dropped",                     "a\xc2\xad.txt",                                "a.txt"                      },
		{ "trailing dots and spaces are cut",             "a.txt. . ",                                    "a.txt"                      },
		{ "other scripts stay",                           "\xd0\xbe\xd1\x82\xd1\x87\xd0\xb5\xd1\x82.pdf",
                 "\xd0\xbe\xd1\x82\xd1\x87\xd0\xb5\xd1\x82.pdf"		                                                                },
		{ "malformed UTF-8 is dropped",                   "a\xff\xfe.txt",                                "a.txt"                      },
		{ "a no-break space is a space",
                 "a\xc2\xa0"
		  "b.txt",		                                                                        "a b.txt"                    },
		{ "options cannot be made of names",              "-rf",                                          "rf"                         },
		{ "percent signs cannot be escapes",              "a%2fb",                                        "a_2fb"                      },
		{ "a slash at the end leaves no name",            "dir/",                                         "file"                       },
		{ "line separators are dropped",
                 "a\xe2\x80\xa8"
		  "b",		                                                                            "ab"		         },
	};
	char long_name[301] = { 0 };

	for (size_t i = 0; i < COUNT(rows); i++)
		EXPECT_STR(rows[i].why, blob_safe_name(&t->arena, str_of(rows[i].name)), rows[i].safe);
	EXPECT_STR("a NUL ends nothing", blob_safe_name(&t->arena, STR("a\0.exe.txt")), "a.exe.txt");
	memset(long_name, 'a', 300);
	memcpy(long_name + 296, ".png", 4);
	struct str s = blob_safe_name(&t->arena, str_of(long_name));
	EXPECT("a long name is cut and keeps its extension", s.n <= 120 && str_ends(s, STR(".png")));
	for (size_t i = 0; i < COUNT(rows); i++)
		EXPECT("making safe twice changes nothing (S-04)",
		       str_eq(blob_safe_name(&t->arena, str_of(rows[i].safe)), str_of(rows[i].safe)) ||
		               rows[i].safe[0] == '-');
}

TEST(blob_disposition_is_one_line)
{
	EXPECT_STR("plain names need no second form", blob_disposition(&t->arena, STR("a.txt"), false),
	           "attachment; filename=\"a.txt\"");
	EXPECT_STR("others have the form of RFC 8187 too", blob_disposition(&t->arena, STR("\xc3\xa9.png"), true),
	           "inline; filename=\"_.png\"; filename*=UTF-8''%C3%A9.png");
	EXPECT("nothing can break the line (S-04)",
	       !str_has_control(blob_disposition(&t->arena, STR("a\r\nSet-Cookie: x=\"y\n"), false)));
	EXPECT("quotes are gone", str_find(blob_disposition(&t->arena, STR("a\"b"), false), STR("a\"b")) == STR_NONE);
}
