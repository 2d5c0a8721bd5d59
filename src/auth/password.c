/* Passwords: what is acceptable, argon2id hashing and checking on libsodium. Rows are credential_store.c's.
 *
 * 19 MiB and two passes is the first choice of the OWASP cheat sheet for argon2id; a few at a time, so that a burst of
 * sign-ins costs at most 4 x 19 MiB and leaves cores for everybody else. */
#include "auth/auth.h"
#include "auth/common_passwords.h"
#include <pthread.h>
#include <sodium.h>

#define OPS       2
#define MEM       (19u << 20)
#define MIN_BYTES 10
#define MAX_BYTES 1000
#define AT_ONCE   4

/* The hash of 256 random bits that nobody kept, with today's parameters: absent persons are checked against it. */
static const char dummy_hash[] =
        "$argon2id$v=19$m=19456,t=2,p=1$E2+ipc7VRGZh962OLZswoQ$nvGKRiR4StTqo6qrUXynQop8puvblfb3KIcT4IGbJV4";

/* The program's one gate in front of argon2; a semaphore that needs no start-up call. */
static struct {
	pthread_mutex_t lock;
	pthread_cond_t left;
	int inside;
} gate = { PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, 0 };

static void gate_enter(void)
{
	pthread_mutex_lock(&gate.lock);
	while (gate.inside >= AT_ONCE)
		pthread_cond_wait(&gate.left, &gate.lock);
	gate.inside++;
	pthread_mutex_unlock(&gate.lock);
}

static void gate_leave(void)
{
	pthread_mutex_lock(&gate.lock);
	gate.inside--;
	pthread_cond_signal(&gate.left);
	pthread_mutex_unlock(&gate.lock);
}

static bool common(struct arena *a, struct str password)
{
	struct str low = str_lower(a, password);

	for (size_t i = 0; i < COUNT(common_passwords); i++)
		if (str_is(low, common_passwords[i]))
			return true;
	return false;
}

/* "aaaaaaaaaa", "abcabcabcabc", "1212121212": one short piece over and over. */
static bool repeated(struct str s)
{
	for (size_t unit = 1; unit <= 4; unit++) {
		size_t i = unit;

		while (i < s.n && s.p[i] == s.p[i - unit])
			i++;
		if (i == s.n)
			return true;
	}
	return false;
}

/* "abcdefghijkl", "9876543210": each byte the neighbour of the one before. */
static bool run(struct str s)
{
	int step = s.n > 1 ? s.p[1] - s.p[0] : 0;

	if (step != 1 && step != -1)
		return false;
	for (size_t i = 1; i < s.n; i++)
		if (s.p[i] - s.p[i - 1] != step && !(s.p[i - 1] == '9' && s.p[i] == '0'))
			return false;
	return true;
}

enum rc auth_password_ok(struct str password, struct str email, struct err *err)
{
	AUTO_ARENA a;
	size_t at = str_find_byte(email, '@');

	arena_init(&a);
	if (password.n > MAX_BYTES)
		return fail_field(err, RC_INVALID, "password", "A password may have at most %d bytes.", MAX_BYTES);
	if (password.n < MIN_BYTES)
		return fail_field(err, RC_INVALID, "password", "Please choose a password of at least %d characters.",
		                  MIN_BYTES);
	if (common(&a, password) || repeated(password) || run(password))
		return fail_field(err, RC_INVALID, "password",
		                  "This password is among the first that others would try. Please choose another one.");
	if (email.n && (str_eq_nocase(password, email) ||
	                (at != STR_NONE && at >= MIN_BYTES && str_eq_nocase(password, str_sub(email, 0, at)))))
		return fail_field(err, RC_INVALID, "password",
		                  "Your address is not a safe password. Please choose another one.");
	return RC_OK;
}

enum rc auth_password_hash(struct arena *out, struct str password, struct str *ret, struct err *err)
{
	char hash[crypto_pwhash_STRBYTES];

	if (password.n > MAX_BYTES)
		return fail_field(err, RC_INVALID, "password", "A password may have at most %d bytes.", MAX_BYTES);
	gate_enter();
	int r = crypto_pwhash_str_alg(hash, password.p ? password.p : "", password.n, OPS, MEM,
	                              crypto_pwhash_ALG_ARGON2ID13);
	gate_leave();
	if (r != 0)
		return fail(
		        err, RC_RETRY,
		        "There is not enough memory to check passwords at the moment. Please try again in a minute.");
	*ret = arena_str(out, str_of(hash));
	return RC_OK;
}

bool auth_password_check(struct str hash, struct str password)
{
	char z[crypto_pwhash_STRBYTES] = { 0 };
	bool usable = hash.n > 0 && hash.n < sizeof(z);

	/* Tells nothing about persons: depends on what was sent only (S-46). */
	if (password.n > MAX_BYTES)
		return false;
	memcpy(z, usable ? hash.p : dummy_hash, usable ? hash.n : sizeof(dummy_hash));
	gate_enter();
	int r = crypto_pwhash_str_verify(z, password.p ? password.p : "", password.n);
	gate_leave();
	return r == 0 && usable;
}
