/* Configuration: one table of keys, three places to set them (file, environment, flags: the later wins). All mistakes
 * are collected, so that one start shows them all. */
#include "desk/desk.h"
#include "util/buf.h"
#include <stddef.h>
#include <stdio.h>

enum kind { TEXT, LIST_HOSTS, LIST_PROXIES, LIST_ADDRESSES, SIZE, INT, BOOL };
const struct config_key config_keys[] = {
	{ "data-dir", "var", "Folder of the database, attachments, uploads and keys. One desk, one folder." },
	{ "db", "", "Database: sqlite:PATH or postgres://... Empty: SQLite in data-dir." },
	{ "listen", "127.0.0.1:8080", "Address and port of the web server. Put nginx or Caddy in front for TLS." },
	{ "base-url", "", "How browsers reach the desk, for links and cookies: https://help.example. Empty: http://LISTEN." },
	{ "hosts", "", "Further host names to answer to, separated by spaces." },
	{ "proxies", "", "Addresses or networks of reverse proxies whose X-Forwarded-For and -Proto count, separated by spaces." },
	{ "product", "", "Name of the desk, shown to people. Empty: what the first-run page set, else Carrel." },
	{ "prefix", "CAR", "Prefix of ticket numbers." },
	{ "zone", "UTC", "Time zone of the desk (IANA name)." },
	{ "phone", "", "Telephone number for criticality 1 and 2. Empty: what the first-run page set." },
	{ "support-addr", "", "Address customers write to, and From of mails. Empty: support@ the host of base-url." },
	{ "mail-addresses", "", "Further addresses the desk takes mail for, separated by spaces." },
	{ "mail-domain", "", "Domain of Message-IDs. Empty: that of support-addr." },
	{ "lmtp-listen", "", "Where the MTA hands mail over: 127.0.0.1:2424 or the path of a socket. Empty: off." },
	{ "smtp-url", "", "Server for outgoing mail: smtp://127.0.0.1:25, smtps://HOST:465. Empty: mail waits in the outbox." },
	{ "smtp-user", "", "User for the SMTP server. Empty: no sign-in." },
	{ "smtp-password-file", "", "File with the password, mode 0600." },
	{ "smtp-starttls", "no", "Refuse to send over smtp:// without STARTTLS." },
	{ "smtp-ca-file", "", "Certificates to trust for SMTP. Empty: the system's." },
	{ "authserv-id", "", "Name by which your MTA signs Authentication-Results; only these are believed. Empty: none is." },
	{ "secret-file", "", "Keys of this desk, mode 0600, made when absent. Empty: secret in data-dir." },
	{ "metrics-token-file", "", "File with the bearer token for /metrics. Empty: loopback only." },
	{ "max-mail", "26214400", "Largest mail in bytes." },
	{ "max-upload", "20971520", "Largest uploaded file in bytes." },
	{ "min-free", "0", "Take no mail and no upload below this many free bytes. 0: one and a half times max-mail." },
	{ "threads", "0", "Event threads of the web server. 0: the number of cores." },
	{ "workers", "0", "Threads that may wait for the database. 0: 64, started when needed." },
	{ "log-level", "info", "debug, info, warn or error." },
	{ NULL, NULL, NULL },
};
#define AT(member) offsetof(struct desk_config, member)
static const struct { const char *name; enum kind kind; size_t at; } places[] = {
	{ "data-dir", TEXT, AT(data_dir) }, { "db", TEXT, AT(db_url) }, { "listen", TEXT, AT(listen) }, { "base-url", TEXT, AT(base_url) },
	{ "hosts", LIST_HOSTS, 0 }, { "proxies", LIST_PROXIES, 0 }, { "product", TEXT, AT(product) }, { "prefix", TEXT, AT(prefix) },
	{ "zone", TEXT, AT(zone) }, { "phone", TEXT, AT(phone) }, { "support-addr", TEXT, AT(support_addr) },
	{ "mail-addresses", LIST_ADDRESSES, 0 }, { "mail-domain", TEXT, AT(mail_domain) }, { "lmtp-listen", TEXT, AT(lmtp_listen) },
	{ "smtp-url", TEXT, AT(smtp_url) }, { "smtp-user", TEXT, AT(smtp_user) }, { "smtp-password-file", TEXT, AT(smtp_password_file) },
	{ "smtp-starttls", BOOL, AT(smtp_starttls) }, { "smtp-ca-file", TEXT, AT(smtp_ca_file) }, { "authserv-id", TEXT, AT(authserv_id) },
	{ "secret-file", TEXT, AT(secret_file) }, { "metrics-token-file", TEXT, AT(metrics_token_file) }, { "max-mail", SIZE, AT(max_mail) },
	{ "max-upload", SIZE, AT(max_upload) }, { "min-free", SIZE, AT(min_free) }, { "threads", INT, AT(threads) },
	{ "workers", INT, AT(workers) }, { "log-level", TEXT, AT(log_level) },
};

