/* One mail from a pipe. */
#include "mail/deliver.h"
#include "blob/blob.h"
#include "mail/intake.h"
#include <errno.h>
#include <stdio.h>
#include <sysexits.h>
#include <unistd.h>

int mail_deliver(struct desk *desk, struct str mail_from, const struct str *rcpts, size_t n, int fd)
{
	struct blob_writer *w;
	struct err err = { 0 };
	char buf[65536], sha[65];
	int64_t size = 0;
	ssize_t got;

	for (size_t i = 0; i < n; i++)
		if (!intake_is_ours(&desk->config, rcpts[i])) {
			fprintf(stderr, "carrel: " STR_F " is no address of this desk\n", STR_A(rcpts[i]));
			return EX_NOUSER;
		}
	enum rc rc = blob_begin(desk->blobs, &w, &err);
	if (rc != RC_OK) {
		fprintf(stderr, "carrel: %s\n", err.text);
		return EX_TEMPFAIL;
	}
	while ((got = read(fd, buf, sizeof(buf))) > 0 || (got < 0 && errno == EINTR)) {
		if (got < 0)
			continue;
		size += got;
		if (size > desk->config.max_mail) {
			blob_abort(w);
			fprintf(stderr, "carrel: the mail is larger than max-mail\n");
			return EX_DATAERR;
		}
		rc = blob_write(w, (struct str){ buf, (size_t)got }, &err);
		if (rc != RC_OK)
			break;
	}
	if (got < 0 || rc != RC_OK) {
		blob_abort(w);
		fprintf(stderr, "carrel: the mail was not kept: %s\n", rc != RC_OK ? err.text : strerror(errno));
		return EX_TEMPFAIL;
	}
	rc = blob_finish(w, sha, &size, &err);
	if (rc == RC_OK)
		rc = intake_accept(desk->db, INTAKE_PIPE, str_of(sha), size, mail_from, rcpts, n, time_now(), &err);
	if (rc != RC_OK)
		fprintf(stderr, "carrel: the mail was not kept: %s\n", err.text);
	return rc == RC_OK ? EX_OK : EX_TEMPFAIL;
}
