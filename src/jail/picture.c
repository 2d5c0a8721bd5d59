/* Pictures made small, in the worker: PNG, JPEG and WebP by their own libraries (decision 0014), each asked for RGBA
 * and nothing else. Animations stay as they are: their size is read, no small one is made. */
#include "jail/private.h"
#include <png.h>
#include <stdlib.h>
#include <turbojpeg.h>
#include <webp/decode.h>
#include <webp/encode.h>

#define PIXELS_MAX (50u << 20)
#define QUALITY    82

struct pixels {
	uint8_t *at; /* RGBA, malloced */
	uint32_t w, h;
};

static uint32_t le(struct str s, size_t at, size_t n)
{
	uint32_t v = 0;

	for (size_t i = n; i-- > 0;)
		v = v << 8 | (at + i < s.n ? (uint8_t)s.p[at + i] : 0);
	return v;
}

static uint32_t be16(struct str s, size_t at)
{
	return at + 1 < s.n ? (uint32_t)((uint8_t)s.p[at] << 8 | (uint8_t)s.p[at + 1]) : 0;
}

static bool sane(uint32_t w, uint32_t h)
{
	return w && h && w <= 30000 && h <= 30000 && (uint64_t)w * h <= PIXELS_MAX;
}

static bool read_png(struct str s, struct pixels *p)
{
	png_image image = { .version = PNG_IMAGE_VERSION };

	if (!png_image_begin_read_from_memory(&image, s.p, s.n))
		return false;
	image.format = PNG_FORMAT_RGBA;
	p->w = image.width;
	p->h = image.height;
	if (sane(p->w, p->h)) {
		p->at = malloc((size_t)p->w * p->h * 4);
		if (p->at && png_image_finish_read(&image, NULL, p->at, 0, NULL))
			return true;
	}
	png_image_free(&image);
	return false;
}

/* EXIF's orientation, 1 to 8 (TIFF 6.0, tag 0x112); 1 when it says none. */
static int orientation(struct str s)
{
	for (size_t at = 2; at + 4 < s.n && (uint8_t)s.p[at] == 0xff;) {
		size_t len = be16(s, at + 2);
		struct str seg = str_sub(s, at + 4, len > 2 ? len - 2 : 0);

		if ((uint8_t)s.p[at + 1] == 0xda || len < 2)
			break;
		at += 2 + len;
		if (!str_starts(seg, (struct str){ "Exif\0\0", 6 }))
			continue;
		struct str t = str_from(seg, 6);
		bool little = str_starts(t, STR("II"));
#define U(off, n) (little ? le(t, (off), (n)) : (n) == 2 ? be16(t, (off)) : be16(t, (off)) << 16 | be16(t, (off) + 2))
		size_t ifd = U(4, 4), n = ifd < t.n ? U(ifd, 2) : 0;
		for (size_t i = 0; i < n && i < 200 && ifd + 2 + i * 12 + 12 <= t.n; i++)
			if (U(ifd + 2 + i * 12, 2) == 0x112) {
				uint32_t v = U(ifd + 2 + i * 12 + 8, 2);

				return v >= 1 && v <= 8 ? (int)v : 1;
			}
#undef U
	}
	return 1;
}

/* As the camera meant it: turned and mirrored. */
static bool turn(struct pixels *p, int how)
{
	bool swap = how >= 5;
	uint32_t w = swap ? p->h : p->w, h = swap ? p->w : p->h;
	uint32_t *to = malloc((size_t)w * h * 4), *from = (uint32_t *)(void *)p->at;

	if (!to)
		return false;
	for (uint32_t y = 0; y < h; y++)
		for (uint32_t x = 0; x < w; x++) {
			uint32_t sx = swap ? y : x, sy = swap ? x : y;

			if (how == 2 || how == 3 || how == 7 || how == 8)
				sx = p->w - 1 - sx;
			if (how == 3 || how == 4 || how == 6 || how == 7)
				sy = p->h - 1 - sy;
			to[(size_t)y * w + x] = from[(size_t)sy * p->w + sx];
		}
	free(p->at);
	*p = (struct pixels){ (uint8_t *)to, w, h };
	return true;
}

/* Decoded at an eighth, quarter or half where that is large enough: less memory. *ret_w and *ret_h: of the whole. */
static bool read_jpeg(struct str s, uint32_t side, struct pixels *p, uint32_t *ret_w, uint32_t *ret_h)
{
	tjhandle tj = tjInitDecompress();
	int w = 0, h = 0, sub = 0, space = 0, part = 1;
	bool ok = tj &&
	          tjDecompressHeader3(tj, (const unsigned char *)s.p, (unsigned long)s.n, &w, &h, &sub, &space) == 0 &&
	          w > 0 && h > 0 && sane((uint32_t)w, (uint32_t)h);

	if (ok) {
		int turned = orientation(s), longer = w > h ? w : h;

		while (part < 8 && longer / (part * 2) >= (int)side)
			part *= 2;
		p->w = (uint32_t)((w + part - 1) / part);
		p->h = (uint32_t)((h + part - 1) / part);
		p->at = malloc((size_t)p->w * p->h * 4);
		ok = p->at && tjDecompress2(tj, (const unsigned char *)s.p, (unsigned long)s.n, p->at, (int)p->w, 0,
		                            (int)p->h, TJPF_RGBA, 0) == 0;
		*ret_w = (uint32_t)(turned >= 5 ? h : w);
		*ret_h = (uint32_t)(turned >= 5 ? w : h);
		if (ok && turned > 1)
			ok = turn(p, turned);
	}
	if (tj)
		tjDestroy(tj);
	return ok;
}

