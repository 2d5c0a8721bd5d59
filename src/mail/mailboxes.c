/* The file of mailboxes: what it may say, and what a provider's name stands for. */
#include "mail/imap.h"
#include "util/buf.h"
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAX_FILE  65536
#define MAX_BOXES 32

struct reading {
	struct arena *a;
	struct str address; /* the desk's */
	int line;
	VEC(struct mailbox) boxes;
};

static enum rc wrong(struct reading *r, struct err *err, const char *what)
{
	return fail(err, RC_INVALID, "mailboxes-file, line %d: %s", r->line, what);
}

/* imaps://host[:port][/folder], or imap://... with STARTTLS. */
static enum rc read_url(struct reading *r, struct mailbox *m, struct str url, struct err *err)
{
	m->starttls = str_starts(url, STR("imap://"));
	if (!m->starttls && !str_starts(url, STR("imaps://")))
		return wrong(r, err, "url begins with imaps:// (TLS) or imap:// (STARTTLS)");
	url = str_from(url, m->starttls ? 7 : 8);
	size_t slash = str_find_byte(url, '/');
	m->folder = slash == STR_NONE || slash + 1 == url.n ? STR("INBOX") : str_from(url, slash + 1);
	url = str_sub(url, 0, slash);
	size_t colon = str_find_byte(url, ':');
	m->port = colon == STR_NONE ? (m->starttls ? STR("143") : STR("993")) : str_from(url, colon + 1);
	m->host = str_sub(url, 0, colon);
	int64_t port;
	if (!m->host.n || str_to_i64(m->port, &port) != RC_OK || port < 1 || port > 65535)
		return wrong(r, err, "url is imaps://HOST:PORT/FOLDER");
	return RC_OK;
}

static enum rc provider(struct reading *r, struct mailbox *m, struct str name, struct err *err)
{
	m->oauth = STR("xoauth2");
	if (str_is(name, "microsoft")) {
		m->token_url = STR("https://login.microsoftonline.com/common/oauth2/v2.0/token");
		m->device_url = STR("https://login.microsoftonline.com/common/oauth2/v2.0/devicecode");
		m->auth_url = STR("https://login.microsoftonline.com/common/oauth2/v2.0/authorize");
		m->scope = STR("https://outlook.office.com/IMAP.AccessAsUser.All offline_access");
	} else if (str_is(name, "google")) {
		m->token_url = STR("https://oauth2.googleapis.com/token");
		m->auth_url = STR("https://accounts.google.com/o/oauth2/v2/auth"); /* its devices get no mail */
		m->auth_more = STR("&access_type=offline&prompt=consent");
		m->scope = STR("https://mail.google.com/");
	} else if (str_is(name, "xoauth2") || str_is(name, "oauthbearer")) {
		m->oauth = name;
	} else {
		return wrong(r, err, "oauth is microsoft, google, xoauth2 or oauthbearer");
	}
	return RC_OK;
}

static enum rc read_key(struct reading *r, struct mailbox *m, struct str key, struct str value, struct err *err)
{
	struct {
		const char *name;
		struct str *at;
	} texts[] = {
		{"user",                &m->user              },
		{ "password-file",      &m->password_file     },
		{ "ca-file",            &m->ca_file           },
		{ "address",            &m->address           },
		{ "done",               &m->done              },
		{ "team",               &m->team              },
		{ "token-url",          &m->token_url         },
		{ "device-url",         &m->device_url        },
		{ "auth-url",           &m->auth_url          },
		{ "client-id",          &m->client_id         },
		{ "client-secret-file", &m->client_secret_file},
		{ "scope",              &m->scope             },
		{ "refresh-token-file", &m->refresh_token_file},
	};
	int64_t n;

	if (str_is(key, "url"))
		return read_url(r, m, value, err);
	if (str_is(key, "oauth"))
		return provider(r, m, value, err);
	if (str_is(key, "poll")) {
		if (str_to_i64(value, &n) != RC_OK || n < 5 || n > 3600)
			return wrong(r, err, "poll is a number of seconds from 5 to 3600");
		m->poll_seconds = (int)n;
		return RC_OK;
	}
	if (str_is(key, "kind")) {
		m->kind = str_is(value, "incident") ? 1 : str_is(value, "request") ? 2 : 0;
		return m->kind ? RC_OK : wrong(r, err, "kind is incident or request");
	}
	if (str_is(key, "criticality")) {
		m->criticality = str_is(value, "3") ? 3 : str_is(value, "4") ? 4 : 0;
		return m->criticality ? RC_OK : wrong(r, err, "criticality is 3 or 4: what is more critical is telephoned");
	}
	for (size_t i = 0; i < COUNT(texts); i++)
		if (str_is(key, texts[i].name)) {
			*texts[i].at = value;
			return RC_OK;
		}
	return wrong(r, err, "there is no such key; see docs/MAIL.md");
}

