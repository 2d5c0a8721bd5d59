/* desk: what main builds and hands to the edges (web, api, mail): the database, the blob store, the jail and the
 * configuration. No behaviour beyond reading the configuration. */
#pragma once
#include "db/db.h"
#include "outbox/outbox.h"

struct blob_store;
struct recall;
struct jail;

struct desk_config {            /* one key a line in carrel.conf, CARREL_KEY in the environment, --key on the command line */
	struct str data_dir;            /* database, blobs, spool */
	struct str db_url;              /* "" = sqlite in data_dir */
	struct str listen;              /* 127.0.0.1:8080 */
	struct str base_url;            /* https://help.example, no slash at the end */
	struct str kb_url;              /* the knowledge base has an address of its own; "" = base_url */
	struct str hosts[8];
	size_t n_hosts;
	struct str proxies[8];
	size_t n_proxies;
	struct str product;             /* name shown to people */
	struct str prefix;              /* of ticket numbers: CAR */
	struct str zone;                /* of the desk */
	struct str phone;               /* number for criticality 1 and 2; "" = no telephone line */
	struct str support_addr;        /* support@desk.example: From of mails, shown on error pages */
	struct str mail_addresses[8];   /* addresses accepted by LMTP and pipe, besides keyed ones; support_addr always */
	size_t n_mail_addresses;
	struct str mail_domain;         /* of Message-IDs */
	struct str mailboxes_file;      /* IMAP mailboxes to read, mail/imap.h; "" = none */
	struct str lmtp_listen;         /* "127.0.0.1:2424" or a socket path; "" = off */
	struct str smtp_url;            /* smtp://127.0.0.1:25, smtps://...; "" = outgoing mail waits */
	struct str smtp_user, smtp_password_file;
	bool smtp_starttls;             /* require STARTTLS on smtp:// */
	struct str smtp_ca_file;
	struct str dkim_key_file, dkim_selector; /* sign outgoing mail; "" = do not */
	int smtp_timeout;               /* seconds to wait for each of the server's answers */
	struct str authserv_id;         /* trusted Authentication-Results; "" = none trusted */
	struct str mail_dns;            /* who sent a mail, asked by ourselves: "system", "127.0.0.1:53"; "" = not */
	int mail_hops;                  /* how many servers of ours write a Received before the desk gets a mail */
	struct str secret_file;         /* 0600, made when absent; keys of MACs, one a line, newest first */
	struct str metrics_token_file;
	int64_t max_mail;               /* 25 MiB */
	int64_t max_upload;             /* 20 MiB a file */
	int64_t min_free;               /* refuse to accept below: 1.5 x max_mail */
	int64_t api_rate;               /* requests a minute and token; 0: no limit */
	bool webhooks_inside;           /* webhooks of escalations may go to private addresses */
	bool push_inside;               /* push services at private addresses, also without TLS */
	bool kb_links_inside;           /* links of articles to private addresses are checked, too */
	/* the telephone line; see docs/PHONE.md */
	struct str phone_listen, phone_registrar, phone_user, phone_address, phone_password_file, phone_trunk, phone_allow,
	        phone_cert_file, phone_ca_file, phone_country, phone_out_prefixes, phone_prompts, phone_lang,
	        phone_public;
	bool phone_srtp, phone_pages;
	int phone_ring, phone_redial, phone_calls, phone_out_calls, phone_out_minutes, phone_keep;
	int threads, workers;
	struct str log_level;
};

struct desk {
	struct desk_config config;
	struct mail_keys keys;
	struct str pin_key;             /* keyed hash of one-time PINs */
	struct db *db;
	struct blob_store *blobs;
	struct jail *jail;
	struct recall *recall;          /* what pages keep between requests; NULL keeps nothing */
	struct kb_tally *tally;         /* counts of readings (kb/read.h); NULL counts nothing */
	struct instant started_at;
	int64_t phone_test;             /* agent whom the line is to ring for a test, atomic; 0: nobody */
	int phone_line;                 /* enum phone_line, atomic: what the line last said of itself */
};
enum phone_line { PHONE_NONE, PHONE_UP, PHONE_DOWN };

/* file may be STR_NULL. Collects every mistake, with file and line, into `problems`. */
struct config_problem { struct str where, text; };
MUST_USE enum rc config_load(struct arena *out, struct str file, char *const *env, char *const *flags, struct desk_config *ret,
                             struct config_problem **problems, size_t *n_problems, struct err *err);
/* One line a key: name, default, meaning; for --help, the man page and docs/CONFIGURATION.md. */
struct config_key { const char *name, *fallback, *doc; };
extern const struct config_key config_keys[]; /* ends with a NULL name */
/* docs/CONFIGURATION.md: the same list with what stands above it. */
struct buf;
void config_document(struct buf *out);
