/* Packets of DNS (RFC 1035): a question, and what an answer holds. Strangers fill them: every offset is checked,
 * pointers only lead backwards, and there are at most so many of everything. */
#include "mime/origin.h"

#define RECORDS_MAX 64

bool dns_name_ok(struct str s)
{
	size_t label = 0, labels = 0;

	if (s.n == 0 || s.n > 253)
		return false;
	for (size_t i = 0; i <= s.n; i++) {
		char c = i < s.n ? s.p[i] : '.';

		if (c == '.') {
			if (label == 0 || label > 63)
				return false;
			labels++;
			label = 0;
		} else if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_') {
			label++;
		} else {
			return false;
		}
	}
	return labels >= 2;
}

static void add16(struct buf *b, unsigned v)
{
	buf_addc(b, (char)(v >> 8));
	buf_addc(b, (char)v);
}

bool dns_question(struct buf *out, uint16_t id, const struct dns_ask *ask)
{
	struct str rest = ask->name, label;

	if (!dns_name_ok(ask->name))
		return false;
	add16(out, id);
	add16(out, 0x0100); /* recursion desired */
	add16(out, 1);
	add16(out, 0);
	add16(out, 0);
	add16(out, 0);
	while (str_cut(&rest, '.', &label)) {
		buf_addc(out, (char)label.n);
		buf_adds(out, label);
	}
	buf_addc(out, 0);
	add16(out, ask->type);
	add16(out, 1);
	return !out->full;
}

struct packet {
	const unsigned char *p;
	size_t n, at;
	bool bad;
};

static unsigned get8(struct packet *k)
{
	if (k->at >= k->n) {
		k->bad = true;
		return 0;
	}
	return k->p[k->at++];
}

static unsigned get16(struct packet *k)
{
	unsigned hi = get8(k);

	return hi << 8 | get8(k);
}

/* A name at k->at, lower case; out has room for 256. Returns its length. A byte that may not stand in a name is "?". */
static size_t get_name(struct packet *k, char *out)
{
	size_t n = 0, back = 0, low = k->at;

	for (;;) {
		unsigned len = get8(k);

		if (k->bad)
			return 0;
		if (len == 0)
			break;
		if ((len & 0xc0) == 0xc0) {
			size_t to = (len & 0x3f) << 8 | get8(k);

			if (k->bad || to >= low) { /* always further back, so it ends */
				k->bad = true;
				return 0;
			}
			back = back ? back : k->at;
			low = k->at = to;
			continue;
		}
		if (len > 63 || n + len + 1 > 254 || k->n - k->at < len) {
			k->bad = true;
			return 0;
		}
		if (n)
			out[n++] = '.';
		for (unsigned i = 0; i < len; i++) {
			char c = (char)k->p[k->at++];

			if (c >= 'A' && c <= 'Z')
				c += 32;
			out[n++] = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' ? c : '?';
		}
	}
	if (back)
		k->at = back;
	return n;
}

/* The strings of a TXT record, joined. */
static struct str text_of(struct arena *a, struct str data)
{
	char *p = arena_alloc(a, data.n + 1);
	size_t n = 0;

	for (size_t i = 0; i < data.n;) {
		size_t len = (unsigned char)data.p[i++];

		len = len < data.n - i ? len : data.n - i;
		memcpy(p + n, data.p + i, len);
		n += len;
		i += len;
	}
	return (struct str){ p, n };
}

static bool record(struct arena *a, struct packet *k, enum dns_type want, struct dns_found *ret)
{
	char name[256];

	get_name(k, name);
	unsigned type = get16(k), class = get16(k);
	get16(k);
	get16(k);
	size_t len = get16(k);
	if (k->bad || len > k->n - k->at)
		return false;
	struct str data = { (const char *)k->p + k->at, len };
	size_t next = k->at + len;
	if (type != want || class != 1) {
		k->at = next;
		return true;
	}
	if (want == DNS_TXT) {
		ret->at[ret->n++] = text_of(a, data);
	} else if (want == DNS_A || want == DNS_AAAA) {
		if (len != (want == DNS_A ? 4 : 16))
			return false;
		ret->at[ret->n++] = data;
	} else {
		if (want == DNS_MX)
			get16(k);
		size_t n = get_name(k, name);
		ret->at[ret->n++] = arena_str(a, (struct str){ name, n });
	}
	k->at = next;
	return !k->bad;
}

struct dns_found dns_read(struct arena *a, struct str s, const struct dns_ask *ask)
{
	struct packet k = { (const unsigned char *)s.p, s.n, 0, false };
	struct dns_found ret = { DNS_SILENT, arena_array(a, struct str, RECORDS_MAX), 0 };
	char name[256];

	get16(&k);
	unsigned flags = get16(&k), questions = get16(&k), answers = get16(&k);
	get16(&k);
	get16(&k);
	if (k.bad || !(flags & 0x8000) || questions != 1)
		return ret;
	size_t n = get_name(&k, name);
	unsigned type = get16(&k);
	get16(&k);
	if (k.bad || type != ask->type || !str_eq((struct str){ name, n }, ask->name))
		return ret;
	if ((flags & 15) == 3) {
		ret.state = DNS_VOID;
		return ret;
	}
	if ((flags & 15) != 0)
		return ret;
	for (unsigned i = 0; i < answers && ret.n < RECORDS_MAX; i++)
		if (!record(a, &k, ask->type, &ret)) {
			ret.n = 0;
			return ret;
		}
	ret.state = ret.n ? DNS_FOUND : DNS_VOID;
	return ret;
}
