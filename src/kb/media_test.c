/* Media: what they are by their bytes, small pictures, and that nobody sees what is on no page of his. */
#include "blob/blob.h"
#include "jail/jail.h"
#include "kb/media.h"
#include "test/test.h"
#include <png.h>
#include <turbojpeg.h>

#define NOW time_now()
static const struct actor agent = { .kind = ACTOR_AGENT, .agent = { 1 }, .name = STR_INIT("the writer") };
static const struct actor contact = { .kind = ACTOR_CONTACT, .contact = { 1 } };
static const struct actor nobody = { .kind = ACTOR_NOBODY };

static uint8_t *pixels(struct test *t, uint32_t w, uint32_t h)
{
	uint8_t *p = arena_alloc(&t->arena, (size_t)w * h * 4);

	for (size_t i = 0; i < (size_t)w * h; i++) { /* left half red, right half blue */
		p[i * 4] = i % w < w / 2 ? 255 : 0;
		p[i * 4 + 2] = i % w < w / 2 ? 0 : 255;
		p[i * 4 + 3] = 255;
	}
	return p;
}

static struct str png_of(struct test *t, uint32_t w, uint32_t h)
{
	png_image image = { .version = PNG_IMAGE_VERSION, .width = w, .height = h, .format = PNG_FORMAT_RGBA };
	size_t n = (size_t)w * h * 4 + 4096;
	char *to = arena_alloc(&t->arena, n);

	EXPECT("a PNG is made", png_image_write_to_memory(&image, to, &n, 0, pixels(t, w, h), 0, NULL));
	return (struct str){ to, n };
}

/* With EXIF that says: turn it a quarter to the right. */
static struct str jpeg_of(struct test *t, int w, int h)
{
	static const char exif[] = "\xff\xe1\x00\x22"
	                           "Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0";
	tjhandle tj = tjInitCompress();
	unsigned char *out = NULL;
	unsigned long n = 0;

	EXPECT("a JPEG is made", tjCompress2(tj, pixels(t, (uint32_t)w, (uint32_t)h), w, 0, h, TJPF_RGBA, &out, &n,
	                                     TJSAMP_444, 90, 0) == 0);
	struct str s = str_concat(&t->arena,
	                          str_concat(&t->arena, (struct str){ (char *)out, 2 }, (struct str){ exif, 36 }),
	                          (struct str){ (char *)out + 2, n - 2 });
	tjFree(out);
	tjDestroy(tj);
	return s;
}

TEST(media_pictures_in_the_jail)
{
	struct jail *j = jail_new("/proc/self/exe", 1);
	struct jail_picture p;

	EXPECT_RC(RC_OK, jail_picture(j, &t->arena, png_of(t, 2000, 1000), 960, &p, &t->err));
	EXPECT("its size is read and a small one made", p.width == 2000 && p.height == 1000 && p.thumb.n > 20);
	EXPECT_RC(RC_OK, jail_picture(j, &t->arena, p.thumb, 100, &p, &t->err));
	EXPECT("which is a WebP of that size", p.width == 960 && p.height == 480 && p.thumb.n > 20);
	EXPECT_RC(RC_OK, jail_picture(j, &t->arena, png_of(t, 30, 20), 960, &p, &t->err));
	EXPECT("a small one needs none", p.width == 30 && p.height == 20 && str_null(p.thumb));
	EXPECT_RC(RC_OK, jail_picture(j, &t->arena, jpeg_of(t, 400, 100), 64, &p, &t->err));
	EXPECT("a photograph is turned as its camera says", p.width == 100 && p.height == 400 && p.thumb.n > 20);
	EXPECT_RC(RC_OK, jail_picture(j, &t->arena, STR("GIF89a\x0a\x00\x14\x00\x00\x00\x00\x00"), 16, &p, &t->err));
	EXPECT("an animation stays as it is", p.width == 10 && p.height == 20 && str_null(p.thumb));
	struct str png = png_of(t, 200, 200);
	EXPECT_RC(RC_INVALID, jail_picture(j, &t->arena, str_sub(png, 0, png.n / 2), 64, &p, &t->err));
	EXPECT_RC(RC_INVALID, jail_picture(j, &t->arena, STR("\x89PNG\r\n\x1a\n nonsense"), 64, &p, &t->err));
	/* 30000 x 30000 in its header */
	EXPECT_RC(RC_INVALID,
	          jail_picture(j, &t->arena, STR("GIF89a\x30\x75\x30\x75\x00\x00\x00\x00"), 64, &p, &t->err));
	EXPECT("and a damaged one costs no worker", strstr(t->err.text, "Nothing was kept") != NULL);
	jail_free(j);
}

