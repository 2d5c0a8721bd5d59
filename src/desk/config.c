/* Configuration: one table of keys, three places to set them (file, environment, flags: the later wins). All mistakes
 * are collected, so that one start shows them all. What fits together and what does not is config_check.c's. */
#include "desk/config_private.h"
#include "util/buf.h"
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#define MAX_FILE 65536
#define MAX_SIZE (INT64_C(1) << 50)

enum kind { TEXT, HOSTS, PROXIES, ADDRESSES, SIZE, INT, MANY, BOOL };
/* name, kind, member of struct desk_config, default, meaning */
// clang-format off
#define KEYS(K) \
	K("data-dir", TEXT, data_dir, "var", \
	  "Folder of the database, attachments, uploads and keys. One desk, one folder.") \
	K("db", TEXT, db_url, "", \
	  "Database: sqlite:PATH or postgres://... Empty: SQLite in data-dir.") \
	K("listen", TEXT, listen, "127.0.0.1:8080", \
	  "Address and port of the web server. Put nginx or Caddy in front for TLS.") \
	K("base-url", TEXT, base_url, "", \
	  "How browsers reach the desk, for links and cookies: https://help.example. Empty: http://LISTEN.") \
	K("kb-url", TEXT, kb_url, "", \
	  "Where the public knowledge base is read when it has a name of its own: https://docs.example. Empty: base-url.") \
	K("hosts", HOSTS, hosts, "", \
	  "Further host names to answer to, separated by spaces.") \
	K("proxies", PROXIES, proxies, "", \
	  "Addresses or networks of reverse proxies whose X-Forwarded-For and -Proto count, separated by spaces.") \
	K("product", TEXT, product, "", \
	  "Name of the desk, shown to people. Empty: what the first-run page set, else Carrel.") \
	K("prefix", TEXT, prefix, "CAR", \
	  "Prefix of ticket numbers.") \
	K("zone", TEXT, zone, "UTC", \
	  "Time zone of the desk (IANA name).") \
	K("phone", TEXT, phone, "", \
	  "Telephone number for criticality 1 and 2. Empty: what the first-run page set.") \
	K("support-addr", TEXT, support_addr, "", \
	  "Address customers write to, and From of mails; its local part has at most 14 letters. Empty: support@ the host of base-url.") \
	K("mail-addresses", ADDRESSES, mail_addresses, "", \
	  "Further addresses the desk takes mail for, separated by spaces.") \
	K("mail-domain", TEXT, mail_domain, "", \
	  "Domain of Message-IDs. Empty: that of support-addr.") \
	K("lmtp-listen", TEXT, lmtp_listen, "", \
	  "Where the MTA hands mail over: 127.0.0.1:2424 or the path of a socket. Empty: off.") \
	K("mailboxes-file", TEXT, mailboxes_file, "", \
	  "File with the IMAP mailboxes to read mail from; its form is in docs/MAIL.md. Empty: none.") \
	K("smtp-url", TEXT, smtp_url, "", \
	  "Server for outgoing mail: smtp://127.0.0.1:25, smtps://HOST:465. Empty: mail waits in the outbox.") \
	K("smtp-user", TEXT, smtp_user, "", \
	  "User for the SMTP server. Empty: no sign-in.") \
	K("smtp-password-file", TEXT, smtp_password_file, "", \
	  "File with the password of smtp-user, mode 0600.") \
	K("smtp-starttls", BOOL, smtp_starttls, "no", \
	  "Refuse to send over smtp:// without STARTTLS.") \
	K("smtp-ca-file", TEXT, smtp_ca_file, "", \
	  "Certificates to trust for SMTP. Empty: the system's.") \
	K("dkim-key-file", TEXT, dkim_key_file, "", \
	  "Private key (PEM, RSA or Ed25519), mode 0600, to sign outgoing mail with for the domain of support-addr. Empty: your mail server signs, or nobody.") \
	K("dkim-selector", TEXT, dkim_selector, "carrel", \
	  "Selector of that key: its public half is in DNS at SELECTOR._domainkey.DOMAIN.") \
	K("smtp-timeout", INT, smtp_timeout, "60", \
	  "Seconds to wait for each answer of the SMTP server; 0 means 60.") \
	K("authserv-id", TEXT, authserv_id, "", \
	  "Name by which your MTA signs Authentication-Results; only these are believed. Empty: none is.") \
	K("mail-dns", TEXT, mail_dns, "", \
	  "Resolver to ask for SPF, DKIM and DMARC of mail whose Authentication-Results say nothing: system, or an address like 127.0.0.1:53. Empty: they are not checked here.") \
	K("mail-hops", INT, mail_hops, "1", \
	  "How many mail servers of yours a mail passes before the desk: the outermost one's Received says who handed it in.") \
	K("secret-file", TEXT, secret_file, "", \
	  "Keys of this desk, mode 0600, made when absent. Empty: secret in data-dir.") \
	K("metrics-token-file", TEXT, metrics_token_file, "", \
	  "File with the bearer token for /metrics, mode 0600. Empty: loopback only.") \
	K("max-mail", SIZE, max_mail, "25M", \
	  "Largest mail in bytes; K, M and G stand for 1024, its square and its cube. At most 100M.") \
	K("max-upload", SIZE, max_upload, "20M", \
	  "Largest uploaded file in bytes.") \
	K("min-free", SIZE, min_free, "0", \
	  "Take no mail and no upload when fewer bytes than this are free. 0: one and a half times max-mail.") \
	K("api-rate", MANY, api_rate, "0", \
	  "Requests a minute that one API token may make; further ones get 429. 0: as many as it wants.") \
	K("webhooks-inside", BOOL, webhooks_inside, "no", \
	  "Webhooks of escalations may go to addresses inside (loopback, private networks), for example a chat server of yours.") \
	K("push-inside", BOOL, push_inside, "no", \
	  "Web Push services may be at addresses inside and without TLS: for tests.") \
	K("kb-links-inside", BOOL, kb_links_inside, "no", \
	  "Articles may link to addresses inside (loopback, private networks): ask these, too, whether they are still there.") \
	K("phone-listen", TEXT, phone_listen, "", \
	  "Address and port where the telephone line speaks SIP: 10.0.0.5:5060 (TLS one port higher). Empty: there is no line.") \
	K("phone-allow", TEXT, phone_allow, "", \
	  "Addresses of the PBX or trunk, separated by spaces. Others get no answer at all.") \
	K("phone-registrar", TEXT, phone_registrar, "", \
	  "Where the line registers as an extension: sip:pbx.example or sip:pbx.example;transport=tls. Empty: it only takes calls.") \
	K("phone-user", TEXT, phone_user, "desk", \
	  "Name of the extension.") \
	K("phone-address", TEXT, phone_address, "sip:desk@localhost", \
	  "SIP address of the extension: sip:desk@pbx.example.") \
	K("phone-password-file", TEXT, phone_password_file, "", \
	  "File with the password of phone-user, mode 0600.") \
	K("phone-trunk", TEXT, phone_trunk, "", \
	  "Host to which numbers are dialled: pbx.example. Empty: only SIP addresses are.") \
	K("phone-out-prefixes", TEXT, phone_out_prefixes, "", \
	  "Beginnings of numbers that may be dialled, separated by spaces: +57 +1. Empty: those of phone-country, or all.") \
	K("phone-out-calls", INT, phone_out_calls, "10", \
	  "Telephones that the line rings or talks to at a time, callers not counted.") \
	K("phone-out-minutes", INT, phone_out_minutes, "300", \
	  "Minutes a day (UTC) of calls that the line makes; then it makes none until the next. Toll fraud costs no more.") \
	K("phone-public", TEXT, phone_public, "", \
	  "Address that peers send sound to when the line is behind a translation of addresses: 203.0.113.7.") \
	K("phone-pages", BOOL, phone_pages, "yes", \
	  "Escalations also ring the people they page: 1 takes the ticket.") \
	K("phone-keep", INT, phone_keep, "180", \
	  "Days that recordings are kept; the call and its events stay. 0: for ever.") \
	K("phone-country", TEXT, phone_country, "", \
	  "Country code that national numbers of callers belong to: 57.") \
	K("phone-cert-file", TEXT, phone_cert_file, "", \
	  "Certificate and key of the line's TLS port, PEM.") \
	K("phone-ca-file", TEXT, phone_ca_file, "", \
	  "Certificates to trust for the registrar. Empty: the system's.") \
	K("phone-srtp", BOOL, phone_srtp, "no", \
	  "Refuse calls whose sound is not encrypted.") \
	K("phone-ring", INT, phone_ring, "20", \
	  "Seconds an engineer's telephone rings before the next one's.") \
	K("phone-redial", INT, phone_redial, "120", \
	  "Seconds until the engineers are rung again when none took the call.") \
	K("phone-calls", INT, phone_calls, "60", \
	  "Calls at a time; further ones are told to try again.") \
	K("phone-lang", TEXT, phone_lang, "en", \
	  "Language of callers who are not known: en or es.") \
	K("phone-prompts", TEXT, phone_prompts, "", \
	  "Folder with own recordings instead of the built-in prompts; see carrel phone prompts.") \
	K("threads", INT, threads, "0", \
	  "Event threads of the web server. 0: the number of cores.") \
	K("workers", INT, workers, "0", \
	  "Threads that may wait for the database. 0: 64, started when needed.") \
	K("log-level", TEXT, log_level, "info", \
	  "debug, info, warn or error.")
