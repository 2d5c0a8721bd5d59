/* Web Push: the example of RFC 8291 byte by byte, keys that are none, signatures that can be checked. */
#include "oncall/push.h"
#include "test/test.h"
#include "util/crypt.h"

#define UA_PUBLIC "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4"
#define AUTH      "BTBZMqHH6r4Tts7J_aSIgg"

static struct str bytes_of(struct arena *a, const char *base64url)
{
	char *p = arena_alloc(a, strlen(base64url) + 4);
	size_t n = strlen(base64url);
	struct str out = STR("");

	for (size_t i = 0; i < n; i++)
		p[i] = base64url[i] == '-' ? '+' : base64url[i] == '_' ? '/' : base64url[i];
	while (n % 4)
		p[n++] = '=';
	if (base64_decode(a, (struct str){ p, n }, &out) != RC_OK)
		return STR("");
	return out;
}

/* RFC 8291 section 5 and appendix A. */
TEST(push_example_of_the_rfc)
{
	struct push_to to;
	struct str body, own = bytes_of(&t->arena, "yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw");
	struct str salt = bytes_of(&t->arena, "DGv6ra1nlYgDCS1FRnbzlw");
	struct str want = bytes_of(&t->arena,
	                           "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6Tlz"
	                           "AC8wEqKK6PBru3jl7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN");

	EXPECT_RC(RC_OK, push_keys(STR(UA_PUBLIC), STR(AUTH), &to, &t->err));
	EXPECT_RC(RC_OK, push_encrypt(&t->arena, &to, STR("When I grow up, I want to be a watermelon"), (const unsigned char *)own.p,
	                              (const unsigned char *)salt.p, &body, &t->err));
	EXPECT_EQ("144 bytes", body.n, 144);
	EXPECT("as the RFC prints them", str_eq(body, want));
}

TEST(push_keys_that_are_none)
{
	static const struct {
		const char *why, *point, *auth;
	} rows[] = {
		{ "nothing", "", "" },
		{ "too short", "BCVx", AUTH },
		{ "no base64", "!CVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4", AUTH },
		{ "no point of the curve", "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIBiw4", AUTH },
		{ "a short secret", UA_PUBLIC, "BTBZMqHH6r4Tts7J" },
	};
	struct push_to to;

	for (size_t i = 0; i < COUNT(rows); i++)
		EXPECT(rows[i].why, push_keys(str_of(rows[i].point), str_of(rows[i].auth), &to, &t->err) == RC_INVALID);
}

TEST(push_says_who_we_are)
{
	struct vapid v, again, other;
	struct str header, body;
	struct push_to to;

	EXPECT_RC(RC_OK, vapid_from(STR("a secret"), &v, &t->err));
	EXPECT_RC(RC_OK, vapid_from(STR("a secret"), &again, &t->err));
	EXPECT_RC(RC_OK, vapid_from(STR("another"), &other, &t->err));
	EXPECT("the same for every process", str_eq(vapid_public(&t->arena, &v), vapid_public(&t->arena, &again)));
	EXPECT("another desk has another", !str_eq(vapid_public(&t->arena, &v), vapid_public(&t->arena, &other)));
	EXPECT_RC(RC_OK, vapid_header(&t->arena, &v, STR("https://push.example/abc"), STR("mailto:support@desk.example"),
	                              (struct instant){ 1795000000 * SECOND_US }, &header, &t->err));
	EXPECT("a token and the key", str_starts(header, STR("vapid t=eyJ0eXAiOiJKV1QiLCJhbGciOiJFUzI1NiJ9.")) &&
	                                      str_find(header, STR(",k=B")) != STR_NONE);
	EXPECT_RC(RC_OK, push_keys(STR(UA_PUBLIC), STR(AUTH), &to, &t->err));
	EXPECT_RC(RC_LIMIT, push_encrypt(&t->arena, &to, (struct str){ arena_alloc(&t->arena, 4000), 4000 }, NULL, NULL, &body, &t->err));
}
