/* How many small mails are read a second by one thread: in this process, and in the jail, as those that come in are. */
#include "app/bench.h"
#include "jail/jail.h"
#include <stdio.h>

static const char small_mail[] =
        "Received: from mx.campus.example (mx.campus.example [192.0.2.7]) by desk.example; Mon, 2 Mar 2026 10:00:01 "
        "+0000\r\n"
        "From: =?UTF-8?Q?Mar=C3=ADa_Ruiz?= <maria@campus.example>\r\nTo: Support <support@desk.example>\r\nSubject: "
        "Re: [CAR-1042-7] Videos do not play\r\n"
        "Message-ID: <a1@campus.example>\r\nIn-Reply-To: <b2@desk.example>\r\nReferences: <ticket-1042@desk.example> "
        "<b2@desk.example>\r\n"
        "Date: Mon, 2 Mar 2026 10:00:00 +0000\r\nMIME-Version: 1.0\r\nContent-Type: multipart/alternative; "
        "boundary=\"=_x\"\r\n\r\n"
        "--=_x\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
        "Hello Ana,\r\n\r\nit happens in Firefox, too, since this morning: the page stays bl=\r\nank after signing in, "
        "in each browser that was tried.\r\n\r\n"
        "Mar=C3=ADa\r\n\r\nOn Mon, 2 Mar 2026 at 09:30, Support <support@desk.example> wrote:\r\n\r\n> Hello,\r\n> "
        "does it happen in another browser?\r\n>\r\n> Ana\r\n"
        "--=_x\r\nContent-Type: text/html; charset=utf-8\r\n\r\n"
        "<html><body><p>Hello Ana,</p><p>it happens in Firefox, too, since this morning: the page stays blank after "
        "<b>signing in</b>, in each browser "
        "that was tried.</p><p>Mar&iacute;a</p><div class=\"gmail_quote\">On Mon, 2 Mar 2026 at 09:30, Support "
        "wrote:<blockquote>Hello,<br>does it happen in "
        "another browser?</blockquote></div></body></html>\r\n--=_x--\r\n";

int bench_mails(struct app *app, const struct bench_options *o, char *const *flags)
{
	struct jail *jail = jail_new(app->program, 1);
	struct str raw = str_of(small_mail);
	int64_t n[2] = { 0 }, half = (o->seconds > 1 ? o->seconds : 2) * SECOND_US / 2;
	struct err err = { 0 };
	enum rc rc = RC_OK;

	for (int jailed = 0; jailed < 2 && rc == RC_OK; jailed++)
		for (int64_t end = time_monotonic_us() + half; rc == RC_OK && time_monotonic_us() < end; n[jailed]++) {
			struct mail m;
			AUTO_ARENA a;

			arena_init(&a);
			rc = jailed ? jail_mail(jail, &a, raw, &m, &err) : mime_parse(&a, raw, NULL, &m, &err);
			if (rc == RC_OK && !str_starts(m.reply, STR("Hello Ana,")))
				rc = fail(&err, RC_FAULT, "a mail was not read");
		}
	jail_free(jail);
	if (rc != RC_OK)
		return app_complain("bench", &err);
	printf("%lld %lld\n", (long long)(n[0] * SECOND_US / half), (long long)(n[1] * SECOND_US / half));
	return 0;
}