// clang-format on
#define AS_KEY(name, kind, member, fallback, doc)   { name, fallback, doc },
#define AS_PLACE(name, kind, member, fallback, doc) { kind, offsetof(struct desk_config, member) },
const struct config_key config_keys[] = {
	KEYS(AS_KEY){NULL, NULL, NULL}
};
static const struct {
	enum kind kind;
	size_t at;
} places[] = { KEYS(AS_PLACE) };
#define N_KEYS COUNT(places)
_Static_assert(N_KEYS <= CONFIG_MAX_KEYS, "struct loading has too few places");

void config_problem(struct loading *l, struct str where, const char *fmt, ...)
{
	char text[400];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	*VEC_ADD(l->a, &l->problems) = (struct config_problem){ where, arena_str(l->a, str_of(text)) };
}

struct str config_where(const struct loading *l, const char *key)
{
	for (size_t i = 0; i < N_KEYS; i++)
		if (strcmp(config_keys[i].name, key) == 0)
			return l->where[i].n ? l->where[i] : str_of(key);
	die("there is no key %s", key);
}

/* ---- one value ---- */

static int distance(struct str x, struct str y) /* Levenshtein, for "did you mean" */
{
	int row[64];

	if (x.n > 60 || y.n > 60)
		return 99;
	for (size_t j = 0; j <= y.n; j++)
		row[j] = (int)j;
	for (size_t i = 1; i <= x.n; i++) {
		int diag = row[0];

		row[0] = (int)i;
		for (size_t j = 1; j <= y.n; j++) {
			int up = row[j], best = diag + (x.p[i - 1] != y.p[j - 1]);

			best = up + 1 < best ? up + 1 : best;
			best = row[j - 1] + 1 < best ? row[j - 1] + 1 : best;
			row[j] = best;
			diag = up;
		}
	}
	return row[y.n];
}

