/* Keys, Message-IDs, reply addresses and who is a robot: pure. The rows are outbox_store.c's.
 * Local parts may be folded to lower case on their way, so proofs are made of lower-case letters and digits, and what
 * comes back is folded before it is compared. */
#include "outbox/outbox.h"
#include "util/crypt.h"

#define TOKEN 32
#define MAC   26

static struct str proof(struct arena *a, const struct mail_keys *k, size_t i, const char *what, struct str token)
{
	return mac_token(a, k->key[i], arena_strf(a, "%s\n" STR_F, what, STR_A(token)));
}

struct str mail_reply_address(struct arena *a, const struct mail_keys *k, struct str token)
{
	return arena_strf(a, STR_F "+" STR_F "." STR_F "@" STR_F, STR_A(k->reply_local), STR_A(token), STR_A(proof(a, k, 0, "reply", token)),
			  STR_A(k->reply_domain));
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
	return arena_strf(a, STR_F "." STR_F "." STR_F "@" STR_F, STR_A(random_token(a)), STR_A(token), STR_A(proof(a, k, 0, "message-id", token)),
			  STR_A(k->domain));
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

struct str mail_parent_id(struct arena *a, const struct mail_keys *k, int64_t number)
{
	return arena_strf(a, "ticket-%lld@" STR_F, (long long)number, STR_A(k->domain));
}

bool mail_is_robot(struct str address)
{
	static const char *const names[] = { "mailer-daemon", "postmaster", "abuse", "root", "bounce", "bounces" };
	struct str local = str_sub(address, 0, str_find_byte(address, '@'));

	for (size_t i = 0; i < COUNT(names); i++)
		if (str_eq_nocase(local, str_of(names[i])))
			return true;
	return str_starts_nocase(local, STR("no-reply")) || str_starts_nocase(local, STR("noreply")) || str_starts_nocase(local, STR("no_reply")) ||
	       str_starts_nocase(local, STR("donotreply")) || str_starts_nocase(local, STR("do-not-reply"));
}