struct loading {
	struct arena *a;
	struct desk_config *c;
	VEC(struct config_problem) problems;
};

static void problem(struct loading *l, struct str where, struct str text)
{
	*VEC_ADD(l->a, &l->problems) = (struct config_problem){ where, text };
}

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

			if (row[j] + 1 < best)
				best = row[j] + 1;
			if (row[j - 1] + 1 < best)
				best = row[j - 1] + 1;
			row[j] = best;
			diag = up;
		}
	}
	return row[y.n];
}

static void list(struct loading *l, struct str where, struct str value, struct str *at, size_t *n, size_t max)
{
	struct str word;

	*n = 0;
	while (str_cut(&value, ' ', &word)) {
		if (word.n == 0)
			continue;
		if (*n == max) {
			problem(l, where, arena_strf(l->a, "at most %zu may be listed", max));
			return;
		}
		at[(*n)++] = str_lower(l->a, word);
	}
}

static void set(struct loading *l, struct str where, struct str key, struct str value)
{
	struct desk_config *c = l->c;
	char *base = (char *)c;
	int64_t n;
	char *name = str_z(l->a, key);
	const char *near = NULL;
	int best = 4;

	for (char *p = name; *p; p++)
		if (*p == '_')
			*p = '-';
	for (size_t i = 0; i < COUNT(places); i++) {
		if (strcmp(places[i].name, name) != 0) {
			int d = distance(str_of(name), str_of(places[i].name));

			if (d < best) {
				best = d;
				near = places[i].name;
			}
			continue;
		}
		switch (places[i].kind) {
		case TEXT:
			*(struct str *)(void *)(base + places[i].at) = arena_str(l->a, value);
			return;
		case LIST_HOSTS:
			list(l, where, value, c->hosts, &c->n_hosts, COUNT(c->hosts));
			return;
		case LIST_PROXIES:
			list(l, where, value, c->proxies, &c->n_proxies, COUNT(c->proxies));
			return;
		case LIST_ADDRESSES:
			list(l, where, value, c->mail_addresses, &c->n_mail_addresses, COUNT(c->mail_addresses));
			return;
		case BOOL:
			if (!str_is(value, "yes") && !str_is(value, "no"))
				problem(l, where, arena_strf(l->a, "%s is yes or no", name));
			*(bool *)(base + places[i].at) = str_is(value, "yes");
			return;
		case SIZE:
		case INT:
			if (str_to_i64(value, &n) != RC_OK || n < 0 || (places[i].kind == INT && n > 1000))
				problem(l, where, arena_strf(l->a, "%s is a number", name));
			else if (places[i].kind == SIZE)
				*(int64_t *)(void *)(base + places[i].at) = n;
			else
				*(int *)(void *)(base + places[i].at) = (int)n;
			return;
		}
	}
	problem(l, where, near ? arena_strf(l->a, "there is no key \"%s\"; did you mean \"%s\"?", name, near) : arena_strf(l->a, "there is no key \"%s\"", name));
}