static void unknown(struct loading *l, struct str where, struct str name)
{
	const char *near = NULL;
	int best = 4;

	for (size_t i = 0; i < N_KEYS; i++) {
		int d = distance(name, str_of(config_keys[i].name));

		if (d < best) {
			best = d;
			near = config_keys[i].name;
		}
	}
	if (near)
		config_problem(l, where, "there is no key \"" STR_F "\"; did you mean \"%s\"?",
		               STR_A(str_sub(name, 0, 60)), near);
	else
		config_problem(l, where, "there is no key \"" STR_F "\"; see carrel config keys",
		               STR_A(str_sub(name, 0, 60)));
}

static void list(struct loading *l, struct str where, struct str value, struct str at[8], size_t *n)
{
	struct str word;

	*n = 0;
	while (str_cut(&value, ' ', &word)) {
		word = str_trim(word);
		if (word.n && word.p[word.n - 1] == ',')
			word.n--;
		if (word.n == 0)
			continue;
		if (*n == 8) {
			config_problem(l, where, "at most 8 may be listed");
			return;
		}
		at[(*n)++] = str_lower(l->a, word);
	}
}

/* 20971520, 20M */
static enum rc size_of(struct str value, int64_t *ret)
{
	static const char units[] = "KMG";
	const char *unit = value.n ? strchr(units, value.p[value.n - 1] & ~32) : NULL;
	int64_t n;

