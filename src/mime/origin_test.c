/* What servers wrote into Received, packets of DNS that lie, and a verdict from facts. The whole of it, with real
 * signatures, is tests/flow/mail-origin.sh. */
#include "mime/origin.h"
#include "test/test.h"

TEST(origin_client_is_what_our_server_saw)
{
	static const struct {
		const char *why, *received, *ip, *helo;
	} row[] = {
		{"Postfix",		                "from mx.a.example (mx.a.example [192.0.2.1])\r\n\tby mx",   "\xc0\x00\x02\x01",
                 "mx.a.example"		                                                                                                        },
		{ "its client may call itself an address", "from [9.9.9.9] (unknown [192.0.2.1]) by mx",
                 "\xc0\x00\x02\x01",		                                                                                        "[9.9.9.9]"},
		{ "Exim with a name",                      "from mx.a.example ([192.0.2.1] helo=[9.9.9.9])\r\n\tby mx", "\xc0\x00\x02\x01",
                 "[9.9.9.9]"		                                                                                                           },
		{ "Exim without",                          "from [192.0.2.1] (helo=evil [9.9.9.9]) by mx",              "\xc0\x00\x02\x01", "evil"     },
		{ "mapped IPv4",                           "from a (a [IPv6:::ffff:192.0.2.1]) by mx",                  "\xc0\x00\x02\x01", "a"        },
		{ "nothing in brackets",                   "from mx.a.example by mx",                                   NULL,               NULL       },
		{ "an address that only the client says",  "from [192.0.2.1] by mx",                                    NULL,               NULL       },
		{ "from nobody",                           "by mx with LMTP id 1",                                      NULL,               NULL       },
		{ "no address",                            "from a (a [unknown]) by mx",                                NULL,               NULL       },
	};

	for (size_t i = 0; i < COUNT(row); i++) {
		struct str raw = arena_strf(&t->arena,
		                            "X: y\r\nReceived: %s; now\r\nReceived: from z (z [198.51.100.1]) by y\r\n",
		                            row[i].received),
		           ip, helo;
		bool found = origin_client(&t->arena, raw, 1, &ip, &helo);

		EXPECT_EQ(row[i].why, found, row[i].ip != NULL);
		if (found && row[i].ip) {
			EXPECT(row[i].why, ip.n == 4 && memcmp(ip.p, row[i].ip, 4) == 0);
			EXPECT_STR(row[i].why, helo, row[i].helo);
		}
		EXPECT("the second hop is the second field",
		       origin_client(&t->arena, raw, 2, &ip, &helo) && ip.n == 4 && (unsigned char)ip.p[0] == 198);
	}
}

static struct str packet(struct test *t, const struct dns_ask *ask, const char *answer, size_t n, int answers)
{
	AUTO_BUF b;

	buf_init(&b, 4000);
	EXPECT("it can be asked", dns_question(&b, 7, ask));
	b.p[2] = (char)0x81;
	b.p[7] = (char)answers;
	buf_add(&b, answer, n);
	return arena_str(&t->arena, buf_str(&b));
}

#define TXT_HEAD "\xc0\x0c\x00\x10\x00\x01\x00\x00\x00\x3c"

TEST(dns_packets_that_lie_are_no_answer)
{
	struct dns_ask ask = { STR("a.example"), DNS_TXT }, other = { STR("b.example"), DNS_TXT },
	               address = { STR("a.example"), DNS_A };
	static const char good[] = TXT_HEAD "\x00\x06\x02"
	                                    "ab\x02"
	                                    "cd";
	struct str p = packet(t, &ask, good, sizeof(good) - 1, 1);
	struct dns_found f = dns_read(&t->arena, p, &ask);

	EXPECT("strings are joined", f.state == DNS_FOUND && f.n == 1 && str_is(f.at[0], "abcd"));
	EXPECT_EQ("another question's answer is none", dns_read(&t->arena, p, &other).state, DNS_SILENT);
	EXPECT_EQ("nor another type's", dns_read(&t->arena, p, &address).state, DNS_SILENT);
	for (size_t n = 0; n < p.n; n++) {
		AUTO_ARENA a;

		arena_init(&a); /* exactly so long, so that a sanitizer sees one byte more */
		EXPECT_EQ("one that ends early is none", dns_read(&a, arena_str(&a, str_sub(p, 0, n)), &ask).state,
		          DNS_SILENT);
	}
	static const char loop[] = "\xc0\x1b\x00\x10\x00\x01\x00\x00\x00\x3c\x00\x00";
	EXPECT_EQ("a name that points at itself",
	          dns_read(&t->arena, packet(t, &ask, loop, sizeof(loop) - 1, 1), &ask).state, DNS_SILENT);
	static const char many[] = TXT_HEAD "\xff\xff\x01";
	EXPECT_EQ("more than there is", dns_read(&t->arena, packet(t, &ask, many, sizeof(many) - 1, 1), &ask).state,
	          DNS_SILENT);
	EXPECT_EQ("no records are an answer", dns_read(&t->arena, packet(t, &ask, "", 0, 0), &ask).state, DNS_VOID);
	EXPECT("names that cannot be asked for", !dns_name_ok(STR("a..example")) && !dns_name_ok(STR("a b.example")) &&
	                                                 !dns_name_ok(STR("A.example")) &&
	                                                 !dns_name_ok(STR("example")) && !dns_name_ok(STR("")));
}

TEST(origin_asks_for_what_it_lacks)
{
	const char *raw = "Received: from a (a [192.0.2.1]) by mx; now\nFrom: x@campus.example\n\nHello\n";
	struct origin_mail m = { .raw = str_of(raw),
		                 .header_only = true,
		                 .from_domain = STR("campus.example"),
		                 .mail_from = STR("x@campus.example"),
		                 .hops = 1 };
	struct dns_fact fact[8];
	struct origin o;
	int rounds = 0;

	m.facts = fact;
	for (origin_check(&t->arena, &m, &o); o.verdict == ORIGIN_WAIT && rounds < 5;
	     rounds++, origin_check(&t->arena, &m, &o))
		for (size_t i = 0; i < o.n_asks && m.n_facts < COUNT(fact); i++) {
			static const char spf[] = TXT_HEAD "\x00\x18\x17v=spf1 ip4:192.0.2.1 -all";
			bool is_spf = str_is(o.asks[i].name, "campus.example");

			fact[m.n_facts++] = (struct dns_fact){
				o.asks[i], packet(t, &o.asks[i], spf, is_spf ? sizeof(spf) - 1 : 0, is_spf)
			};
		}
	EXPECT_EQ("it passes by the address that our server saw", o.verdict, ORIGIN_PASS);
	EXPECT_STR("and says so", o.said, "SPF pass (campus.example), DKIM none, DMARC none");
	m.mail_from = STR("x@evil.example");
	origin_check(&t->arena, &m, &o);
	EXPECT("another envelope is another question",
	       o.verdict == ORIGIN_WAIT && o.n_asks == 1 && str_is(o.asks[0].name, "evil.example"));
	fact[m.n_facts++] = (struct dns_fact){ o.asks[0], STR("") };
	origin_check(&t->arena, &m, &o);
	EXPECT_EQ("what is not aligned need not be known", o.verdict, ORIGIN_NONE);
}
