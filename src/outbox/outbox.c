/* Keys, Message-IDs, reply addresses and who is a robot: pure. The rows are outbox_store.c's.
 * Local parts may be folded to lower case on their way, so proofs are made of lower-case letters and digits, and what
 * comes back is folded before it is compared. */
#include "outbox/outbox_private.h"
#include "util/buf.h"
#include "util/crypt.h"

#define TOKEN 32

/* 80 bits beside the 160 of the token: a local part may have 64 octets (RFC 5321 4.5.3.1.1) and many servers refuse
 * more, so that MAIL_LOCAL_MAX are left for our own name. */
#define MAC 16
_Static_assert(MAIL_LOCAL_MAX + 1 + TOKEN + 1 + MAC == 64, "a reply address is longer than mail servers take");

static struct str proof(struct arena *a, const struct mail_keys *k, size_t i, const char *what, struct str token)
{
	return str_sub(mac_token(a, k->key[i], arena_strf(a, "%s\n" STR_F, what, STR_A(token))), 0, MAC);
}

struct str mail_reply_address(struct arena *a, const struct mail_keys *k, struct str token)
{
	return arena_strf(a, STR_F "+" STR_F "." STR_F "@" STR_F, STR_A(k->reply_local), STR_A(token),
	                  STR_A(proof(a, k, 0, "reply", token)), STR_A(k->reply_domain));
}

static bool letters(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!((s.p[i] >= 'a' && s.p[i] <= 'z') || (s.p[i] >= '2' && s.p[i] <= '7')))
			return false;
	return true;
}

/* "token.mac" against every key, so that rotation breaks no thread. All keys are tried: time tells nothing. */
static enum rc verify(struct arena *a, const struct mail_keys *k, const char *what, struct str both, struct str *ret)
{
	bool good = false;

	if (both.n != TOKEN + 1 + MAC || both.p[TOKEN] != '.')
		return RC_INVALID;
	struct str token = str_sub(both, 0, TOKEN), mac = str_from(both, TOKEN + 1);
	if (!letters(token) || !letters(mac))
		return RC_INVALID;
	for (size_t i = 0; i < k->n; i++)
		good |= crypt_equal(mac, proof(a, k, i, what, token));
	if (!good)
		return RC_INVALID;
	*ret = token;
	return RC_OK;
}

enum rc mail_reply_token(struct arena *a, const struct mail_keys *k, struct str address, struct str *ret)
{
	struct str low = str_lower(a, str_sub(address, 0, 320)), local, head;
	size_t at = str_find_byte(low, '@');

	if (at == STR_NONE || !str_eq(str_from(low, at + 1), k->reply_domain))
		return RC_INVALID;
	local = str_sub(low, 0, at);
	if (!str_cut(&local, '+', &head) || !str_eq(head, k->reply_local))
		return RC_INVALID;
	return verify(a, k, "reply", local, ret);
}

struct str mail_message_id(struct arena *a, const struct mail_keys *k, struct str token)
{
	return arena_strf(a, STR_F "." STR_F "." STR_F "@" STR_F, STR_A(random_token(a)), STR_A(token),
	                  STR_A(proof(a, k, 0, "message-id", token)), STR_A(k->domain));
}

enum rc mail_message_id_token(struct arena *a, const struct mail_keys *k, struct str id, struct str *ret)
{
	struct str low = str_lower(a, str_sub(id, 0, 400)), local, head;
	size_t at = str_find_byte(low, '@');

	if (at == STR_NONE || !str_eq(str_from(low, at + 1), k->domain))
		return RC_INVALID;
	local = str_sub(low, 0, at);
	if (!str_cut(&local, '.', &head) || head.n != TOKEN)
		return RC_INVALID;
	return verify(a, k, "message-id", local, ret);
}

struct str mail_claim_link(struct arena *a, const struct mail_keys *k, struct str token)
{
	return arena_strf(a, STR_F "." STR_F, STR_A(token), STR_A(proof(a, k, 0, "claim", token)));
}

enum rc mail_claim_token(struct arena *a, const struct mail_keys *k, struct str link, struct str *ret)
{
	return verify(a, k, "claim", link, ret);
}

struct str mail_file_link(struct arena *a, const struct mail_keys *k, struct str token, struct instant until)
{
	struct str what = arena_strf(a, STR_F ".%lld", STR_A(token), (long long)(until.us / SECOND_US));

	return arena_strf(a, STR_F "." STR_F, STR_A(what), STR_A(proof(a, k, 0, "file", what)));
}

enum rc mail_file_token(struct arena *a, const struct mail_keys *k, struct str link, struct instant now, struct str *ret)
{
	bool good = false;
	int64_t until = 0;