	if (unit && *unit)
		value.n--;
	if (str_to_i64(value, &n) != RC_OK || n < 0)
		return RC_INVALID;
	for (long i = unit && *unit ? unit - units + 1 : 0; i > 0; i--, n *= 1024)
		if (n > MAX_SIZE / 1024)
			return RC_INVALID;
	*ret = n;
	return RC_OK;
}

static void store(struct loading *l, size_t i, struct str where, struct str value)
{
	struct desk_config *c = l->c;
	char *at = (char *)c + places[i].at;
	const char *name = config_keys[i].name;
	int64_t n;

	switch (places[i].kind) {
	case TEXT:
		*(struct str *)(void *)at = arena_str(l->a, value);
		break;
	case HOSTS:
		list(l, where, value, c->hosts, &c->n_hosts);
		break;
	case PROXIES:
		list(l, where, value, c->proxies, &c->n_proxies);
		break;
	case ADDRESSES:
		list(l, where, value, c->mail_addresses, &c->n_mail_addresses);
		break;
	case BOOL:
		if (!str_is(value, "yes") && !str_is(value, "no"))
			config_problem(l, where, "%s is yes or no", name);
		*(bool *)at = str_is(value, "yes");
		break;
	case SIZE:
		if (size_of(value, (int64_t *)(void *)at) != RC_OK)
			config_problem(l, where, "%s is a number of bytes, like 20971520 or 20M", name);
		break;
	case MANY:
		if (str_to_i64(value, &n) != RC_OK || n < 0 || n > 1000000)
			config_problem(l, where, "%s is a number up to 1000000", name);
		else
			*(int64_t *)(void *)at = n;
		break;
	case INT:
		if (str_to_i64(value, &n) != RC_OK || n < 0 || n > 1000)
			config_problem(l, where, "%s is a number up to 1000", name);
		else
			*(int *)(void *)at = (int)n;
		break;
	}
}

/* Underscores and hyphens are the same. */
static void set(struct loading *l, struct str where, struct str key, struct str value)
{
	struct str name = str_lower(l->a, key);

	for (size_t i = 0; i < name.n; i++)
		if (name.p[i] == '_')
			((char *)(uintptr_t)name.p)[i] = '-';
	for (size_t i = 0; i < N_KEYS; i++)
		if (str_is(name, config_keys[i].name)) {
			if (!str_utf8_valid(value) || str_has_control(value) ||
			    str_find_byte(value, '\n') != STR_NONE) {
				config_problem(l, where, "the value of %s has control characters or is not UTF-8",
				               config_keys[i].name);
				return;
			}
			l->where[i] = where;
			store(l, i, where, value);
			return;
		}
	unknown(l, where, name);
}

/* ---- three places ---- */

static enum rc slurp(struct loading *l, const char *path, struct str *ret, struct err *err)
{
	char *text = arena_alloc(l->a, MAX_FILE + 1);
	size_t have = 0;
	ssize_t n = 0;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	while (fd >= 0 && have <= MAX_FILE && (n = read(fd, text + have, MAX_FILE + 1 - have)) > 0)
		have += (size_t)n;
	int why = errno;
	if (fd >= 0)
		close(fd);
	if (fd < 0 || n < 0)
		return fail(err, RC_INVALID, "cannot read the configuration file %s: %s", path, strerror(why));
	if (have > MAX_FILE)
		return fail(err, RC_INVALID, "the configuration file %s is larger than 64 KiB", path);
	*ret = (struct str){ text, have };
	return RC_OK;
}

static enum rc read_file(struct loading *l, struct str file, struct err *err)
{
	const char *path = str_z(l->a, file);
	struct str rest, line, key, before[CONFIG_MAX_KEYS];
	int n = 0;
	enum rc rc = slurp(l, path, &rest, err);

