/* Whom we believe about a From. */
#include "mail/intake_private.h"
#include "test/test.h"

TEST(authres_only_our_mta_counts)
{
	static const struct { const char *why, *head; enum auth_verdict want; } row[] = {
		{ "our MTA says pass for the From's domain", "Authentication-Results: mx.desk.example; dkim=pass header.d=campus.example; dmarc=pass header.from=campus.example\n", AUTH_PASS },
		{ "our MTA says fail", "Authentication-Results: mx.desk.example; dmarc=fail header.from=campus.example\n", AUTH_FAIL },
		{ "somebody else's word is nothing", "Authentication-Results: mx.evil.example; dmarc=pass header.from=campus.example\n", AUTH_NONE },
		{ "the topmost of ours decides", "Authentication-Results: mx.desk.example; dmarc=fail header.from=campus.example\nAuthentication-Results: mx.desk.example; dmarc=pass header.from=campus.example\n", AUTH_FAIL },
		{ "a foreign one on top does not hide ours", "Authentication-Results: other; dmarc=pass\nAuthentication-Results: mx.desk.example; dmarc=fail\n", AUTH_FAIL },
		{ "a pass for another domain is none", "Authentication-Results: mx.desk.example; dmarc=pass header.from=evil.example\n", AUTH_NONE },
		{ "a comment cannot say pass", "Authentication-Results: mx.desk.example; spf=fail (dmarc=pass header.from=campus.example); dmarc=none\n", AUTH_NONE },
		{ "an open comment hides the rest", "Authentication-Results: mx.desk.example (; dmarc=pass header.from=campus.example\n", AUTH_NONE },
		{ "a longer name is another name", "Authentication-Results: mx.desk.example.evil; dmarc=pass header.from=campus.example\n", AUTH_NONE },
		{ "a pass without its domain is none", "Authentication-Results: mx.desk.example; dmarc=pass\n", AUTH_NONE },
		{ "the name's case is no matter, a version may follow it", "Authentication-Results: MX.Desk.Example 1; dmarc=pass header.from=Campus.Example\n", AUTH_PASS },
		{ "blanks and comments stand anywhere", "Authentication-Results: \"mx.desk.example\" (ours) ; dmarc (x) = pass (p=none) header.from (y) = \"campus.example\" (z)\n", AUTH_PASS },
		{ "a sender's local part in quotes says nothing", "Authentication-Results: mx.desk.example; spf=pass smtp.mailfrom=\"a; dmarc=pass header.from=campus.example; b\"@evil.example; dmarc=fail header.from=campus.example\n", AUTH_FAIL },
		{ "nor when nothing else is said", "Authentication-Results: mx.desk.example; spf=pass smtp.mailfrom=\"a; dmarc=pass header.from=campus.example; b\"@evil.example\n", AUTH_NONE },
		{ "what a server took out of its quotes is outvoted by its own words", "Authentication-Results: mx.desk.example; spf=pass smtp.mailfrom=a; dmarc=pass header.from=campus.example; b@evil.example; dmarc=fail header.from=campus.example\n", AUTH_FAIL },
		{ "also when it comes last", "Authentication-Results: mx.desk.example; dmarc=none header.from=campus.example; dkim=pass header.i=x; dmarc=pass header.from=campus.example\n", AUTH_NONE },
		{ "an escaped parenthesis ends no comment", "Authentication-Results: mx.desk.example; spf=fail (a\\) ; dmarc=pass header.from=campus.example ; b); dmarc=none\n", AUTH_NONE },
		{ "a parenthesis in quotes opens none", "Authentication-Results: mx.desk.example; spf=pass smtp.mailfrom=\"(\"@evil.example; dmarc=fail header.from=campus.example; dkim=pass header.i=\")\"@evil.example\n", AUTH_FAIL },
		{ "nor does an escaped quote end quotes", "Authentication-Results: mx.desk.example; spf=pass smtp.mailfrom=\"a\\\"; dmarc=pass header.from=campus.example; \"@evil.example\n", AUTH_NONE },
		{ "quotes that stay open hide all", "Authentication-Results: mx.desk.example; dmarc=pass header.from=campus.example; x=\"y\n", AUTH_NONE },
		{ "and what stands below them, too", "Authentication-Results: mx.desk.example; spf=pass smtp.mailfrom=(x\nAuthentication-Results: mx.desk.example; dmarc=pass header.from=campus.example\n", AUTH_NONE },
		{ "no field", "", AUTH_NONE },
	};
	for (size_t i = 0; i < COUNT(row); i++)
		EXPECT_EQ(row[i].why, authres_verdict(str_of(row[i].head), STR("mx.desk.example"), STR("campus.example")), row[i].want);
	EXPECT_EQ("with no trusted name nobody is believed (S-08)", authres_verdict(str_of(row[0].head), STR(""), STR("campus.example")), AUTH_NONE);
}
