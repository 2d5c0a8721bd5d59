/* What was said before, below a reply, as the administrator chose: nothing, the message that is answered, or all.
 * Public messages alone, and to nobody but who asked: who is in copy may have come later (S-10). */
#include "account/account.h"
#include "i18n/i18n.h"
#include "mail/notify_private.h"
#include "outbox/text.h"
#include "util/buf.h"

#define HISTORY_ALL 10         /* messages; older ones stand on the ticket */
#define HISTORY_MAX (32 << 10) /* bytes of a mail that are history */

DB_QUERY(q_before, "notify.before",
         "SELECT author, at, substr(text, 1, 8000) FROM message WHERE ticket_id = :ticket AND id < :message AND "
         "internal = 0"
         " AND automatic = 0 ORDER BY id DESC LIMIT :max");

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
	AUTO_ROWS r = { 0 };
	AUTO_BUF b;

	buf_init(&b, 256 << 10);
	*ret = STR("");
	if (setting_get(tx, a, MAIL_HISTORY, &set, NULL) != RC_OK || !(str_is(set, "last") || str_is(set, "all")))
		return RC_OK;
	enum rc rc = db_select(tx, &q_before,
	                       DB_ARGS(db_i64("ticket", t.v), db_i64("message", m.v),
	                               db_i64("max", str_is(set, "last") ? 1 : HISTORY_ALL)),
	                       &r, err);
	while (rc == RC_OK && b.n < HISTORY_MAX && (rc = db_next(&r, err)) == RC_OK) {
		/* As mail programs write it, so that ours and theirs fold it when it comes back. */
		struct str head = TR_FILL(a, _(l, "On {date}, {who} wrote:"),
		                          { "date", i18n_date(a, l, db_col_time(&r, 1), zone, DATE_MINUTE) },
		                          { "who", db_col_str(&r, 0, a) });

		buf_addf(&b, "\n" STR_F "\n", STR_A(head));
		quote(&b, db_col_str(&r, 2, a));
	}
	*ret = arena_str(a, buf_str(&b));
	return rc == RC_NOT_FOUND ? RC_OK : rc;
}