static enum rc finish(struct reading *r, struct err *err)
{
	if (!r->boxes.n)
		return RC_OK;
	struct mailbox *m = &r->boxes.at[r->boxes.n - 1];
	if (!m->host.n || !m->user.n)
		return wrong(r, err, "the mailbox above has no url or no user");
	if (m->oauth.n ? !m->refresh_token_file.n || !m->token_url.n || !m->client_id.n : !m->password_file.n)
		return wrong(r, err,
		             "the mailbox above wants password-file, or oauth with client-id and refresh-token-file");
	if (!str_is(m->done, "keep") && !str_is(m->done, "seen") && !str_is(m->done, "delete") &&
	    !(str_starts(m->done, STR("move:")) && m->done.n > 5))
		return wrong(r, err, "done of the mailbox above is keep, seen, delete or move:FOLDER");
	if (m->criticality && m->kind != 1)
		return wrong(r, err, "criticality of the mailbox above wants kind = incident");
	if (m->kind == 1 && !m->criticality)
		m->criticality = 3;
	if (!m->address.n)
		m->address = r->address;
	m->address = str_lower(r->a, m->address);
	return RC_OK;
}

enum rc mailboxes_read(struct arena *out, struct str text, struct str address, struct mailbox **ret, size_t *ret_n,
                       struct err *err)
{
	struct reading r = { .a = out, .address = address };
	struct str line, key;
	enum rc rc = RC_OK;

	while (rc == RC_OK && str_cut(&text, '\n', &line)) {
		r.line++;
		line = str_trim(line);
		if (line.n == 0 || line.p[0] == '#')
			continue;
		if (line.p[0] == '[') {
			if ((rc = finish(&r, err)) != RC_OK)
				break;
			if (line.n < 3 || line.p[line.n - 1] != ']' || line.n > 40 || r.boxes.n >= MAX_BOXES) {
				rc = wrong(&r, err,
				           "a section is [name] with at most 38 letters, and there are at most 32");
				break;
			}
			*VEC_ADD(out, &r.boxes) = (struct mailbox){ .name = str_sub(line, 1, line.n - 2),
				                                    .done = STR_INIT("seen"),
				                                    .poll_seconds = 60 };
			for (size_t i = 0; i + 1 < r.boxes.n && rc == RC_OK; i++)
				if (str_eq(r.boxes.at[i].name, r.boxes.at[r.boxes.n - 1].name))
					rc = wrong(&r, err, "two mailboxes have one name");
			continue;
		}
		if (!r.boxes.n || str_find_byte(line, '=') == STR_NONE) {
			rc = wrong(&r, err, "a line is KEY = VALUE below a [name]");
			break;
		}
		str_cut(&line, '=', &key);
		rc = read_key(&r, &r.boxes.at[r.boxes.n - 1], str_trim(key), str_trim(line), err);
	}
	if (rc == RC_OK)
		rc = finish(&r, err);
	*ret = r.boxes.at;
	*ret_n = r.boxes.n;
	return rc;
}

enum rc mailboxes_load(struct arena *out, const struct desk_config *c, struct mailbox **ret, size_t *ret_n,
                       struct err *err)
{
	char *text = arena_alloc(out, MAX_FILE);
	size_t have = 0;
	ssize_t n;

	*ret_n = 0;
	if (!c->mailboxes_file.n)
		return RC_OK;
	int fd = open(str_z(out, c->mailboxes_file), O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return fail(err, RC_INVALID, "mailboxes-file cannot be read: %s", strerror(errno));
	while (have < MAX_FILE && (n = read(fd, text + have, MAX_FILE - have)) > 0)
		have += (size_t)n;
	close(fd);
	if (have == MAX_FILE)
		return fail(err, RC_INVALID, "mailboxes-file is larger than 64 KiB");
	return mailboxes_read(out, (struct str){ text, have }, c->support_addr, ret, ret_n, err);
}