	if (link.n < TOKEN + 2 + MAC + 1 || link.n > TOKEN + 2 + MAC + 12 || link.p[TOKEN] != '.' || link.p[link.n - MAC - 1] != '.')
		return RC_INVALID;
	struct str what = str_sub(link, 0, link.n - MAC - 1), mac = str_from(link, link.n - MAC);

	for (size_t i = 0; i < k->n; i++)
		good |= crypt_equal(mac, proof(a, k, i, "file", what));
	if (!good || str_to_i64(str_from(what, TOKEN + 1), &until) != RC_OK)
		return RC_INVALID;
	*ret = str_sub(link, 0, TOKEN);
	return now.us / SECOND_US < until ? RC_OK : RC_DENIED;
}

#define BOUNCE "bounce."

struct str mail_bounce_address(struct arena *a, const struct mail_keys *k, struct outmail_id id)
{
	struct str n = arena_strf(a, "%lld", (long long)id.v);

	return arena_strf(a, STR_F "+" BOUNCE STR_F "." STR_F "@" STR_F, STR_A(k->reply_local), STR_A(n), STR_A(proof(a, k, 0, "bounce", n)),
	                  STR_A(k->reply_domain));
}

enum rc mail_bounce_id(struct arena *a, const struct mail_keys *k, struct str address, struct outmail_id *ret)
{
	struct str low = str_lower(a, str_sub(address, 0, 320)), local, head;
	size_t at = str_find_byte(low, '@');
	bool good = false;

	if (at == STR_NONE || !str_eq(str_from(low, at + 1), k->reply_domain))
		return RC_INVALID;
	local = str_sub(low, 0, at);
	if (!str_cut(&local, '+', &head) || !str_eq(head, k->reply_local) || !str_starts(local, STR(BOUNCE)))
		return RC_INVALID;
	local = str_from(local, strlen(BOUNCE));
	if (!str_cut(&local, '.', &head) || head.n > 18 || local.n != MAC || !letters(local))
		return RC_INVALID;
	for (size_t i = 0; i < k->n; i++)
		good |= crypt_equal(local, proof(a, k, i, "bounce", head));
	return good ? str_to_i64(head, &ret->v) : RC_INVALID;
}

struct str mail_parent_id(struct arena *a, const struct mail_keys *k, int64_t number)
{
	return arena_strf(a, "ticket-%lld@" STR_F, (long long)number, STR_A(k->domain));
}

bool mail_is_robot(struct str address)
{
	static const char *const whole[] = { "mailer-daemon", "mail-daemon", "mailerdaemon", "postmaster",
		                             "abuse",         "root",        "bounce",       "bounces",
		                             "auto-reply",    "autoreply",   "listserv",     "majordomo" };
	static const char *const start[] = { "no-reply",   "noreply",      "no_reply",     "no.reply",
		                             "donotreply", "do-not-reply", "do_not_reply", "do.not.reply",
		                             "bounce-",    "bounce+",      "bounces-",     "bounces+",
		                             "msprvs1=",   "prvs=",        "srs0=",        "srs1=" };
	struct str local = str_trim(str_sub(address, 0, str_find_byte(address, '@')));

	if (local.n == 0)
		return true; /* "<>": nobody */
	for (size_t i = 0; i < COUNT(whole); i++)
		if (str_eq_nocase(local, str_of(whole[i])))
			return true;
	for (size_t i = 0; i < COUNT(start); i++)
		if (str_starts_nocase(local, str_of(start[i])))
			return true;
	return false;
}

static bool breaks_header(uint32_t cp)
{
	return cp < 0x20 || (cp >= 0x7f && cp < 0xa0) || cp == 0x2028 || cp == 0x2029 ||
	       (cp >= 0x202a && cp <= 0x202e) || (cp >= 0x2066 && cp <= 0x2069) || cp == 0xfeff;
}

bool outbox_header_ok(struct str s)
{
	if (!str_utf8_valid(s))
		return false;
	for (size_t i = 0; i < s.n;)
		if (breaks_header(str_utf8_next(s, &i)))
			return false;
	return true;
}

struct str mail_header_text(struct arena *a, struct str text)
{
	AUTO_BUF b;
	bool space = false;

	buf_init(&b, 1024);
	for (size_t i = 0, n = 0; i < text.n && n < 250;) {
		uint32_t cp = str_utf8_next(text, &i);

		if (cp == ' ' || cp == 0xa0 || breaks_header(cp)) {
			space = b.n > 0;
			continue;
		}
		if (space)
			buf_addc(&b, ' ');
		n += (size_t)space + 1;
		space = false;
		buf_add_utf8(&b, cp);
	}
	return arena_str(a, buf_str(&b));
}
