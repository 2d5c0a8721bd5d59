/* Configuration: what follows from what, and what cannot be. Looks at the disk only to see whether files of secrets are
 * there and closed to others, and whether a time zone is known. */
#include "desk/config_private.h"
#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

/* help.example of https://help.example:8443/x; [::1] keeps its brackets. */
static struct str host_of(struct str url)
{
	size_t at = str_find(url, STR("://")), end = 0;
	struct str host = at == STR_NONE ? url : str_from(url, at + 3);

	if (host.n && host.p[0] == '[') {
		end = str_find_byte(host, ']');
		return end == STR_NONE ? host : str_sub(host, 0, end + 1);
	}
	while (end < host.n && host.p[end] != '/' && host.p[end] != ':')
		end++;
	return str_sub(host, 0, end);
}

/* A name that can stand behind the @; an address of numbers cannot. */
static bool is_name(struct str host)
{
	for (size_t i = 0; i < host.n; i++)
		if ((host.p[i] >= 'a' && host.p[i] <= 'z') || (host.p[i] >= 'A' && host.p[i] <= 'Z'))
			return host.p[0] != '[';
	return false;
}

static struct str domain_of(struct str address)
{
	size_t at = str_find_byte(address, '@');

	return at == STR_NONE ? STR("") : str_from(address, at + 1);
}

void config_complete(struct loading *l)
{
	struct desk_config *c = l->c;

	if (!c->base_url.n)
		c->base_url = arena_strf(l->a, "http://" STR_F, STR_A(c->listen));
	while (str_ends(c->base_url, STR("/")) && !str_ends(c->base_url, STR("://")))
		c->base_url.n--;
	while (c->data_dir.n > 1 && c->data_dir.p[c->data_dir.n - 1] == '/')
		c->data_dir.n--;
	while (str_ends(c->kb_url, STR("/")) && !str_ends(c->kb_url, STR("://")))
		c->kb_url.n--;
	if (c->kb_url.n && host_of(c->kb_url).n && c->n_hosts < COUNT(c->hosts))
		c->hosts[c->n_hosts++] = host_of(c->kb_url);
	struct str host = host_of(c->base_url);
	if (!c->support_addr.n)
		c->support_addr = arena_strf(l->a, "support@" STR_F, STR_A(is_name(host) ? host : STR("localhost")));
	c->support_addr = str_lower(l->a, c->support_addr);
	if (!c->mail_domain.n)
		c->mail_domain = arena_str(l->a, domain_of(c->support_addr));
	if (!c->min_free)
		c->min_free = c->max_mail + c->max_mail / 2;
}

static void closed_file(struct loading *l, const char *key, struct str file)
{
	const char *path = str_z(l->a, file);
	struct stat st;

	if (!file.n)
		return;
	if (stat(path, &st) != 0)
		config_problem(l, config_where(l, key), "%s: the file %s cannot be read: %s", key, path,
		               strerror(errno));
	else if (!S_ISREG(st.st_mode))
		config_problem(l, config_where(l, key), "%s: %s is no file", key, path);
	else if (st.st_mode & 077)
		config_problem(l, config_where(l, key), "%s: the file %s can be read by others: chmod 600 it", key,
		               path);
}

static bool starts_with_one(struct str s, const char *const *starts)
{
	for (; *starts; starts++)
		if (str_starts(s, str_of(*starts)))
			return true;
	return false;
}

static void scheme(struct loading *l, const char *key, struct str value, const char *const *starts, const char *what)
{
	if (!starts_with_one(value, starts))
		config_problem(l, config_where(l, key), "%s %s", key, what);
}

static bool plain(struct str s, const char *also)
{
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];

		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
		      (c && strchr(also, c))))
			return false;
	}
	return s.n > 0;
}

static bool is_address(struct str s)
{
	struct str local = s, head;

	return str_cut(&local, '@', &head) && plain(head, ".!#$%&'*/=?^_`{|}~-") && plain(local, ".-") &&
	       local.p[0] != '.' && local.p[local.n - 1] != '.';
}

static bool is_listen(struct str s)
{
	size_t colon = STR_NONE;
	int64_t port;

	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] == ':')
			colon = i;
	return colon != STR_NONE && colon > 0 && str_to_i64(str_from(s, colon + 1), &port) == RC_OK && port >= 0 &&
	       port <= 65535;
}

static bool is_zone(struct loading *l, struct str zone)
{
	if (!plain(zone, "/_+-") || zone.p[0] == '/')
		return false;
	return access("/usr/share/zoneinfo", F_OK) != 0 ||
	       access(str_z(l->a, arena_strf(l->a, "/usr/share/zoneinfo/" STR_F, STR_A(zone))), R_OK) == 0;
}

