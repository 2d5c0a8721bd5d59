/* Any mail with any packets of DNS: a verdict comes of it, and whatever is asked for can be asked. The first two bytes say
 * how long the packet is that answers every question; the mail is the rest. */
#include "mime/origin.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct dns_fact fact[ORIGIN_FACTS];
	struct origin o = { .verdict = ORIGIN_WAIT };
	AUTO_ARENA a;

	arena_init(&a);
	if (size < 2)
		return 0;
	size_t n = ((size_t)data[0] << 8 | data[1]) % (size - 1);
	struct str records = { (const char *)data + 2, n };
	struct origin_mail m = { .raw = { (const char *)data + 2 + n, size - 2 - n }, .from_domain = STR("campus.example"),
		                 .mail_from = STR_NULL, .hops = 1, .now = 1, .facts = fact };
	for (int round = 0; round < ORIGIN_ROUNDS && o.verdict == ORIGIN_WAIT; round++) {
		origin_check(&a, &m, &o);
		if (!str_utf8_valid(o.said) || str_has_control(o.said))
			die("a sentence that is none");
		for (size_t i = 0; i < o.n_asks && m.n_facts < ORIGIN_FACTS; i++) {
			AUTO_BUF b;

			buf_init(&b, 1 << 20);
			if (!dns_question(&b, 1, &o.asks[i]))
				die("a question that cannot be asked");
			b.p[2] = (char)0x81; /* the question comes back in front of the records */
			b.p[7] = 3;
			buf_adds(&b, records);
			fact[m.n_facts++] = (struct dns_fact){ o.asks[i], arena_str(&a, buf_str(&b)) };
		}
	}
	(void)dns_read(&a, (struct str){ (const char *)data, size }, &(struct dns_ask){ STR("a.example"), DNS_TXT });
	return 0;
}