static enum rc read_file(struct loading *l, struct str file, struct err *err)
{
	const char *path = str_z(l->a, file);
	FILE *f = fopen(path, "rbe");
	char *text = arena_alloc(l->a, 65536);
	struct str rest, line;
	int n = 0;

	if (!f)
		return fail(err, RC_INVALID, "cannot read the configuration file %s", path);
	rest = (struct str){ text, fread(text, 1, 65535, f) };
	fclose(f);
	while (str_cut(&rest, '\n', &line)) {
		struct str key, where = arena_strf(l->a, "%s:%d", path, ++n);

		line = str_trim(line);
		if (line.n == 0 || line.p[0] == '#')
			continue;
		if (str_find_byte(line, '=') == STR_NONE) {
			problem(l, where, STR("a line is KEY = VALUE"));
			continue;
		}
		str_cut(&line, '=', &key);
		set(l, where, str_trim(key), str_trim(line));
	}
	return RC_OK;
}

static void read_env(struct loading *l, char *const *env)
{
	for (size_t i = 0; env && env[i]; i++) {
		struct str e = str_of(env[i]), key;

		if (!str_starts(e, STR("CARREL_")) || str_starts(e, STR("CARREL_TEST")) || str_starts(e, STR("CARREL_CONFIG=")))
			continue;
		str_cut(&e, '=', &key);
		set(l, key, str_lower(l->a, str_from(key, 7)), e);
	}
}

static void read_flags(struct loading *l, char *const *flags)
{
	for (size_t i = 0; flags && flags[i]; i++) {
		struct str f = str_of(flags[i]), key;

		if (!str_starts(f, STR("--")))
			continue;
		f = str_from(f, 2);
		bool joined = str_find_byte(f, '=') != STR_NONE;
		str_cut(&f, '=', &key);
		if (!joined && !flags[i + 1]) {
			problem(l, str_of(flags[i]), STR("a value is missing"));
			return;
		}
		struct str value = joined ? (f.p ? f : STR("")) : str_of(flags[i + 1]);
		struct str where = str_of(flags[i]);
		i += !joined;
		if (!str_is(key, "config"))
			set(l, where, key, value);
	}
}

static void complete(struct loading *l)
{
	struct desk_config *c = l->c;
	struct str rest, host;

	if (!c->base_url.n)
		c->base_url = arena_strf(l->a, "http://" STR_F, STR_A(c->listen));
	while (c->base_url.n && c->base_url.p[c->base_url.n - 1] == '/')
		c->base_url.n--;
	if (!str_starts(c->base_url, STR("http://")) && !str_starts(c->base_url, STR("https://")))
		problem(l, STR("base-url"), STR("base-url begins with http:// or https://"));
	rest = str_from(c->base_url, str_find(c->base_url, STR("//")) + 2);
	str_cut(&rest, '/', &host);
	rest = host;
	str_cut(&rest, ':', &host);
	if (!c->support_addr.n)
		c->support_addr = arena_strf(l->a, "support@" STR_F, STR_A(host));
	if (!c->mail_domain.n) {
		size_t at = str_find_byte(c->support_addr, '@');

		if (at == STR_NONE)
			problem(l, STR("support-addr"), STR("support-addr is a mail address"));
		else
			c->mail_domain = arena_str(l->a, str_from(c->support_addr, at + 1));
	}
	if (!c->min_free)
		c->min_free = c->max_mail + c->max_mail / 2;
}

enum rc config_load(struct arena *out, struct str file, char *const *env, char *const *flags, struct desk_config *ret,
		    struct config_problem **problems, size_t *n_problems, struct err *err)
{
	struct loading l = { .a = out, .c = ret };
	enum rc rc = RC_OK;

	*ret = (struct desk_config){ 0 };
	for (const struct config_key *k = config_keys; k->name; k++)
		set(&l, STR("default"), str_of(k->name), str_of(k->fallback));
	if (file.p)
		rc = read_file(&l, file, err);
	if (rc == RC_OK) {
		read_env(&l, env);
		read_flags(&l, flags);
		complete(&l);
	}
	*problems = l.problems.at;
	*n_problems = l.problems.n;
	return rc;
}
