/* What was said before, below a reply, as the administrator chose: nothing, the message that is answered, or all.
 * Public messages alone, and to nobody but who asked: who is in copy may have come later (S-10). */
#include "account/account.h"
#include "i18n/i18n.h"
#include "mail/notify_private.h"
#include "outbox/text.h"
#include "util/buf.h"

#define HISTORY_ALL 10         /* messages; older ones stand on the ticket */
#define HISTORY_MAX (32 << 10) /* bytes of a mail that are history */

static void quote(struct buf *b, struct str text)
{
	struct str rest = str_trim(text), line;

	while (str_cut(&rest, '\n', &line)) {
		buf_addz(b, line.n && line.p[0] == '>' ? ">" : "> ");
		buf_adds(b, line);
		buf_addz(b, "\n");
	}
}

enum rc notify_history(struct db_tx *tx, struct arena *a, const struct i18n *l, struct str zone, struct ticket_id t,
                       struct message_id m, struct str *ret, struct err *err)
{
	struct str set = STR("");
	struct said_before *at;
	size_t n;
	AUTO_BUF b;

	buf_init(&b, 256 << 10);
	*ret = STR("");
	if (setting_get(tx, a, MAIL_HISTORY, &set, NULL) != RC_OK || !(str_is(set, "last") || str_is(set, "all")))
		return RC_OK;
	enum rc rc = notify_before(tx, a, t, m, str_is(set, "last") ? 1 : HISTORY_ALL, &at, &n, err);
	for (size_t i = 0; rc == RC_OK && i < n && b.n < HISTORY_MAX; i++) {
		/* As mail programs write it, so that ours and theirs fold it when it comes back. */
		struct str head = TR_FILL(a, _(l, "On {date}, {who} wrote:"), { "date", i18n_date(a, l, at[i].at, zone, DATE_MINUTE) },
		                          { "who", at[i].author });

		buf_addf(&b, "\n" STR_F "\n", STR_A(head));
		quote(&b, at[i].text);
	}
	*ret = arena_str(a, buf_str(&b));
	return rc;
}