TEST(media_types)
{
	static const struct {
		const char *why;
		struct str head;
		const char *type;
		bool shown;
	} rows[] = {
		{"a film",
                 STR_INIT("\0\0\0\x18"
		           "ftypmp42"),
                 "video/mp4",		                                                                                  true },
		{ "an open film",               STR_INIT("\x1a\x45\xdf\xa3"),                      "video/webm",               true },
		{ "captions",                   STR_INIT("WEBVTT\n\n00:00"),                       "text/vtt",                 true },
		{ "a paper",                    STR_INIT("%PDF-1.4"),                              "application/pdf",          false},
		{ "a page is not shown",        STR_INIT("<!doctype html><script>"),               "application/octet-stream", false},
		{ "nor a drawing with scripts", STR_INIT("<?xml version='1.0'?><svg onload='x'>"), "image/svg+xml",
                 false		                                                                                              },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		EXPECT_STR(rows[i].why, kb_media_type(rows[i].head), rows[i].type);
		EXPECT(rows[i].why, kb_media_inline(kb_media_type(rows[i].head)) == rows[i].shown);
	}
}

struct world {
	struct test *t;
	struct kb_media m;
	struct article a;
	const struct actor *who;
	enum rc found;
};

static enum rc add(struct db_tx *tx, void *arg, struct err *err)
{
	struct world *w = arg;

	return kb_media_add(tx, &w->t->arena, &agent, NOW, &w->m, err);
}

static enum rc save(struct db_tx *tx, void *arg, struct err *err)
{
	struct world *w = arg;
	struct article_id id;

	return kb_save(tx, &w->t->arena, &agent, NOW, &w->a, &id, err);
}

static enum rc find(struct db_tx *tx, void *arg, struct err *err)
{
	struct world *w = arg;
	struct kb_media m;

	w->found = kb_media_find(tx, &w->t->arena, w->who, NOW, w->m.token, &m, err);
	return RC_OK;
}

static enum rc seen_by(struct test *t, struct world *w, const struct actor *who)
{
	w->who = who;
	EXPECT_RC(RC_OK, db_read(t->db, find, w, &t->err));
	return w->found;
}

static enum rc set_alt(struct db_tx *tx, void *arg, struct err *err)
{
	struct world *w = arg;

	return kb_media_set_alt(tx, w->who, w->m.token, STR("A door"), err);
}

TEST_EACH_DB(media_are_seen_with_their_page)
{
	struct world w = { .t = t };
	struct jail *j = jail_new("/proc/self/exe", 1);
	struct blob_store *blobs = NULL;

	EXPECT_RC(RC_OK, blob_open(arena_strf(&t->arena, "%s/blobs", t->dir), 0, &blobs, &t->err));
	EXPECT_RC(RC_OK, kb_media_keep(blobs, j, &t->arena, png_of(t, 1000, 20), STR("../x.png"), &w.m, &t->err));
	EXPECT("it was looked at",
	       w.m.width == 1000 && str_is(w.m.type, "image/png") && str_is(w.m.name, "x.png") && w.m.thumb.n == 64);
	EXPECT_RC(RC_OK, db_write(t->db, add, &w, &t->err));
	EXPECT_RC(RC_NOT_FOUND, seen_by(t, &w, &nobody));
	EXPECT_RC(RC_NOT_FOUND, seen_by(t, &w, &contact));
	EXPECT_RC(RC_OK, seen_by(t, &w, &agent));
	w.a = (struct article){ .slug = STR_INIT("x"),
		                .lang = STR_INIT("en"),
		                .title = STR_INIT("X"),
		                .kind = ARTICLE_ARTICLE,
		                .visibility = VISIBLE_CUSTOMERS,
		                .published_at = { 1 } };
	w.a.markdown = arena_strf(&t->arena, "![a](media:" STR_F ")", STR_A(w.m.token));
	EXPECT_RC(RC_OK, db_write(t->db, save, &w, &t->err));
	EXPECT_RC(RC_NOT_FOUND, seen_by(t, &w, &nobody));
	EXPECT_RC(RC_OK, seen_by(t, &w, &contact));
	w.a.visibility = VISIBLE_PUBLIC;
	EXPECT_RC(RC_OK, db_write(t->db, save, &w, &t->err));
	EXPECT_RC(RC_OK, seen_by(t, &w, &nobody));
	w.a.markdown = STR("nothing");
	EXPECT_RC(RC_OK, db_write(t->db, save, &w, &t->err));
	EXPECT_RC(RC_NOT_FOUND, seen_by(t, &w, &nobody));
	w.who = &contact;
	EXPECT_RC(RC_DENIED, db_write(t->db, set_alt, &w, &t->err));
	w.who = &agent;
	EXPECT_RC(RC_OK, db_write(t->db, set_alt, &w, &t->err));
	EXPECT_RC(RC_INVALID,
	          kb_media_keep(blobs, j, &t->arena, STR("<svg onload=alert(1)>"), STR("x.svg"), &w.m, &t->err));
	blob_close(blobs);
	jail_free(j);
}
