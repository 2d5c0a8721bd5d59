/* The object `carrel mail parse` prints. */
#include "util/json.h"
#include "mime/mime.h"

static void put_ids(struct json *j, const char *key, struct mail_ids ids)
{
	json_key(j, key);
	json_arr(j);
	for (size_t i = 0; i < ids.n; i++)
		json_str(j, ids.at[i]);
	json_end_arr(j);
}

static void put_addrs(struct json *j, const char *key, struct mail_addrs l)
{
	json_key(j, key);
	json_arr(j);
	for (size_t i = 0; i < l.n; i++) {
		json_obj(j);
		json_kstr(j, "name", l.at[i].comment ? STR("") : l.at[i].name);
		json_kstr(j, "addr", l.at[i].addr);
		if (l.at[i].comment)
			json_kstr(j, "comment", l.at[i].name);
		json_end_obj(j);
	}
	json_end_arr(j);
}

static void put_file(struct json *j, const struct mail_file *f)
{
	json_obj(j);
	json_kstr(j, "name", f->name);
	json_kstr(j, "type", f->type);
	json_ki64(j, "size", (int64_t)f->bytes.n);
	json_kstr(j, "sha256", f->sha256);
	json_kbool(j, "inline", f->is_inline);
	json_kstr(j, "cid", f->cid);
	json_end_obj(j);
}

void mime_json(struct buf *out, const struct mail *m)
{
	struct json j;

	json_init(&j, out);
	json_obj(&j);
	json_kstr(&j, "message_id", m->message_id);
	put_ids(&j, "in_reply_to", m->in_reply_to);
	put_ids(&j, "references", m->references);
	json_ktime(&j, "date", m->date);
	json_kstr(&j, "subject", m->subject);
	put_addrs(&j, "from", m->from);
	put_addrs(&j, "reply_to", m->reply_to);
	put_addrs(&j, "to", m->to);
	put_addrs(&j, "cc", m->cc);
	json_kstr(&j, "auto", m->auto_reason);
	json_key(&j, "bounce");
	if (m->bounce.is) {
		json_obj(&j);
		json_kstr(&j, "recipient", m->bounce.recipient);
		json_kstr(&j, "status", m->bounce.status);
		json_kstr(&j, "diagnostic", m->bounce.diagnostic);
		json_end_obj(&j);
	} else {
		json_put_null(&j);
	}
	json_kstr(&j, "text", m->text);
	json_kstr(&j, "html", m->html);
	json_kstr(&j, "reply", m->reply);
	json_kstr(&j, "quoted", m->quoted);
	json_key(&j, "attachments");
	json_arr(&j);
	for (size_t i = 0; i < m->n_files; i++)
		put_file(&j, &m->files[i]);
	json_end_arr(&j);
	put_ids(&j, "defects", m->defects);
	json_end_obj(&j);
}