static void check_mail(struct loading *l)
{
	struct desk_config *c = l->c;
	static const char *const smtp[] = { "smtp://", "smtps://", NULL };

	if (!is_address(c->support_addr))
		config_problem(l, config_where(l, "support-addr"),
		               "support-addr is one mail address, like support@help.example");
	else if (str_find_byte(c->support_addr, '@') > MAIL_LOCAL_MAX)
		config_problem(l, config_where(l, "support-addr"),
		               "support-addr has more than %d letters before the @: with the proof of a ticket it "
		               "would be longer"
		               " than mail servers take",
		               MAIL_LOCAL_MAX);
	for (size_t i = 0; i < c->n_mail_addresses; i++)
		if (!is_address(c->mail_addresses[i]))
			config_problem(l, config_where(l, "mail-addresses"), "\"" STR_F "\" is no mail address",
			               STR_A(str_sub(c->mail_addresses[i], 0, 60)));
	if (is_address(c->support_addr) && !plain(c->mail_domain, ".-"))
		config_problem(l, config_where(l, "mail-domain"), "mail-domain is a name like help.example");
	if (c->lmtp_listen.n && c->lmtp_listen.p[0] != '/' && !is_listen(c->lmtp_listen))
		config_problem(l, config_where(l, "lmtp-listen"),
		               "lmtp-listen is ADDRESS:PORT or the path of a socket");
	if (c->mail_hops < 1 || c->mail_hops > 20)
		config_problem(l, config_where(l, "mail-hops"), "mail-hops is a number from 1 to 20");
	if (c->smtp_url.n)
		scheme(l, "smtp-url", c->smtp_url, smtp, "begins with smtp:// or smtps://");
	if (c->smtp_user.n && !c->smtp_password_file.n)
		config_problem(l, config_where(l, "smtp-user"), "smtp-user needs smtp-password-file");
	closed_file(l, "dkim-key-file", c->dkim_key_file);
	closed_file(l, "smtp-password-file", c->smtp_password_file);
	if (c->max_mail < 102400 || c->max_mail > INT64_C(100) << 20)
		config_problem(l, config_where(l, "max-mail"), "max-mail lies between 100K and 100M");
}

void config_check(struct loading *l)
{
	static const char *const http[] = { "http://", "https://", NULL };
	static const char *const db[] = { "sqlite:", "postgres://", "postgresql://", NULL };
	static const char *const levels[] = { "debug", "info", "warn", "error" };
	struct desk_config *c = l->c;
	bool known = false;

	if (!c->data_dir.n)
		config_problem(l, config_where(l, "data-dir"), "data-dir names a folder");
	if (!is_listen(c->listen))
		config_problem(l, config_where(l, "listen"),
		               "listen is ADDRESS:PORT, like 127.0.0.1:8080 or [::1]:8080");
	scheme(l, "base-url", c->base_url, http, "begins with http:// or https://");
	if (!host_of(c->base_url).n ||
	    str_find_byte(str_from(c->base_url, str_find(c->base_url, STR("://")) + 3), '/') != STR_NONE)
		config_problem(l, config_where(l, "base-url"),
		               "base-url is a scheme and a host, without a path: https://help.example");
	if (c->kb_url.n)
		scheme(l, "kb-url", c->kb_url, http, "begins with http:// or https://");
	if (c->kb_url.n && (!host_of(c->kb_url).n ||
	                    str_find_byte(str_from(c->kb_url, str_find(c->kb_url, STR("://")) + 3), '/') != STR_NONE))
		config_problem(l, config_where(l, "kb-url"),
		               "kb-url is a scheme and a host, without a path: https://docs.example");
	if (c->db_url.n)
		scheme(l, "db", c->db_url, db, "is sqlite:PATH or postgres://...");
	if (!plain(c->prefix, "") || c->prefix.n > 8)
		config_problem(l, config_where(l, "prefix"), "prefix is up to 8 letters and digits");
	if (!is_zone(l, c->zone))
		config_problem(l, config_where(l, "zone"), "there is no time zone \"" STR_F "\"",
		               STR_A(str_sub(c->zone, 0, 60)));
	for (size_t i = 0; i < COUNT(levels); i++)
		known |= str_is(c->log_level, levels[i]);
	if (!known)
		config_problem(l, config_where(l, "log-level"), "log-level is debug, info, warn or error");
	if (c->max_upload < 1024 || c->max_upload > INT64_C(1) << 30)
		config_problem(l, config_where(l, "max-upload"), "max-upload lies between 1K and 1G");
	closed_file(l, "metrics-token-file", c->metrics_token_file);
	check_mail(l);
}
