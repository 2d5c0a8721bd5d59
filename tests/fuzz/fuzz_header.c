/* Any header: fields, words, parameters, dates and address lists end up as one line of UTF-8 each, within their limits;
 * what is an address stays one when it is written and read again. */
#include "mime/addr.h"
#include "mime/private.h"
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define ADDRESSES 30

static void check_line(struct str s, const char *what)
{
	if (!str_utf8_valid(s))
		die("%s is no UTF-8", what);
	for (size_t i = 0; i < s.n; i++)
		if ((unsigned char)s.p[i] < ' ' && s.p[i] != '\t')
			die("%s has a control character", what);
}

static void check_addresses(struct arena *a, struct str raw)
{
	struct mail_addrs all = { 0 }, again;
	bool bad = false, cut = false;

	mime_addresses(a, raw, ADDRESSES, &all, &bad, &cut);
	if (all.n > ADDRESSES)
		die("more addresses than allowed");
	for (size_t i = 0; i < all.n; i++) {
		struct str canonical, twice;

		check_line(all.at[i].name, "a name");
		check_line(all.at[i].addr, "an address");
		if (addr_canonical(a, all.at[i].addr, &canonical, NULL) != RC_OK)
			continue;
		if (addr_canonical(a, canonical, &twice, NULL) != RC_OK || !str_eq(canonical, twice))
			die("an address that is another one when it is read again");
		again = (struct mail_addrs){ 0 };
		mime_addresses(a, arena_strf(a, "<" STR_F ">", STR_A(canonical)), ADDRESSES, &again, &bad, &cut);
		if (again.n != 1 || !addr_same(again.at[0].addr, canonical))
			die("an address that is not read back");
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct mime_limits limits = {
		.header = 30000, .parts = 10, .depth = 3, .addresses = ADDRESSES, .ids = 10
	};
	struct str in = { (const char *)data, size }, body;
	mime_fields fields = { 0 };
	bool cut = false;
	AUTO_ARENA a;

	if (size > 60000)
		return 0;
	arena_init(&a);
	mime_fields_read(&a, in, &limits, &fields, &body, &cut);
	if (body.n && (body.p < in.p || body.p + body.n > in.p + in.n))
		die("a body from elsewhere");
	for (size_t i = 0; i < fields.n; i++) {
		struct str raw = fields.at[i].value;
		struct mime_value v = mime_value_parse(&a, raw);

		check_line(mime_text(&a, raw), "a text");
		check_line(v.value, "a value");
		for (size_t k = 0; k < v.n_params; k++) {
			check_line(v.params[k].name, "a parameter's name");
			check_line(v.params[k].value, "a parameter");
		}
		(void)mime_date(raw);
		check_addresses(&a, raw);
	}
	check_addresses(&a, in);
	return 0;
}