	if (rc != RC_OK)
		return rc;
	memcpy(before, l->where, sizeof(before));
	if (str_starts(rest, STR("\xef\xbb\xbf"))) /* a mark some editors put in front */
		rest = str_from(rest, 3);
	while (str_cut(&rest, '\n', &line)) {
		struct str where = arena_strf(l->a, "%s:%d", path, ++n);

		line = str_trim(line);
		if (line.n == 0 || line.p[0] == '#')
			continue;
		if (str_find_byte(line, '=') == STR_NONE) {
			config_problem(l, where, "a line is KEY = VALUE, or begins with #");
			continue;
		}
		str_cut(&line, '=', &key);
		line = str_trim(line);
		if (line.n >= 2 && line.p[0] == '"' && line.p[line.n - 1] == '"')
			line = str_sub(line, 1, line.n - 2);
		memset(l->where, 0, sizeof(l->where));
		set(l, where, str_trim(key), line);
		for (size_t i = 0; i < N_KEYS; i++) {
			if (l->where[i].n && before[i].n)
				config_problem(l, where, "%s is set twice, first in " STR_F, config_keys[i].name,
				               STR_A(before[i]));
			if (l->where[i].n)
				before[i] = l->where[i];
		}
	}
	memcpy(l->where, before, sizeof(before));
	return RC_OK;
}

static void read_env(struct loading *l, char *const *env)
{
	for (size_t i = 0; env && env[i]; i++) {
		struct str e = str_of(env[i]), key;

		if (!str_starts(e, STR("CARREL_")) || str_starts(e, STR("CARREL_TEST")) ||
		    str_starts(e, STR("CARREL_CONFIG=")))
			continue;
		str_cut(&e, '=', &key);
		set(l, arena_str(l->a, key), str_from(key, 7), e.p ? e : STR(""));
	}
}

static void read_flags(struct loading *l, char *const *flags)
{
	for (size_t i = 0; flags && flags[i]; i++) {
		struct str f = str_of(flags[i]), key, value, where;

		if (!str_starts(f, STR("--")) || f.n == 2)
			continue;
		f = str_from(f, 2);
		bool joined = str_find_byte(f, '=') != STR_NONE;
		str_cut(&f, '=', &key);
		where = arena_strf(l->a, "--" STR_F, STR_A(key));
		if (!joined && !flags[i + 1]) {
			config_problem(l, where, "a value is missing: " STR_F " VALUE", STR_A(where));
			return;
		}
		value = !joined ? str_of(flags[++i]) : f.p ? f : STR("");
		if (!str_is(key, "config"))
			set(l, where, key, value);
	}
}

enum rc config_load(struct arena *out, struct str file, char *const *env, char *const *flags, struct desk_config *ret,
                    struct config_problem **problems, size_t *n_problems, struct err *err)
{
	struct loading l = { .a = out, .c = ret };
	enum rc rc = RC_OK;

	*ret = (struct desk_config){ 0 };
	for (const struct config_key *k = config_keys; k->name; k++)
		set(&l, STR_NULL, str_of(k->name), str_of(k->fallback));
	if (file.p)
		rc = read_file(&l, file, err);
	if (rc == RC_OK) {
		read_env(&l, env);
		read_flags(&l, flags);
		config_complete(&l);
		config_check(&l);
	}
	*problems = l.problems.at;
	*n_problems = l.problems.n;
	return rc;
}

void config_document(struct buf *out)
{
	buf_addz(out,
	         "# Configuration\n\n"
	         "One key a line in `carrel.conf` (`key = value`; lines that begin with `#` are comments), or "
	         "`CARREL_KEY`\n"
	         "in the environment, or `--key value` on the command line. A flag wins over the environment, the\n"
	         "environment over the file; underscores and hyphens are the same. `carrel config check` shows every\n"
	         "mistake with its place. This list is printed by the program.\n\n"
	         "| key | default | meaning |\n|---|---|---|\n");
	for (const struct config_key *k = config_keys; k->name; k++)
		buf_addf(out, k->fallback[0] ? "| `%s` | `%s` | %s |\n" : "| `%s` | %s | %s |\n", k->name, k->fallback,
		         k->doc);
}