static bool read_webp(struct str s, struct pixels *p, bool *ret_moves)
{
	WebPBitstreamFeatures f;
	int w = 0, h = 0;

	if (WebPGetFeatures((const uint8_t *)s.p, s.n, &f) != VP8_STATUS_OK || f.width <= 0 || f.height <= 0 ||
	    !sane((uint32_t)f.width, (uint32_t)f.height))
		return false;
	p->w = (uint32_t)f.width;
	p->h = (uint32_t)f.height;
	*ret_moves = f.has_animation;
	if (f.has_animation)
		return true;
	p->at = WebPDecodeRGBA((const uint8_t *)s.p, s.n, &w, &h);
	return p->at != NULL;
}

/* Each pixel the mean of those it stands for, colours weighed by how much they cover. */
static uint8_t *shrink(const struct pixels *p, uint32_t w, uint32_t h)
{
	uint8_t *to = malloc((size_t)w * h * 4);

	for (uint32_t y = 0; to && y < h; y++) {
		uint32_t y0 = (uint32_t)((uint64_t)y * p->h / h), y1 = (uint32_t)((uint64_t)(y + 1) * p->h / h);

		for (uint32_t x = 0; x < w; x++) {
			uint32_t x0 = (uint32_t)((uint64_t)x * p->w / w), x1 = (uint32_t)((uint64_t)(x + 1) * p->w / w);
			uint64_t sum[4] = { 0 }, n = 0;

			for (uint32_t j = y0; j < (y1 > y0 ? y1 : y0 + 1); j++)
				for (uint32_t i = x0; i < (x1 > x0 ? x1 : x0 + 1); i++, n++) {
					const uint8_t *c = p->at + ((size_t)j * p->w + i) * 4;

					for (int k = 0; k < 3; k++)
						sum[k] += (uint64_t)c[k] * c[3];
					sum[3] += c[3];
				}
			for (int k = 0; k < 3; k++)
				to[((size_t)y * w + x) * 4 + (size_t)k] = (uint8_t)(sum[3] ? sum[k] / sum[3] : 0);
			to[((size_t)y * w + x) * 4 + 3] = (uint8_t)(sum[3] / n);
		}
	}
	return to;
}

static void put32(struct buf *b, uint32_t v)
{
	for (int i = 0; i < 4; i++)
		buf_addc(b, (char)(v >> (8 * i)));
}

static void small_one(struct buf *out, const struct pixels *p, uint32_t side)
{
	uint32_t longer = p->w > p->h ? p->w : p->h;
	uint32_t w = longer > side ? (uint32_t)((uint64_t)p->w * side / longer) : p->w;
	uint32_t h = longer > side ? (uint32_t)((uint64_t)p->h * side / longer) : p->h;
	uint8_t *small = shrink(p, w ? w : 1, h ? h : 1), *webp = NULL;

	w = w ? w : 1;
	h = h ? h : 1;
	size_t n = small ? WebPEncodeRGBA(small, (int)w, (int)h, (int)w * 4, QUALITY, &webp) : 0;
	if (n)
		buf_add(out, webp, n);
	WebPFree(webp);
	free(small);
}

enum rc jail_do_picture(struct str bytes, uint32_t side, struct buf *out, struct err *err)
{
	struct pixels p = { 0 };
	uint32_t w = 0, h = 0;
	bool moves = false, ok = false;

	if (str_starts(bytes, STR("GIF8")) && bytes.n > 13) {
		w = le(bytes, 6, 2);
		h = le(bytes, 8, 2);
		ok = sane(w, h);
		moves = true;
	} else if (str_starts(bytes, STR("\x89PNG"))) {
		ok = read_png(bytes, &p);
	} else if (str_starts(bytes, STR("\xff\xd8\xff"))) {
		ok = read_jpeg(bytes, side, &p, &w, &h);
	} else if (str_starts(bytes, STR("RIFF"))) {
		ok = read_webp(bytes, &p, &moves);
	}
	if (!ok) {
		free(p.at);
		return fail_code(err, RC_INVALID, "unreadable",
		                 "This picture is damaged, or larger than %u million pixels. Nothing was kept.",
		                 PIXELS_MAX >> 20);
	}
	w = w ? w : p.w;
	h = h ? h : p.h;
	put32(out, w);
	put32(out, h);
	if (!moves && (w > side || h > side))
		small_one(out, &p, side);
	free(p.at);
	return RC_OK;
}
